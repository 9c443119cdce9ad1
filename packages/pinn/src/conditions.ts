import type { CompiledEquation } from './equation/compile.ts';
import type { Expression } from './equation/expression.ts';
import type { Place } from './geometry/box.ts';
import type { ConditionPlace } from './geometry/place.ts';
import type { Subdomain } from './regions/subdomain.ts';

/** An equation, as text left = right: its residual left − right. */
export interface Equation {
  /** In the unknowns. */
  readonly residual: Expression;
  /** In the outputs of the network, which an ansatz makes unknowns of; else the residual itself. */
  readonly inNetwork: Expression;
  readonly compiled: CompiledEquation;
}

/** An equation of the domain or of a part of it. */
export interface DomainEquation extends Equation {
  /** For messages: the equation "u_xx = 0" in inner. */
  readonly label: string;
  /** Where it holds; null: everywhere. */
  readonly within: Subdomain | null;
}

/** A condition of a problem: an equation and where it holds. */
export interface Condition extends Equation {
  /** As written: where, and what; of periodicity the coordinate. */
  readonly on: string;
  readonly text: string;
  /** For messages: the condition "u = 0". */
  readonly label: string;
  readonly places: readonly ConditionPlace[];
  /**
   * Of a periodic condition the other end: a residual is the sum over a point of the place, on which the one field is 1,
   * and its image here, on which it is −1.
   */
  readonly opposite: Place | null;
  /** The values of its one field at points of its places [N × d], where it has such. */
  readonly given?: (points: readonly (readonly number[])[]) => Float64Array;
}

/** Residuals of one place inside a group. */
export interface PlaceSlot extends Pick<Condition, 'opposite' | 'given'> {
  readonly place: ConditionPlace;
  /** Number of the place among all conditions' places, in the order of the specification. */
  readonly index: number;
  /** Number of its condition. */
  readonly condition: number;
  /** In residuals. */
  readonly from: number;
  readonly count: number;
}

/** Consecutive columns of a batch that share one program. */
export interface Segment {
  readonly compiled: CompiledEquation;
  /** In points. */
  readonly from: number;
  readonly count: number;
}

/** Conditions with one jet shape of every network, number of fields and rows of known functions: one forward and one adjoint pass. All Dirichlet conditions are one group. */
export interface ConditionGroup {
  readonly points: number;
  /** Points that a residual is the sum over: 1, periodic 2. */
  readonly pointsPerResidual: number;
  readonly slots: readonly PlaceSlot[];
  readonly segments: readonly Segment[];
}

const pointsPerResidual = ({ opposite }: Condition): number => (opposite ? 2 : 1);

const shapeKey = (condition: Condition): string => {
  const { plans, fields, knownKey } = condition.compiled;
  const shapes = plans.map((plan) => {
    if (!plan) return 'absent';
    const { directions, second, higher, channels } = plan;
    const raw = [higher?.rawSeconds, higher?.rawThirds, higher?.third, higher?.fourth];
    return [directions, second, channels, ...raw].join(';');
  });
  return [...shapes, fields, knownKey, pointsPerResidual(condition)].join('|');
};

/** Groups the conditions by jet shape and, within a group, by residual. `counts` gives the points of every place in order. */
export function groupConditions(conditions: readonly Condition[], counts: readonly number[]): ConditionGroup[] {
  let index = 0;
  const numbered = conditions.map((condition, number) => ({
    condition,
    number,
    first: (index += condition.places.length) - condition.places.length,
  }));
  const groups = groupBy(numbered, ({ condition }) => shapeKey(condition));
  return [...groups.values()].map((members) => layOut(members, counts));
}

function layOut(
  members: readonly { condition: Condition; number: number; first: number }[],
  counts: readonly number[],
): ConditionGroup {
  const slots: PlaceSlot[] = [];
  const segments: Segment[] = [];
  const perResidual = pointsPerResidual(members[0]!.condition);
  let from = 0;
  for (const same of groupBy(members, ({ condition }) => condition.residual).values()) {
    const start = from;
    for (const { condition, number, first } of same) {
      for (const [k, place] of condition.places.entries()) {
        const count = counts[first + k]!;
        const { opposite, given } = condition;
        slots.push({ place, opposite, ...(given ? { given } : {}), index: first + k, condition: number, from, count });
        from += count;
      }
    }
    segments.push({
      compiled: same[0]!.condition.compiled,
      from: start * perResidual,
      count: (from - start) * perResidual,
    });
  }
  return { points: from * perResidual, pointsPerResidual: perResidual, slots, segments };
}

/** Map.groupBy, which Node 20 lacks. */
function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
