import { describe, expect, test } from 'vitest';
import { normalCdf, normalPdf, normalQuantile } from './normal.ts';

/** Φ by the power series ½ + n(x)·Σ x^{2k+1}/(2k+1)!!, all of whose terms have one sign. */
function cdfBySeries(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 3; Math.abs(term) > 1e-18 * Math.abs(sum); k += 2) sum += term *= (x * x) / k;
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

/** Φ(−x)/n(x), x > 0, by Laplace's continued fraction. */
function millsRatio(x: number): number {
  let tail = 0;
  for (let k = 400; k > 0; k--) tail = k / (x + tail);
  return 1 / (x + tail);
}

describe('normalCdf', () => {
  test('equals its power series in the centre', () => {
    for (let x = -3; x <= 4; x += 0.0137) expect(Math.abs(normalCdf(x) - cdfBySeries(x))).toBeLessThan(5e-16);
  });

  test('keeps relative accuracy in the lower tail: Laplace continued fraction', () => {
    for (let x = 3; x < 37; x += 0.0137) {
      expect(Math.abs(normalCdf(-x) / (normalPdf(x) * millsRatio(x)) - 1)).toBeLessThan(2e-15);
    }
  });

  test('tabulated values, symmetry and limits', () => {
    expect(normalCdf(0)).toBe(0.5);
    expect(normalCdf(1)).toBeCloseTo(0.8413447460685429, 15);
    expect(normalCdf(-10) / 7.619853024160526e-24).toBeCloseTo(1, 14);
    expect(normalCdf(-Infinity)).toBe(0);
    expect(normalCdf(Infinity)).toBe(1);
    expect(normalCdf(Number.NaN)).toBeNaN();
    for (const x of [0.3, 1.7, 4]) expect(normalCdf(x) + normalCdf(-x)).toBeCloseTo(1, 15);
  });
});

describe('normalPdf', () => {
  test('values and full relative accuracy far out', () => {
    expect(normalPdf(0)).toBe(1 / Math.sqrt(2 * Math.PI));
    // 30.125²/2 = 453.7578125 exactly.
    const expected = Math.exp(-453.7578125) / Math.sqrt(2 * Math.PI);
    expect(Math.abs(normalPdf(30.125) / expected - 1)).toBeLessThan(1e-15);
    expect(normalPdf(Infinity)).toBe(0);
    expect(normalPdf(-2)).toBe(normalPdf(2));
  });
});

describe('normalQuantile', () => {
  test('published values of AS 241', () => {
    expect(normalQuantile(0.25)).toBeCloseTo(-0.6744897501960817, 15);
    expect(normalQuantile(0.001)).toBeCloseTo(-3.090232306167814, 14);
    expect(normalQuantile(1e-20)).toBeCloseTo(-9.262340089798408, 13);
  });

  test('inverts Φ over all its regions', () => {
    for (let x = -36; x < 6; x += 0.0173) {
      const p = normalCdf(x);
      // dp/p = n(x)/Φ(x)·dx, so an error of one ulp in x moves p by about x²·ε; near p = 1 it is p's own rounding.
      const tolerance = x < 0 ? 8e-16 * Math.max(1, x * x) : 4e-16;
      expect(Math.abs(normalCdf(normalQuantile(p)) - p) / p).toBeLessThan(tolerance);
    }
  });

  test('ends and outside', () => {
    expect(normalQuantile(0)).toBe(-Infinity);
    expect(normalQuantile(1)).toBe(Infinity);
    expect(normalQuantile(0.5)).toBe(0);
    expect(normalQuantile(-0.1)).toBeNaN();
    expect(normalQuantile(1.1)).toBeNaN();
    expect(normalQuantile(Number.NaN)).toBeNaN();
  });
});
