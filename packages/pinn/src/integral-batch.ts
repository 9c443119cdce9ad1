import { type Engine, type ParameterLayout, dot } from '@kfac/core';
import type { Constraint } from './constraints.ts';
import { gatheredLayer } from './gathered-layer.ts';
import type { Problem } from './problem.ts';
import { type Batch, ResidualBatch } from './residual-batch.ts';
import type { Quadrature } from './sampling/gauss-legendre.ts';

const ONE = Float64Array.of(1);

/** One residual e = Σ_n w_n·f(x_n) − c: a batch of one example that gathers the points of a quadrature. */
export class IntegralBatch implements Batch {
  readonly points: number;
  readonly examples = 1;
  readonly coordinates: Float64Array;
  readonly residual = new Float64Array(1);
  readonly layers: Batch['layers'];
  readonly #integrand: ResidualBatch;
  readonly #gather: readonly (() => void)[];
  readonly #weights: Float64Array;
  readonly #equals: number;
  readonly #trial = new Float64Array(1);
  readonly #gradient: Float64Array;

  constructor(
    engine: Engine,
    layout: ParameterLayout,
    problem: Problem,
    { compiled, equals }: Constraint,
    { points, weights }: Quadrature,
  ) {
    const count = weights.length;
    const segments = [{ compiled, from: 0, count }];
    this.#integrand = new ResidualBatch(engine, problem, count, segments);
    this.#integrand.coordinates.set(points.data);
    this.points = count;
    this.coordinates = this.#integrand.coordinates;
    this.#gradient = new Float64Array(layout.size);
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

  kernelDiagonal(out: Float64Array): void {
    out[0] = 0;
    for (const layer of this.layers) {
      this.#gradient.fill(0);
      layer.gradient(ONE, this.#gradient);
      out[0]! += dot(this.#gradient, this.#gradient);
    }
  }

  #sum(values: Float64Array): number {
    let sum = -this.#equals;
    for (let n = 0; n < values.length; n++) sum += this.#weights[n]! * values[n]!;
    return sum;
  }
}
