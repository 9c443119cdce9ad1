import { describe, expect, test } from 'vitest';
import type { ExactSolution } from '../exact.ts';
import { BlackScholesReference } from './black-scholes.ts';
import { type Evolution, allenCahn, kortewegDeVries } from './evolution.ts';
import { stencilWeights } from './finite-differences.ts';
import { RealFourier } from './fourier.ts';
import { HestonReference } from './heston.ts';
import { gaussLegendre } from './legendre.ts';

test('the Fourier transform of real values is the sum that defines it, and its inverse returns them', () => {
  for (const size of [4, 8, 64]) {
    const fourier = new RealFourier(size);
    const u = Float64Array.from({ length: size }, (_, n) => Math.sin(3 * n * n + 1) + 0.3);
    const re = new Float64Array(size / 2 + 1);
    const im = new Float64Array(size / 2 + 1);
    fourier.forward(u, re, im);
    for (let k = 0; k <= size / 2; k++) {
      const angle = (n: number): number => (-2 * Math.PI * k * n) / size;
      expect(re[k]).toBeCloseTo(
        u.reduce((sum, value, n) => sum + value * Math.cos(angle(n)), 0),
        11,
      );
      expect(im[k]).toBeCloseTo(
        u.reduce((sum, value, n) => sum + value * Math.sin(angle(n)), 0),
        11,
      );
    }
    const back = new Float64Array(size);
    fourier.inverse(re, im, back);
    for (const [n, value] of back.entries()) expect(value).toBeCloseTo(u[n]!, 14);
  }
});

test('stencils: the central ones by hand, and every derivative of a polynomial anywhere', () => {
  expect([...stencilWeights(1, 3, 1)]).toEqual([-0.5, 0, 0.5]);
  expect([...stencilWeights(1, 3, 2)]).toEqual([1, -2, 1]);
  const z = 2.3;
  const nodes = [0, 1, 2, 3, 4, 5];
  for (let order = 0; order <= 4; order++) {
    const weights = stencilWeights(z, 6, order);
    const exact = Array.from({ length: order }, (_, k) => 5 - k).reduce((a, b) => a * b, 1) * z ** (5 - order);
    expect(nodes.reduce((sum, x) => sum + weights[x]! * x ** 5, 0)).toBeCloseTo(exact, 9);
  }
});

test('Gauss–Legendre: exact for polynomials of degree 2n − 1', () => {
  const { nodes, weights } = gaussLegendre(64);
  const integral = (f: (x: number) => number): number => nodes.reduce((sum, x, k) => sum + weights[k]! * f(x), 0);
  expect(integral(() => 1)).toBeCloseTo(2, 13);
  expect(integral((x) => x ** 126)).toBeCloseTo(2 / 127, 13);
  expect(integral((x) => Math.exp(x))).toBeCloseTo(Math.E - 1 / Math.E, 13);
});

/** Mean of f(u) over a period at t = 1. */
function mean({ values, resolution: { modes, snapshots } }: Evolution, f: (u: number) => number): number {
  const last = values.subarray(snapshots * (modes + 1), snapshots * (modes + 1) + modes);
  return last.reduce((sum, u) => sum + f(u), 0) / modes;
}

describe('oracle pinn §8.16', () => {
  test('Allen–Cahn at t = 1', () => {
    for (const [x, u] of [
      [0, 0.0295797],
      [0.1, 0.8168796],
      [0.5, -0.0640768],
      [-0.5, -0.0640768],
      [0.3, 0.9919249],
    ] as const)
      expect(Math.abs(allenCahn.at(1, x, 0, 0) - u)).toBeLessThan(6e-8);
  });

  test('Korteweg–de Vries at t = 1, and what it conserves', () => {
    for (const [x, u] of [
      [0, -0.651589977],
      [0.1, 1.667535371],
      [0.5, -0.441630541],
      [-0.75, 0.021735076],
    ] as const)
      expect(Math.abs(kortewegDeVries.at(1, x, 0, 0) - u)).toBeLessThan(1e-9);
    expect(Math.abs(mean(kortewegDeVries, (u) => u))).toBeLessThan(1e-13);
    expect(mean(kortewegDeVries, (u) => u * u)).toBeCloseTo(0.5, 9);
  });

  test('Korteweg–de Vries: its interpolant satisfies the equation', () => {
    for (const [t, x] of [
      [0.31, 0.2],
      [0.77, -0.95],
      [0.99, 0.613],
    ] as const) {
      const at = (time: number, space: number): number => kortewegDeVries.at(t, x, time, space);
      const terms = [at(1, 0), at(0, 0) * at(0, 1), 0.022 ** 2 * at(0, 3)];
      const size = terms.reduce((sum, term) => sum + Math.abs(term), 0);
      expect(Math.abs(terms[0]! + terms[1]! + terms[2]!)).toBeLessThan(1e-6 * size);
    }
  });
});

