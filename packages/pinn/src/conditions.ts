import type { CompiledEquation } from './equation/compile.ts';
import type { Expression } from './equation/expression.ts';
import type { ConditionPlace } from './geometry/place.ts';

/** An equation, as text left = right: its residual left − right. */
export interface Equation {
  readonly residual: Expression;
  readonly compiled: CompiledEquation;
}

/** A condition of a problem: an equation and where it holds. */
export interface Condition extends Equation {
  readonly places: readonly ConditionPlace[];
  /** The values of its field at points of its places [N × d], where it has one. */
  readonly given?: (points: readonly (readonly number[])[]) => Float64Array;
}

/** Points of one place inside the columns of a group. */
export interface PlaceSlot {
  readonly place: ConditionPlace;
  /** Number of the place among all conditions' places, in the order of the specification. */
  readonly index: number;
  /** Number of its condition. */
  readonly condition: number;
  readonly from: number;
  readonly count: number;
}

/** Consecutive columns of a group that share one residual. */
export interface Segment {
  readonly compiled: CompiledEquation;
  readonly from: number;
  readonly count: number;
}

/** Conditions with one jet shape and number of fields: one forward and one adjoint pass. All Dirichlet conditions are one group. */
export interface ConditionGroup {
  readonly points: number;
  readonly slots: readonly PlaceSlot[];
  readonly segments: readonly Segment[];
}

const shapeKey = ({ plan: { directions, second, higher, channels }, fields }: CompiledEquation): string =>
  [directions, second, channels, fields, higher?.rawSeconds, higher?.rawThirds, higher?.third, higher?.fourth].join(
    ';',
  );

/** Groups the conditions by jet shape and, within a group, by residual. `counts` gives the points of every place in order. */
export function groupConditions(conditions: readonly Condition[], counts: readonly number[]): ConditionGroup[] {
  let index = 0;
  const numbered = conditions.map((condition, number) => ({
    condition,
    number,
    first: (index += condition.places.length) - condition.places.length,
  }));
  const groups = groupBy(numbered, ({ condition }) => shapeKey(condition.compiled));
  return [...groups.values()].map((members) => layOut(members, counts));
}

function layOut(
  members: readonly { condition: Condition; number: number; first: number }[],
  counts: readonly number[],
): ConditionGroup {
  const slots: PlaceSlot[] = [];
  const segments: Segment[] = [];
  let from = 0;
  for (const same of groupBy(members, ({ condition }) => condition.residual).values()) {
    const start = from;
    for (const { condition, number, first } of same) {
      for (const [k, place] of condition.places.entries()) {
        const count = counts[first + k]!;
        slots.push({ place, index: first + k, condition: number, from, count });
        from += count;
      }
    }
    segments.push({ compiled: same[0]!.condition.compiled, from: start, count: from - start });
  }
  return { points: from, slots, segments };
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
