import type { PinnSpecInput } from '@kfac/pinn';
import { type AccuracyProblem, LEVELS, specOf } from './accuracy-problems.ts';
import type { ProblemResult } from './accuracy-table.ts';
import { ours, peer } from './processes.ts';
import { type Measured, median } from './workloads.ts';

/** How thoroughly to measure. */
export interface AccuracyEffort {
  readonly seeds: number;
  /** Seconds after which a run ends, ours as the peers'. */
  readonly budget: number;
  readonly withPeers: boolean;
}

/** Another library that solves the same problems, and the settings among which its best is looked for. */
interface Peer {
  readonly name: string;
  readonly script: string;
  /** Numbers of Adam steps before the other optimizer: the documented one first. */
  readonly adam: readonly number[];
}

const PEERS: readonly Peer[] = [
  { name: 'DeepXDE', script: 'deepxde_problem.py', adam: [15_000, 2000] },
  { name: 'SSBroyden', script: 'ssbroyden.py', adam: [5000, 500] },
];
export const PEER_NAMES: readonly string[] = PEERS.map(({ name }) => name);

const THREADS = 2;
/** Seconds of a run that finds out on how many threads a peer is fastest. */
const PILOT = 8;

/** Seconds to a level; a run may end a few steps after the budget, and what it reaches there does not count. */
function secondsTo(measured: Measured, level: number, budget: number): number {
  const seconds = measured[String(level)] as number | undefined;
  return seconds !== undefined && seconds <= budget ? seconds : Infinity;
}

/** Was `a` better than `b`: sooner at the lowest level that either reached? */
function isBetter(a: Measured, b: Measured, budget: number): boolean {
  const pairs = LEVELS.map((level) => [secondsTo(a, level, budget), secondsTo(b, level, budget)] as const);
  const [mine, other] = pairs.findLast((pair) => pair.some(Number.isFinite)) ?? [Infinity, Infinity];
  return mine < other;
}

/** What a peer is told of a problem: the sizes of our specification. */
function sizes({ network, sampling }: PinnSpecInput): Record<string, string | number> {
  return {
    hidden: network!.hidden!.join(','),
    interior: sampling!.interior!,
    conditions: sampling!.conditions!,
    method: sampling!.method!,
  };
}

/** The number of threads on which a peer takes most Adam steps a second. */
async function fastestThreads(script: string, settings: Readonly<Record<string, string | number>>): Promise<number> {
  let best = { threads: 1, rate: 0 };
  for (const threads of [1, THREADS]) {
    const run = await peer(script, { ...settings, threads, seed: 1 });
    const rate = (run['adamSteps'] as number) / (run['adamSeconds'] as number);
    if (rate > best.rate) best = { threads, rate };
  }
  return best.threads;
}

/**
 * Solves a problem on the seeds 1, 2, …: on each first ours, then every peer, one process at a time. Before, short runs
 * choose a peer's threads; on the first seed it runs with each of its settings, and goes on with the best.
 */
export async function raceOf(
  problem: AccuracyProblem,
  { seeds, budget, withPeers }: AccuracyEffort,
  machine: string,
): Promise<ProblemResult> {
  const racing = withPeers ? PEERS : [];
  const common = {
    problem: problem.name,
    metric: problem.metric.replace('pinn/', ''),
    levels: LEVELS.join(','),
    budget,
    ...sizes(specOf(problem, budget)),
  };
  const mine: Measured[] = [];
  const theirs = racing.map((): Measured[] => []);
  const adam = racing.map((one) => one.adam);
  const threads: number[] = [];
  for (const { script, adam: steps } of racing)
    threads.push(await fastestThreads(script, { ...common, adam: steps[0]!, budget: Math.min(budget, PILOT) }));
  for (let seed = 1; seed <= seeds; seed++) {
    mine.push(await ours('accuracy', { threads: THREADS, seed, problem: problem.name, value: budget }));
    for (const [k, { script }] of racing.entries()) {
      let best: Measured | null = null;
      let chosen = 0;
      for (const steps of adam[k]!) {
        const run = await peer(script, { ...common, threads: threads[k]!, seed, adam: steps });
        if (best !== null && !isBetter(run, best, budget)) continue;
        best = run;
        chosen = steps;
      }
      theirs[k]!.push(best!);
      adam[k] = [chosen];
    }
  }
  const medians = (runs: readonly Measured[], level: number): number =>
    median(runs.map((run) => secondsTo(run, level, budget)));
  const notes = [
    problem.setting,
    problem.metric === 'pinn/rmse' ? 'RMSE' : 'relative L2',
    `medians of ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}, at most ${budget} s a run`,
    ...racing.map(
      (one, k) =>
        `${one.name} on ${threads[k] === 1 ? 'one thread' : 'two threads'} after ${middle(theirs[k]!, 'adamSteps')} Adam steps${compilation(theirs[k]!)}`,
    ),
  ];
  return {
    name: problem.name,
    levels: LEVELS.map((level) => ({
      level,
      ours: medians(mine, level),
      peers: Object.fromEntries(racing.map(({ name }, k) => [name, medians(theirs[k]!, level)])),
      aim: problem.aims[level],
      published: problem.published[level],
    })),
    note: `${notes.join('; ')}. ${[machine, ...versions(theirs)].join('; ')}.`,
  };
}

const middle = (runs: readonly Measured[], detail: string): number => median(runs.map((run) => run[detail] as number));

/** The seconds of just-in-time compilation and other first calls, which are not in the table. */
function compilation(runs: readonly Measured[]): string {
  const spent = middle(runs, 'compileSeconds');
  return spent > 0 ? ` (and ${spent.toPrecision(2)} s of compilation and first calls)` : '';
}

const LIBRARIES: Readonly<Record<string, string>> = {
  deepxde: 'DeepXDE',
  torch: 'PyTorch',
  jax: 'JAX',
  scipy: 'SciPy',
  python: 'Python',
};

/** Names and versions of what the peers run on. */
function versions(runs: readonly (readonly Measured[])[]): string[] {
  const all = Object.assign({}, ...runs.map(([first]) => (first as unknown as { versions: object }).versions));
  const named = Object.entries(LIBRARIES).flatMap(([key, name]) => (key in all ? [`${name} ${all[key]}`] : []));
  return named.length > 0 ? [named.join(', ')] : [];
}
