import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { barriers, curve, openBrowser, openPage, skips, waitForPoints } from './support/browser.ts';
import { P2, Service } from './support/service.ts';

const TIMEOUT = 240_000;

describe.skipIf(skips())('what the dashboard says of a solution', () => {
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

  test(
    'residuals, misfit, spectrum, a profile in time, another start and the distance of two seeds',
    { timeout: TIMEOUT },
    async () => {
      const spec = {
        ...P2,
        network: { hidden: [12] },
        sampling: { interior: 200, conditions: 80 },
        stop: { steps: 30 },
      };
      const first = await service.launch('pinn', 'seed 1', spec);
      const second = await service.launch('pinn', 'seed 2', { ...spec, seed: 2 });
      const run = await service.ended(first);
      await service.ended(second);
      const { page, errors } = await openPage(browser);
      await page.goto(`${service.url}/runs/${first}`);

      await page.getByRole('heading', { name: /How good is it/ }).waitFor();
      const rows = await page
        .getByRole('region', { name: /Residuals where/ })
        .locator('tbody tr')
        .allTextContents();
      expect(rows).toHaveLength(2);
      await waitForPoints(page, 'Singular values of J', 'all', 40);
      const values = (run.result!['spectrum'] as { all: number[] }).all;
      expect((await curve(page, 'Singular values of J', 'all')).map(({ y }) => y)).toEqual(values);
      await waitForPoints(page, 'Boundary misfit along x', 'y = 0', 65);
      expect(await barriers(page)).toEqual([]);

      await page.getByRole('link', { name: 'Train on …' }).click();
      await page.getByRole('checkbox', { name: 'Start from the network of seed 1' }).waitFor();
      await page.locator('#run-name').fill('second leg');
      await page.locator('button[type="submit"]').click();
      await page.getByRole('heading', { level: 1, name: 'second leg' }).waitFor();
      const third = await service.ended(page.url().split('/').at(-1)!);
      expect(third.result).toMatchObject({ startHash: expect.stringMatching(/^[\da-f]{64}$/) });

      await page.goto(`${service.url}/?compare=${first},${second}`);
      const { rms } = await service.get<{ rms: { u: number } }>(`/runs/${first}/difference?to=${second}`);
      const cell = page.getByRole('region', { name: 'Distance of the two solutions' }).locator('tbody td').first();
      await cell.waitFor();
      expect(Math.abs(Number(await cell.textContent()) / rms.u - 1)).toBeLessThan(0.01);
      expect(errors).toEqual([]);
      await page.context().close();
    },
  );
});
