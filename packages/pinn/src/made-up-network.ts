import { pointValue } from './check-points.ts';
import type { Lookup } from './equation/evaluate.ts';
import { type Expression, isNetworkVariable, networkVariablesOf, variableKey } from './equation/expression.ts';
import type { Scope } from './equation/symbols.ts';

/**
 * Values for some expressions at a point (d coordinates, then fields) of a made-up network, which its number tells from
 * others: each variable of the network, and each unknown scalar, has a value in [½, 3/2] that has nothing to do with the point or
 * with the others.
 */
export function madeUpNetworks(
  expressions: readonly Expression[],
  scope: Pick<Scope, 'coordinates' | 'known'>,
): (point: readonly number[], network: number) => Lookup {
  const keys = new Set(expressions.flatMap((expression) => networkVariablesOf(expression).map(variableKey)));
  const numbers = new Map([...keys].map((key, k) => [key, k + 1]));
  const value = (number: number, network: number): number => 1 + 0.5 * Math.sin(number + 2 * network);
  return (point, network) => (variable) => {
    if (isNetworkVariable(variable)) return value(numbers.get(variableKey(variable))!, network);
    return variable.kind === 'parameter' ? value(-1 - variable.index, network) : pointValue(point, variable, scope);
  };
}
