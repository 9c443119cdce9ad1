import type { Engine } from '../engine/engine.ts';
import type { ParameterLayout } from '../parameters.ts';
import { QuasiNewton } from './quasi-newton.ts';
import { type FamilyMember, SelfScaledInverse } from './self-scaled-inverse.ts';

/** Self-scaled BFGS (Al-Baali 1998): φ = 1, τ = min(1, 1/b); τ = ζ at the first update, the scale sᵀy/(yᵀy). */
export const selfScaledBfgs: FamilyMember = ({ b, zeta, isFirst }) => ({
  phi: 1,
  tau: isFirst ? zeta : Math.min(1, 1 / b),
});

/** Quasi-Newton by the self-scaled BFGS update of a dense inverse Hessian: P² numbers, 6P² operations a step. */
export class SSBfgs extends QuasiNewton {
  constructor(engine: Engine, layout: ParameterLayout) {
    super('ssbfgs', layout, new SelfScaledInverse(engine, layout.size, selfScaledBfgs));
  }
}
