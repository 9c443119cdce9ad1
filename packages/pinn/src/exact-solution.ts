import { type Fault, KfacError, pointerOf } from '@kfac/core';
import { attempt } from './attempt.ts';
import { parseExpression } from './equation/parse.ts';
import type { Scope } from './equation/symbols.ts';
import { type ExactSolution, exactFromExpression } from './exact.ts';
import { BurgersReference } from './problems/burgers.ts';
import type { ParsedSpec } from './spec.ts';

/** The exact solution that a specification gives, as text or as a named reference; null, with `faults`, if it is faulty. */
export function exactSolution(parsed: ParsedSpec, scope: Scope, faults: Fault[]): ExactSolution | null {
  const unknown = parsed.unknowns[0]!;
  for (const name of Object.keys(parsed.exact!)) {
    if (name !== unknown)
      faults.push({
        code: 'KFAC_SPEC',
        pointer: pointerOf(['exact', name]),
        detail: `"${name}" is not an unknown; declared: ${unknown}`,
      });
  }
  const given = parsed.exact![unknown];
  if (given === undefined) {
    faults.push({ code: 'KFAC_SPEC', pointer: '/exact', detail: `expected the exact solution of ${unknown}` });
    return null;
  }
  if (typeof given === 'string') {
    return attempt(faults, pointerOf(['exact', unknown]), () =>
      exactFromExpression(parseExpression(given, scope), scope),
    );
  }
  return attempt(faults, pointerOf(['exact', unknown]), () => burgersReference(given.viscosity, scope));
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
