import { TIME } from '../equation/symbols.ts';
import type { Box, Place } from './box.ts';
import type { BoundaryPart } from './shape.ts';

/** A part of the geometry's boundary, at all times. */
export interface PartPlace {
  readonly part: BoundaryPart;
  /** Of the part, times the length of the interval of t. */
  readonly measure: number;
  readonly isPoint: boolean;
}

/** Where a condition may hold: on a face of the box, or inside it, or on a part of the geometry's boundary. */
export type ConditionPlace = Place | PartPlace;

/** The place of a part of the boundary. */
export function placeOfPart(box: Box, part: BoundaryPart): PartPlace {
  const time = box.names.indexOf(TIME);
  const length = time < 0 ? 1 : box.upper[time]! - box.lower[time]!;
  return { part, measure: part.measure * length, isPoint: part.dimensions === 0 && time < 0 };
}

/** Do two places consist of the same points? */
export function isSamePlace(a: ConditionPlace, b: ConditionPlace): boolean {
  if ('part' in a || 'part' in b) return 'part' in a && 'part' in b && a.part === b.part;
  return a.axis === b.axis && a.value === b.value && a.within === b.within;
}

/** A place as it may be written: x = 0, or the name of a part; of what is left of one in a region, 'x = 0 in inner'. */
export function placeName(place: ConditionPlace, box: Box): string {
  if ('part' in place) return place.part.name;
  return `${box.names[place.axis]} = ${place.value}${place.within ? ` in ${place.within.label}` : ''}`;
}
