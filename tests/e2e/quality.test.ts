import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { barriers, curve, openBrowser, openPage, skips, tabTo, waitForPoints } from './support/browser.ts';
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

      // The profile follows the slider, by keyboard: from the middle to the far end, where u = 0.
      const answered = await fetch(`${service.url}/v1/runs/${first}/fields/u`, {
        headers: { accept: 'application/json' },
      });
      const field = (await answered.json()) as { values: number[]; shape: number[] };
      const column = (k: number): number[] => field.values.slice(k * field.shape[1]!, (k + 1) * field.shape[1]!);
      await waitForPoints(page, 'Profile over y', 'u', 65);
      expect((await curve(page, 'Profile over y', 'u')).map(({ y }) => y)).toEqual(column(32));
      await tabTo(page, '#profile');
      await page.keyboard.press('End');
      await page.locator('output[for="profile"]', { hasText: /^1$/ }).waitFor();
      await expect.poll(async () => (await curve(page, 'Profile over y', 'u')).map(({ y }) => y)).toEqual(column(64));

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

  test('slices through a solution of three coordinates', { timeout: TIMEOUT }, async () => {
    const id = await service.launch('pinn', 'heat', {
      domain: { t: [0, 1], x: [0, 1], y: [0, 2] },
      equations: ['u_t = u_xx + u_yy'],
      conditions: [{ on: 't = 0 or boundary', equation: 'u = x*y' }],
      network: { hidden: [8] },
      sampling: { interior: 60, conditions: 60 },
      stop: { steps: 20 },
    });
    await service.ended(id);
    const { page, errors } = await openPage(browser);
    await page.goto(`${service.url}/runs/${id}`);
    const slices = page.locator('section[aria-labelledby="slices-title"]');
    await slices.getByRole('img', { name: /^Solution u over x and y/ }).waitFor();
    await tabTo(page, '#slice-t');
    const answer = page.waitForResponse((response) => response.url().includes('at=t%3A1'));
    await page.keyboard.press('End');
    expect((await answer).status()).toBe(200);
    await slices.locator('output[for="slice-t"]', { hasText: /^1$/ }).waitFor();
    await slices.getByLabel('Up').selectOption('t');
    await slices.getByRole('img', { name: /^Solution u over x and t/ }).waitFor();
    await slices.locator('#slice-y').waitFor();
    expect(await barriers(page)).toEqual([]);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
