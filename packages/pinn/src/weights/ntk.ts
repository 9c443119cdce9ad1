import { equalise } from './equalise.ts';
import { type PartScheme, STATELESS } from './part-scheme.ts';

/**
 * Neural tangent kernel (Wang, Yu & Perdikaris 2022): all parts converge at the same rate. ŵ_i = mean_j T_j/T_i with T_i the
 * mean diagonal of part i's kernel JJᵀ at weight 1, averaged w_i ← β·w_i + (1−β)·ŵ_i and clamped.
 */
export function ntk({ every, decay }: { every: number; decay: number }): PartScheme {
  return {
    every,
    update: (measures, start, weights) => equalise(measures.kernelDiagonals(), decay, start, weights),
    ...STATELESS,
  };
}
