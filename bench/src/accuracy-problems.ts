import { type PinnSpecInput, catalogue } from '@kfac/pinn';

/** Errors in whose reaching the table is written. */
export const LEVELS = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6] as const;

/** A problem of the catalogue, how it is solved here, and what is aimed at. */
export interface AccuracyProblem {
  readonly name: string;
  /** What is set otherwise than in the catalogue. */
  readonly changes: Partial<PinnSpecInput>;
  /** The same in words. */
  readonly setting: string;
  /** RMSE, or relative L2 where that is what others report. */
  readonly metric: 'pinn/rmse' | 'pinn/rel_l2';
  /** Seconds aimed at, by level. */
  readonly aims: Readonly<Record<number, number>>;
  /** Best published seconds by level on an RTX 6000, where there are any. */
  readonly published: Readonly<Record<number, number>>;
}

/** Steep features, combined by least squares at the start. */
const quickStart = { firstLayerScale: 4, lastLayer: 'least-squares' } as const;
const soon = (target: number) => ({ name: 'gauss-newton', target }) as const;

/** Published seconds: pinn.md §6.5's table, the best over optimizers and nets of the K-FAC and SPRING studies. */
export const PROBLEMS: readonly AccuracyProblem[] = [
  {
    name: 'P2',
    changes: { network: { hidden: [64], ...quickStart }, optimizer: soon(0.15) },
    setting: '2–64–1, γ* = 0.15, quick start',
    metric: 'pinn/rmse',
    aims: { 1e-3: 0.15, 1e-4: 0.2, 1e-5: 0.35, 1e-6: 0.5 },
    published: { 1e-2: 6, 1e-3: 11, 1e-4: 24, 1e-5: 59, 1e-6: 94 },
  },
  {
    name: 'P5',
    changes: { optimizer: soon(0.25) },
    setting: '5–64–1, γ* = 0.25',
    metric: 'pinn/rmse',
    aims: { 1e-2: 1.5, 1e-3: 3, 1e-4: 5, 1e-5: 25, 1e-6: 60 },
    published: { 1e-2: 10, 1e-3: 18, 1e-4: 40, 1e-5: 52, 1e-6: 80 },
  },
  {
    name: 'H1',
    changes: { network: { hidden: [64], ...quickStart }, optimizer: soon(0.1) },
    setting: '2–64–1, γ* = 0.1, quick start',
    metric: 'pinn/rmse',
    aims: { 1e-3: 0.2, 1e-4: 0.4, 1e-5: 0.8, 1e-6: 2 },
    published: { 1e-2: 4, 1e-3: 8, 1e-4: 27, 1e-5: 38, 1e-6: 89 },
  },
  {
    name: 'Burgers-0.01/pi',
    changes: {},
    setting: '2–20–20–20–1, interior weight 0.01',
    metric: 'pinn/rel_l2',
    aims: { 1e-2: 2, 1e-3: 6, 1e-4: 12, 1e-5: 25, 1e-6: 50 },
    published: {},
  },
  {
    name: 'Burgers-0.01',
    changes: {},
    setting: '2–20–20–20–1, interior weight 0.01',
    metric: 'pinn/rel_l2',
    aims: { 1e-5: 8, 1e-6: 12 },
    published: {},
  },
];

/** The specification of a problem as it is solved here, with the seconds after which a run ends. */
export function specOf({ name, changes }: AccuracyProblem, seconds: number): PinnSpecInput {
  const { spec } = catalogue.find((entry) => entry.name === name)!;
  return { ...spec, ...changes, stop: { seconds } };
}
