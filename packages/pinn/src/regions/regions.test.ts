import { defaultEngine } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { fillConditionPoints } from '../condition-points.ts';
import { boxWithin } from '../geometry/box.ts';
import { placeName } from '../geometry/place.ts';
import { PinnObjective } from '../objective.ts';
import { type Problem, compileProblem } from '../problem.ts';
import { SAMPLING_METHODS } from '../sampling/methods.ts';
import { samplePoints } from '../sampling/sample.ts';
import type { PinnSpecInput } from '../spec.ts';
import { heatedDisk as inclusion, rod } from './testing.test-support.ts';

/** Points of an equation. */
function pointsIn(
  problem: Problem,
  equation: number,
  count: number,
  method = problem.spec.sampling.method,
): number[][] {
  const d = problem.box.names.length;
  const data = new Float64Array(d * count);
  const key = { seed: 1, purpose: 'interior', place: 0, refresh: 0 } as const;
  const box = boxWithin(problem.box, problem.equations[equation]!.within);
  samplePoints(method, key, box, null, { data, stride: count, from: 0, count });
  return Array.from({ length: count }, (_, n) => Array.from({ length: d }, (__, axis) => data[axis * count + n]!));
}

/** Points of a condition on all its places, with normals if it reads them. */
function placed(problem: Problem, condition: number, count: number): { point: number[]; fields: number[] }[] {
  const d = problem.box.names.length;
  const { places, compiled, opposite } = problem.conditions[condition]!;
  return places.flatMap((place, k) => {
    const coordinates = new Float64Array(d * count);
    const fields = new Float64Array(compiled.fields * count);
    const key = { seed: 1, purpose: 'conditions', place: k, refresh: 0 } as const;
    const slot = { place, opposite, from: 0, count };
    fillConditionPoints('sobol', key, problem.box, slot, { coordinates, fields, stride: count });
    const column = (from: Float64Array, rows: number, n: number): number[] =>
      Array.from({ length: rows }, (_, row) => from[row * count + n]!);
    return Array.from({ length: count }, (_, n) => ({
      point: column(coordinates, d, n),
      fields: column(fields, compiled.fields, n),
    }));
  });
}

const radius = ([x, , y]: readonly number[]): number => Math.hypot(x! - 0.1, y!);

