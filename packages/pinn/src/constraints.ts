import { type Fault, KfacError } from '@kfac/core';
import { z } from 'zod';
import { attempt } from './attempt.ts';
import type { Compile } from './condition-compile.ts';
import type { Equation } from './conditions.ts';
import { networkVariablesOf } from './equation/expression.ts';
import { MAX_TEXT } from './equation/gate.ts';
import { parseExpression } from './equation/parse.ts';
import type { Scope } from './equation/symbols.ts';
import { section } from './section.ts';

export const constraintSchema = section({
  integral: z
    .string()
    .min(1)
    .max(MAX_TEXT)
    .describe('An expression in the unknowns, their derivatives, coordinates, constants and parameters'),
  equals: z.number().describe('What its integral over the whole domain equals'),
}).describe('A normalisation, a conserved quantity, or orthogonality to a known function');

export type ConstraintSpec = z.output<typeof constraintSchema>;

/** ∫_Ω f = c; the residual is the integrand f. */
export interface Constraint extends Equation {
  readonly equals: number;
}

/** Compiles constraints. Adds what is wrong to `faults`. */
export function compileConstraints(
  specs: readonly ConstraintSpec[],
  scope: Scope,
  compile: Compile,
  faults: Fault[],
): Constraint[] {
  return specs.flatMap(
    ({ integral, equals }, k): Constraint | readonly [] =>
      attempt(faults, `/constraints/${k}/integral`, () => {
        const integrand = parseExpression(integral, scope);
        if (networkVariablesOf(integrand).length === 0)
          throw new KfacError('KFAC_EQUATION', `no unknown (${scope.unknowns.join(', ')}) occurs in "${integral}"`);
        return { ...compile(integrand, scope), equals };
      }) ?? [],
  );
}
