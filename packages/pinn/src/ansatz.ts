import { type Fault, pointerOf } from '@kfac/core';
import { z } from 'zod';
import { attempt } from './attempt.ts';
import { operatorOf } from './equation/compile.ts';
import { differentiateAlong, substitute } from './equation/derive.ts';
import { axesOf } from './equation/directions.ts';
import { type Expression, type NetworkVariable, isNetworkVariable } from './equation/expression.ts';
import { MAX_TEXT } from './equation/gate.ts';
import { parseExpression } from './equation/parse.ts';
import { type Scope, noDerivative } from './equation/symbols.ts';
import { section } from './section.ts';

const text = z.string().min(1).max(MAX_TEXT);

export const ansatzSchema = z
  .record(
    z.string(),
    section({
      offset: text.default('0').describe('An expression in the coordinates and constants'),
      factor: text
        .default('1')
        .describe('An expression in the coordinates and constants: zero where the offset is the solution'),
    }),
  )
  .describe('By unknown: u = offset + factor*(output of the network), so that conditions hold exactly');

export type AnsatzSpec = z.output<typeof ansatzSchema>;

/** What makes an unknown of an output N of the network: u = offset + factor·N. */
export interface Ansatz {
  readonly offset: Expression;
  readonly factor: Expression;
}

/** The ansatz of every unknown, null for those that are the network's output themselves. */
export type Ansatzes = readonly (Ansatz | null)[];

/** Reads the texts of an ansatz, in the order of the unknowns. Adds what is wrong to `faults`. */
export function parseAnsatz(spec: AnsatzSpec | undefined, scope: Scope, faults: Fault[]): Ansatzes {
  for (const name of Object.keys(spec ?? {})) {
    if (!scope.unknowns.includes(name)) {
      const detail = `"${name}" is not an unknown; declared: ${scope.unknowns.join(', ')}`;
      faults.push({ code: 'KFAC_SPEC', pointer: pointerOf(['ansatz', name]), detail });
    }
  }
  const known: Scope = { ...scope, unknowns: [], parameters: [], known: [] };
  return scope.unknowns.map((unknown) => {
    const given = spec?.[unknown];
    if (!given) return null;
    const read = (part: 'offset' | 'factor') =>
      attempt(faults, pointerOf(['ansatz', unknown, part]), () => parseExpression(given[part], known));
    const [offset, factor] = [read('offset'), read('factor')];
    if (factor?.kind === 'number' && factor.value === 0) {
      const detail = 'expected a factor that is not zero everywhere, or the network has no part in the solution';
      faults.push({ code: 'KFAC_SPEC', pointer: pointerOf(['ansatz', unknown, 'factor']), detail });
    }
    return offset && factor ? { offset, factor } : null;
  });
}

/**
 * An expression in the unknowns as one in the outputs N of the network, by Leibniz' rule:
 * ∂^α u = ∂^α g + Σ_{β ≤ α} C(α, β)·∂^{α−β}ℓ·∂^β N with offset g and factor ℓ, and
 * Δu = Δg + Δℓ·N + 2∇ℓ·∇N + ℓ·ΔN, likewise Δ²u. Network variables stand for N in the result. Throws `KFAC_EQUATION` for derivatives that
 * are too large or divide by zero.
 */
export function inNetwork(expression: Expression, ansatz: Ansatzes, scope: Scope): Expression {
  return substitute(scope.pool, expression, (variable) => {
    const own = isNetworkVariable(variable) ? ansatz[variable.unknown] : null;
    return own && isNetworkVariable(variable) ? byLeibniz(own, variable, scope) : undefined;
  });
}

function byLeibniz(ansatz: Ansatz, variable: NetworkVariable, scope: Scope): Expression {
  const { pool, coordinates } = scope;
  const { unknown } = variable;
  if (variable.kind === 'derivative') return ofDerivative(ansatz, unknown, variable.orders, scope);
  // An operator: the sum of its derivatives, of which ℓ times the operator on N is kept together as one channel.
  let sum = pool.mul(ansatz.factor, pool.variable(variable));
  for (const [key, weight] of operatorOf(variable, coordinates)) {
    const orders = noDerivative(coordinates.length);
    for (const axis of axesOf(key)) orders[axis]!++;
    sum = pool.add(sum, pool.mul(pool.number(weight), ofDerivative(ansatz, unknown, orders, scope, false)));
  }
  return sum;
}

/** ∂^α(g + ℓ·N); without its last term ℓ·∂^αN if `whole` is false. */
function ofDerivative(
  { offset, factor }: Ansatz,
  unknown: number,
  alpha: readonly number[],
  { pool }: Scope,
  whole = true,
): Expression {
  let sum = differentiateAlong(pool, offset, alpha);
  for (const { beta, count } of below(alpha)) {
    const rest = alpha.map((order, axis) => order - beta[axis]!);
    if (!whole && rest.every((order) => order === 0)) continue;
    const weight = pool.mul(pool.number(count), differentiateAlong(pool, factor, rest));
    sum = pool.add(sum, pool.mul(weight, pool.variable({ kind: 'derivative', unknown, orders: beta })));
  }
  return sum;
}

/** All multi-indices β ≤ α with Π C(α_i, β_i). */
function below(alpha: readonly number[]): { beta: number[]; count: number }[] {
  let found: { beta: number[]; count: number }[] = [{ beta: [], count: 1 }];
  for (const order of alpha) {
    const binomials = [1];
    for (let k = 1; k <= order; k++) binomials.push((binomials[k - 1]! * (order - k + 1)) / k);
    found = found.flatMap(({ beta, count }) =>
      binomials.map((binomial, k) => ({ beta: [...beta, k], count: count * binomial })),
    );
  }
  return found;
}
