import { KfacError, type Program } from '@kfac/core';
import { type Channels, planChannels } from './channels.ts';
import { differentiate, substitute } from './derive.ts';
import { type Operator, axesKey, biharmonicOver } from './directions.ts';
import {
  type Expression,
  type KnownVariable,
  type NetworkVariable,
  knownVariablesOf,
  networkVariablesOf,
  orderOfVariable,
  variableKey,
} from './expression.ts';
import { type RowVariable, lowerExpressions } from './lower.ts';
import type { JetPlan } from './plan.ts';
import { type KnownRows, MAX_ORDER, type Scope, TIME } from './symbols.ts';

/** A residual ready for an engine: which jets it needs, and the programs over [coordinates; channels; fields; known] columns. */
export interface CompiledEquation {
  /** By network; null for one that gives nothing here. */
  readonly plans: readonly (JetPlan | null)[];
  /** Σ m·S: rows of all networks' channels, network by network, output by output. */
  readonly rows: number;
  /** Number of fields. */
  readonly fields: number;
  /** Rows of known functions; null: it reads none. */
  readonly known: KnownRows | null;
  /** Names these rows: equal for equal ones. */
  readonly knownKey: string;
  /** One output: e. Both programs take the unknown scalars as their first constants (`bindParameters`). */
  readonly residual: Program;
  /** 1 + Σ m·S + P outputs: e, then ∂e/∂channel in the order of the rows, then ∂e/∂p for the unknown scalars p. */
  readonly linearized: Program;
}

/** A derivative of order 2 or more, the Laplacian or the biharmonic operator over all coordinates but t, as an operator. */
export function operatorOf(variable: NetworkVariable, coordinates: readonly string[]): Operator {
  const space = coordinates.flatMap((name, axis) => (name === TIME ? [] : [axis]));
  switch (variable.kind) {
    case 'laplacian':
      return new Map(space.map((axis) => [axesKey([axis, axis]), 1] as const));
    case 'biharmonic':
      return biharmonicOver(space);
    case 'derivative':
      return new Map([
        [axesKey(variable.orders.flatMap((order, axis) => Array.from({ length: order }, () => axis))), 1],
      ]);
    case 'collapsed':
      throw new KfacError('KFAC_INTERNAL', 'what a collapsed channel stands for is known where it was made');
  }
}

/**
 * Compiles a residual. If an unknown's derivatives of one order (2, 3 or 4) enter linearly with constant coefficients they
 * become one collapsed channel, shared with other unknowns whose combination is a multiple of it; otherwise every different
 * derivative (and laplacian(u), biharmonic(u) as a whole) gets a channel of its own.
 */
export function compileResidual(residual: Expression, scope: Scope): CompiledEquation {
  const { body, operators } = collapse(residual, scope);
  const variables = networkVariablesOf(body);
  const channels = planChannels(
    scope,
    variables,
    (variable) => operators.get(variableKey(variable)) ?? operatorOf(variable, scope.coordinates),
  );
  const known = knownVariablesOf(body);
  return {
    plans: channels.plans,
    rows: channels.rows,
    fields: scope.fields?.length ?? 0,
    known: known.length === 0 ? null : knownRows(known, scope),
    knownKey: known.map(variableKey).join(';'),
    ...programs(body, variables, known, channels, scope),
  };
}

/** The rows of some variables, in their order. */
function knownRows(variables: readonly KnownVariable[], { known = [] }: Scope): KnownRows {
  const parts = known.flatMap((one, index) => {
    const places = variables.flatMap((variable, k) => (variable.index === index ? [k] : []));
    return places.length === 0 ? [] : [{ places, rows: one.rows(places.map((k) => variables[k]!.orders)) }];
  });
  return {
    count: variables.length,
    width: Math.max(...parts.map(({ rows }) => rows.width)),
    fill(engine, coordinates, out) {
      const points = out.length / variables.length;
      for (const { places, rows } of parts) {
        const own = new Float64Array(rows.count * points);
        rows.fill(engine, coordinates, own);
        for (const [k, place] of places.entries()) out.set(own.subarray(k * points, (k + 1) * points), place * points);
      }
    },
  };
}

