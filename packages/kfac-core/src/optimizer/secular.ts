import type { DampedStep, ReducedSystem } from './reduced-system.ts';

/**
 * λ ≥ 0 with ‖p(λ)‖ = radius, or λ = 0 if the undamped step is inside: Newton on 1/‖p‖, monotone from the left
 * (Moré & Sorensen 1983). Started at the smallest λ at which norm and derivative are finite: of a singular J rounding may
 * leave a finite norm alone. The system is left solved at the result.
 */
export function solveSecular(system: ReducedSystem, radius: number, smallest: number): DampedStep {
  let lambda = smallest;
  let step = system.solve(lambda);
  for (let guard = 0; !Number.isFinite(step.squaredNorm + step.derivative) && guard < 40; guard++) {
    lambda = Math.max(4 * lambda, 1e-36 * system.largest, Number.MIN_VALUE);
    step = system.solve(lambda);
  }
  for (let iteration = 0; iteration < 60; iteration++) {
    const length = Math.sqrt(step.squaredNorm);
    if (!(length > radius * (1 + 1e-10))) break;
    const next = lambda + (length / radius - 1) * (step.squaredNorm / step.derivative);
    if (!(next > lambda)) break;
    lambda = next;
    step = system.solve(lambda);
  }
  return step;
}
