import { type Engine, KfacError } from '@kfac/core';
import type { Expression, ExpressionPool } from './expression.ts';

/** Functions of one argument, by name. */
export const FUNCTIONS = ['sin', 'cos', 'tan', 'tanh', 'sinh', 'cosh', 'exp', 'log', 'sqrt', 'abs'] as const;

/** Names that the text rules use themselves, or that the parser would understand in its own way. */
export const RESERVED: ReadonlySet<string> = new Set([
  ...FUNCTIONS,
  ...['laplacian', 'biharmonic', 'dn'],
  'boundary',
  'pi',
  'e',
  ...['mod', 'to', 'in', 'and', 'or', 'xor', 'not', 'true', 'false', 'null', 'undefined', 'NaN', 'Infinity', 'end'],
]);

/** Values of known functions and their derivatives, row by row. */
export interface KnownRows {
  /** k: number of rows. */
  readonly count: number;
  /** Most working rows at a point. */
  readonly width: number;
  /** out ← values [k × N] at points given as coordinate rows [d × N]. */
  fill(engine: Engine, coordinates: Float64Array, out: Float64Array): void;
}

/** A function of the coordinates that texts may use by its name, with derivatives up to order 4. */
export interface KnownFunction {
  readonly name: string;
  /** Derivatives, each by its orders along the coordinates. Throws `KFAC_EQUATION` for those that are too large. */
  rows(orders: readonly (readonly number[])[]): KnownRows;
  /** A derivative at one point. */
  at(point: readonly number[], orders: readonly number[]): number;
}

/** What the texts need to know of one network. */
export interface NetworkScope {
  /** Numbers of its unknowns, output by output. */
  readonly unknowns: readonly number[];
  /** Numbers of the coordinates that it reads, ascending. */
  readonly axes: readonly number[];
}

/** The names that a text may use: coordinates in the order of the domain, unknowns (none in exact solutions), constants. */
export interface Scope {
  readonly pool: ExpressionPool;
  readonly coordinates: readonly string[];
  /** Lower ends of the coordinates' intervals: what is known about their signs. */
  readonly lower: readonly number[];
  readonly unknowns: readonly string[];
  /** The networks that the unknowns come from; absent: one, of all unknowns and all coordinates. */
  readonly networks?: readonly NetworkScope[];
  readonly constants: ReadonlyMap<string, number>;
  /** Names of the numbers given at every point of a condition; none inside the domain. */
  readonly fields?: readonly string[];
  /** Names of the unknown scalars; none in exact solutions. */
  readonly parameters?: readonly string[];
  /** Known functions; none in exact solutions and ansatzes. */
  readonly known?: readonly KnownFunction[];
}

/** The networks of a scope. */
export function scopedNetworks({
  networks,
  unknowns,
  coordinates,
}: Pick<Scope, 'networks' | 'unknowns' | 'coordinates'>): readonly NetworkScope[] {
  return networks ?? [{ unknowns: [...unknowns.keys()], axes: [...coordinates.keys()] }];
}

/** The order of the highest derivatives. */
export const MAX_ORDER = 4;

/** Names of operators on an unknown: laplacian(u), and biharmonic(u) = laplacian of laplacian(u). */
export const OPERATORS = ['laplacian', 'biharmonic'] as const;
export type OperatorName = (typeof OPERATORS)[number];

/** Is the name one of an operator? */
export function isOperatorName(name: string): name is OperatorName {
  return (OPERATORS as readonly string[]).includes(name);
}

/** The coordinate that `laplacian`, `biharmonic` and `boundary` leave out. */
export const TIME = 't';

/** Multi-index of order 0: an unknown itself. */
export function noDerivative(dimensions: number): number[] {
  return Array.from({ length: dimensions }, () => 0);
}

/**
 * What a name stands for. Derivatives are an unknown, an underscore and one to four coordinates: u_x, u_xy, u_x1x1, u_xxyy.
 * Throws `KFAC_EQUATION` with the reason when it stands for nothing.
 */
