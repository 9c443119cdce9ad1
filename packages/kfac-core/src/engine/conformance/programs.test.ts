import { describe, expect, test } from 'vitest';
import type { Matrix, Opcode, Program, Programs } from '../engine.ts';
import { OPCODES } from '../engine.ts';
import { matrix, matrixOver } from '../matrix.ts';
import { candidates } from './engines.test.helper.ts';
import { referencePrograms } from '../reference/programs.ts';

const tested = candidates();
const engines = tested.map(({ name, engine }) => [name, engine.programs] as const);
const natives = tested.filter(({ engine }) => engine.describe().kind === 'native');

/** A fixed sequence of integers in [0, 2³²). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 374761393) >>> 0;
    return (state ^ (state >>> 13)) >>> 0;
  };
}

function program(
  inputs: number,
  constants: number[],
  instructions: readonly (readonly [Opcode, number, number])[],
  outputs: number[],
): Program {
  const code = instructions.flatMap(([name, a, b]) => [OPCODES.indexOf(name), a, b]);
  return {
    inputs,
    constants: Float64Array.from(constants),
    code: Int32Array.from(code),
    outputs: Int32Array.from(outputs),
  };
}

function evaluate(programs: Programs, p: Program, columns: Matrix): Float64Array {
  const outputs = matrix(p.outputs.length, columns.cols);
  outputs.data.fill(12345);
  programs.evaluate(p, columns, outputs);
  return outputs.data as Float64Array;
}

/** Distance in units of the last place of `want`; both NaN, or equal, is 0. */
function ulps(got: number, want: number): number {
  if (Object.is(got, want) || got === want) return 0;
  const unit = Math.max(Math.abs(want) * 2 ** -52, Number.MIN_VALUE);
  const distance = Math.abs(got - want) / unit;
  return Number.isNaN(distance) ? Infinity : distance;
}

const SPECIAL = [
  0,
  -0,
  1,
  -1,
  0.5,
  -2,
  3,
  NaN,
  Infinity,
  -Infinity,
  5e-324,
  -2e-310,
  1e-308,
  1.7e308,
  -1e300,
  709.5,
  710.3,
  -745.1,
  1e9,
  -1e17,
  Math.PI,
  -Math.PI / 2,
];
const POINTS = [
  ...SPECIAL,
  ...Array.from({ length: 2001 }, (_, i) => (i - 1000) * 0.0173),
  ...Array.from({ length: 301 }, (_, i) => (i - 150) * 4.6),
];

/** What each unary instruction is, and how many units in the last place it may differ from `Math`. */
const UNARY: [Opcode, (x: number) => number, number][] = [
  ['neg', (x) => -x, 0],
  ['sin', Math.sin, 2],
  ['cos', Math.cos, 2],
  ['tan', Math.tan, 5],
  ['tanh', Math.tanh, 4],
  ['sinh', Math.sinh, 5],
  ['cosh', Math.cosh, 5],
  ['exp', Math.exp, 3],
  ['log', Math.log, 2],
  ['sqrt', Math.sqrt, 0],
  ['abs', Math.abs, 0],
  ['sign', (x) => (x === 0 ? 0 : Math.sign(x)), 0],
];
const BINARY: [Opcode, (a: number, b: number) => number, number][] = [
  ['add', (a, b) => a + b, 0],
  ['sub', (a, b) => a - b, 0],
  ['mul', (a, b) => a * b, 0],
  ['div', (a, b) => a / b, 0],
  ['pow', Math.pow, 2],
];

