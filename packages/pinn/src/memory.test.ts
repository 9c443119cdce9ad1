import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { GaussNewton, SmallerSideReduction, selectEngine } from '@kfac/core';
import { expect, test } from 'vitest';
import { PinnObjective } from './objective.ts';
import { compileProblem } from './problem.ts';
import { LIMITS, type PinnSpecInput } from './spec.ts';

const MIB = 2 ** 20;
/** What a process takes beside arrays: compiled code, its own heap, what the allocator has not given back. */
const PROCESS = 80 * MIB;

const line = {
  domain: { x: [0, 1] },
  equations: ['u_x + u = sin(3*x)'],
  conditions: [{ on: 'x=0', equation: 'u = 0' }],
  stop: { steps: 10 },
} satisfies PinnSpecInput;

/** Bytes by which a process that takes a step grows, and what was estimated. */
function measured(spec: PinnSpecInput): { readonly estimate: number; readonly growth: number } {
  const program = fileURLToPath(new URL('./memory.test-support.ts', import.meta.url));
  const output = execFileSync(
    process.execPath,
    ['--import', 'tsx', '--conditions=@kfac/source', program, JSON.stringify(spec)],
    { encoding: 'utf8', cwd: fileURLToPath(new URL('.', import.meta.url)) },
  );
  return JSON.parse(output) as { estimate: number; growth: number };
}

const long = { network: { hidden: [20, 20] }, sampling: { interior: 75_000, conditions: 1 } };
const wide = { network: { hidden: [400, 400] }, sampling: { interior: 220, conditions: 1 } };

test.each([
  // 481 parameters: J would take 276 MiB, and is folded in two blocks.
  [{ name: 'gauss-newton', form: 'gram' }, long],
  [{ name: 'gauss-newton', form: 'qr' }, long],
  // The columns of the second matrix would take 270 MiB, and are taken in two blocks.
  [{ name: 'gauss-newton', form: 'gram' }, wide],
  [{ name: 'spring' }, wide],
  [{ name: 'kfac' }, { network: { hidden: [100, 100] }, sampling: { interior: 10_000, conditions: 1 } }],
] satisfies [PinnSpecInput['optimizer'], Partial<PinnSpecInput>][])(
  '%j: a process stays within its estimate, which is not far above',
  (optimizer, size) => {
    const { estimate, growth } = measured({ ...line, ...size, optimizer });
    expect(growth).toBeLessThan(estimate + PROCESS);
    expect(growth + PROCESS).toBeGreaterThan(estimate / 2);
  },
);

const square = {
  domain: { x: [0, 1], y: [0, 1] },
  equations: ['-laplacian(u) = 2*sin(3*x)*sin(3*y)'],
  conditions: [{ on: 'boundary', equation: 'u = 0' }],
  stop: { steps: 10 },
} satisfies PinnSpecInput;

test.each(['gram', 'qr', 'auto'] as const)('a J that would not fit itself is no reason to refuse: %s form', (form) => {
  const problem = compileProblem({
    ...square,
    network: { hidden: [48, 48] },
    sampling: { interior: 450_000, conditions: 20_000 },
    optimizer: { name: 'gauss-newton', form },
  });
  expect(problem.layout.size).toBe(2545);
  expect(8 * 470_000 * 2545).toBeGreaterThan(LIMITS.bytes);
  expect(problem.bytes).toBeLessThan(LIMITS.bytes);
});

/** Every kind of term and of captured layer: parts of a term, an unknown scalar, an integral, scales of the neurons. */
const mixed = {
  domain: { x: [0, 1], y: [0, 1] },
  parameters: { a: { initial: 0.7 } },
  equations: ['-laplacian(u) = a*sin(3*x)*sin(3*y)'],
  conditions: [
    { on: 'x=0', equation: 'u = y' },
    { on: 'x=1', equation: 'u_x = 0' },
    { data: { x: [0.3, 0.7, 0.2], y: [0.2, 0.6, 0.9], u: [0.4, 0.9, 0.1] } },
  ],
  constraints: [{ integral: 'u', equals: 0.3 }],
  network: { hidden: [6, 6], weights: 'factorised' },
  stop: { steps: 10 },
} satisfies PinnSpecInput;

const engines = [selectEngine({ native: 'off' }), selectEngine({ threads: 2 })];
test.each(
  engines.flatMap((engine) =>
    (['gram', 'qr'] as const).flatMap((form) =>
      // 85 parameters and 12 scales: more rows than that, and fewer.
      [240, 25].map((interior) => ({ engine, form, interior, kind: engine.describe().kind })),
    ),
  ),
)(
  'the first step from blocks is that from all of J: $form form, $interior points ($kind)',
  ({ engine, form, interior }) => {
    const problem = compileProblem({ ...mixed, sampling: { interior, conditions: 20 } });
    const steps = [undefined, 1].map((blockBytes) => {
      const objective = new PinnObjective(problem, engine);
      objective.nextBatch(1);
      const theta = problem.networks.initial(problem.spec.seed);
      const all = new Float64Array(problem.layout.size);
      all.set(theta);
      problem.scalars.initialise(all);
      const before = all.slice();
      const options = {
        target: 0.25,
        window: 10,
        probes: 5,
        initialRadius: 1e-3,
        minRadius: 1e-8,
        maxRadius: 1e-2,
        form,
      };
      const reduction = new SmallerSideReduction(engine, problem.layout, blockBytes);
      expect(new GaussNewton(engine, problem.layout, options, reduction).step(objective, all).accepted).toBe(true);
      expect(all).not.toEqual(before);
      return all;
    });
    const [whole, blocks] = steps as [Float64Array, Float64Array];
    for (const [k, value] of whole.entries()) expect(Math.abs(blocks[k]! - value)).toBeLessThan(1e-12);
  },
);
