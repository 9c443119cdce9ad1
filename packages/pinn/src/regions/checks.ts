import { type Fault, pointerOf } from '@kfac/core';
import type { DomainEquation, Equation } from '../conditions.ts';
import { networkVariablesOf } from '../equation/expression.ts';
import type { ParsedSpec } from '../spec.ts';
import type { Subdomain } from './subdomain.ts';

/**
 * Checks what regions need of the other fields: an equation for every unknown, and nothing that would read an unknown all over
 * the domain where it belongs to a part. Adds what is wrong to `faults`.
 */
export function checkRegions(
  { regions, unknowns, conditions }: ParsedSpec,
  equations: readonly DomainEquation[],
  unknownsWithin: readonly (Subdomain | null)[],
  constraints: readonly Equation[],
  faults: Fault[],
): void {
  // Faulty equations are missing here.
  if (!regions || faults.length > 0) return;
  const fault = (path: readonly PropertyKey[], detail: string): void => {
    faults.push({ code: 'KFAC_SPEC', pointer: pointerOf(path), detail });
  };
  const found = new Set(
    equations.flatMap(({ residual }) => networkVariablesOf(residual).map(({ unknown }) => unknown)),
  );
  for (const [k, name] of unknowns.entries()) {
    if (!found.has(k)) fault(['unknowns', k], `no equation contains "${name}": it belongs to no part of the domain`);
  }
  const partial = unknownsWithin.findIndex((within) => within !== null);
  if (partial < 0) return;
  for (const [k, condition] of conditions.entries()) {
    if ('periodic' in condition)
      fault(
        ['conditions', k, 'periodic'],
        `expected unknowns with equations everywhere, but those of ${unknowns[partial]} hold in "${unknownsWithin[partial]!.label}" only; a periodic network.embedding makes all unknowns periodic`,
      );
  }
  for (const [k, { residual }] of constraints.entries()) {
    const own = networkVariablesOf(residual).find(({ unknown }) => unknownsWithin[unknown] !== null);
    if (own)
      fault(
        ['constraints', k, 'integral'],
        `an integral over the whole domain needs unknowns with equations everywhere, but those of ${unknowns[own.unknown]} hold in "${unknownsWithin[own.unknown]!.label}" only`,
      );
  }
}