describe('points', () => {
  test.each(SAMPLING_METHODS)('by %s lie in the region of their equation, and fill it', (method) => {
    const problem = compileProblem(inclusion);
    const [inside, outside] = [pointsIn(problem, 0, 2000, method), pointsIn(problem, 1, 2000, method)];
    expect(Math.max(...inside.map(radius))).toBeLessThanOrEqual(0.5);
    expect(Math.min(...outside.map(radius))).toBeGreaterThan(0.5);
    // Uniform: half of a disk's area is within 1/√2 of its radius; the square without the disk has ⟨x⟩ = −0.1·A/(4 − A).
    const near = inside.filter((point) => radius(point) < 0.5 / Math.SQRT2).length;
    expect(near / 2000).toBeCloseTo(0.5, 1);
    const area = Math.PI / 4;
    const mean = outside.reduce((sum, [x]) => sum + x!, 0) / 2000;
    expect(Math.abs(mean + (0.1 * area) / (4 - area))).toBeLessThan(0.05);
    for (const points of [inside, outside]) expect(points.reduce((sum, [, t]) => sum + t!, 0) / 2000).toBeCloseTo(1, 1);
  });

  test('areas of regions are exact in a box, and counted where shapes are put together', () => {
    const problem = compileProblem(inclusion);
    const [inner, outer] = problem.equations.map(({ within }) => within!);
    expect(inner!.interior.measure).toBeCloseTo(Math.PI / 4, 14);
    expect(outer!.interior.measure).toBeCloseTo(4 - Math.PI / 4, 14);
    const shaped = compileProblem({
      ...inclusion,
      geometry: { type: 'disk', center: [0, 0], radius: 1 },
      regions: { inner: { x: [-1, 0] } },
      conditions: [{ on: 'inner', equation: 'u = v' }],
    });
    expect(shaped.equations[0]!.within!.interior.measure).toBeCloseTo(Math.PI / 2, 1);
    expect(shaped.equations[1]!.within!.interior.measure).toBeCloseTo(Math.PI / 2, 1);
  });

  describe('of the loss', () => {
    // At θ = 0 the residuals are −x.
    const readable: PinnSpecInput = {
      ...rod,
      equations: [
        { equation: 'u = x', in: 'inner' },
        { equation: 'v = x', in: 'outside inner' },
        { equation: 'u_x + u = x', in: 'inner' },
      ],
    };
    const adaptive = [
      { name: 'rar', every: 1, pool: 200, add: 0.5 },
      { name: 'rad', every: 1, pool: 200 },
      { name: 'r3', every: 1 },
    ] as const;

    test.each([undefined, ...adaptive])('are in the region of each equation, by %j too', (rule) => {
      const problem = compileProblem({ ...readable, sampling: { ...rod.sampling, ...(rule && { adaptive: rule }) } });
      const objective = new PinnObjective(problem, defaultEngine());
      const theta = new Float64Array(problem.layout.size);
      const pointsAt = (): number[][] =>
        objective
          .linearize(theta)
          .terms.slice(0, 3)
          .map(({ residual }) => Array.from(residual, (e) => -e));
      const before = pointsAt();
      objective.nextBatch(2, { theta, isFinishing: false });
      const after = pointsAt();
      expect(after[0]!.some((x, n) => x !== before[0]![n])).toBe(rule !== undefined);
      expect(after[1]!.some((x, n) => x !== before[1]![n])).toBe(rule !== undefined);
      for (const [u, v, same] of [before, after] as [number[], number[], number[]][]) {
        expect(u.length).toBe(64);
        for (const x of u) expect(x > 0 && x <= 0.4).toBe(true);
        for (const x of v) expect(x > 0.4 && x < 1).toBe(true);
        expect(same).toEqual(u);
      }
    });

    test('are drawn anew in the same region', () => {
      const problem = compileProblem({ ...readable, sampling: { ...rod.sampling, resampleEvery: 1 } });
      const objective = new PinnObjective(problem, defaultEngine());
      const theta = new Float64Array(problem.layout.size);
      const drawn = [1, 2].map((step) => {
        objective.nextBatch(step);
        return objective.linearize(theta).terms[1]!.residual.map((e) => -e);
      });
      expect(drawn[1]).not.toEqual(drawn[0]);
      for (const points of drawn) for (const x of points) expect(x > 0.4 && x < 1).toBe(true);
    });

    test('take memory for each region where they follow the residual', () => {
      const bytes = (equations: PinnSpecInput['equations']): number =>
        compileProblem({
          ...readable,
          equations,
          conditions: [{ on: 'x = 0', equation: 'u = v' }],
          sampling: { interior: 64, conditions: 1, adaptive: { name: 'r3' } },
        }).bytes;
      const one = bytes(['u = x', 'v = x', 'u_x + u = x']);
      expect(bytes(readable.equations) - one).toBeGreaterThanOrEqual(8 * 2 * 64);
    });
  });

  test('regions are joined by "and", and an unknown belongs to all of its equations', () => {
    const problem = compileProblem({
      domain: { x: [0, 3] },
      unknowns: ['u', 'v'],
      regions: { left: { x: [0, 1] }, right: { x: [2, 3] } },
      equations: [
        { equation: 'u_xx = 0', in: 'left' },
        { equation: '2*u_xx = 0', in: 'right' },
        { equation: 'v_xx = 0', in: 'outside left and outside right' },
      ],
      conditions: [{ on: 'left or right', equation: 'u = v' }],
    });
    for (const [x] of pointsIn(problem, 2, 100)) expect(x! > 1 && x! < 2).toBe(true);
    const [u, v] = problem.unknownsWithin;
    expect([u!.label, v!.label]).toEqual(['left or right', 'outside left and outside right']);
    expect([0.5, 1.5, 2.5].map((x) => u!.contains([x]))).toEqual([true, false, true]);
  });

  test('an unknown with equations in a region and outside it belongs to the whole domain', () => {
    const { unknownsWithin } = compileProblem({
      ...rod,
      unknowns: ['u'],
      equations: [
        { equation: 'u_xx = 1', in: 'inner' },
        { equation: 'u_xx = 2', in: 'outside inner' },
      ],
      conditions: [{ on: 'boundary', equation: 'u = 0' }],
    });
    expect(unknownsWithin).toEqual([null]);
  });
});

