import { type Ansatz, parseAnsatz } from '../ansatz.ts';
import { differentiateAlong } from '../equation/derive.ts';
import { type Expression, ExpressionPool, inOrder } from '../equation/expression.ts';
import type { Scope } from '../equation/symbols.ts';
import type { PinnSpec } from '../spec.ts';

export type AnsatzSource = Pick<PinnSpec, 'domain' | 'unknowns' | 'constants' | 'ansatz'>;

/**
 * The text of a function `ansatz(point)`: for every unknown null, or offset g and factor ℓ of u = g + ℓ·N with their
 * derivatives, in the order of the jets. Empty without an ansatz.
 */
export function ansatzFunction({ domain, unknowns, constants, ansatz }: AnsatzSource): string {
  if (!ansatz) return '';
  const scope: Scope = {
    pool: new ExpressionPool(),
    coordinates: Object.keys(domain),
    lower: Object.values(domain).map(([lower]) => lower),
    unknowns,
    constants: new Map(Object.entries(constants)),
  };
  const parts = parseAnsatz(ansatz, scope, []);
  const jets = parts.map((own) => own && jetsOf(own, scope));
  const roots = jets.flatMap((own) => (own ? [...own.offset, ...own.factor] : []));
  const names = new Map<Expression, string>();
  const lines = inOrder(roots).flatMap((node) => {
    if (node.kind === 'number' || node.kind === 'variable') {
      const isCoordinate = node.kind === 'variable' && node.variable.kind === 'coordinate';
      names.set(node, isCoordinate ? `x[${node.variable.axis}]` : numberText(node));
      return [];
    }
    const name = `r${names.size}`;
    names.set(node, name);
    return [`  const ${name} = ${operationText(node, (operand) => names.get(operand)!)};`];
  });
  const list = (expressions: readonly Expression[]): string => `[${expressions.map((e) => names.get(e)).join(', ')}]`;
  const results = jets.map((own) => (own ? `{ offset: ${list(own.offset)}, factor: ${list(own.factor)} }` : 'null'));
  return `
/**
 * By unknown: what makes u = offset + factor*N of an output N of the network, null where u is N itself; each with its
 * derivatives in the order of the channels.
 */
function ansatz(x) {
${[...lines, `  return [${results.join(', ')}];`].join('\n')}
}
`;
}

/** Most derivatives of an offset or factor that are written out. */
const MAX_DERIVATIVES = 500;

/** The highest order, up to 4, of which all derivatives in so many coordinates are written out; at least 2. */
export function ansatzOrder(coordinates: number): 2 | 3 | 4 {
  const count = (order: number): number => {
    let result = 1;
    for (let k = 1; k <= order; k++) result = (result * (coordinates + k)) / k;
    return result;
  };
  return count(4) <= MAX_DERIVATIVES ? 4 : count(3) <= MAX_DERIVATIVES ? 3 : 2;
}

/** Leibniz' rule at the end of the module's `evaluate`; empty without an ansatz. */
export function ansatzStatements({ ansatz }: AnsatzSource): string {
  if (!ansatz) return '';
  return `
  for (const [k, own] of ansatz(point).entries()) {
    if (own === null) continue;
    const n = jets.map((channel) => channel[k]);
    for (const [c, pairs] of splits.entries())
      jets[c][k] = pairs.reduce((sum, [left, right]) => sum + own.factor[left] * n[right], own.offset[c]);
  }
`;
}

/** The derivatives up to `ansatzOrder`, in the order of the module's channels: by order, then along the axes i ≤ j ≤ …. */
function jetsOf({ offset, factor }: Ansatz, { pool, coordinates }: Scope) {
  const d = coordinates.length;
  const channels: number[][] = [[]];
  for (const axes of channels) {
    if (axes.length === ansatzOrder(d)) break;
    for (let i = axes.at(-1) ?? 0; i < d; i++) channels.push([...axes, i]);
  }
  const orders = channels.map((axes) => coordinates.map((_, axis) => axes.filter((other) => other === axis).length));
  const all = (expression: Expression) => orders.map((alpha) => differentiateAlong(pool, expression, alpha));
  return { offset: all(offset), factor: all(factor) };
}

function numberText(node: Expression): string {
  const value = node.kind === 'number' ? node.value : Number.NaN;
  return value < 0 ? `(${value})` : `${value}`;
}

const SIGNS = { add: '+', sub: '-', mul: '*', div: '/', pow: '**' } as const;

function operationText(node: Expression, nameOf: (operand: Expression) => string): string {
  switch (node.kind) {
    case 'unary':
      return node.op === 'neg' ? `-${nameOf(node.a)}` : `Math.${node.op}(${nameOf(node.a)})`;
    case 'powi':
      return `${nameOf(node.a)} ** ${node.exponent}`;
    case 'binary':
      return `${nameOf(node.a)} ${SIGNS[node.op]} ${nameOf(node.b)}`;
    case 'number':
    case 'variable':
      return nameOf(node);
  }
}
