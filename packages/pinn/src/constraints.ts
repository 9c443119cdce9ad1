import { type Fault, KfacError } from '@kfac/core';
import { z } from 'zod';
import { attempt } from './attempt.ts';
import { type CompiledEquation, compileResidual } from './equation/compile.ts';
import { type Expression, networkVariablesOf } from './equation/expression.ts';
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

/** ∫_Ω f = c. */
export interface Constraint {
  readonly integrand: Expression;
  readonly compiled: CompiledEquation;
  readonly equals: number;
}

/** Compiles constraints; faulty ones are null and go to `faults`. */
export function compileConstraints(specs: readonly ConstraintSpec[], scope: Scope, faults: Fault[]) {
  return specs.map(({ integral, equals }, k): Constraint | null =>
    attempt(faults, `/constraints/${k}/integral`, () => {
      const integrand = parseExpression(integral, scope);
      if (networkVariablesOf(integrand).length === 0)
        throw new KfacError('KFAC_EQUATION', `no unknown (${scope.unknowns.join(', ')}) occurs in "${integral}"`);
      return { integrand, compiled: compileResidual(integrand, scope), equals };
    }),
  );
}