describe.each(engines)('programs, %s', (_name, programs) => {
  test.each(UNARY)('%s is that of Math, special values too', (name, f, bound) => {
    const got = evaluate(
      programs,
      program(1, [], [[name, 0, 0]], [1]),
      matrixOver(1, POINTS.length, Float64Array.from(POINTS)),
    );
    POINTS.forEach((x, n) =>
      expect(ulps(got[n]!, f(x)), `${name}(${x}) = ${got[n]}, want ${f(x)}`).toBeLessThanOrEqual(bound),
    );
  });

  test.each(BINARY)('%s is that of Math, special values too', (name, f, bound) => {
    const pairs = SPECIAL.flatMap((a) => SPECIAL.map((b) => [a, b] as const));
    for (let i = 0; i < 500; i++) pairs.push([POINTS[i * 4]!, POINTS[i * 3 + 7]! / 7]);
    const columns = matrixOver(
      2,
      pairs.length,
      Float64Array.from([...pairs.map(([a]) => a), ...pairs.map(([, b]) => b)]),
    );
    const got = evaluate(programs, program(2, [], [[name, 0, 1]], [2]), columns);
    pairs.forEach(([a, b], n) =>
      expect(ulps(got[n]!, f(a, b)), `${name}(${a}, ${b}) = ${got[n]}`).toBeLessThanOrEqual(bound),
    );
  });

  test.each([0, 1, 2, 3, 4, 7, 16, 31, -1, -2, -5])('powi with exponent %i is that of Math.pow', (exponent) => {
    // Where xⁿ is subnormal its reciprocal has lost digits.
    const x = POINTS.filter((value) => !(exponent < 0 && value !== 0 && Math.abs(value) ** -exponent < 1e-300));
    const got = evaluate(
      programs,
      program(1, [], [['powi', 0, exponent]], [1]),
      matrixOver(1, x.length, Float64Array.from(x)),
    );
    x.forEach((value, n) =>
      expect(ulps(got[n]!, value ** exponent), `${value}^${exponent} = ${got[n]}`).toBeLessThanOrEqual(
        Math.abs(exponent) + 1,
      ),
    );
  });

  test('a residual: u_t + u·u_x − ν·u_xx, with inputs and constants as outputs too', () => {
    const points = 1237;
    const draw = generator(5);
    const columns = matrix(6, points);
    columns.data.forEach((_, i) => (columns.data[i] = draw() / 2 ** 31 - 1));
    // Registers 0 … 5: x, t, u, u_t, u_x, u_xx; 6: ν.
    const burgers = program(
      6,
      [0.0031],
      [
        ['mul', 2, 4],
        ['add', 3, 7],
        ['mul', 6, 5],
        ['sub', 8, 9],
      ],
      [10, 4, 6],
    );
    const got = evaluate(programs, burgers, columns);
    const at = (row: number, n: number): number => columns.data[row * points + n]!;
    for (let n = 0; n < points; n++) {
      expect(Math.abs(got[n]! - (at(3, n) + at(2, n) * at(4, n) - 0.0031 * at(5, n)))).toBeLessThan(1e-15);
      expect(got[points + n]).toBe(at(4, n));
      expect(got[2 * points + n]).toBe(0.0031);
    }
  });

  test('no inputs, no instructions, no points, no outputs', () => {
    expect(evaluate(programs, program(0, [2, 3], [['mul', 0, 1]], [2]), matrix(0, 5))).toEqual(
      Float64Array.of(6, 6, 6, 6, 6),
    );
    expect(evaluate(programs, program(2, [], [], [1]), matrixOver(3, 2, Float64Array.of(1, 2, 3, 4, 5, 6)))).toEqual(
      Float64Array.of(3, 4),
    );
    expect(evaluate(programs, program(1, [], [['exp', 0, 0]], [1]), matrix(1, 0)).length).toBe(0);
    expect(evaluate(programs, program(1, [], [['exp', 0, 0]], []), matrix(1, 3)).length).toBe(0);
  });

  test('the longest program', () => {
    const instructions = Array.from({ length: 4096 }, (_, k) => ['add', k + 1, 0] as const);
    const columns = matrixOver(
      1,
      700,
      Float64Array.from({ length: 700 }, (_, n) => n),
    );
    const got = evaluate(programs, program(1, [0], [['add', 0, 1], ...instructions.slice(1)], [4097]), columns);
    got.forEach((x, n) => expect(x).toBe(4096 * n));
  });

  test('unsound programs and misfits are refused before anything is written', () => {
    const columns = matrix(2, 4);
    const outputs = matrix(1, 4);
    outputs.data.fill(7);
    const code = (p: Program, c: Matrix = columns, o: Matrix = outputs): unknown => {
      try {
        programs.evaluate(p, c, o);
      } catch (error) {
        return (error as { code?: unknown }).code;
      }
      return undefined;
    };
    const words = (...all: number[]): Program => ({ ...program(2, [1], [], [0]), code: Int32Array.from(all) });
    expect(code(words(0, 0))).toBe('KFAC_SHAPE');
    expect(code(words(18, 0, 0))).toBe('KFAC_SHAPE');
    expect(code(words(-1, 0, 0))).toBe('KFAC_SHAPE');
    expect(code(words(0, 3, 0))).toBe('KFAC_SHAPE');
    expect(code(words(0, 0, 3))).toBe('KFAC_SHAPE');
    expect(code(words(0, 0, -1))).toBe('KFAC_SHAPE');
    expect(code(words(4, -1, 0))).toBe('KFAC_SHAPE');
    expect(code(program(2, [], [], [2]))).toBe('KFAC_SHAPE');
    expect(code(program(2, [], [], [-1]))).toBe('KFAC_SHAPE');
    expect(code(program(3, [], [], [0]))).toBe('KFAC_SHAPE');
    expect(code(program(-1, [], [], [0]))).toBe('KFAC_SHAPE');
    expect(code(program(2, [], [], [0, 1]))).toBe('KFAC_SHAPE');
    expect(code({ ...program(2, [], [], [0]), code: [0, 0, 0] as unknown as Int32Array })).toBe('KFAC_DTYPE');
    expect(code({ ...program(2, [], [], [0]), constants: [1] as unknown as Float64Array })).toBe('KFAC_DTYPE');
    expect(
      code(
        program(
          2,
          [],
          Array.from({ length: 4097 }, () => ['neg', 0, 0] as const),
          [0],
        ),
      ),
    ).toBe('KFAC_LIMIT');
    expect(code(program(2, [], [], [0]), matrix(2, 4, 'f32'))).toBe('KFAC_DTYPE');
    expect(code(program(2, [], [], [0]), matrix(2, 5))).toBe('KFAC_SHAPE');
    expect(
      code(program(2, [], [], [0]), columns, matrixOver(1, 4, (columns.data as Float64Array).subarray(2, 6))),
    ).toBe('KFAC_ALIAS');
    expect(outputs.data).toEqual(Float64Array.of(7, 7, 7, 7));
    expect(code(program(2, [], [], [0]))).toBeUndefined();
  });
});

