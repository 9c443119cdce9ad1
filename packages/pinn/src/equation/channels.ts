import type { Operator } from './directions.ts';
import { type NetworkVariable, orderOfVariable } from './expression.ts';
import { type JetPlan, planJets } from './plan.ts';

/** The channels that some variables of the network need, the same for every output, and where each variable lies. */
export interface Channels {
  readonly plan: JetPlan;
  /** Row of a variable among the outputs' channels: unknown·S + channel. */
  rowOf(variable: NetworkVariable): number;
}

/** Plans the channels of some variables. `operatorOf` gives those of order 2 and more as operators; equal operators share a channel. */
export function planChannels(
  dimensions: number,
  variables: readonly NetworkVariable[],
  operatorOf: (variable: NetworkVariable) => Operator,
): Channels {
  const operators = new Map<string, Operator>();
  for (const variable of variables.filter(isHigh)) {
    const operator = operatorOf(variable);
    operators.set(operatorKey(operator), operator);
  }
  const firsts = variables.flatMap((variable) => (isFirst(variable) ? [variable.orders.indexOf(1)] : []));
  const plan = planJets(dimensions, firsts, [...operators.values()]);
  const keys = [...operators.keys()];
  const channelOf = (variable: NetworkVariable): number => {
    if (isHigh(variable)) return plan.operatorChannels[keys.indexOf(operatorKey(operatorOf(variable)))]!;
    return isFirst(variable) ? plan.firstChannel[variable.orders.indexOf(1)]! : 0;
  };
  return {
    plan,
    rowOf: (variable) => variable.unknown * plan.channels + channelOf(variable),
  };
}

function isFirst(variable: NetworkVariable): variable is Extract<NetworkVariable, { kind: 'derivative' }> {
  return orderOfVariable(variable) === 1;
}

function isHigh(variable: NetworkVariable): boolean {
  return orderOfVariable(variable) > 1;
}

function operatorKey(operator: Operator): string {
  return [...operator]
    .map(([pair, weight]) => `${pair}:${weight}`)
    .toSorted()
    .join(';');
}
