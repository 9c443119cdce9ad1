import { matrix, selectEngine } from '@kfac/core';
import type { Engine, Progress } from '@kfac/core';
import { catalogue as hedgingCatalogue, train } from '@kfac/hedging';
import { type PinnSpecInput, catalogue as pinnCatalogue, solve } from '@kfac/pinn';
import { LEVELS, PROBLEMS, specOf } from './accuracy-problems.ts';

/** What a measurement of ours says: seconds of the unit of work and whatever else is worth a note. */
export interface Measured {
  readonly seconds: number;
  readonly [detail: string]: number | string | boolean;
}

/** A workload of ours: takes its settings, measures, and ends. Each runs in a process of its own. */
export type Workload = (settings: Settings) => Promise<Measured>;

export interface Settings {
  readonly threads: number;
  /** Steps that are timed. */
  readonly steps: number;
  readonly seed: number;
  /** A workload's own number: the error to reach, the paths to draw, the seconds to stop after. */
  readonly value: number;
  /** A problem's name, where there is a choice. */
  readonly problem: string;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const engineOf = (threads: number): Engine => selectEngine({ native: 'require', threads });

/** P2/S of the catalogue: 2–64–1, 900 points inside, 120 on the boundary. */
const p2 = pinnCatalogue.find(({ name }) => name === 'P2')!.spec;
const hedge1 = hedgingCatalogue.find(({ name }) => name === 'HEDGE-1')!.spec;

/** Seconds of each step, everything of the step included, evaluation and telemetry excluded. */
function stepTimes(): { times: number[]; onProgress: (progress: Progress) => void } {
  const times: number[] = [];
  return { times, onProgress: ({ metrics }) => times.push(metrics['time/total']!) };
}

/** Untimed first steps; K-FAC of a hedge takes its curvature from all paths in its first 25. */
const WARM_UP = 30;

/** One K-FAC* step with the published settings: exactly what the peer runs. */
const pinnKfac: Workload = async ({ threads, steps, seed }) => {
  const { times, onProgress } = stepTimes();
  const published = {
    name: 'kfac',
    split: 'same',
    damping: { policy: 'constant', initial: 1.22e-10 },
    decay: 0.926,
    average: 'identity',
    firstStep: 1e-6,
    rejection: 'none',
  } as const;
  const solution = await solve(
    { ...p2, optimizer: published, weights: { interior: 1, conditions: 1 }, stop: { steps: WARM_UP + steps }, seed },
    { engine: engineOf(threads), onProgress },
  );
  return { seconds: median(times.slice(WARM_UP)), rmse: solution.rmse['u']!, steps: solution.steps };
};

/** One Gauss–Newton step with its probes, in the form that is asked for. */
function radiusStep(form: 'gram' | 'qr'): Workload {
  return async ({ threads, steps, seed }) => {
    const { times, onProgress } = stepTimes();
    const optimizer = { name: 'gauss-newton', form, target: 0.25 } as const;
    const solution = await solve(
      { ...p2, optimizer, stop: { steps: WARM_UP + steps }, seed },
      { engine: engineOf(threads), onProgress },
    );
    return { seconds: median(times.slice(WARM_UP)), rmse: solution.rmse['u']!, steps: solution.steps };
  };
}

/** A start near the solution: steep features, combined by least squares. */
const quickStart: PinnSpecInput['network'] = { hidden: [64], firstLayerScale: 4, lastLayer: 'least-squares' };

/**
 * Seconds from the specification to the RMSE `value`, the process's start excluded: all that `solve` does, compilation
 * included.
 */
const timeToError: Workload = async ({ threads, seed, value }) => {
  const engine = engineOf(threads);
  const start = performance.now();
  // The exact solution's root mean square is ½: the relative error is twice the RMSE.
  const solution = await solve(
    {
      ...p2,
      network: quickStart,
      optimizer: { name: 'gauss-newton', target: 0.25 },
      stop: { relativeL2: 2 * value, seconds: 60 },
      seed,
    },
    { engine },
  );
  const seconds = (performance.now() - start) / 1000;
  return { seconds, rmse: solution.rmse['u']!, steps: solution.steps, reached: solution.stopReason === 'relativeL2' };
};

/** Heston QE-M, two normals a step: `value` paths over 30 dates. */
const heston: Workload = async ({ threads, steps, value }) => {
  const engine = engineOf(threads);
  const dates = 30;
  const market = {
    model: 'heston',
    spot: 100,
    drift: 0.05,
    v0: 0.04,
    kappa: 2,
    theta: 0.04,
    xi: 0.3,
    rho: -0.7,
    scheme: 'qe-m',
  } as const;
  const [spot, variance] = [matrix(dates + 1, value), matrix(dates + 1, value)];
  const times: number[] = [];
  for (let step = 0; step < 3 + steps; step++) {
    const start = performance.now();
    engine.paths.simulate(market, 30 / 365 / dates, { seed: 1, purpose: 0, step, firstPath: 0 }, spot, variance);
    times.push((performance.now() - start) / 1000);
  }
  const seconds = median(times.slice(3));
  let sum = 0;
  for (const last of spot.data.subarray(dates * value)) sum += last;
  return { seconds, pathSteps: (value * dates) / seconds, meanSpot: sum / value };
};

/** HEDGE-1 by Adam: simulate, forward, backward, gradient, update; f32, 1024 paths. */
const hedgeGradient: Workload = async ({ threads, steps, seed }) => {
  const { times, onProgress } = stepTimes();
  const optimizer = { name: 'adam', learningRate: 0.03, schedule: 'constant' } as const;
  const report = await train(
    { ...hedge1, optimizer, stop: { steps: WARM_UP + steps }, evaluation: { paths: 1000 }, seed },
    { engine: engineOf(threads), onProgress },
  );
  const seconds = median(times.slice(WARM_UP));
  return { seconds, pathSteps: (1024 * 30) / seconds, entropic: report.policy.entropic };
};

/** HEDGE-1 by K-FAC: the mean over cycles of five steps, of which one refreshes the factors. */
const hedgeKfac: Workload = async ({ threads, steps, seed }) => {
  const { times, onProgress } = stepTimes();
  const report = await train(
    { ...hedge1, stop: { steps: WARM_UP + steps }, evaluation: { paths: 1000 }, seed },
    { engine: engineOf(threads), onProgress },
  );
  const timed = times.slice(WARM_UP);
  const cycles = Array.from(
    { length: Math.floor(timed.length / 5) },
    (_, k) => timed.slice(5 * k, 5 * k + 5).reduce((sum, t) => sum + t, 0) / 5,
  );
  const seconds = median(cycles);
  return { seconds, pathSteps: (1024 * 30) / seconds, entropic: report.policy.entropic };
};

/**
 * Seconds from the specification until the error first falls to each level, at most `value`, the process's start excluded;
 * the error is measured every fifth step at first, then every tenth.
 */
const accuracy: Workload = async ({ threads, seed, value: budget, problem: name }) => {
  const problem = PROBLEMS.find((one) => one.name === name)!;
  const engine = engineOf(threads);
  const reached: Record<string, number> = {};
  const start = performance.now();
  const stop = new AbortController();
  const solution = await solve(
    { ...specOf(problem, budget), seed },
    {
      engine,
      signal: stop.signal,
      onProgress({ metrics }) {
        const error = metrics[problem.metric];
        if (error === undefined) return;
        for (const level of LEVELS) if (error <= level) reached[String(level)] ??= (performance.now() - start) / 1000;
        if (error <= LEVELS.at(-1)!) stop.abort();
      },
    },
  );
  return { seconds: (performance.now() - start) / 1000, steps: solution.steps, ...reached };
};

export const WORKLOADS: Readonly<Record<string, Workload>> = {
  accuracy,
  'pinn-kfac': pinnKfac,
  'radius-gram': radiusStep('gram'),
  'radius-qr': radiusStep('qr'),
  'time-to-error': timeToError,
  heston,
  'hedge-gradient': hedgeGradient,
  'hedge-kfac': hedgeKfac,
};