/** A residual in which collapsed variables stand for an unknown's derivatives of one order, with its operator by key. */
interface Collapsed {
  readonly body: Expression;
  readonly operators: ReadonlyMap<string, Operator>;
}

function collapse(residual: Expression, scope: Scope): Collapsed {
  const { pool } = scope;
  const variables = networkVariablesOf(residual);
  const operators = new Map<string, Operator>();
  let body = residual;
  for (const unknown of scope.unknowns.keys()) {
    for (let order = 2; order <= MAX_ORDER; order++) {
      const own = variables.filter((variable) => variable.unknown === unknown && orderOfVariable(variable) === order);
      const operator = constantOperator(residual, own, scope);
      if (!operator) continue;
      const keys = new Set(own.map(variableKey));
      const rest = substitute(pool, body, (variable) => (keys.has(variableKey(variable)) ? pool.number(0) : undefined));
      const variable = { kind: 'collapsed', unknown, order } as const;
      const shared = [...operators.values()].find((other) => Number.isFinite(ratioOf(operator, other)));
      operators.set(variableKey(variable), shared ?? operator);
      const ratio = shared ? ratioOf(operator, shared) : 1;
      body = pool.add(rest, pool.mul(pool.number(ratio), pool.variable(variable)));
    }
  }
  return { body, operators };
}

/** Σ_k c_k·(derivative k), c_k being the residual's slopes; null unless every c_k is a constant and some are not 0. */
function constantOperator(
  residual: Expression,
  derivatives: readonly NetworkVariable[],
  { pool, coordinates }: Scope,
): Operator | null {
  const operator = new Map<string, number>();
  for (const variable of derivatives) {
    const coefficient = differentiate(pool, residual, variable);
    if (coefficient.kind !== 'number') return null;
    for (const [key, weight] of operatorOf(variable, coordinates)) {
      operator.set(key, (operator.get(key) ?? 0) + weight * coefficient.value);
    }
  }
  for (const [key, weight] of operator) if (weight === 0) operator.delete(key);
  return operator.size === 0 ? null : operator;
}

/** The number c with operator = c·other, NaN if there is none. */
function ratioOf(operator: Operator, other: Operator): number {
  const ratios = new Set([...other].map(([key, weight]) => (operator.get(key) ?? NaN) / weight));
  return operator.size === other.size && ratios.size === 1 ? [...ratios][0]! : NaN;
}

function programs(
  body: Expression,
  variables: readonly NetworkVariable[],
  known: readonly KnownVariable[],
  { rows, rowOf }: Channels,
  { pool, coordinates, fields = [], parameters = [] }: Scope,
): { residual: Program; linearized: Program } {
  const d = coordinates.length;
  const slopes = Array.from({ length: rows }, () => pool.number(0));
  for (const variable of variables) {
    const row = rowOf(variable);
    slopes[row] = pool.add(slopes[row]!, differentiate(pool, body, variable));
  }
  const first = d + slopes.length + fields.length;
  const inputs = first + known.length;
  const keys = known.map(variableKey);
  const byParameter = parameters.map((_, index) => differentiate(pool, body, { kind: 'parameter', index }));
  const columnOf = (variable: RowVariable): number => {
    if (variable.kind === 'coordinate') return variable.axis;
    if (variable.kind === 'known') return first + keys.indexOf(variableKey(variable));
    return variable.kind === 'field' ? d + slopes.length + variable.index : d + rowOf(variable);
  };
  return {
    residual: lowerExpressions([body], inputs, columnOf, parameters.length),
    linearized: lowerExpressions([body, ...slopes, ...byParameter], inputs, columnOf, parameters.length),
  };
}
