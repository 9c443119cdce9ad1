import { type Fault, KfacError, pointerOf } from '@kfac/core';
import { attempt } from '../attempt.ts';
import { type Box, placeOf, solidOf, spaceAxes } from '../geometry/box.ts';
import { type BuiltShape, buildShape } from '../geometry/build.ts';
import { cuboid } from '../geometry/cuboid.ts';
import { STEP, checkSizes, refused, shareOf, sizeOf, trimmedParts } from '../geometry/geometry.ts';
import { type ConditionPlace, isSamePlace, placeName, placeOfPart } from '../geometry/place.ts';
import type { BoundaryPart, Chart, Solid } from '../geometry/shape.ts';
import { type IntervalsSpec, MOST_REGIONS, type RegionSpec, isShape } from './region-spec.ts';
import { type Subdomain, type Term, subdomainOf, timeRestriction, unionOf } from './subdomain.ts';

/**
 * The regions of a problem: named closed parts of the space coordinates, cut off where the domain ends. They give
 * subdomains, in which equations hold, and interfaces, on which conditions hold. Each subdomain is made once.
 */
export class Regions {
  /** Boundaries of all regions inside the domain, named after the region; normals point out of it. */
  readonly interfaces: readonly BoundaryPart[];
  readonly #box: Box;
  readonly #domain: Solid;
  readonly #shapes: ReadonlyMap<string, BuiltShape>;
  readonly #subdomains = new Map<string, Subdomain>();
  readonly #restricted: { place: ConditionPlace; subdomain: Subdomain; left: ConditionPlace | null }[] = [];