/** Central difference of a reference along one axis. */
function slope(solution: ExactSolution, point: readonly number[], orders: readonly number[], axis: number): number {
  const h = 1e-4 * Math.max(1, Math.abs(point[axis]!));
  const at = (step: number): number =>
    solution.derivative(
      point.map((x, k) => (k === axis ? x + step : x)),
      orders,
    );
  return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
}

describe('oracle pinn §8.17', () => {
  const call = new BlackScholesReference({ strike: 50, rate: 0.05, volatility: 0.2 }, 1, 0);

  test('Black–Scholes: value, Delta, Gamma', () => {
    expect(call.derivative([50, 1], [0, 0])).toBeCloseTo(5.2252917861, 9);
    expect(call.derivative([50, 1], [1, 0])).toBeCloseTo(0.6368306512, 9);
    expect(call.derivative([50, 1], [2, 0])).toBeCloseTo(0.0375240347, 9);
    expect(call.derivative([40, 0.5], [0, 0])).toBeCloseTo(0.2280773953, 9);
    expect(call.derivative([60, 0.25], [0, 0])).toBeCloseTo(10.6740944239, 9);
    expect(call.derivative([50, 1], [0, 1])).toBeCloseTo(slope(call, [50, 1], [0, 0], 1), 9);
  });

  test('Black–Scholes: the payoff at maturity, at its kink and at S = 0 too', () => {
    const data = [0, 30, 50, 70, 0, 0, 0, 0, 0, 1];
    expect([...call.values(null as never, { cols: 5, data } as never)].map((v) => v + 0)).toEqual([0, 0, 0, 20, 0]);
  });

  const heston = new HestonReference(
    { strike: 100, rate: 0.025, reversion: 1.5, mean: 0.04, volatility: 0.3, correlation: -0.9 },
    [2, 0, 1],
  );

  test.each([
    [100, 0.04, 1, 8.8948693601],
    [80, 0.04, 1, 0.4290429591],
    [120, 0.04, 1, 24.8894151035],
    [100, 0.1, 1, 11.429764256],
    [100, 0.4, 0.5, 15.4819370044],
  ])('Heston at S = %d, v = %d, t = %d', (spot, variance, time, value) => {
    expect(Math.abs(heston.derivative([spot, variance, time], [0, 0, 0]) - value)).toBeLessThan(2e-10);
  });

  test('Heston: its derivatives are the slopes of one another', () => {
    const point = [110, 0.09, 0.7];
    for (const [orders, axis, next] of [
      [[0, 0, 0], 0, [1, 0, 0]],
      [[1, 0, 0], 0, [2, 0, 0]],
      [[1, 0, 0], 1, [1, 1, 0]],
      [[0, 0, 0], 1, [0, 1, 0]],
      [[0, 1, 0], 1, [0, 2, 0]],
      [[0, 0, 0], 2, [0, 0, 1]],
    ] as const) {
      const exact = heston.derivative(point, next);
      expect(Math.abs(slope(heston, point, orders, axis) / exact - 1)).toBeLessThan(1e-6);
    }
  });

  test('Heston: the payoff at maturity and nothing for a worthless asset', () => {
    const data = [120, 80, 0, 0.1, 0.1, 0.1, 0, 0, 1];
    expect([...heston.values(null, { cols: 3, data })]).toEqual([20, 0, 0]);
  });
});
