import type { Program } from '@kfac/core';
import { differentiate, substitute } from './derive.ts';
import { type Expression, type Variable, variableKey, variablesOf } from './expression.ts';
import { lowerExpressions } from './lower.ts';
import { type JetPlan, type SecondOperator, pairKey, planJets } from './plan.ts';
import { type Scope, TIME, noDerivative } from './symbols.ts';

/** A residual ready for an engine: which jets it needs, and the programs over [coordinates; channels] columns. */
export interface CompiledEquation {
  readonly plan: JetPlan;
  /** One output: e. */
  readonly residual: Program;
  /** 1 + S outputs: e, then ∂e/∂channel. */
  readonly linearized: Program;
}

const orderOf = (orders: readonly number[]): number => orders.reduce((sum, order) => sum + order, 0);

function isSecond(variable: Variable): boolean {
  return variable.kind === 'laplacian' || (variable.kind === 'derivative' && orderOf(variable.orders) === 2);
}

/** The axes of a multi-index, each as often as its order. */
function axesOf(orders: readonly number[]): number[] {
  return orders.flatMap((order, axis) => Array.from({ length: order }, () => axis));
}

/** A second derivative, or the Laplacian over all coordinates but t, as an operator. */
export function operatorOf(variable: Variable, coordinates: readonly string[]): Map<string, number> {
  if (variable.kind === 'laplacian') {
    return new Map(coordinates.flatMap((name, axis) => (name === TIME ? [] : [[pairKey(axis, axis), 1] as const])));
  }
  const [i, j] = axesOf(variable.kind === 'derivative' ? variable.orders : []) as [number, number];
  return new Map([[pairKey(i, j), 1]]);
}

/**
 * Compiles a residual. If its second derivatives enter linearly with constant coefficients they become one collapsed
 * channel; otherwise every different second derivative (and laplacian(u) as a whole) gets a channel of its own.
 */
export function compileResidual(residual: Expression, scope: Scope): CompiledEquation {
  const seconds = variablesOf(residual).filter(isSecond);
  const collapsed = collapse(residual, seconds, scope);
  const body = collapsed?.body ?? residual;
  const operators: SecondOperator[] = collapsed
    ? [collapsed.operator]
    : seconds.map((variable) => operatorOf(variable, scope.coordinates));
  const secondVariables: Variable[] = collapsed ? [{ kind: 'collapsed' }] : seconds;
  const plan = planJets(scope.coordinates.length, firstAxes(body), operators);
  return { plan, ...programs(body, channelVariables(plan, secondVariables), scope) };
}

function firstAxes(body: Expression): number[] {
  return variablesOf(body).flatMap((v) =>
    v.kind === 'derivative' && orderOf(v.orders) === 1 ? [v.orders.indexOf(1)] : [],
  );
}

/** The residual as rest + C with C = Σ c_k·(second derivative k); null unless every c_k is a constant. */
function collapse(
  residual: Expression,
  seconds: readonly Variable[],
  scope: Scope,
): { body: Expression; operator: SecondOperator } | null {
  const { pool, coordinates } = scope;
  if (seconds.length === 0) return null;
  const operator = new Map<string, number>();
  for (const variable of seconds) {
    const coefficient = differentiate(pool, residual, variable);
    if (coefficient.kind !== 'number') return null;
    for (const [key, weight] of operatorOf(variable, coordinates)) {
      operator.set(key, (operator.get(key) ?? 0) + weight * coefficient.value);
    }
  }
  for (const [key, weight] of operator) if (weight === 0) operator.delete(key);
  if (operator.size === 0) return null;
  const keys = new Set(seconds.map(variableKey));
  const rest = substitute(pool, residual, (variable) => (keys.has(variableKey(variable)) ? pool.number(0) : undefined));
  return { body: pool.add(rest, pool.variable({ kind: 'collapsed' })), operator };
}

/** The variable that each channel carries, undefined for directions that only serve second-order channels. */
function channelVariables(plan: JetPlan, seconds: readonly Variable[]): (Variable | undefined)[] {
  const variables = Array.from<Variable | undefined>({ length: plan.channels });
  variables[0] = { kind: 'derivative', orders: noDerivative(plan.dimensions) };
  for (const [axis, channel] of plan.firstChannel.entries()) {
    if (channel < 0) continue;
    const orders = noDerivative(plan.dimensions);
    orders[axis] = 1;
    variables[channel] = { kind: 'derivative', orders };
  }
  for (const [q, channel] of plan.secondChannels.entries()) variables[channel] = seconds[q];
  return variables;
}

function programs(
  body: Expression,
  channels: readonly (Variable | undefined)[],
  scope: Scope,
): { residual: Program; linearized: Program } {
  const { pool, coordinates } = scope;
  const d = coordinates.length;
  const rows = new Map(
    channels.flatMap((variable, channel) => (variable ? [[variableKey(variable), d + channel] as const] : [])),
  );
  const rowOf = (variable: Variable): number =>
    variable.kind === 'coordinate' ? variable.axis : rows.get(variableKey(variable))!;
  const slopes = channels.map((variable) => (variable ? differentiate(pool, body, variable) : pool.number(0)));
  const inputs = d + channels.length;
  return {
    residual: lowerExpressions([body], inputs, rowOf),
    linearized: lowerExpressions([body, ...slopes], inputs, rowOf),
  };
}
