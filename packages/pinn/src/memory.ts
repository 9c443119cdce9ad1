import { type ParameterLayout, columnBlocks, rowsAtOnce } from '@kfac/core';
import { entriesPerPoint, entriesPerRow } from './network-columns.ts';
import type { Networks } from './networks.ts';
import type { SingleOptimizerSpec } from './optimizer-spec.ts';
import { CHUNK } from './sampling/point-set.ts';
import type { PinnSpec } from './spec.ts';
import { STANDARD_ERROR_PARAMETERS } from './standard-errors.ts';

/**
 * What a part of the loss takes: points, channels S at each of every member of a network (0: it does not occur), Σ m·S of all, and rows
 * of the residual unless there is one a point.
 */
export interface BatchSize {
  readonly points: number;
  readonly channels: readonly number[];
  readonly rows: number;
  readonly examples?: number;
  /** Rows of known functions, and working rows of one evaluation. */
  readonly known?: { readonly count: number; readonly width: number };
}

/**
 * Bytes that training keeps, estimated from above: the captured passes (inputs, pre-activations and gradients of every
 * layer for every point and channel, derivatives by η), the outputs' channels with their seeds, the columns of the unknown scalars, and the
 * optimizer's matrices; the second argument are the parameters that are trained.
 */
export function memoryOf(
  networks: Networks,
  { size: parameters, blocks }: Pick<ParameterLayout, 'size' | 'blocks'>,
  scalars: number,
  optimizer: SingleOptimizerSpec,
  batches: readonly BatchSize[],
): number {
  const passes = networks.members.reduce((sum, member, k) => {
    const there = batches.filter(({ channels }) => channels[k]! > 0);
    const rows = there.reduce((count, { points, channels }) => count + points * channels[k]!, 0);
    const points = there.reduce((count, batch) => count + batch.points, 0);
    return sum + rows * entriesPerRow(member) + points * entriesPerPoint(member);
  }, 0);
  const all = batches.reduce((sum, { points }) => sum + points, 0);
  const examples = batches.reduce((sum, { points, examples: own = points }) => sum + own, 0);
  const factors = blocks.reduce((sum, { inputs, outputs }) => sum + inputs ** 2 + outputs ** 2, 0);
  const widest = Math.max(...columnBlocks(blocks, examples).map(({ width }) => width));
  const matrices = matricesOf(optimizer, { parameters, examples, widest, factors });
  const standardErrors =
    scalars > 0 && parameters <= STANDARD_ERROR_PARAMETERS
      ? 2 * parameters ** 2 + rowsAtOnce(examples, parameters) * parameters
      : 0;
  return 8 * (standardErrors + passes + all * 3 * scalars + matrices + 10 * parameters + 20 * all);
}

/**
 * Bytes that weights and points which follow the training need beside: a multiplier of each point with Adam's moments, twice
 * for a checkpoint; the pool with its residuals and order, and one chunk of its forward pass. `samples`: parts of the domain with
 * points of their own.
 */
export function adaptiveMemoryOf(
  { domain, sampling, weights }: Pick<PinnSpec, 'domain' | 'sampling' | 'weights'>,
  batches: readonly BatchSize[],
  samples: number,
): number {
  const d = Object.keys(domain).length;
  const points = batches.reduce((sum, batch) => sum + batch.points, 0);
  const multipliers = weights.pointwise ? 6 * points : 0;
  const { adaptive, interior } = sampling;
  if (!adaptive) return 8 * multipliers;
  const pool = adaptive.name === 'r3' ? interior : adaptive.pool;
  const rows = Math.max(...batches.map((batch) => batch.rows));
  return 8 * (multipliers + (2 * d + 8) * pool + 2 * d * interior * samples + CHUNK * (d + rows + 1));
}

/**
 * Bytes that the networks of `windows` need beside the one that is trained: kept, saved and in a checkpoint, and all together to
 * evaluate the solution.
 */
export function windowBytes(windows: number | readonly number[] | undefined, parameters: number): number {
  const before = windows === undefined ? 0 : typeof windows === 'number' ? windows - 1 : windows.length;
  return 8 * 4 * before * parameters;
}

