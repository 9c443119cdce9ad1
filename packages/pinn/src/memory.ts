import type { SingleOptimizerSpec } from './optimizer-spec.ts';
import { STANDARD_ERROR_PARAMETERS } from './standard-errors.ts';

/**
 * Bytes that training keeps, estimated from above: the captured passes (inputs, pre-activations and gradients of every
 * layer for every point and channel), the outputs' channels with their seeds, the columns of the unknown scalars, and the
 * optimizer's matrices; a batch has as many examples as points unless told otherwise; `history` is the number of pairs that L-BFGS keeps.
 */
export function memoryOf(
  sizes: readonly number[],
  scalars: number,
  optimizer: SingleOptimizerSpec['name'],
  history: number,
  batches: readonly { readonly points: number; readonly channels: number; readonly examples?: number }[],
): number {
  const perRow = sizes.slice(1).reduce((sum, outputs, l) => sum + sizes[l]! + 1 + 2 * outputs, sizes.at(-1)!);
  const rows = batches.reduce((sum, { points, channels }) => sum + points * channels, 0);
  const all = batches.reduce((sum, { points }) => sum + points, 0);
  const examples = batches.reduce((sum, { points, examples: own = points }) => sum + own, 0);
  const parameters = sizes.slice(1).reduce((sum, outputs, l) => sum + (sizes[l]! + 1) * outputs, scalars);
  const factors = sizes.slice(1).reduce((sum, outputs, l) => sum + (sizes[l]! + 1) ** 2 + outputs ** 2, scalars ** 2);
  const widest = Math.max(...sizes.slice(1).map((outputs, l) => (sizes[l]! + 1) * outputs));
  const kernel = 2 * examples ** 2 + examples * widest;
  // H; where points change, a copy and the factorisation's own; its triangle twice, saved for a checkpoint and inside it.
  const inverseHessian = 4 * parameters ** 2;
  // Gram and QR form side by side, or the QR form with a moving average.
  const dense = 7 * parameters ** 2 + examples * parameters;
  const matrices = {
    'gauss-newton': dense,
    kfac: 12 * factors,
    'kfac-pcg': 20 * factors + 8 * parameters,
    'hessian-free': 30 * parameters,
    engd: dense,
    'engd-w': kernel,
    spring: kernel,
    ssbroyden: inverseHessian,
    ssbfgs: inverseHessian,
    // The pairs three times (kept, saved, in a checkpoint), and the vectors of a step.
    lbfgs: 6 * (history + 1) * parameters,
    adam: 0,
  }[optimizer];
  const standardErrors =
    scalars > 0 && parameters <= STANDARD_ERROR_PARAMETERS ? parameters ** 2 + examples * parameters : 0;
  return 8 * (standardErrors + rows * perRow + all * 3 * scalars + matrices + 10 * parameters + 20 * all);
}
