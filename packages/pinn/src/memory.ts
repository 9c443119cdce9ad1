import type { ParameterLayout } from '@kfac/core';
import type { SingleOptimizerSpec } from './optimizer-spec.ts';
import { HEAD, MIXING } from './network.ts';
import { CHUNK } from './sampling/point-set.ts';
import type { PinnSpec } from './spec.ts';
import { STANDARD_ERROR_PARAMETERS } from './standard-errors.ts';

/** What a part of the loss takes: points, channels at each, and rows of the residual unless there is one a point. */
export interface BatchSize {
  readonly points: number;
  readonly channels: number;
  readonly examples?: number;
}

/**
 * Bytes that training keeps, estimated from above: the captured passes (inputs, pre-activations and gradients of every
 * layer for every point and channel, derivatives by η), the outputs' channels with their seeds, the columns of the unknown scalars, and the
 * optimizer's matrices. `network` are the matrices that the engine sees, the second argument the parameters that are trained.
 */
export function memoryOf(
  network: Pick<ParameterLayout, 'blocks'>,
  { size: parameters, blocks }: Pick<ParameterLayout, 'size' | 'blocks'>,
  scalars: number,
  optimizer: SingleOptimizerSpec,
  batches: readonly BatchSize[],
): number {
  // A row is a channel of a point; the η of residual blocks have one number a point, in the tape and in their pair.
  let [perRow, perPoint] = [0, 3 * scalars];
  for (const { name, inputs, outputs } of network.blocks) {
    if (name === MIXING) perPoint += 2 * outputs;
    else perRow += inputs + (name === HEAD ? 3 : 2) * outputs;
  }
  const rows = batches.reduce((sum, { points, channels }) => sum + points * channels, 0);
  const all = batches.reduce((sum, { points }) => sum + points, 0);
  const examples = batches.reduce((sum, { points, examples: own = points }) => sum + own, 0);
  const factors = blocks.reduce((sum, { inputs, outputs }) => sum + inputs ** 2 + outputs ** 2, 0);
  const widest = Math.max(...blocks.map(({ inputs, outputs }) => inputs * outputs));
  const matrices = matricesOf(optimizer, { parameters, examples, widest, factors });
  const standardErrors =
    scalars > 0 && parameters <= STANDARD_ERROR_PARAMETERS ? parameters ** 2 + examples * parameters : 0;
  return 8 * (standardErrors + rows * perRow + all * perPoint + matrices + 10 * parameters + 20 * all);
}

/**
 * Bytes that weights and points which follow the training need beside: a multiplier of each point with Adam's moments, twice
 * for a checkpoint; the pool with its residuals and order, and one chunk of its forward pass.
 */
export function adaptiveMemoryOf(
  { domain, unknowns, sampling, weights }: Pick<PinnSpec, 'domain' | 'unknowns' | 'sampling' | 'weights'>,
  batches: readonly BatchSize[],
): number {
  const d = Object.keys(domain).length;
  const points = batches.reduce((sum, batch) => sum + batch.points, 0);
  const multipliers = weights.pointwise ? 6 * points : 0;
  const { adaptive, interior } = sampling;
  if (!adaptive) return 8 * multipliers;
  const pool = adaptive.name === 'r3' ? interior : adaptive.pool;
  const channels = Math.max(...batches.map((batch) => batch.channels));
  return 8 * (multipliers + (2 * d + 8) * pool + 2 * d * interior + CHUNK * (d + unknowns.length * channels + 1));
}

/**
 * Bytes that the networks of `windows` need beside the one that is trained: kept, saved and in a checkpoint, and all together to
 * evaluate the solution.
 */
export function windowBytes(windows: number | readonly number[] | undefined, parameters: number): number {
  const before = windows === undefined ? 0 : typeof windows === 'number' ? windows - 1 : windows.length;
  return 8 * 4 * before * parameters;
}

interface Sizes {
  /** P. */
  readonly parameters: number;
  /** N, rows of J. */
  readonly examples: number;
  /** Parameters of the largest weight matrix. */
  readonly widest: number;
  /** Σ over the blocks of θ of inputs² + outputs², the bias among the inputs. */
  readonly factors: number;
}

/** Numbers in the optimizer's matrices; vectors of P and N apart. */
function matricesOf(optimizer: SingleOptimizerSpec, { parameters, examples, widest, factors }: Sizes): number {
  switch (optimizer.name) {
    case 'gauss-newton': {
      if (examples >= parameters) return dense(parameters, examples);
      // Rows of one matrix, the kernel and its reduction; in QR form Jᵀ, Q, the factorisation's copy, R and its reduction.
      const gram = examples * widest + 3 * examples ** 2;
      const qr = examples * widest + 3 * examples * parameters + 4 * examples ** 2;
      return optimizer.form === 'gram' ? gram : optimizer.form === 'qr' ? qr : gram + qr;
    }
    case 'sketched-gauss-newton': {
      const kept = Math.min(optimizer.parameters, parameters);
      const rows = Math.min(optimizer.rows, examples);
      // Rows of one matrix, whole and sketched; the sketch of the parameters; S·J·R twice, and its reduction in both forms.
      return (examples + rows) * widest + kept * parameters + dense(kept, 2 * rows) + 8 * examples;
    }
    case 'engd':
      return dense(parameters, examples);
    case 'engd-w':
    case 'spring':
      return 2 * examples ** 2 + examples * widest;
    case 'kfac':
      return 12 * factors;
    case 'kfac-pcg':
      return 20 * factors + 8 * parameters;
    case 'hessian-free':
      return 30 * parameters;
    case 'nystrom-newton-cg':
      // Ω, HΩ, its transpose, U and the factorisations' copies; U saved and in a checkpoint.
      return 8 * Math.min(optimizer.rank, parameters) * parameters + 12 * parameters;
    case 'ssbroyden':
    case 'ssbfgs':
      // H; where points change, a copy and the factorisation's own; its triangle twice, saved for a checkpoint and inside it.
      return 4 * parameters ** 2;
    case 'lbfgs':
      // The pairs three times (kept, saved, in a checkpoint), and the vectors of a step.
      return 6 * (optimizer.history + 1) * parameters;
    case 'soap':
      // Averages and bases with their working memory; both saved and in a checkpoint.
      return 8 * factors + 10 * parameters;
    case 'adam':
      return 0;
  }
}

/** Gram and QR form of J side by side, or the QR form with a moving average. */
function dense(parameters: number, examples: number): number {
  return 7 * parameters ** 2 + examples * parameters;
}
