import { describe, expect, test } from 'vitest';
import { normalCdf, normalPdf } from '../../normal.ts';
import { hestonStep, quadraticExponentialStep } from './heston.ts';
import type { HestonMarket, HestonStep } from './heston.ts';

const MARKET: HestonMarket = {
  model: 'heston',
  spot: 100,
  drift: 0.03,
  v0: 0.04,
  kappa: 0.5,
  theta: 0.04,
  xi: 1,
  rho: -0.9,
  scheme: 'qe-m',
};

/** The step's results at one node, the spot's normal integrated out: E[S′/S | V′] and V′. */
function node(step: HestonStep, v: number, zVariance: number, u: number): { growth: number; next: number } {
  const state = { logReturn: 0, variance: v };
  quadraticExponentialStep(step, state, 0, zVariance, u);
  const spread = step.k3 * (v + state.variance);
  return { growth: Math.exp(state.logReturn + 0.5 * spread), next: state.variance };
}

function moments(v: number, step: HestonStep): { mean: number; variance: number; psi: number } {
  const mean = step.market.theta + (v - step.market.theta) * step.decay;
  const variance = step.varianceSlope * v + step.varianceConstant;
  return { mean, variance, psi: variance / mean ** 2 };
}

/** Expectation of a function of one step: trapezoid in z (quadratic branch), or the atom and Simpson in the tail. */
function expectation(step: HestonStep, v: number, of: (at: { growth: number; next: number }) => number): number {
  const { psi } = moments(v, step);
  let sum = 0;
  if (psi <= 1.5) {
    const h = 1 / 64;
    for (let z = -12; z <= 12; z += h) sum += h * normalPdf(z) * of(node(step, v, z, normalCdf(z)));
    return sum;
  }
  // u = 1 − (1 − p)·e^{−y} turns the tail into an exponential; y is cut where 1 − u still has all its digits.
  const p = (psi - 1) / (psi + 1);
  const [n, end] = [4000, 32];
  for (let k = 0; k <= n; k++) {
    const y = (end * k) / n;
    const weight = k === 0 || k === n ? 1 : k % 2 === 1 ? 4 : 2;
    const u = 1 - (1 - p) * Math.exp(-y);
    // Beyond y ≈ 20 the rounding of u matters, the integrand does not.
    if (u < 1)
      sum += ((weight * end) / (3 * n)) * (1 - p) * Math.exp(-y) * of(node(step, v, 0, Math.max(u, p + 1e-15)));
  }
  return p * of(node(step, v, 0, p / 2)) + sum;
}

const CASES: [string, HestonMarket, number, number][] = [
  ['quadratic', MARKET, 1 / 12, 0.09],
  ['quadratic', { ...MARKET, kappa: 2, xi: 0.3, rho: -0.7 }, 1 / 365, 0.04],
  ['exponential', MARKET, 1, 0.04],
  ['exponential', MARKET, 0.25, 0.001],
  ['exponential', { ...MARKET, rho: 0.1 }, 0.25, 0.001],
  ['quadratic', { ...MARKET, rho: 0.3 }, 1 / 12, 0.09],
];

describe('quadratic-exponential step', () => {
  test.each(CASES)(
    'oracle hedging §13: QE-M is a one-step martingale to 1e-9, %s branch',
    (branch, market, interval, v) => {
      const step = hestonStep(market, interval);
      expect(moments(v, step).psi <= 1.5 ? 'quadratic' : 'exponential').toBe(branch);
      const growth = expectation(step, v, (at) => at.growth) * Math.exp(-market.drift * interval);
      expect(Math.abs(growth - 1)).toBeLessThan(1e-9);
    },
  );

  test('plain QE is not', () => {
    const step = hestonStep({ ...MARKET, scheme: 'qe', drift: 0 }, 1);
    expect(Math.abs(expectation(step, 0.04, (at) => at.growth) - 1)).toBeGreaterThan(4e-4);
  });

  test.each(CASES)('oracle hedging §13: both moments of V′ are exact, %s branch', (_, market, interval, v) => {
    const step = hestonStep(market, interval);
    const { mean, variance } = moments(v, step);
    expect(expectation(step, v, (at) => at.next) / mean).toBeCloseTo(1, 8);
    expect(expectation(step, v, (at) => (at.next - mean) ** 2) / variance).toBeCloseTo(1, 8);
  });

  test('where the correction does not exist the step is plain QE', () => {
    // Exponential branch with β ≤ K2 + ½K4, quadratic one with 1 ≤ 2A₁(K2 + ½K4): infinite expectations.
    for (const [theta, branch] of [
      [0.04, 'exponential'],
      [0.5, 'quadratic'],
    ] as const) {
      const market = { ...MARKET, kappa: 2, rho: 0.95, theta };
      const [corrected, plain] = [hestonStep(market, 10), hestonStep({ ...market, scheme: 'qe' }, 10)];
      for (const v of [0, 0.04, 1]) {
        const { mean, psi } = moments(v, corrected);
        expect(psi > 1.5 ? 'exponential' : 'quadratic').toBe(branch);
        const limit = psi > 1.5 ? 2 / (psi + 1) / mean : (1 + branchSquare(psi)) / (2 * mean);
        expect(corrected.exponent).toBeGreaterThan(limit);
        expect(node(corrected, v, 0.3, 0.9)).toEqual(node(plain, v, 0.3, 0.9));
        expect(node(corrected, v, 0.3, 0.9).growth).toBeGreaterThan(0);
      }
    }
  });

  test('no branch makes NaN at the edges: V = 0, the largest uniform, tiny ψ', () => {
    const step = hestonStep(MARKET, 1);
    for (const u of [2 ** -53, 0.5, 1 - 2 ** -53]) {
      const at = node(step, 0, 8, u);
      expect(Number.isFinite(at.growth) && at.next >= 0).toBe(true);
    }
    const calm = node(hestonStep({ ...MARKET, xi: 1e-6 }, 1 / 365), 0.04, 1, 0.8);
    expect(calm.next).toBeCloseTo(0.04, 6);
  });
});

/** b² of the quadratic branch. */
function branchSquare(psi: number): number {
  return 2 / psi - 1 + Math.sqrt(2 / psi) * Math.sqrt(2 / psi - 1);
}
