import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { curve, openBrowser, openPage, skips } from './support/browser.ts';
import { P2, Service } from './support/service.ts';

const TIMEOUT = 240_000;

describe.skipIf(skips())('a service that is killed under a live page', () => {
  let service: Service;
  let browser: Browser;
  beforeAll(async () => {
    service = await Service.start();
    browser = await openBrowser();
  }, TIMEOUT);
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
  }, TIMEOUT);

  test('the page finds it again and has every point once', { timeout: TIMEOUT }, async () => {
    const id = await service.launch('pinn', 'Survivor', {
      ...P2,
      // Steps of some ten milliseconds: the run stays below the page's 1000 points, from which it is thinned.
      sampling: { interior: 9000, conditions: 1200 },
      optimizer: { name: 'kfac' },
      stop: { steps: 20_000 },
    });
    const { page, errors } = await openPage(browser);
    const lastStep = async (): Promise<number> => (await curve(page, 'Loss', 'loss')).at(-1)?.x ?? 0;
    const reaches = (step: number): Promise<unknown> =>
      page.waitForFunction((least) => {
        const canvas = document.querySelector<HTMLCanvasElement>('section[aria-label="Loss"] canvas');
        return canvas !== null && (window.kfacCharts.get(canvas)?.data.datasets[0]?.data.at(-1)?.x ?? 0) >= least;
      }, step);
    await page.goto(`${service.url}/runs/${id}`);
    await reaches(110);
    await service.kill();
    await page.locator('[data-connection="reconnecting"]').waitFor();
    const before = await lastStep();
    await service.up();
    await page.locator('[data-connection="live"]').waitFor();
    await reaches(before + 30);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Cancel the run' }).click();
    await page.locator('[data-status="cancelled"]').waitFor();

    const run = await service.run(id);
    expect(run.attempt).toBe(2);
    const path = `/runs/${id}/metrics?keys=loss&maxPoints=2000`;
    const { series } = await service.get<{ series: { loss: { step: number; value: number }[] } }>(path);
    await reaches(series.loss.at(-1)!.step);
    const shown = await curve(page, 'Loss', 'loss');
    expect(shown).toEqual(series.loss.map(({ step, value }) => ({ x: step, y: value })));
    expect(shown.slice(0, before).map((point) => point.x)).toEqual(Array.from({ length: before }, (_, k) => k + 1));
    expect(await page.locator('.log-rewind, .log-state').count()).toBeGreaterThan(0);
    // While the service was away the browser reported each refused connection, and nothing else.
    expect(
      errors.filter(
        (text) => !/ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET|EMPTY_RESPONSE)/.test(text),
      ),
    ).toEqual([]);
    await page.context().close();
  });
});
