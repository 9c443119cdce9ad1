import { KfacError } from '@kfac/core';
import type { ExactSolution } from '../exact.ts';
import { type QuadratureRule, gaussHermite } from './hermite.ts';

/** Quadrature nodes: round-off accuracy for viscosities down to 0.01/π (80 nodes reach 7e-14). */
const NODES = 120;

/**
 * Solution of u_t + u·u_x = ν·u_xx, u(0, x) = −sin πx, 2-periodic in x, by the Cole–Hopf transform (Cole 1951, Hopf
 * 1950; Basdevant et al. 1986 for this datum): u = −2ν φ_x/φ with φ(t, x) = ∫ f(x − z√(4νt)) e^{−z²} dz and
 * f(y) = exp(−cos(πy)/(2πν)), by Gauss–Hermite quadrature with the largest exponent taken out.
 */
export class BurgersReference implements ExactSolution {
  readonly #viscosity: number;
  readonly #time: number;
  readonly #space: number;
  readonly #rule: QuadratureRule;
  readonly #exponents = new Float64Array(NODES);
  /** Scaled φ, φ_x, φ_xx, φ_xxx of the last point. */
  readonly #moments = new Float64Array(4);

  /** `time` and `space` are the axes of t and x. Throws `KFAC_SPEC` unless the viscosity is in [1e-3, 10]. */
  constructor(viscosity: number, time: number, space: number) {
    if (!(viscosity >= 1e-3 && viscosity <= 10)) {
      throw new KfacError(
        'KFAC_SPEC',
        `expected a viscosity in [0.001, 10] for the Cole-Hopf reference, got ${viscosity}`,
      );
    }
    this.#viscosity = viscosity;
    this.#time = time;
    this.#space = space;
    this.#rule = gaussHermite(NODES);
  }

  values(_engine: unknown, coordinates: { readonly cols: number; readonly data: ArrayLike<number> }): Float64Array {
    const { cols, data } = coordinates;
    return Float64Array.from({ length: cols }, (_, n) =>
      this.#value(data[this.#time * cols + n]!, data[this.#space * cols + n]!),
    );
  }

  derivative(point: readonly number[], orders: readonly number[]): number {
    const value = this.#value(point[this.#time]!, point[this.#space]!);
    const nu = this.#viscosity;
    const [phi, first, second, third] = this.#moments as unknown as [number, number, number, number];
    const a = first / phi;
    const b = second / phi;
    const c = third / phi;
    switch (`${orders[this.#time]},${orders[this.#space]}`) {
      case '0,0':
        return value;
      case '0,1':
        return -2 * nu * (b - a * a);
      case '0,2':
        return -2 * nu * (c - 3 * a * b + 2 * a ** 3);
      case '1,0':
        return -2 * nu * nu * (c - a * b); // φ_t = ν φ_xx
      default:
        throw new KfacError('KFAC_SPEC', 'the Cole-Hopf reference has the derivatives u_t, u_x and u_xx only');
    }
  }

  /** u(t, x); leaves the moments of φ behind. */
  #value(t: number, x: number): number {
    const nu = this.#viscosity;
    const { nodes, weights } = this.#rule;
    const spread = Math.sqrt(4 * nu * t);
    const moments = this.#moments.fill(0);
    let largest = -Infinity;
    for (let k = 0; k < NODES; k++) {
      const exponent = -Math.cos(Math.PI * (x - nodes[k]! * spread)) / (2 * Math.PI * nu);
      this.#exponents[k] = exponent;
      largest = Math.max(largest, exponent);
    }
    for (let k = 0; k < NODES; k++) {
      const angle = Math.PI * (x - nodes[k]! * spread);
      const f = weights[k]! * Math.exp(this.#exponents[k]! - largest);
      const slope = Math.sin(angle) / (2 * nu); // f′ = f·slope
      const bend = (Math.PI * Math.cos(angle)) / (2 * nu); // slope′
      moments[0]! += f;
      moments[1]! += f * slope;
      moments[2]! += f * (slope * slope + bend);
      moments[3]! += f * (slope ** 3 + 3 * slope * bend - Math.PI ** 2 * slope);
    }
    return (-2 * nu * moments[1]!) / moments[0]!;
  }
}
