import type { Engine } from '../engine/engine.ts';
import type { ParameterLayout } from '../parameters.ts';
import { QuasiNewton } from './quasi-newton.ts';
import { type FamilyMember, SelfScaledInverse } from './self-scaled-inverse.ts';

/** a below which s and H·y are parallel, so that all members of the family coincide. */
const PARALLEL = 1e-14;

/**
 * Self-scaled Broyden, the member of Al-Baali & Khalfan (2005) that Urbán, Stefanou & Pons (2025) found best for PINNs.
 * With a = bζ − 1, χ = √(a/(1+a)), ρ⁻ = min(1, ζ(1−χ)): ϑ = max((ρ⁻−1)/a, min(1/ρ⁻, (1−b)/b)), ϖ = 1 + aϑ, φ = (1−ϑ)/ϖ;
 * τ₁ = min(1, 1/b), ϖ̄ = ϖ^{1/(1−P)}, τ = min(τ₁ϖ̄, ϖ) if ϑ ≤ 0, else τ₁·min(ϖ̄, 1/ϑ); τ = ζ/ϖ at the first update.
 */
export const selfScaledBroyden: FamilyMember = ({ b, zeta, size, isFirst }) => {
  const limit = Math.min(1, 1 / b);
  const a = b * zeta - 1;
  if (a < PARALLEL) return { phi: 1, tau: isFirst ? zeta : limit };
  // 1 − χ without cancellation.
  const complement = 1 / ((1 + a) * (1 + Math.sqrt(a / (1 + a))));
  const rho = Math.min(1, zeta * complement);
  const theta = Math.max((rho - 1) / a, Math.min(1 / rho, (1 - b) / b));
  const omega = 1 + a * theta;
  const phi = (1 - theta) / omega;
  if (isFirst) return { phi, tau: zeta / omega };
  const root = omega ** (1 / (1 - size));
  return { phi, tau: theta <= 0 ? Math.min(limit * root, omega) : limit * Math.min(root, 1 / theta) };
};

/** Quasi-Newton by the self-scaled Broyden update of a dense inverse Hessian: P² numbers, 6P² operations a step. */
export class SSBroyden extends QuasiNewton {
  constructor(engine: Engine, layout: ParameterLayout) {
    super('ssbroyden', layout, new SelfScaledInverse(engine, layout.size, selfScaledBroyden));
  }
}
