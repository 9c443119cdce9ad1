import type { Matrix, Opcode, Program } from './engine.ts';
import { requireDistinct, requireInteger, requireMatrix, requireShape, requireVector } from './check.ts';
import { OPCODES } from './engine.ts';
import { KfacError } from '../errors.ts';

/** Longest program that an engine accepts. */
export const MAXIMUM_INSTRUCTIONS = 4096;

const BINARY: ReadonlySet<Opcode> = new Set<Opcode>(['add', 'sub', 'mul', 'div', 'pow']);

/** Throws `KFAC_SHAPE` unless every opcode is known and every register is written before it is read. */
export function checkProgram({ inputs, constants, code, outputs }: Program): void {
  const fail = (message: string): never => {
    throw new KfacError('KFAC_SHAPE', `program: ${message}`);
  };
  requireInteger(inputs, 0, MAXIMUM_INSTRUCTIONS, 'inputs of a program');
  requireVector(constants, constants.length, 'constants of a program');
  for (const words of [code, outputs]) {
    if (!(words instanceof Int32Array) || !(words.buffer instanceof ArrayBuffer)) {
      throw new KfacError('KFAC_DTYPE', 'program: expected code and outputs as Int32Arrays of unshared memory');
    }
  }
  if (code.length % 3 !== 0) fail(`expected three words an instruction, got ${code.length} words`);
  const instructions = code.length / 3;
  if (
    instructions > MAXIMUM_INSTRUCTIONS ||
    constants.length > MAXIMUM_INSTRUCTIONS ||
    outputs.length > MAXIMUM_INSTRUCTIONS
  ) {
    throw new KfacError(
      'KFAC_LIMIT',
      `program: expected at most ${MAXIMUM_INSTRUCTIONS} instructions, constants and outputs, got ${instructions}, ${constants.length} and ${outputs.length}`,
    );
  }
  const first = inputs + constants.length;
  const readable = (register: number, limit: number): boolean => register >= 0 && register < limit;
  for (let k = 0; k < instructions; k++) {
    const name = OPCODES[code[3 * k]!];
    if (name === undefined) return fail(`unknown opcode ${code[3 * k]} in instruction ${k}`);
    const a = code[3 * k + 1]!;
    const b = code[3 * k + 2]!;
    if (!readable(a, first + k) || (BINARY.has(name) && !readable(b, first + k))) {
      fail(
        `instruction ${k} (${name}) reads register ${readable(a, first + k) ? b : a}, only 0 … ${first + k - 1} are written`,
      );
    }
  }
  for (const register of outputs) {
    if (!readable(register, first + instructions))
      fail(`output register ${register} is not below ${first + instructions}`);
  }
}

/** Throws unless `columns` and `outputs` fit the (checked) program and do not overlap. */
export function checkColumns(program: Program, columns: Matrix, outputs: Matrix): void {
  requireMatrix(columns, 'columns of a program', 'f64');
  if (columns.rows < program.inputs) {
    throw new KfacError('KFAC_SHAPE', `program: expected at least ${program.inputs} columns, got ${columns.rows}`);
  }
  requireShape(outputs, program.outputs.length, columns.cols, 'outputs of a program', 'f64');
  requireDistinct(outputs.data, 'outputs of a program', [columns.data, program.constants]);
}