/**
 * Bytes that pseudo-time needs beside for its equations, given their batches: their fields, the last iterate (kept, saved and in
 * a checkpoint), and one evaluation of an equation with its unknown at two iterates.
 */
export function pseudoTimeBytes(
  batches: readonly BatchSize[],
  unknowns: number,
  coordinates: number,
  parameters: number,
): number {
  if (batches.length === 0) return 0;
  const fields = batches.reduce((sum, { points }) => sum + 2 * points, 0);
  const evaluation = Math.max(...batches.map(({ points, rows }) => points * (coordinates + rows + unknowns + 5)));
  return 8 * (fields + evaluation + 3 * parameters);
}

/**
 * Bytes that known functions need beside: their parameters as given and as they are evaluated; of each batch its rows twice, the
 * points at which they were taken, and one chunk of an evaluation.
 */
export function knownBytes(
  specs: Readonly<Record<string, { readonly network: { readonly parameters: readonly number[] } }>> = {},
  batches: readonly BatchSize[],
): number {
  const parameters = Object.values(specs).reduce((sum, { network }) => sum + 2 * network.parameters.length, 0);
  let rows = 0;
  let chunk = 0;
  for (const { points, known } of batches) {
    if (!known) continue;
    rows += points * (2 * known.count + known.width);
    chunk = Math.max(chunk, Math.min(CHUNK, points) * (known.width + known.count));
  }
  return 8 * (parameters + rows + chunk);
}

interface Sizes {
  /** P. */
  readonly parameters: number;
  /** N, rows of J. */
  readonly examples: number;
  /** Columns of J that are held at once: of a weight matrix, or of some of its rows. */
  readonly widest: number;
  /** Σ over the blocks of θ of inputs² + outputs², the bias among the inputs. */
  readonly factors: number;
}

/** Numbers in the optimizer's matrices; vectors of P and N apart. */
function matricesOf(optimizer: SingleOptimizerSpec, { parameters, examples, widest, factors }: Sizes): number {
  switch (optimizer.name) {
    case 'gauss-newton': {
      const rows = rowsAtOnce(examples, parameters + 1);
      if (examples >= parameters) return foldedRows(parameters, rows, rows < examples, optimizer.form);
      // Columns of J, the kernel and its reduction; in QR form Jᵀ, Q, the factorisation's two copies, R and its reduction.
      const gram = examples * widest + 3 * examples ** 2;
      const qr = examples * widest + 4 * examples * parameters + 4 * examples ** 2;
      return optimizer.form === 'gram' ? gram : optimizer.form === 'qr' ? qr : gram + qr;
    }
    case 'sketched-gauss-newton': {
      const kept = Math.min(optimizer.parameters, parameters);
      const rows = Math.min(optimizer.rows, examples);
      // Columns of J, whole and sketched; the sketch of the parameters; S·J·R twice, and its reduction.
      const reduction = foldedRows(kept, rows, false, optimizer.form) + rows * kept;
      return (examples + rows) * widest + kept * parameters + reduction + 8 * examples;
    }
    case 'engd': {
      const rows = rowsAtOnce(examples, parameters + 1);
      // The last step's triangle; with a moving average saved and in a checkpoint.
      const triangles = optimizer.decay > 0 ? 3 : 1;
      const isStacked = rows < examples || optimizer.decay > 0;
      return foldedRows(parameters, rows, isStacked, 'qr') + triangles * parameters ** 2;
    }
    case 'engd-w':
    case 'spring':
      // The kernel, its factor and the factorisation's copy; columns of J.
      return 3 * examples ** 2 + examples * widest;
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

/**
 * A block of rows of J, with a triangle below it where there are several blocks, and the square matrices that it is folded
 * into: JᵀJ, its reduction and the working copy of that; in QR form R, its two-sided reduction and, while blocks of rows are
 * factored side by side, their triangles and copies.
 */
function foldedRows(parameters: number, rows: number, isStacked: boolean, form: 'auto' | 'gram' | 'qr'): number {
  const square = parameters ** 2;
  if (form === 'gram') return rows * parameters + 4 * square;
  const stacked = rows + (isStacked ? parameters : 0);
  const triangles = Math.max(1, Math.floor(stacked / (1.5 * parameters)));
  return 2 * stacked * parameters + (triangles + (form === 'qr' ? 5 : 7)) * square;
}
