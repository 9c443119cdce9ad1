import { type Operator, axesKey, axesOf } from './directions.ts';
import { type NetworkVariable, orderOfVariable } from './expression.ts';
import { type JetPlan, planJets } from './plan.ts';
import { type NetworkScope, type Scope, scopedNetworks } from './symbols.ts';

/** The channels that some variables of the networks need, the same for every output of one, and where each variable lies. */
export interface Channels {
  /** By network; null for one that gives none of the variables. */
  readonly plans: readonly (JetPlan | null)[];
  /** Σ m·S: rows of all networks' channels, network by network, output by output. */
  readonly rows: number;
  /** Row of a variable among them. */
  rowOf(variable: NetworkVariable): number;
}

/** The channels of one network, m outputs with S channels each. */
interface OwnChannels {
  readonly plan: JetPlan;
  rowOf(variable: NetworkVariable): number;
}

/**
 * Plans the channels of some variables. `operatorOf` gives those of order 2 and more as operators; equal operators share a
 * channel. Derivatives along coordinates that a network does not read must not occur.
 */
export function planChannels(
  scope: Pick<Scope, 'coordinates' | 'unknowns' | 'networks'>,
  variables: readonly NetworkVariable[],
  operatorOf: (variable: NetworkVariable) => Operator,
): Channels {
  let rows = 0;
  const networks = scopedNetworks(scope).map((network, k) => {
    const own = variables.filter(({ unknown }) => network.unknowns.includes(unknown));
    // Without any variable the first network's value stands for them all.
    if (own.length === 0 && (k > 0 || variables.length > 0)) return null;
    const channels = planOwn(network, own, operatorOf);
    const from = rows;
    rows += network.unknowns.length * channels.plan.channels;
    return { ...channels, network, from };
  });
  return {
    plans: networks.map((one) => one?.plan ?? null),
    rows,
    rowOf: (variable) => {
      const one = networks.find((own) => own?.network.unknowns.includes(variable.unknown))!;
      return one.from + one.rowOf(variable);
    },
  };
}

function planOwn(
  { unknowns, axes }: NetworkScope,
  variables: readonly NetworkVariable[],
  operatorOf: (variable: NetworkVariable) => Operator,
): OwnChannels {
  const ofOwn = (variable: NetworkVariable): Operator => amongAxes(operatorOf(variable), axes);
  const operators = new Map<string, Operator>();
  for (const variable of variables.filter(isHigh)) {
    const operator = ofOwn(variable);
    operators.set(operatorKey(operator), operator);
  }
  const axisOf = (variable: FirstDerivative): number => axes.indexOf(variable.orders.indexOf(1));
  const firsts = variables.flatMap((variable) => (isFirst(variable) ? [axisOf(variable)] : []));
  const plan = planJets(axes.length, firsts, [...operators.values()]);
  const keys = [...operators.keys()];
  const channelOf = (variable: NetworkVariable): number => {
    if (isHigh(variable)) return plan.operatorChannels[keys.indexOf(operatorKey(ofOwn(variable)))]!;
    return isFirst(variable) ? plan.firstChannel[axisOf(variable)]! : 0;
  };
  return { plan, rowOf: (variable) => unknowns.indexOf(variable.unknown) * plan.channels + channelOf(variable) };
}

/** An operator with its axes counted among those that a network reads. */
function amongAxes(operator: Operator, axes: readonly number[]): Operator {
  return new Map(
    [...operator].map(([key, weight]) => [axesKey(axesOf(key).map((axis) => axes.indexOf(axis))), weight]),
  );
}

type FirstDerivative = Extract<NetworkVariable, { kind: 'derivative' }>;

function isFirst(variable: NetworkVariable): variable is FirstDerivative {
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
