import { equalise } from './equalise.ts';
import { type PartScheme, STATELESS } from './part-scheme.ts';

/**
 * Gradient norms (Wang, Sankaran, Wang & Perdikaris 2023): all parts pull with the same force. ŵ_i = mean_j‖∇L_j‖/‖∇L_i‖ of
 * the unweighted parts, averaged w_i ← β·w_i + (1−β)·ŵ_i and clamped.
 */
export function gradNorm({ every, decay }: { every: number; decay: number }): PartScheme {
  return {
    every,
    update: (measures, start, weights) => equalise(measures.gradientNorms(), decay, start, weights),
    ...STATELESS,
  };
}
