import type { Matrix } from '../engine/engine.ts';
import { KfacError } from '../errors.ts';
import type { RecurrentSide } from './recurrent-side.ts';

/**
 * The damped block of a recurrent matrix under one assumption on its lags, F̂ = (Â₀⊗Ĝ₀)^{½}·Φ·(Â₀⊗Ĝ₀)^{½} with
 * Φ ≈ m₀·I + Σ_{r≥1} m_r·(Ψʳ + (Ψʳ)ᵀ), Ψ = Ψ_A⊗Ψ_G; on an [in × out] matrix Ψ·V = Ψ_A·V·Ψ_Gᵀ (docs/math.md, "Recurrent
 * matrices"). Outputs share no memory with inputs.
 */
export interface RecurrentForm {
  /** Rebuilds everything from both sides and the lag counts m_r; false, and undefined, if a decomposition fails. */
  prepare(a: RecurrentSide, g: RecurrentSide, counts: Float64Array): boolean;
  /** out ← F̂⁻¹·v [in × out]. False if an iteration did not converge and a closed form stood in for it. */
  solve(v: Matrix, out: Matrix): boolean;
  /** out ← F̂·v [in × out]. */
  multiply(v: Matrix, out: Matrix): void;
  /** log det F̂; throws `KFAC_NO_CLOSED_FORM` where there is none. */
  logDeterminant(): number;
  /** out ← Σ·normal with Σ·Σᵀ = F̂⁻¹; throws `KFAC_NO_CLOSED_FORM` where there is none. */
  sample(normal: Matrix, out: Matrix): void;
  /** The arrays that all of these read. */
  readonly state: readonly Float64Array[];
}

/** Throws `KFAC_NO_CLOSED_FORM` with the ways out. */
export function refuse(kind: string, what: string): never {
  throw new KfacError(
    'KFAC_NO_CLOSED_FORM',
    `the recurrent curvature "${kind}" has no ${what} in closed form; "independent", "reduce" and "option1" have`,
  );
}
