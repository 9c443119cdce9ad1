import { KfacError } from '@kfac/core';
import { TIME } from '../equation/symbols.ts';
import { type Box, placeOf } from './box.ts';
import { type ConditionPlace, isSamePlace, placeOfPart } from './place.ts';

/** A value this close to an end of its interval, relative to the length, is that end. */
const SNAP = 1e-12;

/**
 * Reads where a condition holds: `boundary` (all sides of the box, t excluded, or all parts of the geometry's boundary),
 * `coordinate = number`, the name of a part or a shape of the geometry, of a region or a part of its boundary, or several of
 * these joined by `or`; a place named twice counts once. With a geometry the coordinate can be t alone. Throws `KFAC_SPEC` for a place that does not exist.
 */
export function parsePlaces(on: string, box: Box): ConditionPlace[] {
  const places = on.split(/\s+or\s+/).flatMap((part) => parsePart(part.trim(), on, box));
  return places.filter((place, k) => places.findIndex((other) => isSamePlace(other, place)) === k);
}

function parsePart(part: string, on: string, box: Box): ConditionPlace[] {
  if (part === 'boundary') return boundary(box);
  const ofGeometry = namedParts(part, box);
  if (ofGeometry.length > 0) return ofGeometry;
  const match = /^([A-Za-z][A-Za-z0-9]*)\s*=\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)$/.exec(part);
  if (!match) {
    const names = box.interfaces?.map(({ name }) => name).join(', ');
    const ofRegions = names ? ` or the boundary of a region inside the domain (${names})` : '';
    throw new KfacError(
      'KFAC_SPEC',
      box.geometry
        ? `expected "boundary", "${TIME} = number" or a part of the geometry (${partNames(box)})${ofRegions}, several joined by "or"; got "${part}" in "${on}"`
        : `expected "boundary" or "coordinate = number"${ofRegions}, several joined by "or"; got "${part}" in "${on}"`,
    );
  }
  const name = match[1]!;
  const axis = box.names.indexOf(name);
  if (axis < 0) throw new KfacError('KFAC_SPEC', `"${part}" is no place: the coordinates are ${box.names.join(', ')}`);
  if (box.geometry && name !== TIME) {
    throw new KfacError(
      'KFAC_SPEC',
      `"${part}" is no place where the space coordinates are restricted by a geometry; its parts are ${partNames(box)}`,
    );
  }
  const value = snap(Number(match[2]), box.lower[axis]!, box.upper[axis]!);
  if (!(value >= box.lower[axis]! && value <= box.upper[axis]!)) {
    throw new KfacError(
      'KFAC_SPEC',
      `"${part}" is outside the domain, where ${name} is in [${box.lower[axis]}, ${box.upper[axis]}]`,
    );
  }
  return [placeOf(box, axis, value)];
}

/** The parts with a name, or of the shape with that name. */
function namedParts(name: string, box: Box): ConditionPlace[] {
  const parts = [...(box.geometry?.parts ?? []), ...(box.interfaces ?? [])];
  return parts
    .filter((part) => part.name === name || part.name.startsWith(`${name}.`))
    .map((part) => placeOfPart(box, part));
}

function partNames({ geometry }: Box): string {
  return [...new Set(geometry?.parts.map(({ name }) => name))].join(', ');
}

function boundary(box: Box): ConditionPlace[] {
  if (box.geometry) {
    if (box.geometry.parts.length === 0)
      throw new KfacError('KFAC_SPEC', '"boundary" is no place: the geometry is given without boundary points');
    return box.geometry.parts.map((part) => placeOfPart(box, part));
  }
  const sides = box.names.flatMap((name, axis) =>
    name === TIME ? [] : [placeOf(box, axis, box.lower[axis]!), placeOf(box, axis, box.upper[axis]!)],
  );
  if (sides.length === 0)
    throw new KfacError(
      'KFAC_SPEC',
      `"boundary" is no place: ${TIME} is the only coordinate; write "${TIME} = number"`,
    );
  return sides;
}

function snap(value: number, lower: number, upper: number): number {
  const tolerance = SNAP * (upper - lower);
  return Math.abs(value - lower) <= tolerance ? lower : Math.abs(value - upper) <= tolerance ? upper : value;
}
