import { KfacError } from '@kfac/core';
import { type Box, type Restriction, solidOf } from '../geometry/box.ts';
import type { BuiltShape } from '../geometry/build.ts';
import { combine } from '../geometry/combine.ts';
import { type Geometry, interiorOf } from '../geometry/geometry.ts';
import type { Solid } from '../geometry/shape.ts';

/** A part of the domain in which equations hold. */
export interface Subdomain extends Geometry {
  /** As it may be written: 'inner', 'outside inner', 'left and outside hole'. */
  readonly label: string;
  /** From 1, of the parts of a problem: which streams of points are its own. The whole domain is 0. */
  readonly number: number;
}

/** A region or what is outside it. */
export interface Term {
  readonly shape: BuiltShape;
  readonly isOutside: boolean;
}

/** What of the domain is in all of some terms. Throws `KFAC_SPEC` if no point is found there. */
export function subdomainOf(label: string, number: number, box: Box, terms: readonly Term[]): Subdomain {
  const domain = solidOf(box);
  const inside = terms.filter(({ isOutside }) => !isOutside).map(({ shape }) => shape.solid);
  const outside = terms.filter(({ isOutside }) => isOutside).map(({ shape }) => shape.solid);
  const lower = domain.lower.map((low, k) => Math.max(low, ...inside.map((solid) => solid.lower[k]!)));
  const upper = domain.upper.map((high, k) => Math.min(high, ...inside.map((solid) => solid.upper[k]!)));
  const contains = (point: ArrayLike<number>): boolean =>
    domain.contains(point) &&
    inside.every((solid) => solid.contains(point)) &&
    !outside.some((solid) => solid.contains(point));
  const solid: Solid = { dimensions: domain.dimensions, lower, upper, contains };
  const hasPoints = lower.every((low, k) => low < upper[k]!);
  const interior = hasPoints ? interiorOf(solid, measureOf(box, domain, terms)) : null;
  if (!interior || interior.share === 0)
    throw new KfacError('KFAC_SPEC', `"${label}" is empty: no point of the domain is found there`);
  return { label, number, lower, upper, contains, interior, parts: [], isCloud: false };
}

/** The area or volume where it is known: of a single primitive inside a box, and of the rest of the box. */
function measureOf({ geometry }: Box, domain: Solid, [term, ...others]: readonly Term[]): number | undefined {
  const [primitive, ...more] = term!.shape.primitives;
  if (geometry || others.length > 0 || more.length > 0) return undefined;
  const isInside = primitive!.lower.every(
    (low, k) => low >= domain.lower[k]! && primitive!.upper[k]! <= domain.upper[k]!,
  );
  if (!isInside) return undefined;
  const whole = domain.lower.reduce((product, low, k) => product * (domain.upper[k]! - low), 1);
  return term!.isOutside ? whole - primitive!.measure : primitive!.measure;
}

/** A part of the domain at one time. */
export function timeRestriction(subdomain: Subdomain): Restriction {
  const { label, interior: chart } = subdomain;
  return { label, chart, contains: (point) => subdomain.contains(point) };
}

/** What is in any of several parts of the domain; null if that is all of it. */
export function unionOf(label: string, number: number, box: Box, parts: readonly Subdomain[]): Subdomain | null {
  const domain = solidOf(box);
  const { lower, upper, contains } = combine(
    'union',
    parts.map((part) => ({ ...part, dimensions: domain.dimensions })),
  );
  const rest = { ...domain, contains: (point: ArrayLike<number>) => domain.contains(point) && !contains(point) };
  if (interiorOf(rest).share === 0) return null;
  const interior = interiorOf({ dimensions: domain.dimensions, lower, upper, contains });
  return { label, number, lower, upper, contains, interior, parts: [], isCloud: false };
}
