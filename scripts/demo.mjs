// `npm run demo`: the service on SQLite with five runs launched through its REST interface, and left running.
// `npm run demo -- --once` ends when all have ended: 0 if all succeeded, with one table of results.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from './lib/paths.mjs';
import { say } from './lib/run.mjs';
import { SetupError, main, setup } from './setup.mjs';

const defaultPort = 4600;
const ended = new Set(['succeeded', 'failed', 'diverged', 'cancelled']);

/** What the demo launches: a problem of the catalogue and what is changed in it. */
const launches = [
  { name: 'HEDGE-1 by K-FAC', kind: 'hedging', problem: 'HEDGE-1', change: {} },
  {
    name: 'HEDGE-1 by Adam',
    kind: 'hedging',
    problem: 'HEDGE-1',
    change: { optimizer: { name: 'adam', learningRate: 0.03, schedule: 'cosine' } },
  },
  {
    name: 'P2 by Gauss–Newton',
    kind: 'pinn',
    problem: 'P2',
    change: { optimizer: { name: 'gauss-newton' }, stop: { steps: 250, seconds: 60 } },
  },
  {
    name: 'Burgers by Gauss–Newton',
    kind: 'pinn',
    problem: 'Burgers',
    change: { optimizer: { name: 'gauss-newton' }, stop: { steps: 200, seconds: 60 } },
  },
  {
    name: 'P2 by K-FAC',
    kind: 'pinn',
    problem: 'P2',
    change: { optimizer: { name: 'kfac' }, stop: { steps: 1000, seconds: 60 } },
  },
];

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** One request; a refusal is an error with the problem document's detail. */
async function request(url, options = {}) {
  const response = await fetch(url, options);
  const body = await response.json();
  if (!response.ok)
    throw new Error(`${options.method ?? 'GET'} ${url}: ${response.status} ${body.detail ?? JSON.stringify(body)}`);
  return body;
}

async function launchAll(address) {
  const { items } = await request(`${address}/v1/catalogue`);
  const runs = [];
  for (const { name, kind, problem, change } of launches) {
    const item = items.find(
      (candidate) => candidate.kind === kind && candidate.name.toLowerCase().startsWith(problem.toLowerCase()),
    );
    if (!item) throw new Error(`the catalogue has no "${problem}"`);
    const body = JSON.stringify({ kind, name, spec: { ...item.spec, ...change } });
    runs.push(
      await request(`${address}/v1/runs`, { method: 'POST', headers: { 'content-type': 'application/json' }, body }),
    );
  }
  return runs;
}

/** Polls until all runs have ended; says where each stands when one starts or ends, and every five seconds. */
async function follow(address, runs, isStopped) {
  let lastStates = '';
  for (let tick = 0; !isStopped(); tick++) {
    const now = await Promise.all(runs.map(({ id }) => request(`${address}/v1/runs/${id}`)));
    const states = now.map(({ status }) => status).join();
    if (states !== lastStates || tick % 10 === 0) say(now.map(standing).join(' | '));
    lastStates = states;
    if (now.every(({ status }) => ended.has(status))) return now;
    await sleep(500);
  }
  return [];
}

/** 'P2 by K-FAC: running 120/1000'. */
function standing({ name, status, step, totalSteps }) {
  const progress = status === 'running' ? ` ${step}${totalSteps ? `/${totalSteps}` : ''}` : '';
  return `${name}: ${status}${progress}`;
}

function resultTable(runs) {
  const number = (value) => (typeof value === 'number' ? value.toPrecision(4) : '–');
  const rows = runs.map(({ name, status, step, seconds, result }) => [
    name,
    status,
    String(step),
    number(seconds),
    number(result?.relativeL2?.u),
    number(result?.policy?.entropic),
    number(result?.policy?.pnlVariance),
    number(result?.policy?.sharpe),
    number(result?.policy?.cvar95),
  ]);
  const all = [
    ['run', 'status', 'steps', 'seconds', 'relative L2', 'entropic risk', 'P&L variance', 'Sharpe', 'CVaR 95'],
    ...rows,
  ];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

await main(async () => {
  const args = process.argv.slice(2);
  const once = args.includes('--once');
  const unknown = args.find((argument) => argument !== '--once');
  if (unknown) throw new SetupError(`demo: unknown option "${unknown}"; there is --once`);
  await setup('service');
  const { startServer } = await import('../apps/api/dist/index.js');

  const wanted = Number(process.env.KFAC_PORT || defaultPort);
  if (!Number.isInteger(wanted) || wanted < 0 || wanted > 65_535)
    throw new SetupError(`KFAC_PORT: expected a whole number from 0 to 65535, got "${process.env.KFAC_PORT}"`);
  const port = (await isFree(wanted)) ? wanted : 0;
  const data = process.env.KFAC_DATA ?? (once ? mkdtempSync(join(tmpdir(), 'kfac-demo-')) : join(root, 'data', 'demo'));
  const server = await startServer({ port, host: '127.0.0.1', data });
  let stopped = false;
  let wake = () => {};
  const stop = () => {
    stopped = true;
    wake();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    say(`dashboard: ${server.address}   (data in ${data})`);
    const runs = await launchAll(server.address);
    const done = await follow(server.address, runs, () => stopped);
    if (done.length > 0) process.stdout.write(`${resultTable(done)}\n`);
    if (!done.every(({ status }) => status === 'succeeded') || done.length === 0) process.exitCode = 1;
    for (const { name, error } of done)
      if (error) say(`${name}: ${typeof error === 'string' ? error : JSON.stringify(error)}`);
    if (!once && !stopped) {
      say(`all runs have ended; the dashboard stays at ${server.address} until Ctrl-C`);
      await new Promise((resolve) => (wake = resolve));
      process.exitCode = 0;
    }
  } finally {
    await server.close();
    if (once && process.env.KFAC_DATA === undefined) rmSync(data, { recursive: true, force: true });
  }
});
