import { clampWeight } from './clamp.ts';
import { STATELESS } from './part-scheme.ts';
import type { PointScheme } from './point-scheme.ts';

/**
 * Residual-based attention (Anagnostopoulos, Toscano, Stergiopulos & Karniadakis 2024): ς_n ← γ·ς_n + η·|e_n|/max|e| of every
 * point, the maximum over its term; m_n = ς_n², clamped. ς = 1 at the start and at most η/(1−γ) in the end. For points that
 * stay.
 */
export function residualBased({ every, decay, rate }: { every: number; decay: number; rate: number }): PointScheme {
  return {
    every,
    restsInFinish: true,
    update(terms, multipliers) {
      for (const [k, { residual }] of terms.entries()) {
        const m = multipliers[k]!;
        let largest = 0;
        for (const e of residual) largest = Math.max(largest, Math.abs(e));
        for (let n = 0; n < m.length; n++) {
          const attention = decay * Math.sqrt(m[n]!) + (rate * Math.abs(residual[n]!)) / largest;
          m[n] = clampWeight(attention ** 2, 1, m[n]!);
        }
      }
    },
    metrics: () => ({}),
    ...STATELESS,
  };
}
