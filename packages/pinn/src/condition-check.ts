import { conditionCheckPoints } from './check-points.ts';
import { orderAlong } from './condition-compile.ts';
import type { Condition } from './conditions.ts';
import { evaluatorOf } from './equation/evaluate.ts';
import { networkVariablesOf, orderOf } from './equation/expression.ts';
import { type Scope, TIME } from './equation/symbols.ts';
import { spaceAxes } from './geometry/box.ts';
import { isNear } from './geometry/near.ts';
import { isSamePlace, placeName } from './geometry/place.ts';
import { madeUpNetworks } from './made-up-network.ts';
import type { Network } from './networks.ts';
import type { Problem } from './problem.ts';

/** Values that differ by less, relative to their size, are the same datum. */
const TOLERANCE = 1e-9;

/**
 * Warns of conditions that are too few (an unknown whose value occurs nowhere; fewer than the order of ordinary equations,
 * or in t), too many for that order, given twice, contradictory, true by construction, or on places where an unknown has no
 * equation. Where data, integrals or an ansatz stand for conditions,
 * unknown scalars ask for more of them, or equations are fewer or more than unknowns (`checkSystem`), nothing is counted.
 */
export function checkConditions(problem: Problem): string[] {
  return [
    ...undetermined(problem),
    ...miscounted(problem),
    ...repeated(problem),
    ...needless(problem),
    ...astray(problem),
  ];
}

/** Unknowns to which any constant can be added: neither equations nor conditions nor data contain their value. */
function undetermined({ spec, box, equations, conditions, data, ansatz }: Problem): string[] {
  const texts = [...equations, ...conditions.filter(({ opposite }) => !opposite)];
  const variables = texts.flatMap(({ residual }) => networkVariablesOf(residual));
  return spec.unknowns.flatMap((name, unknown) => {
    const own = variables.filter((variable) => variable.unknown === unknown);
    const hasValue = own.some((variable) => variable.kind === 'derivative' && orderOf(variable.orders) === 0);
    const isMeasured = data.some((set) => set.unknown === unknown);
    if (own.length === 0 || hasValue || isMeasured || ansatz[unknown]) return [];
    const place = `${name} = number on ${box.names[0]} = ${box.lower[0]}`;
    return [
      `the equations and conditions contain only derivatives of ${name}, which leaves it a constant free: prescribe it somewhere, such as ${place}`,
    ];
  });
}

/** Conditions against the order of the equations: of ordinary ones altogether, else in t for each unknown. */
function miscounted({
  spec,
  box,
  equations,
  conditions,
  data,
  ansatz,
  constraints,
  scalars,
  networks,
}: Problem): string[] {
  const axis = box.names.length === 1 ? 0 : box.names.indexOf(TIME);
  const isPeriodic = networks.all.some((network) => isPeriodicIn(network, box.names[axis]!));
  const found = new Set(
    equations.flatMap(({ residual }) => networkVariablesOf(residual).map(({ unknown }) => unknown)),
  );
  const isSquare = equations.length === spec.unknowns.length && found.size === spec.unknowns.length;
  const isOpen = scalars.count > 0 || constraints.length > 0;
  const isAlgebraic = equations.some(({ residual }) =>
    networkVariablesOf(residual).every((variable) => variable.kind === 'derivative' && orderOf(variable.orders) === 0),
  );
  const isCounted = isSquare && !isAlgebraic && !isOpen && data.length === 0 && !ansatz.some(Boolean);
  if (axis < 0 || isPeriodic || !isCounted) return [];
  const orders = spec.unknowns.map((_, unknown) => orderAlong(equations, unknown, axis, box));
  const countOf = (chosen: readonly Condition[]): number =>
    chosen.reduce(
      (sum, { places }) =>
        sum + places.filter((place) => place.isPoint || !('part' in place || place.axis !== axis)).length,
      0,
    );
  const warn = (order: number, count: number, what: string, where: string): string[] => {
    if (order === 0 || count === order) return [];
    const conditionsText = `${count} condition${count === 1 ? '' : 's'}${where}`;
    const consequence = count < order ? 'the solution may not be unique' : 'there may be no solution';
    return [`the equations are of order ${order}${what}, with ${conditionsText}: ${consequence}`];
  };
  if (box.names.length === 1) {
    const total = orders.reduce((sum, order) => sum + order, 0);
    return warn(total, countOf(conditions), orders.length > 1 ? ' altogether' : '', '');
  }
  return spec.unknowns.flatMap((name, unknown) => {
    const own = conditions.filter(({ residual }) =>
      networkVariablesOf(residual).some((variable) => variable.unknown === unknown),
    );
    return warn(orders[unknown]!, countOf(own), ` in ${TIME} for ${name}`, ` on places of ${TIME}`);
  });
}

