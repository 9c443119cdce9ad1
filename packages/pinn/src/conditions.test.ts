import { defaultEngine, jacobian, matrix, selectEngine } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { initialParameters } from './network.ts';
import { checkPinn } from './check.ts';
import { PinnObjective } from './objective.ts';
import { compileProblem } from './problem.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';

const square = { x: [0, 1], y: [-1, 1] } as const satisfies Record<string, [number, number]> as Record<
  string,
  [number, number]
>;

/** Normal derivatives on all sides, also nonlinear, the normal's components, and values. */
const normal: PinnSpecInput = {
  domain: square,
  unknowns: ['u', 'v'],
  equations: ['laplacian(u) = v', 'v_xx + v_y = u'],
  conditions: [
    { on: 'boundary', equation: 'dn(u) + 2*u = x*y' },
    { on: 'x = 1 or y = -1', equation: 'dn(v)^2 + n_y*u = n_x' },
    { on: 'boundary', equation: 'v = 0' },
  ],
};

/** Periodic in one coordinate with another condition beside it, in two unknowns of different order. */
const periodic: PinnSpecInput = {
  domain: { t: [0, 1], x: [-1, 2] },
  unknowns: ['u', 'v'],
  equations: ['u_t + u*u_x = u_xx', 'v_t = v_x + u'],
  conditions: [{ periodic: 'x' }, { on: 't = 0', equation: 'u = sin(x)' }, { on: 't = 0', equation: 'v = u_x' }],
};

/** Measured values of two unknowns, not at the same points. */
const measured: PinnSpecInput = {
  domain: { t: [0, 1], x: [-1, 2] },
  unknowns: ['u', 'v'],
  equations: ['u_t = u_xx', 'v_t = v_x + u'],
  conditions: [
    { on: 't = 0', equation: 'u = sin(x)' },
    { data: { x: [0, 1, 2], t: [0.5, 0, 1], v: [1, 2, 3], u: [-1, -2, -3] }, noise: { u: 0.5, v: 2 } },
    { data: { t: [0.25, 0.75], x: [-1, 0.5], u: [7, 8] } },
  ],
  weights: { data: 3 },
};

/** An ansatz for one unknown of two; the other conditions are trained. */
const hard: PinnSpecInput = {
  domain: { t: [0, 1], x: [0, 1] },
  unknowns: ['u', 'v'],
  equations: ['u_tt + u_tx*v = laplacian(u) + u^2*u_x', 'v_t = u_xx'],
  ansatz: { u: { offset: 'sin(pi*x) + t*x', factor: 't^2*x*(1 - x)' } },
  conditions: [
    { on: 't = 0', equation: 'v = u_x' },
    { on: 'x = 1', equation: 'dn(u) = v' },
    { data: { t: [0.5, 0.75], x: [0.25, 0.5], u: [1, 2] } },
  ],
};

const problems: [string, PinnSpecInput][] = [
  ['normal derivatives', normal],
  ['periodic', periodic],
  ['data', measured],
  ['ansatz', hard],
];

function objectiveOf(spec: PinnSpecInput, engine = defaultEngine()) {
  const problem = compileProblem({
    ...spec,
    network: { hidden: [6, 5] },
    sampling: { interior: 12, conditions: 26 },
  });
  return {
    problem,
    objective: new PinnObjective(problem, engine),
    theta: initialParameters(problem.layout, 'tanh', 5).map((value) => 1.5 * value),
  };
}

describe.each(problems)('%s', (_, spec) => {
  test('rows of J against central differences in every parameter, on both engines', () => {
    for (const engine of [defaultEngine(), selectEngine({ native: 'off' })]) {
      const { problem, objective, theta } = objectiveOf(spec, engine);
      const { layout } = problem;
      const residualsAt = (at: Float64Array): number[] =>
        objective.linearize(at).terms.flatMap(({ residual }) => [...residual]);
      const { terms, loss } = objective.linearize(theta);
      expect(loss).toBeCloseTo(objective.loss(theta), 13);
      const rows = matrix(
        terms.reduce((sum, { residual }) => sum + residual.length, 0),
        layout.size,
      );
      let row = 0;
      for (const term of terms) {
        jacobian(layout, term, new Float64Array(term.residual.length).fill(1), rows, row);
        row += term.residual.length;
      }
      for (let k = 0; k < layout.size; k++) {
        const shifted = (h: number): number[] => residualsAt(theta.map((value, i) => (i === k ? value + h : value)));
        const [up, down] = [shifted(1e-5), shifted(-1e-5)];
        for (let i = 0; i < rows.rows; i++) {
          const wanted = (up[i]! - down[i]!) / 2e-5;
          expect(Math.abs(rows.data[i * layout.size + k]! - wanted)).toBeLessThan(1e-7 * (1 + Math.abs(wanted)));
        }
      }
    }
  });

  test('resume is bit for bit, also with fresh points', async () => {
    for (const optimizer of [{ name: 'gauss-newton' as const }, { name: 'kfac' as const }]) {
      const run: PinnSpecInput = {
        ...spec,
        network: { hidden: [6] },
        sampling: { interior: 40, conditions: 30, resampleEvery: 3 },
        optimizer,
        stop: { steps: 9 },
      };
      const whole = await solve(run);
      const cancel = new AbortController();
      let saved: Uint8Array | undefined;
      await solve(run, {
        signal: cancel.signal,
        onProgress: ({ step }) => step === 4 && cancel.abort(),
        onCheckpoint: (bytes) => (saved = bytes),
      });
      const resumed = await solve(run, { resume: saved! });
      expect(resumed.network.parameters).toEqual(whole.network.parameters);
    }
  });

  test('an effective specification is its own effective specification', () => {
    const { spec: effective } = compileProblem(spec);
    expect(compileProblem(structuredClone(effective)).spec).toEqual(effective);
  });
});

