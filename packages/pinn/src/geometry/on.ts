import { KfacError } from '@kfac/core';
import { TIME } from '../equation/symbols.ts';
import { type Box, type Place, placeOf } from './box.ts';

/** A value this close to an end of its interval, relative to the length, is that end. */
const SNAP = 1e-12;

/**
 * Reads where a condition holds: `boundary` (all sides of the box, t excluded), `coordinate = number`, or several of
 * these joined by `or`; a place named twice counts once. Throws `KFAC_SPEC` for a place that does not exist.
 */
export function parsePlaces(on: string, box: Box): Place[] {
  const places = on.split(/\s+or\s+/).flatMap((part) => parsePart(part.trim(), on, box));
  return places.filter(
    (place, k) => places.findIndex((other) => other.axis === place.axis && other.value === place.value) === k,
  );
}

function parsePart(part: string, on: string, box: Box): Place[] {
  if (part === 'boundary') return boundary(box);
  const match = /^([A-Za-z][A-Za-z0-9]*)\s*=\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)$/.exec(part);
  if (!match) {
    throw new KfacError(
      'KFAC_SPEC',
      `expected "boundary" or "coordinate = number", several joined by "or"; got "${part}" in "${on}"`,
    );
  }
  const name = match[1]!;
  const axis = box.names.indexOf(name);
  if (axis < 0) throw new KfacError('KFAC_SPEC', `"${part}" is no place: the coordinates are ${box.names.join(', ')}`);
  const value = snap(Number(match[2]), box.lower[axis]!, box.upper[axis]!);
  if (!(value >= box.lower[axis]! && value <= box.upper[axis]!)) {
    throw new KfacError(
      'KFAC_SPEC',
      `"${part}" is outside the domain, where ${name} is in [${box.lower[axis]}, ${box.upper[axis]}]`,
    );
  }
  return [placeOf(box, axis, value)];
}

function boundary(box: Box): Place[] {
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
