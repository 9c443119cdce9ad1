import type { Program } from '@kfac/core';
import { type Channels, planChannels } from './channels.ts';
import { differentiate, substitute } from './derive.ts';
import { type Expression, type NetworkVariable, isSecond, networkVariablesOf, variableKey } from './expression.ts';
import { type RowVariable, lowerExpressions } from './lower.ts';
import { type JetPlan, type SecondOperator, pairKey } from './plan.ts';
import { type Scope, TIME } from './symbols.ts';

/** A residual ready for an engine: which jets it needs, and the programs over [coordinates; channels; fields] columns. */
export interface CompiledEquation {
  readonly plan: JetPlan;
  /** Number of fields. */
  readonly fields: number;
  /** One output: e. Both programs take the unknown scalars as their first constants (`bindParameters`). */
  readonly residual: Program;
  /** 1 + m·S + P outputs: e, then ∂e/∂channel, output by output, then ∂e/∂p for the unknown scalars p. */
  readonly linearized: Program;
}

/** The axes of a multi-index, each as often as its order. */
function axesOf(orders: readonly number[]): number[] {
  return orders.flatMap((order, axis) => Array.from({ length: order }, () => axis));
}

/** A second derivative, or the Laplacian over all coordinates but t, as an operator. */
export function operatorOf(variable: NetworkVariable, coordinates: readonly string[]): SecondOperator {
  if (variable.kind === 'laplacian') {
    return new Map(coordinates.flatMap((name, axis) => (name === TIME ? [] : [[pairKey(axis, axis), 1] as const])));
  }
  const [i, j] = axesOf(variable.kind === 'derivative' ? variable.orders : []) as [number, number];
  return new Map([[pairKey(i, j), 1]]);
}

/**
 * Compiles a residual. If an unknown's second derivatives enter linearly with constant coefficients they become one
 * collapsed channel, shared with other unknowns whose combination is a multiple of it; otherwise every different second
 * derivative (and laplacian(u) as a whole) gets a channel of its own.
 */
export function compileResidual(residual: Expression, scope: Scope): CompiledEquation {
  const { body, operators } = collapse(residual, scope);
  const variables = networkVariablesOf(body);
  const channels = planChannels(
    scope.coordinates.length,
    variables,
    (variable) => operators.get(variableKey(variable)) ?? operatorOf(variable, scope.coordinates),
  );
  return { plan: channels.plan, fields: scope.fields?.length ?? 0, ...programs(body, variables, channels, scope) };
}

/** A residual in which a collapsed variable stands for an unknown's second derivatives, with its operator by key. */
interface Collapsed {
  readonly body: Expression;
  readonly operators: ReadonlyMap<string, SecondOperator>;
}

function collapse(residual: Expression, scope: Scope): Collapsed {
  const { pool } = scope;
  const seconds = networkVariablesOf(residual).filter(isSecond);
  const operators = new Map<string, SecondOperator>();
  let body = residual;
  for (const unknown of scope.unknowns.keys()) {
    const own = seconds.filter((variable) => variable.unknown === unknown);
    const operator = constantOperator(residual, own, scope);
    if (!operator) continue;
    const keys = new Set(own.map(variableKey));
    const rest = substitute(pool, body, (variable) => (keys.has(variableKey(variable)) ? pool.number(0) : undefined));
    const variable = { kind: 'collapsed', unknown } as const;
    const shared = [...operators.values()].find((other) => Number.isFinite(ratioOf(operator, other)));
    operators.set(variableKey(variable), shared ?? operator);
    const ratio = shared ? ratioOf(operator, shared) : 1;
    body = pool.add(rest, pool.mul(pool.number(ratio), pool.variable(variable)));
  }
  return { body, operators };
}

/** Σ_k c_k·(second derivative k), c_k being the residual's slopes; null unless every c_k is a constant and some are not 0. */
function constantOperator(
  residual: Expression,
  seconds: readonly NetworkVariable[],
  { pool, coordinates }: Scope,
): SecondOperator | null {
  const operator = new Map<string, number>();
  for (const variable of seconds) {
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
function ratioOf(operator: SecondOperator, other: SecondOperator): number {
  const ratios = new Set([...other].map(([key, weight]) => (operator.get(key) ?? NaN) / weight));
  return operator.size === other.size && ratios.size === 1 ? [...ratios][0]! : NaN;
}

function programs(
  body: Expression,
  variables: readonly NetworkVariable[],
  { plan, rowOf }: Channels,
  { pool, coordinates, unknowns, fields = [], parameters = [] }: Scope,
): { residual: Program; linearized: Program } {
  const d = coordinates.length;
  const slopes = Array.from({ length: unknowns.length * plan.channels }, () => pool.number(0));
  for (const variable of variables) {
    const row = rowOf(variable);
    slopes[row] = pool.add(slopes[row]!, differentiate(pool, body, variable));
  }
  const inputs = d + slopes.length + fields.length;
  const byParameter = parameters.map((_, index) => differentiate(pool, body, { kind: 'parameter', index }));
  const columnOf = (variable: RowVariable): number => {
    if (variable.kind === 'coordinate') return variable.axis;
    return variable.kind === 'field' ? d + slopes.length + variable.index : d + rowOf(variable);
  };
  return {
    residual: lowerExpressions([body], inputs, columnOf, parameters.length),
    linearized: lowerExpressions([body, ...slopes, ...byParameter], inputs, columnOf, parameters.length),
  };
}
