import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  barriers,
  curve,
  openBrowser,
  openPage,
  picture,
  retype,
  skips,
  tabTo,
  waitForPoints,
} from './support/browser.ts';
import { P2, Service } from './support/service.ts';

const TIMEOUT = 240_000;

interface StudyJson {
  readonly rows: readonly { level: number; seed: number; relativeL2: number }[];
  readonly levels: readonly { level: number; relativeL2: number; rate: number | null }[];
}

describe.skipIf(skips())('convergence studies in the dashboard', () => {
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
    'launched from the form with the keyboard, its levels, rates and points are those of the service',
    async () => {
      const { page, errors } = await openPage(browser);
      await page.goto(`${service.url}/new?preset=P2`);
      await page.getByRole('radio', { name: 'Convergence study' }).check();
      await tabTo(page, '[id="field/points"]');
      await retype(page, '40, 80');
      await tabTo(page, '[id="field/seeds"]');
      await retype(page, '1, 2');
      await tabTo(page, '[id="field/problem/equations/0"]');
      await retype(page, '-(u_xx + u_yy)) = 0');
      await tabTo(page, '[id="field/problem/network/hidden"]');
      await retype(page, '8');
      await tabTo(page, '[id="field/problem/stop/steps"]');
      await retype(page, '20');
      await tabTo(page, '#run-name');
      await retype(page, 'P2 refined');
      await page.keyboard.press('Enter');
      // What is refused of the problem stands at its field inside the study, at its character.
      const equation = page.locator('[id="field/problem/equations/0"]');
      await page.locator('.editor mark').waitFor();
      await picture(page, 'study-form');
      expect(await page.locator('[id="field/problem/equations/0-error"]').textContent()).toContain(
        'at character 15 in',
      );
      await equation.fill(P2.equations[0]!);
      await equation.press('Enter');

      await page.getByRole('heading', { level: 1, name: 'P2 refined' }).waitFor();
      await page.locator('[data-status="succeeded"]').waitFor();
      const id = page.url().split('/').at(-1)!;
      const run = await service.ended(id);
      expect(run.spec).toMatchObject({ points: [40, 80], seeds: [1, 2], problem: { stop: { steps: 20 } } });
      const study = run.result as unknown as StudyJson;
      const card = 'Relative L2 against points';
      await waitForPoints(page, card, 'seeds', 4);
      expect(await curve(page, card, 'seeds')).toEqual(study.rows.map((row) => ({ x: row.level, y: row.relativeL2 })));
      expect(await curve(page, card, 'median')).toEqual(
        study.levels.map(({ level, relativeL2 }) => ({ x: level, y: relativeL2 })),
      );
      const cells = await page.locator('section[aria-label="Levels"] tbody tr').last().locator('td').allTextContents();
      expect(Number(cells.at(-1))).toBeCloseTo(study.levels[1]!.rate!, 2);
      const rows = page.locator('section[aria-label="Runs of the study"] tbody tr');
      expect(await rows.count()).toBe(4);
      expect(await rows.last().locator('td').last().textContent()).toBe('steps');
      expect(await barriers(page)).toEqual([]);
      await picture(page, 'study');

      await page.locator('.menu > summary').click();
      const download = page.waitForEvent('download');
      await page.locator('.menu a').click();
      expect((await download).suggestedFilename()).toBe('study.csv');
      // The browser itself reports the refusal.
      expect(errors.filter((text) => !text.includes('422'))).toEqual([]);
      await page.context().close();
    },
    TIMEOUT,
  );

  test(
    'rows arrive while the study runs',
    async () => {
      const id = await service.launch('study', 'live', {
        problem: { ...P2, network: { hidden: [8] }, optimizer: { name: 'adam' }, stop: { seconds: 1 } },
        points: [40, 80],
        seeds: Array.from({ length: 20 }, (_, k) => k + 1),
      });
      const { page, errors } = await openPage(browser);
      await page.goto(`${service.url}/runs/${id}`);
      const rows = page.locator('section[aria-label="Runs of the study"] tbody tr');
      await rows.first().waitFor();
      expect(await rows.count()).toBeLessThan(40);
      await page.locator('[data-status="running"]').waitFor();
      await rows.nth(1).waitFor();
      await page.getByRole('button', { name: 'Cancel', exact: true }).click();
      await page.getByRole('button', { name: 'Cancel the run' }).click();
      await page.locator('[data-status="cancelled"]').waitFor();
      const { result } = await service.ended(id, 'cancelled');
      expect(await rows.count()).toBe((result as unknown as StudyJson).rows.length);
      expect(errors).toEqual([]);
      await page.context().close();
    },
    TIMEOUT,
  );
});
