import type { RecurrentKind } from '@kfac/core';
import { z } from 'zod';

/** A strict object that names its known fields when an unknown one comes. */
function section<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `unknown field; known here: ${known}` : undefined),
  });
}

/** The error of a choice by name: says which names there are. */
function choice(names: readonly string[]): { error: string } {
  return { error: `expected one of ${names.map((name) => `"${name}"`).join(', ')}` };
}

const positive = (maximum: number): z.ZodNumber => z.number().positive().max(maximum);
const count = (minimum: number, maximum: number): z.ZodNumber => z.number().int().min(minimum).max(maximum);
const seed = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const annualRate = z.number().min(-10).max(10).default(0);

const spot = positive(1e9).default(100).describe('Spot price at date 0, in currency');
const carry = {
  drift: annualRate.describe('Real-world drift of the spot, 1/year, continuous compounding'),
  rate: annualRate.describe('Interest rate, 1/year, continuous compounding'),
  dividend: annualRate.describe('Dividend yield, 1/year, continuous compounding'),
};

const blackScholesMarket = section({
  model: z.literal('black-scholes'),
  spot,
  volatility: positive(10).describe('Volatility, 1/sqrt(year)'),
  ...carry,
});

const hestonMarket = section({
  model: z.literal('heston'),
  spot,
  v0: z.number().min(0).max(100).describe('Initial variance, 1/year'),
  kappa: positive(1000).describe('Speed of mean reversion, 1/year'),
  theta: positive(100).describe('Long-run variance, 1/year'),
  xi: positive(100).describe('Volatility of variance, 1/year'),
  rho: z.number().gt(-1).lt(1).describe('Correlation of spot and variance'),
  ...carry,
});

const steps = count(1, 10_000).describe('Number of hedging intervals; the step is horizon / steps');

const horizon = z.union([
  section({ days: positive(36_500).describe('Horizon in days of 1/365 year'), steps }),
  section({ years: positive(100).describe('Horizon in years'), steps }),
]);

const liability = section({
  type: z.enum(['european-call', 'european-put'], choice(['european-call', 'european-put'])),
  strike: positive(1e9).optional().describe('Strike, in currency; the spot if absent'),
});

const cost = section({
  proportional: z.number().min(0).lt(1).default(0.001).describe('One-way proportional cost: 0.001 is 10 basis points'),
});

const premium = z.union([z.literal('model'), z.number().min(-1e9).max(1e9)], {
  error: 'expected a number (currency received at date 0) or "model" (the risk-neutral price without costs)',
});

const policy = section({
  type: z.literal('lstm', choice(['lstm'])).default('lstm'),
  hidden: count(1, 512).default(32).describe('Width of the LSTM'),
  head: z.enum(['tanh', 'logistic', 'identity'], choice(['tanh', 'logistic', 'identity'])).default('tanh'),
});

const risk = z.discriminatedUnion(
  'measure',
  [
    section({
      measure: z.literal('entropic'),
      aversion: positive(1e6).default(1).describe('Risk aversion, 1/currency'),
    }),
    section({
      measure: z.literal('mean-variance'),
      gamma: positive(1e6).default(1).describe('Weight of half the variance'),
    }),
    section({
      measure: z.literal('quadratic'),
      target: z.number().min(-1e9).max(1e9).default(0).describe('Target P&L'),
    }),
  ],
  choice(['entropic', 'mean-variance', 'quadratic']),
);

const averageFrom = count(1, 1e9);

/** Models of the recurrent gate block, as the core knows them. */
const CURVATURES = [
  'independent',
  'reduce',
  'option1',
  'option2',
  'complete',
] as const satisfies readonly RecurrentKind[];

const optimizer = z.discriminatedUnion(
  'name',
  [
    section({
      name: z.literal('kfac'),
      curvature: z
        .enum(CURVATURES, choice(CURVATURES))
        .default('independent')
        .describe('Model of the gate block over time: dates as independent uses of the matrix, summed, or as a chain'),
      damping: positive(1e8).optional().describe('Initial damping; chosen from the risk and the spot if absent'),
      averageFrom: averageFrom
        .default(50)
        .describe('First step of the averaged weights, which are evaluated and shipped'),
    }),
    section({
      name: z.literal('adam'),
      learningRate: positive(10).default(0.03),
      schedule: z
        .enum(['constant', 'cosine'], choice(['constant', 'cosine']))
        .optional()
        .describe('Cosine to zero at stop.steps; the default where stop.steps is given, else constant'),
      averageFrom: averageFrom.optional().describe('First step of averaged weights; no averaging if absent'),
    }),
  ],
  choice(['kfac', 'adam']),
);

const stop = section({
  steps: count(1, 1e9).optional().describe('Training steps'),
  seconds: positive(1e8).optional().describe('Seconds of training'),
  loss: z.number().optional().describe('Risk of a training batch at or below which training ends'),
}).refine((value) => Object.keys(value).length > 0, { error: 'expected at least one of steps, seconds, loss' });

const evaluation = section({
  paths: count(2, 5_000_000).default(100_000).describe('Test paths, common to the policy and its baselines'),
  seed: seed.default(1).describe('Seed of the validation and test paths'),
});

/**
 * The JSON of a hedging problem: the single source of types, REST validation, OpenAPI, the dashboard's form and command
 * line help. `parseHedgingSpec` also fills the defaults that depend on other fields.
 */
export const hedgingSpecSchema = section({
  market: z.discriminatedUnion('model', [blackScholesMarket, hestonMarket], choice(['black-scholes', 'heston'])),
  horizon,
  liability,
  cost: cost.prefault({}),
  premium: premium
    .default('model')
    .describe('Cash received at date 0: a number, or "model" for the risk-neutral price'),
  unwind: z.boolean().default(false).describe('Charge the cost of selling the last position at the horizon'),
  policy: policy.prefault({}),
  risk: risk.prefault({ measure: 'entropic' }),
  optimizer: optimizer.prefault({ name: 'kfac' }),
  batch: count(2, 1_048_576).default(1024).describe('Fresh paths per training step'),
  stop: stop.default({ steps: 300, seconds: 60 }),
  evaluation: evaluation.prefault({}),
  precision: z
    .enum(['f32', 'f64'], choice(['f32', 'f64']))
    .default('f32')
    .describe('Arithmetic of the network'),
  seed: seed.default(1).describe('Seed of the initial weights and the training paths'),
}).meta({ title: 'Hedging problem', description: 'Market, liability, costs and risk; policy and optimizer' });

/** What a user writes. */
export type HedgingSpecInput = z.input<typeof hedgingSpecSchema>;

type Parsed = z.output<typeof hedgingSpecSchema>;
type AdamSpec = Extract<Parsed['optimizer'], { name: 'adam' }>;

/** The effective problem: every default filled. */
export type HedgingSpec = Omit<Parsed, 'liability' | 'optimizer' | 'stop'> & {
  readonly liability: Parsed['liability'] & { readonly strike: number };
  readonly stop: { readonly steps?: number; readonly seconds?: number; readonly loss?: number };
  readonly optimizer:
    | Extract<Parsed['optimizer'], { name: 'kfac' }>
    | (AdamSpec & { readonly schedule: 'constant' | 'cosine' });
};

export type MarketSpec = HedgingSpec['market'];
export type HestonSpec = Extract<MarketSpec, { model: 'heston' }>;
export type RiskSpec = HedgingSpec['risk'];
