import { type Engine, type Matrix, KfacError, matrix } from '@kfac/core';
import { differentiateAlong } from './equation/derive.ts';
import { type Lookup, evaluatorOf } from './equation/evaluate.ts';
import type { Expression } from './equation/expression.ts';
import { lowerExpressions } from './equation/lower.ts';
import type { Scope } from './equation/symbols.ts';

/** One unknown's solution that is known. */
export interface ExactSolution {
  /** Its values at points given as coordinate rows [d × N]. */
  values(engine: Engine, coordinates: Matrix): Float64Array;
  /** A derivative at one point; `orders` gives the order along every coordinate, together at most 4. */
  derivative(point: readonly number[], orders: readonly number[]): number;
}

/** The exact solution that an expression in the coordinates gives. Throws `KFAC_EQUATION` if its derivatives are too large. */
export function exactFromExpression(expression: Expression, scope: Scope): ExactSolution {
  const coordinateAxis = (variable: { kind: string; axis?: number }): number => {
    if (variable.axis === undefined)
      throw new KfacError('KFAC_INTERNAL', `an exact solution depends on ${variable.kind}`);
    return variable.axis;
  };
  const program = lowerExpressions([expression], scope.coordinates.length, coordinateAxis);
  const derivatives = new Map<string, (lookup: Lookup) => number>();
  return {
    values(engine, coordinates) {
      const out = matrix(1, coordinates.cols);
      engine.programs.evaluate(program, coordinates, out);
      return out.data as Float64Array;
    },
    derivative(point, orders) {
      const key = orders.join(',');
      const derivative = derivatives.get(key) ?? evaluatorOf(differentiateAlong(scope.pool, expression, orders));
      derivatives.set(key, derivative);
      return derivative((variable) => point[coordinateAxis(variable)]!);
    },
  };
}
