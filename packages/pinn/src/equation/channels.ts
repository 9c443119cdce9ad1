import { type NetworkVariable, isSecond, orderOf } from './expression.ts';
import { type JetPlan, type SecondOperator, planJets } from './plan.ts';

/** The channels that some variables of the network need, the same for every output, and where each variable lies. */
export interface Channels {
  readonly plan: JetPlan;
  /** Row of a variable among the outputs' channels: unknown·S + channel. */
  rowOf(variable: NetworkVariable): number;
}

/** Plans the channels of some variables. `operatorOf` gives second-order ones as operators; equal operators share a channel. */
export function planChannels(
  dimensions: number,
  variables: readonly NetworkVariable[],
  operatorOf: (variable: NetworkVariable) => SecondOperator,
): Channels {
  const operators = new Map<string, SecondOperator>();
  for (const variable of variables.filter(isSecond)) {
    const operator = operatorOf(variable);
    operators.set(operatorKey(operator), operator);
  }
  const firsts = variables.flatMap((variable) => (isFirst(variable) ? [variable.orders.indexOf(1)] : []));
  const plan = planJets(dimensions, firsts, [...operators.values()]);
  const seconds = [...operators.keys()];
  const channelOf = (variable: NetworkVariable): number => {
    if (isSecond(variable)) return plan.secondChannels[seconds.indexOf(operatorKey(operatorOf(variable)))]!;
    return isFirst(variable) ? plan.firstChannel[variable.orders.indexOf(1)]! : 0;
  };
  return {
    plan,
    rowOf: (variable) => variable.unknown * plan.channels + channelOf(variable),
  };
}

function isFirst(variable: NetworkVariable): variable is Extract<NetworkVariable, { kind: 'derivative' }> {
  return variable.kind === 'derivative' && orderOf(variable.orders) === 1;
}

function operatorKey(operator: SecondOperator): string {
  return [...operator]
    .map(([pair, weight]) => `${pair}:${weight}`)
    .toSorted()
    .join(';');
}
