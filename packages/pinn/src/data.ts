import { type Fault, pointerOf } from '@kfac/core';
import type { Compile } from './condition-compile.ts';
import type { DataSpec } from './condition-spec.ts';
import type { Equation } from './conditions.ts';
import type { Scope } from './equation/symbols.ts';
import { noDerivative } from './equation/symbols.ts';
import { type Box, spaceAxes } from './geometry/box.ts';
import { isNear } from './geometry/near.ts';
import type { Subdomain } from './regions/subdomain.ts';

/** Measured values of one unknown: residuals (u − value)/noise at given points, the one field being the value. */
export interface DataSet extends Equation {
  readonly unknown: number;
  /** Coordinate rows [d × N]. */
  readonly coordinates: Float64Array;
  /** [N]. */
  readonly values: Float64Array;
}

export type Columns = Readonly<Record<string, readonly number[]>>;

/** A fault of a table: in a column, and there in a row, if it is one. */
export interface TableFault {
  readonly column: string | null;
  readonly row: number | null;
  readonly detail: string;
}

/** What is wrong with columns of data: missing, unknown, of different lengths, points outside the domain. */
export function tableFaults(columns: Columns, { names, lower, upper }: Box, unknowns: readonly string[]): TableFault[] {
  const given = Object.keys(columns);
  const rows = columns[given[0] ?? '']?.length ?? 0;
  const missing = names.filter((name) => !given.includes(name));
  const whole = (detail: string): TableFault[] => [{ column: null, row: null, detail }];
  return [
    ...(missing.length > 0
      ? whole(`expected a column for every coordinate (${names.join(', ')}); ${missing.join(', ')} missing`)
      : []),
    ...(unknowns.some((name) => given.includes(name))
      ? []
      : whole(
          `expected a column of measured values of ${unknowns.join(' or ')}, got only ${given.join(', ') || 'none'}`,
        )),
    ...given.flatMap((column): TableFault[] => {
      const values = columns[column]!;
      if (!names.includes(column) && !unknowns.includes(column)) {
        const known = [...names, ...unknowns].join(', ');
        return [{ column, row: null, detail: `"${column}" is neither a coordinate nor an unknown; known: ${known}` }];
      }
      if (values.length !== rows)
        return [{ column, row: null, detail: `expected ${rows} values, as in ${given[0]}, got ${values.length}` }];
      const axis = names.indexOf(column);
      const outside = axis < 0 ? -1 : values.findIndex((value) => !(value >= lower[axis]! && value <= upper[axis]!));
      if (outside < 0) return [];
      const detail = `${column} = ${values[outside]} is outside the domain, where ${column} is in [${lower[axis]}, ${upper[axis]}]`;
      return [{ column, row: outside, detail }];
    }),
  ];
}

/** The data of a condition, one set for each measured unknown. Adds what is wrong to `faults`. */
export function dataSets(
  { data, noise }: DataSpec,
  path: readonly PropertyKey[],
  box: Box,
  scope: Scope,
  compile: Compile,
  faults: Fault[],
): DataSet[] {
  const { pool, unknowns } = scope;
  const found = tableFaults(data, box, unknowns);
  for (const { column, row, detail } of found) {
    const place = [column, row].filter((part) => part !== null);
    faults.push({ code: 'KFAC_SPEC', pointer: pointerOf([...path, 'data', ...place]), detail });
  }
  for (const name of typeof noise === 'object' ? Object.keys(noise) : []) {
    if (unknowns.includes(name) && Object.hasOwn(data, name)) continue;
    const detail = `"${name}" is not an unknown with a column of data`;
    faults.push({ code: 'KFAC_SPEC', pointer: pointerOf([...path, 'noise', name]), detail });
  }
  for (const name of typeof noise === 'object' ? unknowns : []) {
    if (!Object.hasOwn(data, name) || Object.hasOwn(noise as object, name)) continue;
    const detail = `expected the standard deviation of every measured unknown, ${name} missing`;
    faults.push({ code: 'KFAC_SPEC', pointer: pointerOf([...path, 'noise']), detail });
  }
  if (found.length > 0) return [];
  const rows = data[box.names[0]!]!.length;
  const coordinates = new Float64Array(box.names.length * rows);
  box.names.forEach((name, axis) => coordinates.set(data[name]!, axis * rows));
  return unknowns.flatMap((name, unknown) => {
    const values = Object.hasOwn(data, name) ? data[name]! : null;
    if (!values) return [];
    const value = pool.variable({ kind: 'derivative', unknown, orders: noDerivative(box.names.length) });
    const misfit = pool.sub(value, pool.variable({ kind: 'field', index: 0 }));
    const deviation = (typeof noise === 'object' ? noise[name] : noise) ?? 1;
    const equation = compile(pool.div(misfit, pool.number(deviation)), { ...scope, fields: ['data'] });
    return [{ ...equation, unknown, coordinates, values: Float64Array.from(values) }];
  });
}

/**
 * Warns of measured points outside the shape, or the part of the domain that belongs to the unknown, where no equation of it
 * holds. Of a cloud, which has no edge, none are.
 */
export function dataWarnings(
  data: readonly DataSet[],
  { names, geometry: whole }: Box,
  unknownsWithin: readonly (Subdomain | null)[],
): string[] {
  const space = spaceAxes(names);
  return data.flatMap(({ coordinates, values, unknown }) => {
    const within = unknownsWithin[unknown];
    const geometry = within ?? whole;
    if (!geometry || geometry.isCloud) return [];
    const points = Array.from(values, (_, n) => space.map((axis) => coordinates[axis * values.length + n]!));
    const outside = points.filter((point) => !isNear(geometry, point));
    if (outside.length === 0) return [];
    const first = space.map((axis, k) => `${names[axis]} = ${outside[0]![k]}`).join(', ');
    return [
      `${outside.length} of ${points.length} measured points lie outside ${within ? `"${within.label}"` : 'the geometry'}, where no equation ${within ? 'of that unknown ' : ''}holds, the first at ${first}`,
    ];
  });
}
