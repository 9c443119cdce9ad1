import { z } from 'zod';
import { section } from './section.ts';

const damping = section({
  policy: z
    .enum(['reject', 'lm', 'constant'])
    .default('reject')
    .describe(
      'reject: raised when a step is rejected, lowered otherwise; lm: Levenberg-Marquardt ratio rule; constant: always `initial`',
    ),
  initial: z.number().positive().default(1e-3),
  minimum: z.number().positive().default(1e-10),
  maximum: z.number().positive().default(1e8),
}).describe('Damping of the curvature');

const kfac = section({
  name: z.literal('kfac'),
  split: z.enum(['same', 'pi']).default('same').describe('How damping is divided over the Kronecker factors'),
  damping: damping.prefault({}),
  decay: z.number().min(0).lt(1).default(0.95).describe('Decay of the moving averages of the factors'),
  average: z.enum(['debiased', 'warm', 'identity']).default('debiased').describe('How the moving averages start'),
  refreshEvery: z.int().min(1).default(1).describe('Steps between two inversions'),
  firstStep: z
    .number()
    .positive()
    .optional()
    .describe('Fixed length of the first step instead of the exact quadratic model'),
  rejection: z.enum(['increase', 'large-increase', 'none']).default('increase').describe('Which steps are taken back'),
}).describe('K-FAC with automatic learning rate and momentum');

const adaptedDamping = z
  .number()
  .positive()
  .max(1e8)
  .default(1)
  .describe('Initial damping of the Gauss-Newton matrix; follows the ratio of actual to predicted reduction');

const kfacPcg = section({
  name: z.literal('kfac-pcg'),
  iterations: z
    .int()
    .min(1)
    .max(1000)
    .default(10)
    .describe('Conjugate-gradient iterations in one step: 1 is K-FAC, as many as there are parameters Gauss-Newton'),
  damping: adaptedDamping,
  split: z.enum(['same', 'pi']).default('pi').describe('How damping is divided over the Kronecker factors'),
  decay: z.number().min(0).lt(1).default(0.5).describe('Decay of the moving averages of the factors'),
}).describe('Gauss-Newton by conjugate gradients, preconditioned with K-FAC');

const hessianFree = section({
  name: z.literal('hessian-free'),
  iterations: z.int().min(1).max(1000).default(250).describe('Most conjugate-gradient iterations in one step'),
  damping: adaptedDamping,
}).describe('Gauss-Newton by truncated conjugate gradients');

const engd = section({
  name: z.literal('engd'),
  damping: z
    .number()
    .positive()
    .max(1e8)
    .default(1e-10)
    .describe('Damping of the Gauss-Newton matrix in every step: 1e-14 to 1e-10 to finish, more to start'),
  decay: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('Decay of the moving average of the Gauss-Newton matrix: 0.3 to 0.9 with fresh points'),
}).describe('Dense Gauss-Newton with fixed damping and a line search');

/** Of the radius rule, whole or sketched. */
const radiusRule = {
  target: z
    .number()
    .positive()
    .lt(1)
    .default(0.075)
    .describe('Ratio of actual to predicted reduction that the radius aims at: 0.25 is fast, 0.075 goes deep'),
  window: z.number().gt(1).max(1000).default(10).describe('Factor by which the radius may change in one step'),
  probes: z.int().min(2).max(64).default(16).describe('Radii tried in one step'),
  form: z
    .enum(['auto', 'gram', 'qr'])
    .default('auto')
    .describe('Factorisation: the Gram matrix while damping is large, QR below'),
};

const gaussNewton = section({ name: z.literal('gauss-newton'), ...radiusRule }).describe(
  'Dense Gauss-Newton with the radius rule, in the space of the parameters or of the samples, whichever is smaller',
);

const sketchSize = z.int().min(1).max(20_000).default(2000);

