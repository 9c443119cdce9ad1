import { z } from 'zod';
import { section } from '../section.ts';

const every = (steps: number) => z.int().min(1).max(100_000_000).default(steps).describe('Steps between two changes');
const fraction = (value: number) => z.number().min(0).lt(1).default(value);

const gradNorm = section({
  name: z.literal('grad-norm'),
  every: every(100),
  decay: fraction(0.9).describe('Of the moving average of the weights'),
}).describe('All parts pull with the same force: mean gradient norm over own gradient norm');

const ntk = section({
  name: z.literal('ntk'),
  every: every(100),
  decay: fraction(0.9).describe('Of the moving average of the weights'),
}).describe('All parts converge at the same rate: mean over own diagonal of the tangent kernel');

const relobralo = section({
  name: z.literal('relobralo'),
  every: every(1),
  temperature: z.number().positive().default(1).describe('Small: all weight to the part that lags most'),
  decay: fraction(0.95).describe('Share of what was'),
  lookback: z.number().min(0).max(1).default(0.99).describe('Chance that what was is the last weight, not the start'),
}).describe('Relative loss balancing: more weight to parts whose loss falls less');

const balanced = section({
  name: z.literal('balanced'),
  every: every(1),
  exponent: z.number().gt(0).max(1).default(0.05).describe('How fast: 1 makes weighted losses equal at once'),
}).describe('Weighted losses become equal, little by little');

/** Rules for the weights of the parts of a loss, by name. */
export const adaptiveWeightsSchema = z.discriminatedUnion('name', [gradNorm, ntk, relobralo, balanced]);

const sa = section({
  name: z.literal('sa'),
  every: every(1),
  mask: z
    .enum(['square', 'logistic'])
    .default('square')
    .describe('How a weight m follows its s: s^2, or 1000/(1 + 999*exp(-s)), which rises fast and saturates'),
  learningRate: z.number().positive().max(1).default(5e-3).describe('Of the ascent by Adam'),
}).describe('Self-adaptive: weights rise by gradient ascent where the residual is large; for fixed points');

const rba = section({
  name: z.literal('rba'),
  every: every(1),
  decay: fraction(0.999).describe('Share that is kept at a change'),
  rate: z.number().positive().max(1).default(0.01).describe('What the point of the largest residual gains'),
}).describe('Residual-based attention: weights follow the residual; for fixed points');

const causal = section({
  name: z.literal('causal'),
  every: every(1),
  chunks: z.int().min(2).max(1024).default(32).describe('Of the time, with equally many points each'),
  epsilon: z
    .union([z.number().positive(), z.array(z.number().positive()).min(1).max(16)])
    .default(1)
    .describe('How small earlier losses must be, or ascending values: the next one once all weights are above 0.99'),
}).describe('Later times count once earlier ones are solved; needs the coordinate t');

/** Rules for the weights of points, by name. */
export const pointwiseWeightsSchema = z.discriminatedUnion('name', [sa, rba, causal]);