describe('interfaces', () => {
  test('the end of an interval inside the domain is one, with the normal out of it', () => {
    const problem = compileProblem(rod);
    const [place, ...others] = problem.conditions[3]!.places;
    expect([placeName(place!, problem.box), place!.isPoint, others]).toEqual(['inner.x.upper', true, []]);
    expect(placed(problem, 3, 1)).toEqual([{ point: [0.4], fields: [1] }]);
  });

  test('an interval in the middle has two, whose normals point away from it; each has a name', () => {
    const middle = (on: string): PinnSpecInput => ({
      ...rod,
      regions: { inner: { x: [0.25, 0.75] } },
      conditions: [{ on, equation: 'dn(u) = dn(v)' }],
    });
    expect(placed(compileProblem(middle('inner')), 0, 1)).toEqual([
      { point: [0.25], fields: [-1] },
      { point: [0.75], fields: [1] },
    ]);
    expect(placed(compileProblem(middle('inner.x.upper')), 0, 1)).toEqual([{ point: [0.75], fields: [1] }]);
  });

  test('on a circle the normal is radial; the whole circle at all times', () => {
    const problem = compileProblem(inclusion);
    const points = placed(problem, 4, 400);
    for (const { point, fields } of points) {
      const [x, , y] = point as [number, number, number];
      expect(radius(point)).toBeCloseTo(0.5, 12);
      expect(fields[0]).toBeCloseTo((x - 0.1) / 0.5, 12);
      expect(fields[1]).toBeCloseTo(y / 0.5, 12);
    }
    expect(problem.conditions[4]!.places[0]!.measure).toBeCloseTo(Math.PI * 2, 12);
    expect(points.filter(({ point: [x] }) => x! > 0.1).length).toBeCloseTo(200, -1);
  });

  test('of a region that the domain cuts off, only what is inside: half a circle', () => {
    const problem = compileProblem({
      ...inclusion,
      domain: { x: [0, 1], t: [0, 1], y: [-1, 1] },
      regions: { inner: { type: 'disk', center: [0, 0], radius: 0.5 } },
      conditions: [{ on: 'inner', equation: 'u = v' }],
    });
    expect(problem.conditions[0]!.places[0]!.measure).toBeCloseTo(Math.PI / 2, 2);
    for (const { point } of placed(problem, 0, 200)) expect(point[0]).toBeGreaterThan(0);
    expect(problem.equations[0]!.within!.interior.measure).toBeCloseTo(Math.PI / 8, 2);
  });

  test('of a region within a shape, the common boundary is none', () => {
    const { conditions } = compileProblem({
      ...inclusion,
      geometry: { type: 'annulus', center: [0, 0], inner: 0.25, outer: 1 },
      regions: { inner: { type: 'annulus', center: [0, 0], inner: 0.25, outer: 0.5 } },
      conditions: [
        { on: 'inner', equation: 'u = v' },
        { on: 'annulus.inner', equation: 'u = 0' },
      ],
    });
    const [interfaces, edge] = conditions.map(({ places }) => places);
    expect(interfaces!.map((place) => 'part' in place && place.part.name)).toEqual(['inner.outer']);
    expect(interfaces![0]!.measure).toBeCloseTo(2 * Math.PI, 12);
    expect(edge![0]!.measure).toBeCloseTo(Math.PI, 12);
  });
});

describe('conditions in a region', () => {
  const layers: PinnSpecInput = {
    ...inclusion,
    domain: { x: [0, 1], y: [0, 2] },
    regions: { lower: { y: [0, 0.5] } },
    equations: [
      { equation: 'laplacian(u) = 0', in: 'lower' },
      { equation: 'laplacian(v) = 0', in: 'outside lower' },
    ],
    conditions: [
      { on: 'boundary', in: 'lower', equation: 'dn(u) = 0' },
      { on: 'boundary', in: 'outside lower', equation: 'dn(v) = 0' },
    ],
  };

  test('hold on what of the sides is there, and share points by what is left', () => {
    const problem = compileProblem(layers);
    const [lower, upper] = problem.conditions as [(typeof problem.conditions)[0], (typeof problem.conditions)[0]];
    const lengths = ({ places }: typeof lower) => places.map((place) => [placeName(place, problem.box), place.measure]);
    expect(lengths(lower)).toEqual([
      ['x = 0 in lower', 0.5],
      ['x = 1 in lower', 0.5],
      ['y = 0 in lower', 1],
    ]);
    expect(lengths(upper).map(([name]) => name)).toEqual(
      ['x = 0', 'x = 1', 'y = 2'].map((place) => `${place} in outside lower`),
    );
    expect(upper.places[0]!.measure).toBeCloseTo(1.5, 2);
    for (const { point, fields } of placed(problem, 0, 50)) {
      expect(point[1]).toBeLessThanOrEqual(0.5);
      expect(fields).toEqual([point[0] === 0 ? -1 : point[0] === 1 ? 1 : 0, point[1] === 0 ? -1 : 0]);
    }
    for (const { point } of placed(problem, 1, 50)) expect(point[1]).toBeGreaterThan(0.5);
  });

  test('on a time hold in the region', () => {
    const problem = compileProblem(inclusion);
    expect(problem.conditions[1]!.places[0]!.measure).toBeCloseTo(Math.PI / 4, 12);
    for (const { point } of placed(problem, 1, 100)) {
      expect(point[1]).toBe(0);
      expect(radius(point)).toBeLessThanOrEqual(0.5);
    }
    for (const { point } of placed(problem, 2, 100)) expect(radius(point)).toBeGreaterThan(0.5);
  });

  test('of a shape hold on the part of its edge behind which the region lies', () => {
    const problem = compileProblem({
      ...layers,
      domain: { x: [-1, 1], y: [-1, 1] },
      geometry: { type: 'disk', center: [0, 0], radius: 1 },
      regions: { lower: { y: [-1, 0] } },
    });
    const [{ places }] = problem.conditions as [(typeof problem.conditions)[0]];
    expect(places.map((place) => placeName(place, problem.box))).toEqual(['disk in lower']);
    expect(places[0]!.measure).toBeCloseTo(Math.PI, 2);
    for (const { point } of placed(problem, 0, 100)) expect(point[1]).toBeLessThan(1e-6);
  });
});
