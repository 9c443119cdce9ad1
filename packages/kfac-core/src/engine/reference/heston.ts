import type { Market } from '../engine.ts';

/** The Heston member of the market union. */
export type HestonMarket = Extract<Market, { model: 'heston' }>;

/** State of one path: x = ln(S/S₀) and the variance. */
export interface HestonState {
  logReturn: number;
  variance: number;
}

/** Constants of one scheme at a fixed step Δ (Andersen 2008 for QE and QE-M; γ₁ = γ₂ = ½). */
export interface HestonStep {
  readonly market: HestonMarket;
  readonly interval: number;
  /** e^{−κΔ}. */
  readonly decay: number;
  /** s² = varianceSlope·V + varianceConstant. */
  readonly varianceSlope: number;
  readonly varianceConstant: number;
  readonly k0: number;
  readonly k1: number;
  readonly k2: number;
  readonly k3: number;
  /** K2 + ½K4, the exponent of V′ in the conditional expectation. */
  readonly exponent: number;
}

/** Precomputes what does not depend on the state; interval in years. */
export function hestonStep(market: HestonMarket, interval: number): HestonStep {
  const { kappa, theta, xi, rho } = market;
  const decay = Math.exp(-kappa * interval);
  const drift = 0.5 * interval * ((kappa * rho) / xi - 0.5);
  const k3 = 0.5 * interval * (1 - rho * rho);
  const k2 = drift + rho / xi;
  return {
    market,
    interval,
    decay,
    varianceSlope: (xi * xi * decay * (1 - decay)) / kappa,
    varianceConstant: (theta * xi * xi * (1 - decay) * (1 - decay)) / (2 * kappa),
    k0: (-rho * kappa * theta * interval) / xi,
    k1: drift - rho / xi,
    k2,
    k3,
    exponent: k2 + 0.5 * k3,
  };
}

/** ψ at which the quadratic branch gives way to the exponential one. */
const PSI_SWITCH = 1.5;

/**
 * One quadratic-exponential step from two standard normals and the variance's uniform u = Φ(zVariance).
 * With 'qe-m' the martingale correction is applied wherever the conditional expectation exists, which is always so for
 * ρ ≤ 0; elsewhere that single step is plain QE.
 */
export function quadraticExponentialStep(
  step: HestonStep,
  state: HestonState,
  z: number,
  zVariance: number,
  uVariance: number,
): void {
  const { market, interval, k1, k2, k3, exponent } = step;
  const v = state.variance;
  const mean = market.theta + (v - market.theta) * step.decay;
  const psi = (step.varianceSlope * v + step.varianceConstant) / (mean * mean);
  let next: number;
  // ln E[e^{exponent·V′}], or NaN where that expectation does not exist.
  let logMoment: number;
  if (psi <= PSI_SWITCH) {
    const w = 2 / psi;
    const b2 = w - 1 + Math.sqrt(w) * Math.sqrt(w - 1);
    const scale = mean / (1 + b2);
    const root = Math.sqrt(b2) + zVariance;
    next = scale * root * root;
    const denominator = 1 - 2 * scale * exponent;
    logMoment = denominator > 0 ? (exponent * b2 * scale) / denominator - 0.5 * Math.log(denominator) : Number.NaN;
  } else {
    const p = (psi - 1) / (psi + 1);
    const beta = (1 - p) / mean;
    next = uVariance <= p ? 0 : Math.log((1 - p) / Math.max(1 - uVariance, 1e-300)) / beta;
    logMoment = exponent < beta ? Math.log(p + (beta * (1 - p)) / (beta - exponent)) : Number.NaN;
  }
  const corrected = market.scheme === 'qe-m' && !Number.isNaN(logMoment);
  const k0 = corrected ? -logMoment - (k1 + 0.5 * k3) * v : step.k0;
  state.logReturn += market.drift * interval + k0 + k1 * v + k2 * next + Math.sqrt(k3 * (v + next)) * z;
  state.variance = next;
}

/** One step of Euler's scheme with full truncation (Lord, Koekkoek, van Dijk 2010); a reference, its bias is large. */
export function eulerStep(step: HestonStep, state: HestonState, z: number, zVariance: number): void {
  const { market, interval } = step;
  const v = Math.max(state.variance, 0);
  const root = Math.sqrt(v * interval);
  const zSpot = market.rho * zVariance + Math.sqrt(1 - market.rho * market.rho) * z;
  state.logReturn += (market.drift - 0.5 * v) * interval + root * zSpot;
  state.variance += market.kappa * (market.theta - v) * interval + market.xi * root * zVariance;
}
