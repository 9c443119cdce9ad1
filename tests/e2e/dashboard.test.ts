import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { barriers, curve, openBrowser, openPage, retype, skips, tabTo, waitForPoints } from './support/browser.ts';
import { P2, Service } from './support/service.ts';

const TIMEOUT = 240_000;

describe.skipIf(skips())('the dashboard', () => {
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

  const idOf = (url: string): string => url.split('/').at(-1)!;

  test(
    'P2 by Gauss–Newton: launched, watched to its end and read with the keyboard alone',
    { timeout: TIMEOUT },
    async () => {
      const { page, errors } = await openPage(browser);
      await page.goto(service.url);
      await page.getByRole('heading', { name: 'Nothing has run yet' }).waitFor();
      await tabTo(page, 'a.button[href="/new"]');
      await page.keyboard.press('Enter');

      await page.locator('input[name="preset"][value="P2"]').waitFor();
      await tabTo(page, 'input[name="preset"]');
      await page.keyboard.press('ArrowDown');
      expect(await page.locator('input[name="preset"][value="P2"]').isChecked()).toBe(false);
      await page.keyboard.press('ArrowUp');
      expect(await page.locator('input[name="preset"][value="P2"]').isChecked()).toBe(true);

      await tabTo(page, '[id="field/network/hidden"]');
      await retype(page, '32');
      await tabTo(page, '[id="field/optimizer:choice"]');
      await page.keyboard.type('gauss');
      await tabTo(page, '[id="field/stop/steps"]');
      await retype(page, '80');
      const json = JSON.parse(await page.locator('#spec-json').inputValue()) as Record<string, unknown>;
      expect(json).toMatchObject({
        optimizer: { name: 'gauss-newton' },
        network: { hidden: [32] },
        stop: { steps: 80 },
      });
      await tabTo(page, '#run-name');
      await retype(page, 'P2 by keyboard');
      await tabTo(page, 'button[type="submit"]');
      await page.keyboard.press('Enter');

      await page.getByRole('heading', { level: 1, name: 'P2 by keyboard' }).waitFor();
      await page.locator('[data-status="succeeded"]').waitFor();
      const id = idOf(page.url());
      const run = await service.ended(id);
      expect(run.spec).toMatchObject({ optimizer: { name: 'gauss-newton' }, stop: { steps: 80 } });

      await waitForPoints(page, 'Loss', 'loss', 80);
      const loss = await curve(page, 'Loss', 'loss');
      const { series } = await service.get<{ series: { loss: { step: number; value: number }[] } }>(
        `/runs/${id}/metrics?keys=loss`,
      );
      expect(loss).toEqual(series.loss.map(({ step, value }) => ({ x: step, y: value })));
      expect(loss.at(-1)!.y).toBeLessThan(loss[0]!.y * 1e-3);

      const rmse = (run.result!['rmse'] as { u: number }).u;
      const shown = Number(await page.locator('.tile', { hasText: 'RMSE' }).locator('dd').textContent());
      expect(Math.abs(shown / rmse - 1)).toBeLessThan(0.01);

      // The table behind a chart, by keyboard.
      await tabTo(page, 'button[aria-label="Loss as a table"]');
      await page.keyboard.press('Enter');
      await page.locator('section[aria-label="Loss"] table').waitFor();
      expect(errors).toEqual([]);
      await page.context().close();
    },
  );

  test('the fields of a solution are maps of the values that the service has', { timeout: TIMEOUT }, async () => {
    const id = await service.launch('pinn', 'Fields', {
      ...P2,
      optimizer: { name: 'gauss-newton' },
      stop: { steps: 30 },
    });
    await service.ended(id);
    const { page, errors } = await openPage(browser);
    await page.goto(`${service.url}/runs/${id}`);
    for (const [card, name] of [
      ['Solution u', 'u'],
      ['Exact', 'exact'],
      ['Error', 'error'],
      ['Residual', 'residual'],
    ] as const) {
      await page.waitForFunction((title) => {
        const canvas = document.querySelector<HTMLCanvasElement>(`section[aria-label="${title}"] canvas`);
        return canvas !== null && window.kfacCharts.get(canvas) !== undefined;
      }, card);
      const plane = await page.evaluate((title) => {
        const canvas = document.querySelector<HTMLCanvasElement>(`section[aria-label="${title}"] canvas`)!;
        const { plane: shown } = window.kfacCharts.get(canvas)!.data.datasets[0] as unknown as {
          plane: {
            x: { name: string };
            y: { name: string };
            values: Float32Array;
            scale: { map: string; min: number; max: number };
          };
        };
        return { ...shown, values: [...shown.values], x: shown.x.name, y: shown.y.name };
      }, card);
      const response = await fetch(`${service.url}/v1/runs/${id}/fields/${name}`, {
        headers: { accept: 'application/json' },
      });
      const field = (await response.json()) as { values: number[]; axes: { name: string }[] };
      expect(plane.values).toEqual(field.values);
      expect([plane.x, plane.y]).toEqual(field.axes.map((axis) => axis.name));
      const signed = name === 'error' || name === 'residual';
      expect(plane.scale.map).toBe(signed ? 'diverging' : 'viridis');
      if (signed) expect(plane.scale.min).toBe(-plane.scale.max);
    }
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test('a solution is downloaded from the menu of its run, by keyboard', { timeout: TIMEOUT }, async () => {
    const id = await service.launch('pinn', 'Download', { ...P2, stop: { steps: 5 } });
    await service.ended(id);
    const { page, errors } = await openPage(browser);
    await page.goto(`${service.url}/runs/${id}`);
    await page.locator('.menu > summary').waitFor();
    await tabTo(page, '.menu > summary');
    await page.keyboard.press('Enter');
    const links = page.locator('.menu a');
    expect(await links.allTextContents()).toEqual([
      expect.stringContaining('CSV'),
      expect.stringContaining('NumPy'),
      expect.stringContaining('VTK'),
      expect.stringContaining('ES module'),
      expect.stringContaining('Network'),
    ]);
    expect(await barriers(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await links.first().waitFor({ state: 'hidden' });
    await page.keyboard.press('Enter');
    await tabTo(page, '.menu a[href$="format=npy"]');
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    expect(download.suggestedFilename()).toBe('fields.npy');
    const bytes = readFileSync(await download.path());
    expect(bytes.toString('latin1', 1, 6)).toBe('NUMPY');
    expect(bytes.toString('latin1')).toContain("'shape': (6, 65, 65)");
    await links.first().waitFor({ state: 'hidden' });
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test('HEDGE-1: launched with the keyboard, its P&L beside the baselines', { timeout: TIMEOUT }, async () => {
    const { page, errors } = await openPage(browser);
    await page.goto(`${service.url}/new?preset=HEDGE-1`);
    await page.locator('input[name="preset"][value="HEDGE-1"]:checked').waitFor();
    await tabTo(page, '[id="field/stop/steps"]');
    await retype(page, '15');
    await tabTo(page, '[id="field/evaluation/paths"]');
    await retype(page, '20000');
    await tabTo(page, '[id="field/batch"]');
    await retype(page, '512');
    await page.keyboard.press('Enter');

    await page.getByRole('heading', { level: 1, name: 'HEDGE-1' }).waitFor();
    await page.locator('[data-status="succeeded"]').waitFor();
    const id = idOf(page.url());
    const run = await service.ended(id);
    expect(run.spec).toMatchObject({ stop: { steps: 15 }, evaluation: { paths: 20_000 }, batch: 512 });

    await page.getByText('On the common test paths of the report').waitFor();
    const policy = run.result!['policy'] as Record<string, number>;
    const row = await page.locator('.comparison tr', { hasText: 'CVaR95' }).locator('td').allTextContents();
    expect(row).toHaveLength(4);
    expect(Number.parseFloat(row[0]!)).toBeCloseTo(policy['cvar95']!, 4);

    type Stored = { name: string; edges: number[]; counts: number[]; cvar95: number };
    const { distributions } = await service.get<{ distributions: Stored[] }>(`/runs/${id}/distributions`);
    const stored = distributions.find((item) => item.name === 'policy')!;
    await page.waitForFunction((cvar95) => {
      const canvas = document.querySelector<HTMLCanvasElement>('section[aria-label="P&L histogram"] canvas');
      const data = canvas === null ? undefined : window.kfacCharts.get(canvas)?.data;
      const markers = (data?.datasets[0] as { markers?: { x: number }[] } | undefined)?.markers;
      return markers?.[0]?.x === -cvar95;
    }, stored.cvar95);
    const outline = await curve(page, 'P&L histogram', 'Policy');
    const area = outline.filter((_, k) => k % 2 === 1).reduce((sum, point) => sum + point.y, 0);
    expect(area).toBeCloseTo(100, 6);
    expect(outline).toHaveLength(2 * stored.counts.length + 2);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test('a run is watched while it trains and cancelled with the keyboard', { timeout: TIMEOUT }, async () => {
    const spec = { ...P2, optimizer: { name: 'kfac' }, stop: { steps: 100_000 } };
    const id = await service.launch('pinn', 'Endless', spec);
    const { page, errors } = await openPage(browser);
    await page.goto(`${service.url}/runs/${id}`);
    await page.locator('[data-connection="live"]').waitFor();
    await waitForPoints(page, 'Loss', 'loss', 5);
    const early = (await curve(page, 'Loss', 'loss')).at(-1)!.x;
    await page.waitForFunction((step) => {
      const canvas = document.querySelector<HTMLCanvasElement>('section[aria-label="Loss"] canvas')!;
      return (window.kfacCharts.get(canvas)?.data.datasets[0]?.data.at(-1)?.x ?? 0) > step + 20;
    }, early);

    await tabTo(page, 'button.button-danger');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect((await service.run(id)).status).toBe('running');
    // The focus comes back to where it was.
    await page.locator('.page-head button.button-danger:focus').waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await tabTo(page, 'dialog button.button-danger');
    await page.keyboard.press('Enter');
    await page.locator('[data-status="cancelled"]').waitFor();
    await service.ended(id, 'cancelled');
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test('what the service refuses is shown at the field it points to', { timeout: TIMEOUT }, async () => {
    const { page, errors } = await openPage(browser);
    await page.goto(`${service.url}/new?preset=P2`);
    const equation = page.locator('[id="field/equations/0"]');
    await equation.fill('u_xx + v = 0');
    await page.locator('[id="field/stop/steps"]').fill('1.5');
    await page.getByRole('button', { name: 'Launch' }).click();
    await page.locator('[id="field/stop/steps"][aria-invalid="true"]').waitFor();
    await page.locator('[id="field/stop/steps"]').fill('15');
    await page.getByRole('button', { name: 'Launch' }).click();
    await page.locator('[id="field/equations/0"][aria-invalid="true"]').waitFor();
    expect(await page.locator('[id="field/equations/0-error"]').textContent()).toContain('v');
    await page.locator('.error-list button').first().click();
    expect(await equation.evaluate((element) => element === document.activeElement)).toBe(true);
    // The character at fault is marked and selected; a change takes the mark away.
    const editor = page.locator('.editor', { has: equation });
    expect(await editor.locator('mark').textContent()).toBe('v');
    const selection = (element: HTMLElement): string => {
      const { value, selectionStart, selectionEnd } = element as HTMLTextAreaElement;
      return value.slice(selectionStart, selectionEnd);
    };
    expect(await equation.evaluate(selection)).toBe('v');
    expect(await barriers(page)).toEqual([]);
    await page.keyboard.type('u_yy');
    expect(await equation.inputValue()).toBe('u_xx + u_yy = 0');
    expect(await editor.locator('mark').count()).toBe(0);

    // The JSON beside the form: a slip of the pen stops the launch, a change reaches the form.
    await page.locator('#spec-json').fill('{ "domain": ');
    expect(await page.getByRole('button', { name: 'Launch' }).isDisabled()).toBe(true);
    await page.locator('#spec-json').fill(JSON.stringify({ ...P2, stop: { steps: 7 } }));
    expect(await page.locator('[id="field/stop/steps"]').inputValue()).toBe('7');
    // The browser itself reports the two refusals; nothing else may go wrong.
    expect(errors.filter((text) => !text.includes('422'))).toEqual([]);
    expect(errors).toHaveLength(2);
    await page.context().close();
  });

  test('runs are filtered, sorted and compared', { timeout: TIMEOUT }, async () => {
    const spec = { ...P2, optimizer: { name: 'adam' }, stop: { steps: 30 } };
    const ids = [
      await service.launch('pinn', 'Adam one', spec),
      await service.launch('pinn', 'Adam two', { ...spec, seed: 2 }),
    ];
    for (const id of ids) await service.ended(id);
    const { page, errors } = await openPage(browser);
    await page.goto(service.url);
    await page.locator('#filter-text').fill('adam');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 2);
    await page.getByRole('button', { name: 'Name' }).click();
    expect(await page.locator('tbody th').allTextContents()).toEqual(['Adam one', 'Adam two']);
    await page.getByRole('button', { name: 'Name' }).click();
    expect(await page.locator('tbody th').allTextContents()).toEqual(['Adam two', 'Adam one']);
    expect(await page.locator('th[aria-sort="descending"]').textContent()).toContain('Name');

    await page.getByRole('checkbox', { name: 'Compare Adam one' }).check();
    await page.getByRole('checkbox', { name: 'Compare Adam two' }).check();
    await waitForPoints(page, 'loss of 2 runs', 'Adam two', 30);
    expect(await curve(page, 'loss of 2 runs', 'Adam one')).toHaveLength(30);
    expect(new URL(page.url()).searchParams.get('compare')).toBe(ids.join(','));
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test('an address that names no run says so', { timeout: TIMEOUT }, async () => {
    const { page } = await openPage(browser);
    await page.goto(`${service.url}/runs/01890000-0000-7000-8000-000000000000`);
    await page.getByRole('alert').getByText('There is no such run').waitFor();
    await page.getByRole('main').getByRole('link', { name: 'All runs' }).click();
    await page.getByRole('heading', { level: 1, name: 'Runs' }).waitFor();
    await page.context().close();
  });
});