/** A random sound program: every instruction may read everything before it, every register is an output. */
function randomProgram(seed: number): Program {
  const draw = generator(seed);
  const inputs = draw() % 5;
  const constants = Float64Array.from(
    { length: (inputs === 0 ? 1 : 0) + (draw() % 3) },
    () => (draw() / 2 ** 31 - 1) * 3,
  );
  const first = inputs + constants.length;
  const length = 1 + (draw() % 40);
  const code = new Int32Array(3 * length);
  for (let k = 0; k < length; k++) {
    const opcode = draw() % OPCODES.length;
    const exponent = (draw() % 9) - 4;
    code.set([opcode, draw() % (first + k), OPCODES[opcode] === 'powi' ? exponent : draw() % (first + k)], 3 * k);
  }
  return { inputs, constants, code, outputs: Int32Array.from({ length: first + length }, (_, i) => i) };
}

describe.each(natives)('programs, $name against the reference', ({ engine, withThreads }) => {
  test("fuzz: every instruction of 400 random programs, applied to the reference's own operands, within a few units in the last place", () => {
    const faults: string[] = [];
    const bounds = new Map<Opcode, number>([...UNARY, ...BINARY].map(([name, , bound]) => [name, bound]));
    for (let seed = 1; seed <= 400; seed++) {
      const p = randomProgram(seed);
      const draw = generator(seed + 1000);
      const points = [1, 7, 16, 65, 530][seed % 5]!;
      const columns = matrix(p.inputs, points);
      columns.data.forEach(
        (_, i) => (columns.data[i] = seed % 7 === 0 ? SPECIAL[draw() % SPECIAL.length]! : (draw() / 2 ** 31 - 1) * 4),
      );
      const all = evaluate(referencePrograms(), p, columns);
      const whole = evaluate(engine.programs, p, columns);
      // Errors of a chain may grow without bound, so each instruction is judged alone; the chain itself must be composed of them.
      const first = p.inputs + p.constants.length;
      for (let k = 0; 3 * k < p.code.length; k++) {
        const [opcode, a, b] = [p.code[3 * k]!, p.code[3 * k + 1]!, p.code[3 * k + 2]!];
        const name = OPCODES[opcode]!;
        const binary = BINARY.some(([candidate]) => candidate === name);
        const step = program(2, [], [[name, 0, binary ? 1 : b]], [2]);
        const apply = (programs: Programs, registers: Float64Array): Float64Array => {
          const operands = new Float64Array(2 * points);
          operands.set(registers.subarray(a * points, (a + 1) * points));
          if (binary) operands.set(registers.subarray(b * points, (b + 1) * points), points);
          return evaluate(programs, step, matrixOver(2, points, operands));
        };
        const bound = name === 'powi' ? 0 : bounds.get(name)!;
        const got = apply(engine.programs, all);
        const chained = apply(engine.programs, whole);
        for (let n = 0; n < points; n++) {
          const want = all[(first + k) * points + n]!;
          const call = (): string =>
            `seed ${seed}, instruction ${k}: ${name}(${all[a * points + n]}, ${binary ? all[b * points + n] : b})`;
          if (!(ulps(got[n]!, want) <= bound)) faults.push(`${call()} = ${got[n]}, want ${want}`);
          if (!Object.is(chained[n], whole[(first + k) * points + n])) faults.push(`${call()} in the chain`);
        }
      }
    }
    expect(faults).toEqual([]);
  });

  test('the same bits for 1, 2 and 4 threads', () => {
    const p = randomProgram(77);
    const columns = matrix(p.inputs, 20_011);
    const draw = generator(3);
    columns.data.forEach((_, i) => (columns.data[i] = (draw() / 2 ** 31 - 1) * 4));
    const one = Buffer.from(evaluate(engine.programs, p, columns).buffer);
    for (const threads of [2, 4])
      expect(Buffer.from(evaluate(withThreads(threads).programs, p, columns).buffer).equals(one)).toBe(true);
  });
});