const small = {
  network: { hidden: [20] },
  sampling: { interior: 250, conditions: 90 },
} satisfies Partial<PinnSpecInput>;
const stop = { steps: 150, seconds: 60, relativeL2: 1e-7 };

describe('solved by auto', () => {
  const cases: [string, PinnSpecInput, number][] = [
    [
      'Poisson with dn on two sides and Robin on the others',
      {
        ...small,
        domain: square,
        equations: ['laplacian(u) = 0'],
        conditions: [
          { on: 'x = 0 or x = 1', equation: 'dn(u) = n_x*exp(x)*cos(y)' },
          { on: 'y = -1 or y = 1', equation: 'dn(u) + u = exp(x)*cos(y) - n_y*exp(x)*sin(y)' },
        ],
        exact: { u: 'exp(x)*cos(y)' },
      },
      1e-6,
    ],
    [
      'heat on a ring: periodic in x',
      {
        ...small,
        domain: { t: [0, 0.5], x: [0, 2] },
        equations: ['u_t = u_xx/10'],
        conditions: [{ periodic: 'x' }, { on: 't = 0', equation: 'u = 1 + sin(pi*x)' }],
        exact: { u: '1 + exp(-pi^2*t/10)*sin(pi*x)' },
      },
      1e-5,
    ],
    [
      'transport of first order, values periodic',
      {
        ...small,
        domain: { t: [0, 0.5], x: [0, 2] },
        equations: ['u_t + u_x = 0'],
        conditions: [{ periodic: 'x' }, { on: 't = 0', equation: 'u = sin(pi*x)' }],
        exact: { u: 'sin(pi*(x - t))' },
      },
      1e-5,
    ],
    [
      'an ordinary equation determined by measured values alone',
      {
        ...small,
        domain: { x: [0, 2] },
        equations: ['u_xx = -u'],
        conditions: [{ data: { x: [0.25, 1.5], u: [Math.sin(0.25), Math.sin(1.5)] } }],
        exact: { u: 'sin(x)' },
      },
      1e-6,
    ],
    [
      'the wave equation with u and u_t on t = 0',
      {
        ...small,
        domain: { t: [0, 0.5], x: [0, 1] },
        equations: ['u_tt = u_xx'],
        conditions: [
          { on: 'boundary', equation: 'u = 0' },
          { on: 't = 0', equation: 'u = sin(pi*x)' },
          { on: 't = 0', equation: 'u_t = pi*sin(pi*x)' },
        ],
        exact: { u: '(cos(pi*t) + sin(pi*t))*sin(pi*x)' },
      },
      1e-5,
    ],
    [
      'a value on a place inside and an operator on a side',
      {
        ...small,
        domain: { x: [0, 1] },
        equations: ['u_xx + u_x = 0'],
        conditions: [
          { on: 'x = 0.3', equation: 'u = exp(-0.3)' },
          { on: 'x = 1', equation: 'u_xx - 2*u_x = 3*exp(-1)' },
        ],
        exact: { u: 'exp(-x)' },
      },
      1e-6,
    ],
    [
      'the heat equation with an ansatz and no condition',
      {
        ...small,
        domain: { t: [0, 1], x: [0, 1] },
        equations: ['u_t = u_xx/4'],
        conditions: [],
        ansatz: { u: { offset: 'sin(pi*x)', factor: 't*x*(1 - x)' } },
        exact: { u: 'exp(-pi^2*t/4)*sin(pi*x)' },
      },
      1e-6,
    ],
    [
      'Poisson with an ansatz on two sides and a condition on the others, its laplacian one channel',
      {
        ...small,
        domain: square,
        equations: ['laplacian(u) = 0'],
        conditions: [{ on: 'boundary', equation: 'u = exp(x)*cos(y)' }],
        ansatz: { u: { offset: '(1 - x)*cos(y) + x*exp(1)*cos(y)', factor: 'x*(1 - x)' } },
        exact: { u: 'exp(x)*cos(y)' },
      },
      1e-6,
    ],
  ];

  test.each(cases)('%s', async (_, spec, bound) => {
    const { warnings } = checkPinn(spec);
    expect(warnings).toEqual([]);
    const solution = await solve({ ...spec, stop });
    expect(solution.optimizer.name).toBe('gauss-newton');
    expect(solution.relativeL2['u']).toBeLessThan(bound);
  });
});
