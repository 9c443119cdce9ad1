import type { JetShape, RealArray } from '../engine.ts';
import { type JetChannel, jetChannels } from '../jet-channels.ts';
import type { JetDimensions } from '../jet-tape.ts';
import { sixDerivatives } from './higher-activations.ts';

/** C(k, j), k ≤ 4. */
export const BINOMIALS = [[1], [1, 1], [1, 2, 1], [1, 3, 3, 1], [1, 4, 6, 4, 1]] as const;

/**
 * (d/dt)^k of ψ^(m)(a(t)), k ≤ 4, from the derivatives a = [·, a₁, …] along the line and psi = [ψ, ψ′, …] at a₀
 * (Faà di Bruno).
 */
function alongLine(k: number, m: number, psi: readonly number[], a: readonly number[]): number {
  const p = (n: number): number => psi[m + n]!;
  const [, a1 = 0, a2 = 0, a3 = 0, a4 = 0] = a;
  switch (k) {
    case 0:
      return p(0);
    case 1:
      return p(1) * a1;
    case 2:
      return p(1) * a2 + p(2) * a1 ** 2;
    case 3:
      return p(1) * a3 + 3 * p(2) * a1 * a2 + p(3) * a1 ** 3;
    default:
      return p(1) * a4 + p(2) * (4 * a1 * a3 + 3 * a2 ** 2) + 6 * p(3) * a1 ** 2 * a2 + p(4) * a1 ** 4;
  }
}

/** Channel of (v_r·∇)^k, k ≤ 3. */
export function rawChannel(k: number, r: number, { firsts, seconds, rawSeconds }: JetDimensions): number {
  return [0, 1, 1 + firsts + seconds, 1 + firsts + seconds + rawSeconds][k]! + r;
}

/** The raw derivatives of order 0 … below `order` along direction r: a channel's own order stays out. */
function below(order: number, r: number, dimensions: JetDimensions, at: (s: number) => number): number[] {
  return Array.from({ length: order }, (_, k) => (k === 0 ? at(0) : at(rawChannel(k, r, dimensions))));
}

/** y₀ = ψ(a₀); a channel of order k has y = ψ′a + Σ_r c_r·((v_r·∇)^k ψ(a) without its ψ′-term), for every unit of one point. */
export function activateHigher(
  shape: JetShape,
  dimensions: JetDimensions,
  a: RealArray,
  y: RealArray,
  row: number,
  width: number,
): void {
  const channels = jetChannels(shape, dimensions.inputs);
  for (let j = 0; j < width; j++) {
    const at = (s: number): number => a[(row + s) * width + j]!;
    const psi = sixDerivatives(shape.activation, at(0));
    const write = (s: number, value: number): void => void (y[(row + s) * (width + 1) + j] = value);
    write(0, psi[0]!);
    for (const [k, { order, terms }] of channels.entries()) {
      let sum = psi[1]! * at(1 + k);
      for (const [r, weight] of terms) sum += weight * alongLine(order, 0, psi, below(order, r, dimensions, at));
      write(1 + k, sum);
    }
  }
}

/**
 * The transpose of `activateHigher` for one unit. Along a line δy_k = Σ_j C(k,j)·s_{k−j}·δa_j with s the derivatives of
 * ψ′(a); a channel of order k with adjoint ȳ gives ψ′ȳ to its own ā, c_r·C(k,j)·s_{k−j}·ȳ to the raw derivatives
 * 0 < j < k of direction r, and (ψ″a + Σ_r c_r·(s_k without its ψ″-term))·ȳ to ā₀.
 */
export function deactivateHigher(
  shape: JetShape,
  dimensions: JetDimensions,
  y: readonly number[],
  at: (s: number) => number,
  write: (s: number, value: number) => void,
): void {
  const psi = sixDerivatives(shape.activation, at(0));
  const adjoints = y.map((outer) => psi[1]! * outer);
  for (const [k, channel] of jetChannels(shape, dimensions.inputs).entries()) {
    adjoints[0]! += psi[2]! * at(1 + k) * y[1 + k]!;
    addTerms(channel, y[1 + k]!, psi, dimensions, at, adjoints);
  }
  for (const [s, value] of adjoints.entries()) write(s, value);
}

function addTerms(
  { order, terms }: JetChannel,
  outer: number,
  psi: readonly number[],
  dimensions: JetDimensions,
  at: (s: number) => number,
  adjoints: number[],
): void {
  for (const [r, weight] of terms) {
    const a = below(order, r, dimensions, at);
    adjoints[0]! += weight * alongLine(order, 1, psi, a) * outer;
    for (let j = 1; j < order; j++)
      adjoints[rawChannel(j, r, dimensions)]! +=
        weight * BINOMIALS[order as 2 | 3 | 4][j]! * alongLine(order - j, 1, psi, a) * outer;
  }
}
