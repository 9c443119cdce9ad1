import { type Fault, KfacError, pointerOf } from '@kfac/core';
import { attempt } from './attempt.ts';
import { parseExpression } from './equation/parse.ts';
import type { Scope } from './equation/symbols.ts';
import { type ExactSolution, exactFromExpression } from './exact.ts';
import { BurgersReference } from './problems/burgers.ts';
import type { ParsedSpec } from './spec.ts';

/**
 * The exact solutions that a specification gives, one for each unknown, as text or as a named reference; faulty and
 * missing ones are left out and go to `faults`.
 */
export function exactSolutions(
  exact: NonNullable<ParsedSpec['exact']>,
  unknowns: readonly string[],
  scope: Scope,
  faults: Fault[],
): ExactSolution[] {
  for (const name of Object.keys(exact)) {
    if (!unknowns.includes(name))
      faults.push({
        code: 'KFAC_SPEC',
        pointer: pointerOf(['exact', name]),
        detail: `"${name}" is not an unknown; declared: ${unknowns.join(', ')}`,
      });
  }
  return unknowns.flatMap((unknown) => {
    const given = exact[unknown];
    if (given === undefined) {
      faults.push({ code: 'KFAC_SPEC', pointer: '/exact', detail: `expected the exact solution of ${unknown}` });
      return [];
    }
    const solution = attempt(faults, pointerOf(['exact', unknown]), () =>
      typeof given === 'string'
        ? exactFromExpression(parseExpression(given, scope), scope)
        : burgersReference(given.viscosity, scope),
    );
    return solution ? [solution] : [];
  });
}

function burgersReference(viscosity: string, scope: Scope): ExactSolution {
  const value = parseExpression(viscosity, scope);
  const [time, space] = ['t', 'x'].map((name) => scope.coordinates.indexOf(name)) as [number, number];
  if (value.kind !== 'number' || time < 0 || space < 0 || scope.coordinates.length !== 2) {
    throw new KfacError('KFAC_SPEC', 'the Cole-Hopf reference needs the coordinates t and x and a constant viscosity');
  }
  if (scope.lower[time]! < 0) throw new KfacError('KFAC_SPEC', 'the Cole-Hopf reference starts at t = 0');
  return new BurgersReference(value.value, time, space);
}
