import type { Program } from '@kfac/core';
import { inNetwork } from './ansatz.ts';
import { type Expression, isNetworkVariable } from './equation/expression.ts';
import { lowerExpressions } from './equation/lower.ts';
import { noDerivative } from './equation/symbols.ts';
import type { Problem } from './problem.ts';

/** Every unknown as an expression in the network's outputs: an output itself, or by its ansatz. */
export function unknownsInNetwork({ scope, ansatz }: Pick<Problem, 'scope' | 'ansatz'>): Expression[] {
  const orders = noDerivative(scope.coordinates.length);
  return scope.unknowns.map((_, unknown) =>
    inNetwork(scope.pool.variable({ kind: 'derivative', unknown, orders }), ansatz, scope),
  );
}

/**
 * Lowers expressions in the outputs' values and in fields over columns [d + m·S + F × N]: coordinates, S channels of each
 * of m outputs, F rows of which the first are the fields.
 */
export function lowerOverValues(
  expressions: readonly Expression[],
  { scope }: Pick<Problem, 'scope'>,
  channels: number,
  fields = 0,
): Program {
  const d = scope.coordinates.length;
  const jets = d + scope.unknowns.length * channels;
  return lowerExpressions(expressions, jets + fields, (variable) => {
    if (isNetworkVariable(variable)) return d + variable.unknown * channels;
    return variable.kind === 'coordinate' ? variable.axis : jets + variable.index;
  });
}