  /** What is wrong with a region goes to `faults`, and the region is left out. */
  constructor(specs: Readonly<Record<string, RegionSpec>>, box: Box, faults: Fault[]) {
    const entries = Object.entries(specs);
    if (entries.length > MOST_REGIONS)
      faults.push({ code: 'KFAC_LIMIT', pointer: '/regions', detail: `expected at most ${MOST_REGIONS} regions` });
    if (entries.length > 0 && box.geometry?.isCloud)
      faults.push({ code: 'KFAC_SPEC', pointer: '/regions', detail: 'a cloud of points has no regions' });
    this.#box = box;
    this.#domain = solidOf(box);
    const shapes = new Map<string, BuiltShape>();
    this.#shapes = shapes;
    this.interfaces = entries.slice(0, MOST_REGIONS).flatMap(([name, spec]): BoundaryPart[] => {
      const path = ['regions', name];
      const taken = box.geometry?.parts.find((part) => part.name === name || part.name.startsWith(`${name}.`));
      if (taken) {
        const detail = `"${name}" is a part of the geometry, "${taken.name}"; choose another name`;
        faults.push({ code: 'KFAC_SPEC', pointer: pointerOf(path), detail });
      }
      const shape = isShape(spec)
        ? buildShape(spec, path, this.#space, faults, name)
        : intervalsOf(name, spec, box, faults);
      if (!shape) return [];
      shapes.set(name, shape);
      return (
        attempt(faults, pointerOf(path), () => {
          checkSizes(this.subdomain(name), shape.primitives);
          return trimmedParts(shape.solid, shape.primitives, this.#domain).map((part) => named(part, name));
        }) ?? []
      );
    });
  }

  get #space(): string[] {
    return spaceAxes(this.#box.names).map((axis) => this.#box.names[axis]!);
  }

  /**
   * The part of the domain that a text names: a region, `outside` and a region, or several of these joined by `and`. Throws
   * `KFAC_SPEC` for a region that does not exist, and where no point is in the part.
   */
  subdomain(text: string): Subdomain {
    const terms = text.split(/\s+and\s+/).map((part): Term & { readonly label: string } => {
      const [, outside, name = ''] = /^\s*(outside\s+)?(\S+)\s*$/.exec(part) ?? [];
      const shape = this.#shapes.get(name);
      if (!shape) {
        const names = [...this.#shapes.keys()].join(', ');
        const known = names === '' ? 'there are no regions' : `the regions are ${names}`;
        throw new KfacError(
          'KFAC_SPEC',
          `expected a region, "outside" and a region, or several joined by "and"; ${known}; got "${part.trim()}"`,
        );
      }
      return { shape, isOutside: outside !== undefined, label: `${outside ? 'outside ' : ''}${name}` };
    });
    const label = [...new Set(terms.map((term) => term.label))].join(' and ');
    const known = this.#subdomains.get(label);
    if (known) return known;
    const made = subdomainOf(label, this.#subdomains.size + 1, this.#box, terms);
    this.#subdomains.set(label, made);
    return made;
  }

  /** What is in any of several parts; null if that is the whole domain, or if one of them is null. */
  union(parts: readonly (Subdomain | null)[]): Subdomain | null {
    const [first, ...others] = new Set(parts);
    if (!first || others.includes(null)) return null;
    if (others.length === 0) return first;
    const all = [first, ...(others as Subdomain[])];
    const label = all.map((part) => part.label).join(' or ');
    const known = this.#subdomains.get(label);
    if (known) return known;
    const made = unionOf(label, this.#subdomains.size + 1, this.#box, all);
    if (made) this.#subdomains.set(label, made);
    return made;
  }

  /**
   * What of places is in a part of the domain: of a boundary or an interface those points behind which, against the normal, the
   * part lies. Throws `KFAC_SPEC` if nothing is left of any.
   */
  restrict(places: readonly ConditionPlace[], subdomain: Subdomain): ConditionPlace[] {
    const left = places.flatMap((place) => this.#restrict(place, subdomain) ?? []);
    if (left.length > 0) return left;
    const names = places.map((place) => placeName(place, this.#box)).join(', ');
    throw new KfacError('KFAC_SPEC', `no point of ${names} is in "${subdomain.label}"`);
  }

  #restrict(place: ConditionPlace, subdomain: Subdomain): ConditionPlace | null {
    const known = this.#restricted.find((one) => one.subdomain === subdomain && isSamePlace(one.place, place));
    if (known) return known.left;
    const left = 'part' in place ? this.#partLeft(place.part, subdomain) : this.#faceLeft(place, subdomain);
    this.#restricted.push({ place, subdomain, left });
    return left;
  }

  #partLeft(part: BoundaryPart, subdomain: Subdomain): ConditionPlace | null {
    const step = STEP * sizeOf(subdomain);
    const behind = new Float64Array(this.#domain.dimensions);
    const left = refused(part, behind.length, (unit, point, normal) => {
      if (!part.map(unit, point, normal)) return false;
      for (let k = 0; k < behind.length; k++) behind[k] = point[k]! - step * normal[k]!;
      return subdomain.contains(behind);
    });
    if (left.share === 0) return null;
    return placeOfPart(this.#box, { ...left, name: `${part.name} in ${subdomain.label}` });
  }

  #faceLeft({ axis, value }: { axis: number; value: number }, subdomain: Subdomain): ConditionPlace | null {
    const { label } = subdomain;
    const fixed = spaceAxes(this.#box.names).indexOf(axis);
    if (fixed < 0) return placeOf(this.#box, axis, value, timeRestriction(subdomain));
    const step = STEP * sizeOf(subdomain);
    const [low, high] = [this.#box.lower[axis], this.#box.upper[axis]];
    const behind = value + (value === low ? step : value === high ? -step : 0);
    const { lower, upper } = subdomain;
    if (!(behind >= lower[fixed]! && behind <= upper[fixed]!)) return null;
    const contains = (point: ArrayLike<number>): boolean =>
      subdomain.contains(Array.from(point, (own, k) => (k === fixed ? behind : own)));
    const free = lower.flatMap((_, k) => (k === fixed ? [] : [k]));
    const map: Chart['map'] = (unit, point) => {
      point[fixed] = value;
      for (const [j, k] of free.entries()) point[k] = lower[k]! + (upper[k]! - lower[k]!) * unit[j]!;
      return contains(point);
    };
    const share = shareOf(free.length, lower.length, map);
    if (share === 0) return null;
    const measure = free.reduce((product, k) => product * (upper[k]! - lower[k]!), share);
    const chart = { dimensions: free.length, share, measure, map };
    return placeOf(this.#box, axis, value, { label, chart, contains });
  }
}

/** A part of a region's boundary under the region's name. */
function named(part: BoundaryPart, region: string): BoundaryPart {
  const isNamed = part.name === region || part.name.startsWith(`${region}.`);
  return isNamed ? part : { ...part, name: `${region}.${part.name}` };
}

/** A box with given intervals, and those of the domain for the other coordinates. */
function intervalsOf(name: string, spec: IntervalsSpec, box: Box, faults: Fault[]): BuiltShape | null {
  const axes = spaceAxes(box.names);
  const space = axes.map((axis) => box.names[axis]!);
  const before = faults.length;
  const fault = (path: readonly string[], detail: string): void => {
    faults.push({ code: 'KFAC_SPEC', pointer: pointerOf(['regions', name, ...path]), detail });
  };
  if (Object.keys(spec).length === 0)
    fault([], `expected intervals of some coordinates (${space.join(', ')}) or a shape`);
  for (const [coordinate, [lower, upper]] of Object.entries(spec)) {
    const axis = box.names.indexOf(coordinate);
    if (!space.includes(coordinate)) {
      fault([coordinate], `expected a coordinate other than t (${space.join(', ')}), got "${coordinate}"`);
    } else if (!(box.lower[axis]! <= lower && lower < upper && upper <= box.upper[axis]!)) {
      const whole = `[${box.lower[axis]}, ${box.upper[axis]}]`;
      fault([coordinate], `expected [lower, upper] with lower < upper inside ${whole}, got [${lower}, ${upper}]`);
    }
  }
  if (faults.length > before) return null;
  const ends = axes.map(
    (axis): readonly [number, number] => spec[box.names[axis]!] ?? [box.lower[axis]!, box.upper[axis]!],
  );
  const primitive = cuboid(name, { lower: ends.map(([low]) => low), upper: ends.map(([, high]) => high) }, space);
  return { solid: primitive, primitives: [primitive] };
}