export function resolveSymbol(scope: Scope, name: string): Expression {
  const { pool } = scope;
  const constant = scope.constants.get(name) ?? (name === 'pi' ? Math.PI : name === 'e' ? Math.E : undefined);
  if (constant !== undefined) return pool.number(constant);
  const axis = scope.coordinates.indexOf(name);
  if (axis >= 0) return pool.coordinate(axis);
  const underscore = name.indexOf('_');
  const field = scope.fields?.indexOf(name) ?? -1;
  // Of an unknown n, n_x is the derivative.
  if (field >= 0 && !scope.unknowns.includes(name.slice(0, underscore)))
    return pool.variable({ kind: 'field', index: field });
  const parameter = scope.parameters?.indexOf(name) ?? -1;
  if (parameter >= 0) return pool.variable({ kind: 'parameter', index: parameter });
  const unknown = scope.unknowns.indexOf(name);
  if (unknown >= 0)
    return pool.variable({ kind: 'derivative', unknown, orders: noDerivative(scope.coordinates.length) });
  const known = knownIndex(scope, name);
  if (known >= 0) return pool.variable({ kind: 'known', index: known, orders: noDerivative(scope.coordinates.length) });
  if ((FUNCTIONS as readonly string[]).includes(name) || isOperatorName(name) || name === 'dn') {
    throw new KfacError('KFAC_EQUATION', `expected "(" after the function ${name}`);
  }
  if (underscore > 0) return resolveDerivative(scope, name, name.slice(0, underscore), name.slice(underscore + 1));
  throw new KfacError('KFAC_EQUATION', `unknown name "${name}"; known here: ${knownNames(scope)}`);
}

const knownIndex = ({ known = [] }: Scope, name: string): number => known.findIndex((one) => one.name === name);

function resolveDerivative(scope: Scope, name: string, base: string, suffix: string): Expression {
  if (scope.unknowns.length === 0) {
    throw new KfacError(
      'KFAC_EQUATION',
      `unknown name "${name}"; derivatives cannot be used here; known here: ${knownNames(scope)}`,
    );
  }
  const unknown = scope.unknowns.indexOf(base);
  const known = knownIndex(scope, base);
  if (unknown < 0 && known < 0) {
    throw new KfacError(
      'KFAC_EQUATION',
      `"${name}": "${base}" is not an unknown; declared: ${scope.unknowns.join(', ')}`,
    );
  }
  const readings = segmentations(scope.coordinates, suffix);
  if (readings.length === 0) {
    throw new KfacError(
      'KFAC_EQUATION',
      `"${name}": "${suffix}" is not made of coordinates; declared: ${scope.coordinates.join(', ')}`,
    );
  }
  const allowed = readings.filter((axes) => axes.length <= MAX_ORDER);
  if (allowed.length === 0) {
    throw new KfacError(
      'KFAC_EQUATION',
      `"${name}" is a derivative of order ${readings[0]!.length}; expected an order from 1 to ${MAX_ORDER}`,
    );
  }
  const indices = new Map<string, number[]>();
  for (const axes of allowed) {
    const orders = noDerivative(scope.coordinates.length);
    for (const axis of axes) orders[axis]!++;
    indices.set(orders.join(','), orders);
  }
  if (indices.size > 1) {
    throw new KfacError(
      'KFAC_EQUATION',
      `"${name}" can be read in ${indices.size} ways with the coordinates ${scope.coordinates.join(', ')}; rename one`,
    );
  }
  const [orders] = indices.values() as Iterable<number[]>;
  return known >= 0
    ? scope.pool.variable({ kind: 'known', index: known, orders: orders! })
    : scope.pool.variable({ kind: 'derivative', unknown, orders: orders! });
}

/** All ways to read a text as coordinates one after the other, at most eight long. */
function segmentations(coordinates: readonly string[], text: string, length = 0): number[][] {
  if (text === '') return length === 0 ? [] : [[]];
  if (length === 8) return [];
  return coordinates.flatMap((name, axis) =>
    text.startsWith(name)
      ? segmentations(coordinates, text.slice(name.length), length + 1).map((rest) => [axis, ...rest])
      : [],
  );
}

function knownNames(scope: Scope): string {
  const { coordinates, unknowns, constants, parameters = [], known = [] } = scope;
  const functions = known.map(({ name }) => name);
  return [...coordinates, ...unknowns, ...constants.keys(), ...parameters, ...functions, 'pi', 'e'].join(', ');
}
