import { KfacError } from '@kfac/core';
import { operatorOf } from './compile.ts';
import { substitute } from './derive.ts';
import { axesOf } from './directions.ts';
import { type Expression, type NetworkVariable, isNetworkVariable, networkVariablesOf } from './expression.ts';
import { type Scope, noDerivative, scopedNetworks } from './symbols.ts';

/**
 * An expression in the outputs of the networks that knows which coordinates these read: a derivative along another is 0, and
 * Laplacian and biharmonic operator are sums over those that are left. Of unknowns for which `isOutput` is false nothing is
 * changed.
 */
export function knowingDependence(
  expression: Expression,
  scope: Scope,
  isOutput: (unknown: number) => boolean = () => true,
): Expression {
  const networks = scopedNetworks(scope).filter(({ axes }) => axes.length < scope.coordinates.length);
  if (networks.length === 0) return expression;
  return substitute(scope.pool, expression, (variable) => {
    if (!isNetworkVariable(variable) || !isOutput(variable.unknown)) return undefined;
    const network = networks.find(({ unknowns }) => unknowns.includes(variable.unknown));
    return network && overAxes(variable, network.axes, scope);
  });
}

/** Throws `KFAC_EQUATION` if no unknown is left of a residual in its form `body` in the networks' outputs. */
export function requireUnknown(body: Expression, residual: Expression, { unknowns }: Scope): void {
  if (networkVariablesOf(body).length > 0) return;
  const numbers = new Set(networkVariablesOf(residual).map(({ unknown }) => unknown));
  throw new KfacError(
    'KFAC_EQUATION',
    `the equation determines nothing: it contains only derivatives of ${[...numbers].map((k) => unknowns[k]!).join(', ')} along coordinates that the network does not read`,
  );
}

function overAxes(variable: NetworkVariable, axes: readonly number[], { pool, coordinates }: Scope): Expression {
  let sum = pool.number(0);
  const operator =
    variable.kind === 'derivative' ? [{ orders: variable.orders, weight: 1 }] : termsOf(variable, coordinates);
  for (const { orders, weight } of operator) {
    if (orders.some((order, axis) => order > 0 && !axes.includes(axis))) continue;
    const term = pool.variable({ kind: 'derivative', unknown: variable.unknown, orders });
    sum = pool.add(sum, pool.mul(pool.number(weight), term));
  }
  return sum;
}

/** An operator as multi-indices with weights. */
function termsOf(variable: NetworkVariable, coordinates: readonly string[]) {
  return [...operatorOf(variable, coordinates)].map(([key, weight]) => {
    const orders = noDerivative(coordinates.length);
    for (const axis of axesOf(key)) orders[axis]!++;
    return { orders, weight };
  });
}
