import { describe, expect, test } from 'vitest';
import { PhiloxStream } from '@kfac/core';
import { entropicRisk } from './entropic.ts';
import { meanVarianceRisk } from './mean-variance.ts';
import { quadraticRisk } from './quadratic.ts';
import type { Risk } from './risk.ts';

const B = 12;
const stream = new PhiloxStream(7, 0);
const draw = (): Float64Array => Float64Array.from({ length: B }, () => stream.normal());
const pnl = draw();

function derivatives(risk: Risk, x: Float64Array): { slope: Float64Array; curvature: Float64Array; value: number } {
  const slope = new Float64Array(B);
  const curvature = new Float64Array(B);
  return { value: risk.differentiate(x, slope, curvature), slope, curvature };
}

const along = (x: Float64Array, u: Float64Array, h: number): Float64Array => x.map((value, i) => value + h * u[i]!);
const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

const risks: [string, Risk][] = [
  ['entropic, a = 1', entropicRisk(1)],
  ['entropic, a = 2.5', entropicRisk(2.5)],
  ['mean–variance', meanVarianceRisk(1.7)],
  ['quadratic', quadraticRisk(0.3)],
];

describe.each(risks)('oracle hedging §13, risk: %s', (_, risk) => {
  test('value and differentiate agree', () => {
    expect(derivatives(risk, pnl).value).toBeCloseTo(risk.value(pnl), 14);
  });

  test('r_i against finite differences', () => {
    const { slope } = derivatives(risk, pnl);
    for (let i = 0; i < B; i++) {
      const unit = new Float64Array(B);
      unit[i] = 1;
      const h = 1e-4;
      const difference = (risk.value(along(pnl, unit, h)) - risk.value(along(pnl, unit, -h))) / (2 * h);
      expect(Math.abs(slope[i]! - difference)).toBeLessThan(1e-8);
    }
  });

  test('the ω-form D·G·D is the second derivative along any direction of the P&L', () => {
    const { curvature } = derivatives(risk, pnl);
    const total = curvature.reduce((sum, w) => sum + w, 0);
    for (let trial = 0; trial < 3; trial++) {
      const u = draw();
      const first = dot(curvature, u);
      const form =
        dot(
          curvature,
          u.map((value) => value * value),
        ) - (risk.centred ? (first * first) / total : 0);
      const h = 2e-5;
      const up = derivatives(risk, along(pnl, u, h)).slope;
      const down = derivatives(risk, along(pnl, u, -h)).slope;
      const second = (dot(up, u) - dot(down, u)) / (2 * h);
      expect(Math.abs(form - second)).toBeLessThan(1e-8 * Math.max(1, Math.abs(second)));
    }
  });

  test('ω_i ≥ 0', () => {
    expect(derivatives(risk, pnl).curvature.every((w) => w >= 0)).toBe(true);
  });
});

describe('oracle hedging §13: translation-invariant risks', () => {
  test.each(risks.slice(0, 3))('%s: weights sum to −1 and R(x + c) = R(x) − c', (_, risk) => {
    const { slope } = derivatives(risk, pnl);
    expect(slope.reduce((sum, r) => sum + r, 0)).toBeCloseTo(-1, 14);
    expect(risk.value(pnl.map((x) => x + 3))).toBeCloseTo(risk.value(pnl) - 3, 13);
  });
});

test('entropic risk survives P&L far beyond the range of exp, and propagates NaN', () => {
  expect(entropicRisk(1).value(Float64Array.of(-5000, 5000))).toBeCloseTo(5000 - Math.log(2), 9);
  expect(entropicRisk(1).value(Float64Array.of(1, Number.NaN))).toBeNaN();
});

test('entropic risk of small aversion is the mean–variance risk to first order', () => {
  const a = 1e-4;
  expect(Math.abs(entropicRisk(a).value(pnl) - meanVarianceRisk(a).value(pnl))).toBeLessThan(1e-7);
});
