import { KfacError } from '@kfac/core';
import type { ExactSolution } from '../exact.ts';
import { gaussLegendre } from './legendre.ts';

/** A European call under Heston's model: strike, rate, and the square-root process of the variance. */
export interface HestonTerms {
  readonly strike: number;
  readonly rate: number;
  /** κ: speed of the variance's return to its mean. */
  readonly reversion: number;
  /** θ: mean of the variance. */
  readonly mean: number;
  /** σ: volatility of the variance. */
  readonly volatility: number;
  /** ρ of price and variance. */
  readonly correlation: number;
}

/** The integral is summed over panels until its integrand's envelope is below this, or until the last frequency. */
const NEGLIGIBLE = 1e-15;
const LAST = 40000;
/** Width of the first panel; the next ones double while the integrand turns by at most so many radians on one. */
const PANEL = 5;
const TURN = 20;
const RULE = gaussLegendre(64);

/**
 * Value of a European call under Heston's model (1993) by one Fourier integral (Lewis 2000), with w = u − i/2:
 *
 *     V = S − (√K e^{−rt}/π) ∫₀^∞ Re[e^{−iu ln K} exp(iw(ln S + rt) + A + vB)]/(u² + ¼) du,
 *     B = (b − D)(1 − e^{−Dt})/(σ²(1 − Ee^{−Dt})),  A = κθ/σ²·[(b − D)t − 2 ln((1 − Ee^{−Dt})/(1 − E))],
 *     b = κ − iρσw,  D = √(b² + σ²(u² + ¼)),  E = (b − D)/(b + D).
 *
 * Derivatives multiply the integrand by iw/S, B and, from Riccati's equations, iw·r + κθB + vB′ with
 * B′ = ½σ²B² − bB − ½(u² + ¼). Panels of 64 Gauss points: about 1e-11, worse only where t·v is so small that the kink of
 * the payoff still shows.
 */
export class HestonReference implements ExactSolution {
  readonly #terms: HestonTerms;
  readonly #axes: readonly [time: number, spot: number, variance: number];

  /** `axes` are those of t, S and v. Throws `KFAC_SPEC` for parameters that are no model. */
  constructor(terms: HestonTerms, axes: readonly [time: number, spot: number, variance: number]) {
    const { strike, reversion, mean, volatility, correlation } = terms;
    if (!(strike > 0 && reversion > 0 && mean > 0 && volatility > 0))
      throw new KfacError('KFAC_SPEC', 'expected a positive strike, reversion, mean and volatility');
    if (!(Math.abs(correlation) <= 1))
      throw new KfacError('KFAC_SPEC', `expected a correlation in [-1, 1], got ${correlation}`);
    this.#terms = terms;
    this.#axes = axes;
  }

  values(_engine: unknown, coordinates: { readonly cols: number; readonly data: ArrayLike<number> }): Float64Array {
    const { cols, data } = coordinates;
    const [time, spot, variance] = this.#axes;
    return Float64Array.from({ length: cols }, (_, n) =>
      this.#derivative(data[time * cols + n]!, data[spot * cols + n]!, data[variance * cols + n]!, [0, 0, 0]),
    );
  }

  derivative(point: readonly number[], orders: readonly number[]): number {
    const [time, spot, variance] = this.#axes;
    return this.#derivative(point[time]!, point[spot]!, point[variance]!, [
      orders[time]!,
      orders[spot]!,
      orders[variance]!,
    ]);
  }

  #derivative(t: number, spot: number, v: number, orders: readonly [number, number, number]): number {
    const { strike, rate, reversion, mean, volatility, correlation } = this.#terms;
    const [inTime, inSpot, inVariance] = orders;
    if (inTime > 1) throw new KfacError('KFAC_SPEC', 'the Heston reference has first derivatives in t only');
    const plain = inTime + inSpot + inVariance === 0;
    if (plain && t === 0) return Math.max(spot - strike, 0);
    if (plain && spot === 0) return 0;
    const square = volatility ** 2;
    const logSpot = Math.log(spot) + rate * t;
    const phase = logSpot - Math.log(strike);
    const widest = Math.max(PANEL, TURN / Math.abs(phase));
    let sum = 0;
    let width = PANEL;
    for (let start = 0; start < LAST; start += width, width = Math.min(2 * width, widest)) {
      let envelope = 0;
      for (let k = 0; k < RULE.nodes.length; k++) {
        const u = start + (width / 2) * (1 + RULE.nodes[k]!);
        const kernel = u * u + 0.25;
        const b = complex(reversion - (correlation * volatility) / 2, -correlation * volatility * u);
        const root = sqrt(add(times(b, b), complex(square * kernel, 0)));
        const decay = exp(scale(root, -t));
        const below = subtract(b, root);
        const ratio = divide(below, add(b, root));
        const rest = subtract(ONE, times(ratio, decay));
        const B = scale(divide(times(below, subtract(ONE, decay)), rest), 1 / square);
        const log = ln(divide(rest, subtract(ONE, ratio)));
        const A = scale(subtract(scale(below, t), scale(log, 2)), (reversion * mean) / square);
        let value = exp(add(complex(logSpot / 2, u * phase), add(A, scale(B, v))));
        const power = complex(0.5, u); // iw
        for (let n = 0; n < inSpot; n++) value = times(value, scale(subtract(power, complex(n, 0)), 1 / spot));
        for (let n = 0; n < inVariance; n++) value = times(value, B);
        if (inTime === 1) {
          const slope = subtract(scale(times(B, B), square / 2), add(times(b, B), complex(kernel / 2, 0)));
          const growth = add(scale(power, rate), add(scale(B, reversion * mean), scale(slope, v)));
          value = times(value, subtract(growth, complex(rate, 0)));
        }
        const term = 1 / kernel;
        envelope = Math.max(envelope, Math.hypot(value.re, value.im) * term);
        sum += (width / 2) * RULE.weights[k]! * value.re * term;
      }
      if (envelope < NEGLIGIBLE) break;
    }
    const stock = inTime + inVariance > 0 || inSpot > 1 ? 0 : inSpot === 1 ? 1 : spot;
    return stock - (Math.sqrt(strike) * Math.exp(-rate * t) * sum) / Math.PI;
  }
}

interface Complex {
  readonly re: number;
  readonly im: number;
}
const complex = (re: number, im: number): Complex => ({ re, im });
const ONE = complex(1, 0);
const add = (a: Complex, b: Complex): Complex => complex(a.re + b.re, a.im + b.im);
const subtract = (a: Complex, b: Complex): Complex => complex(a.re - b.re, a.im - b.im);
const scale = (a: Complex, factor: number): Complex => complex(a.re * factor, a.im * factor);
const times = (a: Complex, b: Complex): Complex => complex(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re);
const divide = (a: Complex, b: Complex): Complex => {
  const norm = b.re * b.re + b.im * b.im;
  return complex((a.re * b.re + a.im * b.im) / norm, (a.im * b.re - a.re * b.im) / norm);
};
const exp = (a: Complex): Complex => {
  const size = Math.exp(a.re);
  return complex(size * Math.cos(a.im), size * Math.sin(a.im));
};
const ln = (a: Complex): Complex => complex(Math.log(Math.hypot(a.re, a.im)), Math.atan2(a.im, a.re));
/** The root with a positive real part. */
const sqrt = (a: Complex): Complex => {
  const size = Math.sqrt((Math.hypot(a.re, a.im) + Math.abs(a.re)) / 2);
  const other = a.im / (2 * size);
  return a.re >= 0 ? complex(size, other) : complex(Math.abs(other), a.im >= 0 ? size : -size);
};
