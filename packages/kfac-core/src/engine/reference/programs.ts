import type { Opcode, Program, Programs } from '../engine.ts';
import { OPCODES } from '../engine.ts';
import { checkColumns, checkProgram } from '../program-check.ts';

const UNARY: Partial<Record<Opcode, (a: number) => number>> = {
  neg: (a) => -a,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  tanh: Math.tanh,
  sinh: Math.sinh,
  cosh: Math.cosh,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  abs: Math.abs,
  sign: (a) => (a > 0 ? 1 : a < 0 ? -1 : a === 0 ? 0 : NaN),
};

const BINARY: Partial<Record<Opcode, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: Math.pow,
};

/** a^n by squaring, 1/a^|n| for n < 0; a⁰ = 1 for every a. */
function integerPower(a: number, n: number): number {
  let power = 1;
  let square = a;
  for (let rest = Math.abs(n); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power *= square;
    square *= square;
  }
  return n < 0 ? 1 / power : power;
}

/** Equation programs, one instruction at a time over all columns. */
export function referencePrograms(): Programs {
  return { evaluate };
}

const evaluate: Programs['evaluate'] = (program, columns, outputs) => {
  checkProgram(program);
  checkColumns(program, columns, outputs);
  const points = columns.cols;
  const registers = inputRegisters(program, columns.data as Float64Array, points);
  for (let k = 0; 3 * k < program.code.length; k++) {
    const name = OPCODES[program.code[3 * k]!]!;
    const a = registers[program.code[3 * k + 1]!]!;
    const word = program.code[3 * k + 2]!;
    const result = new Float64Array(points);
    const unary = UNARY[name];
    const binary = BINARY[name];
    if (unary) for (let n = 0; n < points; n++) result[n] = unary(a[n]!);
    else if (binary) for (let n = 0; n < points; n++) result[n] = binary(a[n]!, registers[word]![n]!);
    else for (let n = 0; n < points; n++) result[n] = integerPower(a[n]!, word);
    registers.push(result);
  }
  program.outputs.forEach((register, row) => outputs.data.set(registers[register]!, row * points));
};

function inputRegisters({ inputs, constants }: Program, columns: Float64Array, points: number): Float64Array[] {
  const rows = Array.from({ length: inputs }, (_, row) => columns.subarray(row * points, (row + 1) * points));
  return [...rows, ...Array.from(constants, (value) => new Float64Array(points).fill(value))];
}
