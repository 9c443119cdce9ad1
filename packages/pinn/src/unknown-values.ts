import { KfacError, type Program } from '@kfac/core';
import { inNetwork } from './ansatz.ts';
import { type Channels, planChannels } from './equation/channels.ts';
import { type Expression, type NetworkVariable, isNetworkVariable } from './equation/expression.ts';
import { lowerExpressions } from './equation/lower.ts';
import { noDerivative } from './equation/symbols.ts';
import type { Problem } from './problem.ts';

/** The outputs' values as variables. */
function values({ scope }: Pick<Problem, 'scope'>): NetworkVariable[] {
  const orders = noDerivative(scope.coordinates.length);
  return scope.unknowns.map((_, unknown) => ({ kind: 'derivative', unknown, orders }));
}

/** The channels that carry nothing but the values of all outputs. */
export function valueChannels(problem: Pick<Problem, 'scope'>): Channels {
  return planChannels(problem.scope, values(problem), ({ kind }) => {
    throw new KfacError('KFAC_INTERNAL', `a ${kind} is no value`);
  });
}

/** Every unknown as an expression in the networks' outputs: an output itself, or by its ansatz. */
export function unknownsInNetwork({ scope, ansatz }: Pick<Problem, 'scope' | 'ansatz'>): Expression[] {
  return values({ scope }).map((value) => inNetwork(scope.pool.variable(value), ansatz, scope));
}

/** Lowers expressions in the outputs' values and in fields over columns [d + m + F × N]: coordinates, `valueChannels`, fields. */
export function lowerOverValues(
  expressions: readonly Expression[],
  problem: Pick<Problem, 'scope'>,
  fields = 0,
): Program {
  const d = problem.scope.coordinates.length;
  const { rows, rowOf } = valueChannels(problem);
  const jets = d + rows;
  return lowerExpressions(expressions, jets + fields, (variable) => {
    if (isNetworkVariable(variable)) return d + rowOf(variable);
    return variable.kind === 'coordinate' ? variable.axis : jets + variable.index;
  });
}
