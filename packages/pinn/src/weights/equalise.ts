import { clampWeight } from './clamp.ts';

/** w_i ← β·w_i + (1−β)·ŵ_i with ŵ_i = mean_j q_j/q_i clamped: weights under which all w_i·q_i become equal; q ≥ 0, all [M]. */
export function equalise(q: Float64Array, decay: number, start: Float64Array, weights: Float64Array): void {
  const mean = q.reduce((sum, value) => sum + value, 0) / q.length;
  for (let i = 0; i < q.length; i++) {
    const before = weights[i]!;
    weights[i] = decay * before + (1 - decay) * clampWeight(mean / q[i]!, start[i]!, before);
  }
}
