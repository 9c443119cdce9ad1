import { byParity } from './claim.ts';
import type { EuropeanOption } from './claim.ts';
import { gaussLegendre } from './quadrature.ts';

/** Heston's parameters under the pricing measure. */
export interface HestonParameters {
  readonly v0: number;
  readonly kappa: number;
  readonly theta: number;
  readonly xi: number;
  readonly rho: number;
}

/** Price in currency, delta and gamma in the spot, `variance` = ∂price/∂v0. */
export interface HestonGreeks {
  readonly price: number;
  readonly delta: number;
  readonly gamma: number;
  readonly variance: number;
}

const RULE = gaussLegendre(128);

/**
 * Heston price and Greeks of a European option by the single-integral transform of Lewis (2001) with the branch-safe
 * characteristic function of Albrecher et al. (2007). Quadrature: u = U·y³ on 128 Gauss–Legendre nodes, U = 100 over
 * the root of the expected total variance. Expects years > 0; accurate to about 1e-11 for a spot of 100.
 */
export function heston(option: EuropeanOption, parameters: HestonParameters): HestonGreeks {
  const { spot, strike, years, rate, dividend } = option;
  const { v0, kappa, theta } = parameters;
  const forward = spot * Math.exp((rate - dividend) * years);
  const discount = Math.exp(-rate * years);
  const moneyness = Math.log(forward / strike);
  const scale = 100 / Math.sqrt(theta * years - ((v0 - theta) * Math.expm1(-kappa * years)) / kappa);
  let price = 0;
  let delta = 0;
  let gamma = 0;
  let variance = 0;
  for (let k = 0; k < RULE.nodes.length; k++) {
    const y = RULE.nodes[k]!;
    const u = scale * y * y * y;
    const { constant, slope } = exponents(u, years, parameters);
    const size = Math.exp(constant.re + slope.re * v0);
    const angle = constant.im + slope.im * v0 + u * moneyness;
    const re = size * Math.cos(angle);
    const im = size * Math.sin(angle);
    const weight = RULE.weights[k]! * 3 * scale * y * y;
    const damped = weight / (u * u + 0.25);
    price += damped * re;
    delta += damped * (0.5 * re - u * im);
    gamma += weight * re;
    variance += damped * (slope.re * re - slope.im * im);
  }
  const mean = Math.sqrt(forward * strike) / Math.PI;
  const call = { price: discount * (forward - mean * price), delta: (discount / spot) * (forward - mean * delta) };
  return {
    ...byParity(option, call),
    gamma: (discount * mean * gamma) / (spot * spot),
    variance: -discount * mean * variance,
  };
}

interface Complex {
  readonly re: number;
  readonly im: number;
}

const times = (a: Complex, b: Complex): Complex => ({ re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re });

const over = (a: Complex, b: Complex): Complex => {
  const norm = b.re * b.re + b.im * b.im;
  return { re: (a.re * b.re + a.im * b.im) / norm, im: (a.im * b.re - a.re * b.im) / norm };
};

/** ln(1 + a), accurate for small a. */
const log1p = (a: Complex): Complex => ({
  re: 0.5 * Math.log1p(2 * a.re + a.re * a.re + a.im * a.im),
  im: Math.atan2(a.im, 1 + a.re),
});

/** C and D of the characteristic function exp(C + D·v0) of ln(S_T/F) at u − i/2, u ≥ 0. */
function exponents(
  u: number,
  years: number,
  { kappa, theta, xi, rho }: HestonParameters,
): { constant: Complex; slope: Complex } {
  const beta = { re: kappa - (rho * xi) / 2, im: -rho * xi * u };
  const square = { re: beta.re * beta.re - beta.im * beta.im + xi * xi * (u * u + 0.25), im: 2 * beta.re * beta.im };
  const modulus = Math.hypot(square.re, square.im);
  const root = { re: Math.sqrt((modulus + square.re) / 2), im: 0 };
  root.im = root.re > 0 ? square.im / (2 * root.re) : Math.sqrt(modulus);
  const sum = { re: beta.re + root.re, im: beta.im + root.im };
  // β − D₀ = −ξ²(u² + ¼)/(β + D₀): no cancellation where ξ is small.
  const difference = over({ re: -xi * xi * (u * u + 0.25), im: 0 }, sum);
  const ratio = over(difference, sum);
  const size = Math.exp(-root.re * years);
  const decay = { re: size * Math.cos(root.im * years), im: -size * Math.sin(root.im * years) };
  const decayed = times(ratio, decay);
  const top = { re: 1 - decayed.re, im: -decayed.im };
  // ln((1 − g₀e₀)/(1 − g₀)), by its distance from 1.
  const excess = over({ re: ratio.re - decayed.re, im: ratio.im - decayed.im }, { re: 1 - ratio.re, im: -ratio.im });
  const logarithm = log1p(excess);
  const level = (kappa * theta) / (xi * xi);
  const constant = {
    re: level * (difference.re * years - 2 * logarithm.re),
    im: level * (difference.im * years - 2 * logarithm.im),
  };
  const reached = over({ re: 1 - decay.re, im: -decay.im }, top);
  const slope = times({ re: difference.re / (xi * xi), im: difference.im / (xi * xi) }, reached);
  return { constant, slope };
}
