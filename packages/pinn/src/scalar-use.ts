import { type Fault, pointerOf } from '@kfac/core';
import { type Expression, inOrder } from './equation/expression.ts';
import type { Scope } from './equation/symbols.ts';

/** The unknown scalars in some expressions, by number. */
export function parametersOf(expressions: readonly Expression[]): Set<number> {
  return new Set(
    inOrder(expressions).flatMap((node) =>
      node.kind === 'variable' && node.variable.kind === 'parameter' ? [node.variable.index] : [],
    ),
  );
}

/** Adds a fault for each unknown scalar on which no residual depends: nothing would determine it. */
export function checkUsed({ parameters = [] }: Scope, residuals: readonly Expression[], faults: Fault[]): void {
  const used = parametersOf(residuals);
  for (const [index, name] of parameters.entries()) {
    if (used.has(index)) continue;
    const detail = `"${name}" stands in no equation and no condition, or cancels: nothing determines it`;
    faults.push({ code: 'KFAC_SPEC', pointer: pointerOf(['parameters', name]), detail });
  }
}
