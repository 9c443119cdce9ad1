import { copyPoint } from './point-set.ts';
import type { Refinement } from './refinement.ts';

/**
 * Residual-based adaptive refinement (Lu, Meng, Mao & Karniadakis 2021) in a sample of fixed size: the ⌈add·N⌉ points of a
 * uniform pool with the largest residuals come in. They take ⌈share·N⌉ places in turn, the first ones of `permutation`,
 * which is the same random one in every refinement: the other points cover the domain always, and of those that came in the
 * oldest go first.
 */
export function rar(
  { pool, add, share }: { pool: number; add: number; share: number },
  permutation: (length: number) => Uint32Array,
): Refinement {
  return (points, { uniform, magnitude, past }) => {
    const places = permutation(points.count).subarray(0, Math.ceil(share * points.count));
    const count = Math.min(Math.ceil(add * points.count), places.length);
    const candidates = uniform(pool);
    const magnitudes = magnitude(candidates);
    const worst = Uint32Array.from(magnitudes, (_, n) => n).sort((a, b) => magnitudes[b]! - magnitudes[a]! || a - b);
    for (let k = 0; k < count; k++)
      copyPoint(candidates, worst[k]!, points, places[(past * count + k) % places.length]!);
  };
}
