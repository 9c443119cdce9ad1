/// <reference lib="dom" />
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { BUNDLE, SERVER } from './service.ts';

const CHROMIUM = '/usr/bin/chromium';
const ARTIFACTS = fileURLToPath(new URL('../artifacts', import.meta.url));
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface ChartData {
  readonly datasets: readonly { readonly label?: string; readonly data: readonly { x: number; y: number }[] }[];
}

declare global {
  interface Window {
    kfacCharts: { get(canvas: HTMLCanvasElement): { readonly data: ChartData } | undefined };
    axe: {
      run(options: object): Promise<{ violations: { id: string; impact: string; nodes: { target: string[] }[] }[] }>;
    };
  }
}

/** Why there is nothing to test with, null if all is there. */
export function missing(): string | null {
  if (!existsSync(CHROMIUM)) return `no ${CHROMIUM} (apt-get install --no-install-recommends chromium)`;
  if (!existsSync(SERVER)) return 'the service is not built (npm run setup)';
  if (!existsSync(BUNDLE)) return 'the dashboard is not built (npm run setup)';
  return null;
}

/** True, and said on the console, if browser tests cannot run here. */
export function skips(): boolean {
  const reason = missing();
  if (reason !== null) console.warn(`skipped the browser tests: ${reason}`);
  return reason !== null;
}

export function openBrowser(): Promise<Browser> {
  const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet],
  });
}

/** A page with the list of errors that it has written to its console so far. */
export async function openPage(
  browser: Browser,
  scheme: 'light' | 'dark' = 'light',
  viewport = { width: 1360, height: 2600 },
): Promise<{ page: Page; errors: string[] }> {
  const context = await browser.newContext({ colorScheme: scheme, viewport });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const errors: string[] = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(error.message));
  return { page, errors };
}

/** The points of one curve of a chart, as Chart.js has them; empty while there is no chart. */
export function curve(page: Page, card: string, label: string): Promise<{ x: number; y: number }[]> {
  return page.evaluate(
    ([title, name]) => {
      const canvas = document.querySelector<HTMLCanvasElement>(`section[aria-label="${title}"] canvas`);
      const data = canvas === null ? undefined : window.kfacCharts.get(canvas)?.data;
      return (data?.datasets.find((dataset) => dataset.label === name)?.data ?? []).map(({ x, y }) => ({ x, y }));
    },
    [card, label] as const,
  );
}

/** Waits until a curve has at least so many points. */
export async function waitForPoints(page: Page, card: string, label: string, count: number): Promise<void> {
  await page.waitForFunction(
    ([title, name, least]) => {
      const canvas = document.querySelector<HTMLCanvasElement>(`section[aria-label="${title}"] canvas`);
      const data = canvas === null ? undefined : window.kfacCharts.get(canvas)?.data;
      return (data?.datasets.find((dataset) => dataset.label === name)?.data.length ?? 0) >= least;
    },
    [card, label, count] as const,
  );
}

/** Findings of axe that are serious or critical. */
export async function barriers(page: Page): Promise<string[]> {
  // Through the debugger: the page's own policy admits no foreign script.
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: axeSource });
  await session.detach();
  const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
}

/** Keeps a picture of the whole page for human eyes. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(ARTIFACTS, { recursive: true });
  await page.screenshot({ path: join(ARTIFACTS, `${name}.png`), fullPage: true });
}

/** Presses Tab until the element with the focus fits the selector. */
export async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 250; presses++) {
    await page.keyboard.press('Tab');
    const there = await page.evaluate((wanted) => document.activeElement?.matches(wanted) === true, selector);
    if (there) return;
  }
  throw new Error(`expected Tab to reach ${selector}`);
}

/** Replaces what stands in the field that has the focus. */
export async function retype(page: Page, text: string): Promise<void> {
  await page.keyboard.press('Control+a');
  await page.keyboard.type(text);
}
