import { TIME } from './equation/symbols.ts';
import type { Box } from './geometry/box.ts';
import { type Quadrature, boxQuadrature } from './sampling/gauss-legendre.ts';
import { samplePoints } from './sampling/sample.ts';
import type { PinnSpec } from './spec.ts';

/** Most axes of a tensor product of Gauss–Legendre rules, and most nodes along one. */
const MAX_AXES = 3;
const MAX_NODES = 128;
const MIN_NODES = 4;

/** Are integrals over the domain taken by Gauss–Legendre rules, to many digits? Else, and on shapes, by sampling. */
export function isGaussian({ names, geometry }: Box): boolean {
  return names.length <= MAX_AXES && !geometry;
}

/** Nodes of the rule along every axis: about as many in all as points inside. */
function nodesOf({ names }: Box, interior: number): number {
  return Math.max(MIN_NODES, Math.min(MAX_NODES, Math.floor(interior ** (1 / names.length) + 1e-9)));
}

/** N: points of the rule by which integrals are taken. */
export function quadraturePoints(box: Box, interior: number): number {
  return isGaussian(box) ? nodesOf(box, interior) ** box.names.length : interior;
}

/**
 * The rule by which integrals are taken: Gauss–Legendre along every axis, beyond three axes as many points as there are
 * inside, of the same method, with equal weights; so too on a shape. It stays the same when other points are drawn anew.
 */
export function quadratureOf({ spec, box }: { readonly spec: PinnSpec; readonly box: Box }): Quadrature {
  const { interior, method } = spec.sampling;
  if (isGaussian(box)) return boxQuadrature(box, nodesOf(box, interior));
  const d = box.names.length;
  const data = new Float64Array(d * interior);
  const key = { seed: spec.seed, purpose: 'integral', place: 0, refresh: 0 } as const;
  samplePoints(method, key, box, null, { data, stride: interior, from: 0, count: interior });
  const measure = box.names.reduce(
    (product, name, axis) =>
      box.geometry && name !== TIME ? product : product * (box.upper[axis]! - box.lower[axis]!),
    box.geometry?.interior.measure ?? 1,
  );
  const points = { rows: d, cols: interior, dtype: 'f64', data } as const;
  return { points, weights: new Float64Array(interior).fill(measure / interior) };
}
