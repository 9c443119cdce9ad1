import { KfacError, OPCODES, type Program } from '@kfac/core';
import { type Expression, type Variable, inOrder } from './expression.ts';

/** Most instructions of one program. */
export const MAX_INSTRUCTIONS = 4096;

const OPCODE = new Map<string, number>(OPCODES.map((name, code) => [name, code]));

/**
 * Lowers expressions to one straight-line program, common parts computed once. `rowOf` tells in which row of the
 * input columns a variable lies. Throws `KFAC_EQUATION` beyond 4096 instructions.
 */
export function lowerExpressions(
  outputs: readonly Expression[],
  inputs: number,
  rowOf: (variable: Variable) => number,
): Program {
  const nodes = inOrder(outputs);
  const constants = nodes.filter((node) => node.kind === 'number');
  const instructions = nodes.filter((node) => node.kind !== 'number' && node.kind !== 'variable');
  if (instructions.length > MAX_INSTRUCTIONS) {
    throw new KfacError(
      'KFAC_EQUATION',
      `the equation needs ${instructions.length} instructions with its derivatives; at most ${MAX_INSTRUCTIONS} are allowed`,
    );
  }
  const registers = new Map<Expression, number>();
  for (const node of nodes) if (node.kind === 'variable') registers.set(node, rowOf(node.variable));
  for (const [k, node] of constants.entries()) registers.set(node, inputs + k);
  for (const [k, node] of instructions.entries()) registers.set(node, inputs + constants.length + k);
  const register = (node: Expression): number => registers.get(node)!;
  return {
    inputs,
    constants: Float64Array.from(constants, (node) => node.value),
    code: Int32Array.from(instructions.flatMap((node) => instruction(node, register))),
    outputs: Int32Array.from(outputs, register),
  };
}

function instruction(node: Expression, register: (node: Expression) => number): [number, number, number] {
  switch (node.kind) {
    case 'unary':
      return [OPCODE.get(node.op)!, register(node.a), 0];
    case 'powi':
      return [OPCODE.get('powi')!, register(node.a), node.exponent];
    case 'binary':
      return [OPCODE.get(node.op)!, register(node.a), register(node.b)];
    case 'number':
    case 'variable':
      throw new KfacError('KFAC_INTERNAL', `a ${node.kind} is not an instruction`);
  }
}
