import type { Matrix } from '../engine/engine.ts';

/** How a damping λ is laid on two Kronecker factors. 'pi': A + π√λ·I, G + (√λ/π)·I; 'same': λ on both. */
export type DampingSplit = 'same' | 'pi';

/** tr(M), M square. */
export function trace(m: Matrix): number {
  let sum = 0;
  for (let i = 0; i < m.rows; i++) sum += m.data[i * m.cols + i]!;
  return sum;
}

/** The damping of each factor, to be added to its diagonal; `zero` if a factor vanishes and the block is λ·I alone. */
export interface SplitDamping {
  readonly a: number;
  readonly g: number;
  readonly pi: number;
  readonly zero: boolean;
}

/**
 * Splits λ (already divided by the block's scale c) between A and G. With 'pi', π = √[(tr A/d)/(tr G/o)]
 * (Martens & Grosse 2015, §6.3); a 1×1 factor gets none and the other one λ/a, which is exact.
 */
export function splitDamping(split: DampingSplit, a: Matrix, g: Matrix, lambda: number): SplitDamping {
  if (split === 'same') return { a: lambda, g: lambda, pi: 1, zero: false };
  const meanA = trace(a) / a.rows;
  const meanG = trace(g) / g.rows;
  if (!(meanA > 1e-300) || !(meanG > 1e-300)) return { a: 0, g: 0, pi: 1, zero: true };
  const pi = Math.sqrt(meanA / meanG);
  if (a.rows === 1 && g.rows === 1) return { a: 0, g: lambda / meanA, pi, zero: false };
  if (a.rows === 1) return { a: 0, g: lambda / meanA, pi, zero: false };
  if (g.rows === 1) return { a: lambda / meanG, g: 0, pi, zero: false };
  const root = Math.sqrt(lambda);
  return { a: pi * root, g: root / pi, pi, zero: false };
}

/** out ← m + δ·I. */
export function addDiagonal(m: Matrix, delta: number, out: Matrix): void {
  out.data.set(m.data);
  for (let i = 0; i < m.rows; i++) out.data[i * m.cols + i] = out.data[i * m.cols + i]! + delta;
}
