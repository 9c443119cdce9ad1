import { KfacError, OPCODES, type Program } from '@kfac/core';
import { type Expression, type Variable, inOrder } from './expression.ts';

/** A variable that lies in a row of the columns. */
export type RowVariable = Exclude<Variable, { readonly kind: 'parameter' }>;

/** Most instructions of one program. */
const MAX_INSTRUCTIONS = 4096;

const OPCODE = new Map<string, number>(OPCODES.map((name, code) => [name, code]));

/**
 * Lowers expressions to one straight-line program, common parts computed once. `rowOf` tells in which row of the
 * input columns a variable lies. `parameters` unknown scalars are the program's first constants, NaN until
 * `bindParameters` fills them. Throws `KFAC_EQUATION` beyond 4096 instructions.
 */
export function lowerExpressions(
  outputs: readonly Expression[],
  inputs: number,
  rowOf: (variable: RowVariable) => number,
  parameters = 0,
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
  for (const node of nodes) {
    if (node.kind !== 'variable') continue;
    const { variable } = node;
    registers.set(node, variable.kind === 'parameter' ? inputs + variable.index : rowOf(variable));
  }
  const first = inputs + parameters;
  for (const [k, node] of constants.entries()) registers.set(node, first + k);
  for (const [k, node] of instructions.entries()) registers.set(node, first + constants.length + k);
  const register = (node: Expression): number => registers.get(node)!;
  return {
    inputs,
    constants: Float64Array.from([
      ...Array.from({ length: parameters }, () => Number.NaN),
      ...constants.map((node) => node.value),
    ]),
    code: Int32Array.from(instructions.flatMap((node) => instruction(node, register))),
    outputs: Int32Array.from(outputs, register),
  };
}

/** The program with its unknown scalars' values [P], which are copied. */
export function bindParameters(program: Program, values: Float64Array): Program {
  if (values.length === 0) return program;
  const constants = program.constants.slice();
  constants.set(values);
  return { ...program, constants };
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
