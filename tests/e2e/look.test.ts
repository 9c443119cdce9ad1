import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { barriers, openBrowser, openPage, picture, skips } from './support/browser.ts';
import { HEDGE, P2, Service } from './support/service.ts';

const TIMEOUT = 240_000;
/** The pictures of the README: taken where they are missing, and anew with KFAC_PICTURES=1. */
const IMAGES = fileURLToPath(new URL('../../docs/images', import.meta.url));

const CURVE = {
  domain: { x: [0, 1] },
  equations: ['u_xx + u = 0'],
  conditions: [
    { on: 'x = 0', equation: 'u = 0' },
    { on: 'x = 1', equation: 'u = sin(1)' },
  ],
  exact: { u: 'sin(x)' },
  network: { hidden: [16] },
  sampling: { interior: 200, conditions: 2 },
};

describe.skipIf(skips())('how the dashboard looks', () => {
  let service: Service;
  let browser: Browser;
  const ids: Record<string, string> = {};
  beforeAll(async () => {
    service = await Service.start();
    browser = await openBrowser();
    ids['solution'] = await service.launch('pinn', 'Poisson P2', {
      ...P2,
      network: { hidden: [64] },
      optimizer: { name: 'gauss-newton' },
      weights: { interior: 0.1 },
      stop: { steps: 120 },
    });
    ids['curve'] = await service.launch('pinn', 'Oscillator', {
      ...CURVE,
      optimizer: { name: 'gauss-newton' },
      stop: { steps: 30 },
    });
    ids['adam'] = await service.launch('pinn', 'P2 by Adam', {
      ...P2,
      optimizer: { name: 'adam' },
      stop: { steps: 300 },
    });
    ids['hedge'] = await service.launch('hedging', 'HEDGE-1', { ...HEDGE, batch: 1024, stop: { steps: 60 } });
    for (const id of Object.values(ids)) await service.ended(id);
  }, TIMEOUT);
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
  }, TIMEOUT);

  /** Waits until every chart of the page is drawn. */
  const drawn = (page: Page, charts: number): Promise<unknown> =>
    page.waitForFunction((least) => {
      const canvases = [...document.querySelectorAll('canvas')];
      return canvases.length >= least && canvases.every((canvas) => window.kfacCharts.get(canvas) !== undefined);
    }, charts);

  const pages: readonly { name: string; path: () => string; charts: number }[] = [
    { name: 'runs', path: () => `/?compare=${ids['solution']},${ids['adam']}`, charts: 1 },
    { name: 'solution', path: () => `/runs/${ids['solution']}`, charts: 8 },
    { name: 'curve', path: () => `/runs/${ids['curve']}`, charts: 5 },
    { name: 'hedge', path: () => `/runs/${ids['hedge']}`, charts: 6 },
    { name: 'new-equation', path: () => '/new?preset=P2', charts: 0 },
    { name: 'new-hedge', path: () => '/new?preset=HEDGE-1', charts: 0 },
    { name: 'missing', path: () => '/nowhere', charts: 0 },
  ];

  for (const scheme of ['light', 'dark'] as const) {
    test.each(pages)(
      `$name is without barriers and errors, ${scheme}`,
      { timeout: TIMEOUT },
      async ({ name, path, charts }) => {
        const { page, errors } = await openPage(browser, scheme);
        await page.goto(service.url + path());
        await page.locator('h1').waitFor();
        await page.locator('footer p').first().waitFor();
        await drawn(page, charts);
        await page.getByText(/^Reading the/).waitFor({ state: 'hidden' });
        await picture(page, `${name}-${scheme}`);
        expect(await barriers(page)).toEqual([]);
        // Everything fits: a page never scrolls sideways.
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
        expect(errors).toEqual([]);
        await page.context().close();
      },
    );
  }

  test('charts take the colours of the scheme, also when it changes', { timeout: TIMEOUT }, async () => {
    const { page } = await openPage(browser, 'light');
    await page.goto(`${service.url}/runs/${ids['curve']}`);
    await drawn(page, 4);
    const colours = (): Promise<{ line: unknown; text: string; page: string }> =>
      page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('section[aria-label="Loss"] canvas')!;
        const chart = window.kfacCharts.get(canvas) as unknown as {
          data: { datasets: { borderColor: unknown }[] };
          options: { color: string };
        };
        return {
          line: chart.data.datasets[0]!.borderColor,
          text: chart.options.color,
          page: getComputedStyle(document.body).backgroundColor,
        };
      });
    const light = await colours();
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.waitForFunction((before) => {
      const canvas = document.querySelector<HTMLCanvasElement>('section[aria-label="Loss"] canvas')!;
      const chart = window.kfacCharts.get(canvas) as unknown as
        | { data: { datasets: { borderColor: unknown }[] } }
        | undefined;
      return chart !== undefined && chart.data.datasets[0]!.borderColor !== before;
    }, light.line);
    const dark = await colours();
    expect(dark.text).not.toBe(light.text);
    expect(dark.page).not.toBe(light.page);
    await page.context().close();
  });

  test('it fits a telephone and moves nothing for those who asked for rest', { timeout: TIMEOUT }, async () => {
    // A telephone's width; so tall that every card comes into view, which is when it is drawn.
    const { page, errors } = await openPage(browser, 'light', { width: 390, height: 9000 });
    await page.emulateMedia({ reducedMotion: 'reduce' });
    for (const { path, charts } of pages) {
      await page.goto(service.url + path());
      await page.locator('h1').waitFor();
      await page.locator('footer p').first().waitFor();
      await drawn(page, charts);
      await page.getByText(/^Reading the/).waitFor({ state: 'hidden' });
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
      expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    }
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test('the skip link leads past the navigation', { timeout: TIMEOUT }, async () => {
    const { page } = await openPage(browser);
    await page.goto(service.url);
    await page.locator('h1').waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('skip');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
    await page.context().close();
  });

  test('pictures for the README', { timeout: TIMEOUT }, async () => {
    const wanted = [
      { file: `${IMAGES}/dashboard.png`, path: `/runs/${ids['solution']}`, scheme: 'light' },
      { file: `${IMAGES}/dashboard-hedge.png`, path: `/runs/${ids['hedge']}`, scheme: 'dark' },
    ] as const;
    for (const { file, path, scheme } of wanted) {
      if (existsSync(file) && process.env['KFAC_PICTURES'] !== '1') continue;
      const { page } = await openPage(browser, scheme, { width: 1280, height: 1460 });
      await page.goto(service.url + path);
      // Charts below the fold are not drawn.
      await page.waitForFunction(
        () => [...document.querySelectorAll('canvas')].filter((canvas) => window.kfacCharts.get(canvas)).length >= 4,
      );
      await page.waitForTimeout(500);
      await page.screenshot({ path: file });
      await page.context().close();
    }
    for (const { file } of wanted) expect(existsSync(file)).toBe(true);
  });
});
