import type { HedgingSpecInput } from './spec.ts';

/** A ready problem by name. */
export interface CatalogueEntry {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly spec: HedgingSpecInput;
}

const shared = {
  horizon: { days: 30, steps: 30 },
  liability: { type: 'european-call', strike: 100 },
  cost: { proportional: 0.001 },
  unwind: false,
  policy: { type: 'lstm', hidden: 32, head: 'tanh' },
  risk: { measure: 'entropic', aversion: 1 },
  batch: 1024,
  stop: { steps: 300 },
  evaluation: { paths: 100_000, seed: 1 },
  precision: 'f32',
  seed: 1,
} as const satisfies Partial<HedgingSpecInput>;

const kfac = { name: 'kfac', curvature: 'independent', averageFrom: 50 } as const;

const heston = {
  market: {
    model: 'heston',
    spot: 100,
    v0: 0.04,
    kappa: 2,
    theta: 0.04,
    xi: 0.3,
    rho: -0.7,
    drift: 0.05,
    rate: 0,
    dividend: 0,
  },
  premium: 'model',
} as const satisfies Partial<HedgingSpecInput>;

/** Problems that can be trained by name. */
export const catalogue: readonly CatalogueEntry[] = [
  {
    name: 'HEDGE-1',
    title: 'Heston call, 10 bp cost, K-FAC',
    description:
      'A short at-the-money call over 30 days in a Heston market with proportional cost, entropic risk, trained by K-FAC.',
    spec: { ...shared, ...heston, optimizer: kfac },
  },
  {
    name: 'HEDGE-1-ADAM',
    title: 'Heston call, 10 bp cost, Adam',
    description: 'The same problem trained by Adam with a cosine schedule from a learning rate of 0.03.',
    spec: { ...shared, ...heston, optimizer: { name: 'adam', learningRate: 0.03, schedule: 'cosine' } },
  },
  {
    name: 'BLACK-SCHOLES',
    title: 'Black–Scholes call, 10 bp cost, K-FAC',
    description:
      'A short at-the-money call over 30 days in a Black–Scholes market without premium: the entropic risk is the indifference price, 2.5249 at the exact optimum.',
    spec: {
      ...shared,
      market: { model: 'black-scholes', spot: 100, volatility: 0.2, drift: 0, rate: 0, dividend: 0 },
      premium: 0,
      stop: { steps: 1000 },
      optimizer: kfac,
    },
  },
];
