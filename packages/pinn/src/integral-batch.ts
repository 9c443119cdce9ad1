import type { Engine, ParameterLayout } from '@kfac/core';
import type { Constraint } from './constraints.ts';
import { gatheredLayer } from './gathered-layer.ts';
import { type Problem, jetShape } from './problem.ts';
import { type Batch, ResidualBatch } from './residual-batch.ts';
import type { Quadrature } from './sampling/gauss-legendre.ts';

/** One residual e = Σ_n w_n·f(x_n) − c: a batch of one example that gathers the points of a quadrature. */
export class IntegralBatch implements Batch {
  readonly points = 1;
  readonly residual = new Float64Array(1);
  readonly layers: Batch['layers'];
  readonly #integrand: ResidualBatch;
  readonly #gather: readonly (() => void)[];
  readonly #weights: Float64Array;
  readonly #equals: number;
  readonly #trial = new Float64Array(1);

  constructor(
    engine: Engine,
    layout: ParameterLayout,
    problem: Problem,
    { compiled, equals }: Constraint,
    { points, weights }: Quadrature,
  ) {
    const count = weights.length;
    const segments = [{ compiled, from: 0, count }];
    this.#integrand = new ResidualBatch(
      engine,
      layout,
      jetShape(problem, compiled.plan),
      count,
      segments,
      problem.scalars,
    );
    this.#integrand.coordinates.set(points.data);
    this.#weights = weights;
    this.#equals = equals;
    const gathered = this.#integrand.layers.map((layer) => gatheredLayer(engine, layer, layout, weights));
    this.layers = gathered.map(({ layer }) => layer);
    this.#gather = gathered.map(({ gather }) => gather);
  }

  residuals(theta: Float64Array): Float64Array {
    this.#trial[0] = this.#sum(this.#integrand.residuals(theta));
    return this.#trial;
  }

  linearize(theta: Float64Array): void {
    this.#integrand.linearize(theta);
    this.residual[0] = this.#sum(this.#integrand.residual);
    for (const gather of this.#gather) gather();
  }

  #sum(values: Float64Array): number {
    let sum = -this.#equals;
    for (let n = 0; n < values.length; n++) sum += this.#weights[n]! * values[n]!;
    return sum;
  }
}
