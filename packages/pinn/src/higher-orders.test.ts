import { type Engine, addTransposedProduct, defaultEngine, jacobianVectorProducts, selectEngine } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { initialParameters } from './network.ts';
import { PinnObjective } from './objective.ts';
import { compileProblem } from './problem.ts';
import { catalogue } from './problems/catalogue.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';

const specOf = (name: string) => catalogue.find((entry) => entry.name === name)!.spec;

test.each([
  ['BH', 160, 1e-5],
  ['Beam', 150, 1e-3],
])(
  '%s by `auto` within %i steps at an RMSE of %d',
  async (name, steps, bound) => {
    const solution = await solve({ ...specOf(name), stop: { steps } });
    expect(solution.optimizer.name).toBe('gauss-newton');
    expect(solution.rmse['u']).toBeLessThan(bound);
  },
  300_000,
);

test('the memory estimate counts the channels of higher orders', () => {
  const spec = specOf('BH');
  const plain = compileProblem({ ...spec, equations: ['laplacian(u) = -2*pi^2*sin(pi*x)*sin(pi*y)'] });
  const plate = compileProblem(spec);
  // Inputs, pre-activations and gradients of both layers; of the output also its column, its seed and what the engine hands over.
  const [width, rows] = [3 + 2 * 64 + 65 + 2 + 3, 900 * (11 - 4)];
  expect(plate.bytes - plain.bytes).toBe(8 * rows * width);
});

/** A front of order 3 and a plate of order 4, with mixed and nonlinear terms. */
const PROBLEMS: readonly (readonly [string, PinnSpecInput])[] = [
  [
    'order 3',
    {
      domain: { t: [0, 1], x: [-1, 1] },
      equations: ['u_t + 6*u*u_x + u_xxx + t*u_xxt = sin(x)*u_xx'],
      conditions: [
        { on: 't = 0', equation: 'u = cos(pi*x)' },
        { on: 'x = 1', equation: 'u_xxx = u_x' },
      ],
    },
  ],
  [
    'order 4',
    {
      domain: { x: [0, 1], y: [0, 1] },
      equations: ['biharmonic(u) + u*u_xxxy = u_x*u_xxy + x*u_yy'],
      conditions: [
        { on: 'boundary', equation: 'u = x*y' },
        { on: 'boundary', equation: 'laplacian(u) = 0' },
        { on: 'y = 1', equation: 'u_yyy = u_xy' },
      ],
    },
  ],
];

const ENGINES: readonly (readonly [string, Engine])[] = [
  ['default engine', defaultEngine()],
  ['reference engine', selectEngine({ native: 'off' })],
];

describe.each(
  PROBLEMS.flatMap(([order, spec]) => ENGINES.map(([name, engine]) => [order, name, spec, engine] as const)),
)('%s, %s', (_, __, spec, engine) => {
  const problem = compileProblem({
    ...spec,
    network: { hidden: [13, 7] },
    sampling: { interior: 90, conditions: 40 },
  });
  const { layout } = problem;
  const objective = new PinnObjective(problem, engine);
  const theta = initialParameters(layout, 'tanh', 5);
  const v = Float64Array.from({ length: layout.size }, (___, k) => Math.sin(k + 1));

  /** J·v and e, over all terms. */
  function productsAt(at: Float64Array) {
    const { terms } = objective.linearize(at);
    const products = terms.map((term) => {
      const product = new Float64Array(term.residual.length);
      jacobianVectorProducts(layout, term, [v], product);
      return product;
    });
    return { terms, products, residuals: terms.map(({ residual }) => residual.slice()) };
  }

  test('oracle pinn §8.3: ⟨w, Jv⟩ = ⟨Jᵀw, v⟩ to 1e-13, term by term', () => {
    const { terms, products } = productsAt(theta);
    for (const [k, term] of terms.entries()) {
      const w = products[k]!.map((___, n) => Math.cos(3 * n + k));
      const transposed = new Float64Array(layout.size);
      addTransposedProduct(layout, term, w, transposed);
      const left = w.map((value, n) => value * products[k]![n]!);
      const right = transposed.map((value, p) => value * v[p]!);
      const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
      const size = sum(left.map(Math.abs)) + sum(right.map(Math.abs));
      expect(Math.abs(sum(left) - sum(right))).toBeLessThan(1e-13 * size);
    }
  });

  test('oracle pinn §8.3: Jv is the derivative of the residuals along v', () => {
    const { products } = productsAt(theta);
    const shifted = (h: number) => productsAt(theta.map((value, p) => value + h * v[p]!)).residuals;
    const h = 1e-3;
    const [up, down, up2, down2] = [h, -h, 2 * h, -2 * h].map(shifted) as [
      Float64Array[],
      Float64Array[],
      Float64Array[],
      Float64Array[],
    ];
    for (const [k, product] of products.entries()) {
      const size = Math.max(...product.map(Math.abs));
      for (const [n, value] of product.entries()) {
        const slope = (8 * (up[k]![n]! - down[k]![n]!) - (up2[k]![n]! - down2[k]![n]!)) / (12 * h);
        expect(Math.abs(value - slope)).toBeLessThan(1e-8 * size);
      }
    }
  });
});