/** Conditions with the same operator on the same place, up to the sign. */
function repeated(problem: Problem): string[] {
  const { box, conditions, scope } = problem;
  const placed = conditions
    .filter(({ opposite }) => !opposite)
    .flatMap((condition) => condition.places.map((place) => ({ condition, place })));
  return placed.flatMap(({ condition, place }, k) =>
    placed.slice(0, k).flatMap((other) => {
      if (!isSamePlace(other.place, place)) return [];
      const pair = [other.condition, condition] as const;
      // Points with the fields that either of the two reads.
      const reader = pair.find(({ compiled }) => compiled.fields > 0) ?? condition;
      const points = conditionCheckPoints(problem, reader, place).flat();
      const gap = gapOf(pair, points, scope);
      if (gap === null) return [];
      const what = `${condition.label} and ${other.condition.label} on ${placeName(place, box)}`;
      return [gap > TOLERANCE ? `${what} contradict each other` : `${what} say the same`];
    }),
  );
}

/** The largest e₁ ∓ e₂ at some points, relative to their size, if that sum or difference does not depend on the network. */
function gapOf(
  [one, other]: readonly [Condition, Condition],
  points: readonly number[][],
  scope: Scope,
): number | null {
  const lookupAt = madeUpNetworks([one.residual, other.residual], scope);
  const [a, b] = [evaluatorOf(one.residual), evaluatorOf(other.residual)];
  const gaps = [1, -1].map((sign) => {
    let gap = 0;
    for (const point of points) {
      const [p, q] = [0, 1].map((network) => {
        const lookup = lookupAt(point, network);
        const [first, second] = [a(lookup), sign * b(lookup)];
        return { difference: first - second, size: 1 + Math.abs(first) + Math.abs(second) };
      }) as [{ difference: number; size: number }, { difference: number; size: number }];
      if (!(Math.abs(p.difference - q.difference) <= TOLERANCE * (p.size + q.size))) return Infinity;
      gap = Math.max(gap, Math.abs(p.difference) / p.size);
    }
    return gap;
  });
  const smallest = Math.min(...gaps);
  return smallest === Infinity ? null : smallest;
}

/** Conditions on places of which points lie where no equation of one of their unknowns holds. */
function astray(problem: Problem): string[] {
  const { spec, box, conditions, unknownsWithin } = problem;
  const space = spaceAxes(box.names);
  return conditions.flatMap((condition) => {
    const own = new Set(networkVariablesOf(condition.residual).map(({ unknown }) => unknown));
    return [...own].flatMap((unknown) => {
      const within = unknownsWithin[unknown];
      if (!within) return [];
      const places = condition.places.filter((place) =>
        conditionCheckPoints(problem, condition, place)
          .flat()
          .some(
            (point) =>
              !isNear(
                within,
                space.map((axis) => point[axis]!),
              ),
          ),
      );
      if (places.length === 0) return [];
      const where = places.map((place) => placeName(place, box)).join(', ');
      return [
        `${condition.label} on ${where} reaches beyond "${within.label}", where alone ${spec.unknowns[unknown]} has equations: restrict it by "in"`,
      ];
    });
  });
}

function isPeriodicIn({ options: { embedding } }: Network, name: string): boolean {
  return embedding?.type === 'periodic' && embedding.coordinates.includes(name);
}

/** Periodicity of unknowns whose networks are periodic by construction. */
function needless({ box, conditions, networks }: Problem): string[] {
  const names = conditions.flatMap(({ opposite, residual }) => {
    if (!opposite) return [];
    const name = box.names[opposite.axis]!;
    const { unknown } = networkVariablesOf(residual)[0]!;
    const network = networks.all.find(({ unknowns }) => unknowns.includes(unknown))!;
    return isPeriodicIn(network, name) ? [name] : [];
  });
  return [...new Set(names)].map(
    (name) => `the network is periodic in ${name} by construction: the condition "periodic": "${name}" adds nothing`,
  );
}