const sketchedGaussNewton = section({
  name: z.literal('sketched-gauss-newton'),
  ...radiusRule,
  parameters: sketchSize.describe('Coordinates that the parameters are sketched to; at most all of them are taken'),
  rows: sketchSize.describe('Rows that the points are sketched to; no more points than that are taken as they are'),
}).describe('Gauss-Newton with the radius rule on a system that is compressed at random in every step');

const nystromNewtonCg = section({
  name: z.literal('nystrom-newton-cg'),
  damping: z
    .number()
    .positive()
    .max(1e8)
    .default(1e-5)
    .describe('Damping of the Gauss-Newton matrix in every step: 1e-5 to 0.1, after an optimizer that starts'),
  rank: z.int().min(1).max(1000).default(60).describe('Rank of the preconditioner, renewed every 20 steps'),
  iterations: z.int().min(1).max(10_000).default(1000).describe('Most conjugate-gradient iterations in one step'),
}).describe('Gauss-Newton by conjugate gradients with a randomised Nyström preconditioner');

const kernelDamping = z
  .number()
  .positive()
  .max(1e8)
  .default(1e-10)
  .describe('Damping of the kernel JJᵀ: 1e-12 to 1e-6 for few dimensions, up to 0.1 for many');

const engdW = section({ name: z.literal('engd-w'), damping: kernelDamping }).describe(
  'Gauss-Newton in the space of the samples, for fewer points than parameters',
);

const spring = section({
  name: z.literal('spring'),
  damping: kernelDamping,
  momentum: z.number().min(0).lt(1).default(0.5).describe('Share of the last direction that the next one is pulled to'),
}).describe('ENGD-W with momentum in the damping');

const ssbroyden = section({ name: z.literal('ssbroyden') }).describe(
  'Quasi-Newton with a dense inverse Hessian, self-scaled Broyden update',
);

const ssbfgs = section({ name: z.literal('ssbfgs') }).describe(
  'Quasi-Newton with a dense inverse Hessian, self-scaled BFGS update',
);

const lbfgs = section({
  name: z.literal('lbfgs'),
  history: z.int().min(1).max(1000).default(100).describe('Pairs of steps and gradient changes that are kept'),
}).describe('Limited-memory BFGS');

/** Of the first-order methods. */
const learningRate = {
  learningRate: z.number().positive().default(1e-3),
  schedule: z
    .enum(['cosine', 'constant'])
    .optional()
    .describe('cosine falls to zero at stop.steps (the default where that is given), constant otherwise'),
};

const soap = section({
  name: z.literal('soap'),
  ...learningRate,
  warmup: z.int().min(0).max(100_000).default(100).describe('Steps over which the learning rate rises from zero'),
  refreshEvery: z.int().min(1).max(1000).default(2).describe('Steps between two updates of the eigenbases'),
}).describe("Adam in the eigenbases of Shampoo's factors");

const adam = section({ name: z.literal('adam'), ...learningRate }).describe('Adam');

const auto = section({ name: z.literal('auto') }).describe(
  'Gauss-Newton for small networks or few fixed points, K-FAC otherwise',
);

const single = [
  kfac,
  kfacPcg,
  hessianFree,
  nystromNewtonCg,
  gaussNewton,
  sketchedGaussNewton,
  engd,
  engdW,
  spring,
  ssbroyden,
  ssbfgs,
  lbfgs,
  soap,
  adam,
] as const;

const phase = section({
  optimizer: z.discriminatedUnion('name', single),
  steps: z.int().min(1).max(100_000_000).optional().describe('Needed in all phases but the last'),
}).describe('One optimizer and for how many steps; the next one begins earlier if it cannot go on');

const phases = section({
  name: z.literal('phases'),
  phases: z.array(phase).min(1).max(16).describe('In order'),
}).describe('Optimizers one after the other');

/** The optimizers of the PINN trainer by name, with their options and defaults. */
export const optimizerSchema = z.discriminatedUnion('name', [auto, ...single, phases]);
export type OptimizerSpec = z.output<typeof optimizerSchema>;
/** One that is neither a choice nor a chain. */
export type SingleOptimizerSpec = z.output<typeof phase>['optimizer'];
