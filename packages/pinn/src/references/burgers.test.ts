import { describe, expect, test } from 'vitest';
import { BurgersReference } from './burgers.ts';
import { gaussHermite } from './hermite.ts';

describe('Gauss–Hermite', () => {
  test('integrates the moments of exp(-z²) exactly', () => {
    const { nodes, weights } = gaussHermite(120);
    const moment = (k: number): number => nodes.reduce((sum, z, i) => sum + weights[i]! * z ** k, 0);
    expect(moment(0)).toBeCloseTo(Math.sqrt(Math.PI), 13);
    expect(moment(2) / (Math.sqrt(Math.PI) / 2)).toBeCloseTo(1, 12);
    expect(moment(8) / ((Math.sqrt(Math.PI) * 105) / 16)).toBeCloseTo(1, 12);
    expect(Math.abs(moment(7))).toBeLessThan(1e-10);
  });

  test('three nodes by hand', () => {
    const { nodes, weights } = gaussHermite(3);
    expect([...nodes].map((z) => z.toFixed(12))).toEqual(
      [-Math.sqrt(1.5), 0, Math.sqrt(1.5)].map((z) => z.toFixed(12)),
    );
    expect(weights[1]).toBeCloseTo((2 / 3) * Math.sqrt(Math.PI), 13);
  });
});

const CASES: [string, number, [t: number, x: number, u: number][], number, number][] = [
  [
    '0.01/π',
    0.01 / Math.PI,
    [
      [0.25, 0.25, -0.9920815616225],
      [0.5, 0.5, -0.5927695344021],
      [0.5, 0.01, -0.8980496422528],
      [1, 0.05, -0.7000270808794],
    ],
    -151.829647185499,
    -151.818,
  ],
  [
    '0.01',
    0.01,
    [
      [0.25, 0.25, -0.9746888066399],
      [0.5, 0.5, -0.5886957735023],
      [0.5, 0.01, -0.4099129397736],
      [1, 0.05, -0.6577737106626],
    ],
    -43.886460980251,
    -43.886,
  ],
];

describe.each(CASES)('oracle pinn §8.15: Cole–Hopf, ν = %s', (_, viscosity, values, slope, tabled) => {
  const reference = new BurgersReference(viscosity, 0, 1);

  test.each(values)('u(%d; %d) = %d', (t, x, u) => {
    expect(Math.abs(reference.derivative([t, x], [0, 0]) - u)).toBeLessThan(1e-12);
    expect(reference.values(null, { cols: 1, data: [t, x] })[0]).toBe(reference.derivative([t, x], [0, 0]));
  });

  test('u_x at the shock: the trapezoidal rule with 200 000 nodes, and the tabled value to its accuracy of 1e-4', () => {
    const own = reference.derivative([0.5, 0], [0, 1]);
    expect(own).toBeCloseTo(slope, 9);
    expect(Math.abs(own / tabled - 1)).toBeLessThan(1e-4);
  });

  test('oracle pinn §8.14: its derivatives are those of its values, and satisfy the equation', () => {
    const u = (t: number, x: number): number => reference.derivative([t, x], [0, 0]);
    for (const [t, x] of [
      [0.25, 0.25],
      [0.5, 0.02],
      [0.8, -0.6],
      [0.4, 0.005],
    ] as const) {
      const [ut, ux, uxx] = [
        [1, 0],
        [0, 1],
        [0, 2],
      ].map((orders) => reference.derivative([t, x], orders)) as [number, number, number];
      const h = 2e-4;
      const first = (f: (d: number) => number): number =>
        (45 * (f(h) - f(-h)) - 9 * (f(2 * h) - f(-2 * h)) + (f(3 * h) - f(-3 * h))) / (60 * h);
      const second = (f: (d: number) => number): number =>
        (270 * (f(h) + f(-h)) - 27 * (f(2 * h) + f(-2 * h)) + 2 * (f(3 * h) + f(-3 * h)) - 490 * f(0)) / (180 * h * h);
      const scale = 1 + Math.abs(ux);
      expect(Math.abs(first((d) => u(t + d, x)) - ut)).toBeLessThan(1e-7 * scale);
      expect(Math.abs(first((d) => u(t, x + d)) - ux)).toBeLessThan(1e-7 * scale);
      expect(Math.abs(second((d) => u(t, x + d)) - uxx)).toBeLessThan(1e-5 * scale * scale);
      expect(Math.abs(ut + u(t, x) * ux - viscosity * uxx)).toBeLessThan(1e-9 * scale);
    }
  });

  test('initial datum, symmetry and period', () => {
    for (const x of [-0.9, -0.2, 0, 0.3, 1]) {
      expect(reference.derivative([0, x], [0, 0])).toBeCloseTo(-Math.sin(Math.PI * x), 13);
      expect(reference.derivative([0.7, -x], [0, 0])).toBeCloseTo(-reference.derivative([0.7, x], [0, 0]), 12);
    }
    expect(Math.abs(reference.derivative([0.6, 1], [0, 0]))).toBeLessThan(1e-13);
  });
});

test('bad viscosities and derivatives that it does not have', () => {
  expect(() => new BurgersReference(0, 0, 1)).toThrow(/viscosity/);
  expect(() => new BurgersReference(NaN, 0, 1)).toThrow(/viscosity/);
  expect(() => new BurgersReference(0.01, 0, 1).derivative([0.1, 0.1], [2, 0])).toThrow(/u_t, u_x and u_xx only/);
});
