import { BLOCK_BYTES } from '../blocks.ts';
import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix, matrixOver } from '../engine/matrix.ts';
import { LayerRows } from '../layer-rows.ts';
import type { Linearization } from '../linearization.ts';
import type { ParameterLayout } from '../parameters.ts';
import type { PhiloxStream } from '../random.ts';
import { CosineSketch } from './cosine-sketch.ts';
import { CountSketch } from './count-sketch.ts';
import { examplesOf, requireSumOfSquares, scaledResiduals } from './least-squares-rows.ts';
import type { DampedStep, ReducedSystem } from './reduced-system.ts';
import { type Form, type Reduction, RowReduction } from './reduction.ts';

/** Sizes of the two sketches. */
export interface SketchSizes {
  /** p_s: coordinates that the parameters are sketched to, all P of them if there are not more. */
  readonly parameters: number;
  /** r_s: rows that the examples are sketched to; N ≤ r_s are taken as they are. */
  readonly rows: number;
}

/** The arrays whose sizes depend on the number of examples. */
interface ExampleMemory {
  readonly examples: number;
  readonly layers: LayerRows;
  readonly right: CosineSketch;
  readonly lifted: LiftedSystem;
  readonly residuals: Float64Array;
  /** Null where the examples are no more than the rows of the sketch. */
  readonly left: CountSketch | null;
  /** S·J of one block of columns. */
  readonly block: Float64Array;
  /** S·J·R. */
  readonly product: Matrix;
  /** [S·J·R | S·r]. */
  readonly rows: Matrix;
}

/**
 * The rows [J | r] compressed from both sides, [S·J·R | S·r] with a count sketch S of the examples and a cosine sketch R of
 * the parameters, and reduced in the space of the sketch; p = R·p̂. J is formed in blocks of columns (`LayerRows`) and
 * never held whole. With p_s = P and N ≤ r_s nothing is lost: R is orthogonal and S the identity.
 */
export class SketchedReduction implements Reduction {
  readonly #layout: ParameterLayout;
  readonly #sizes: SketchSizes;
  readonly #engine: Engine;
  readonly #blockBytes: number;
  readonly #reduction: RowReduction;
  #memory: ExampleMemory | null = null;
  #random: (() => PhiloxStream) | null = null;

  /** `blockBytes`: of the columns of J that are held at once. */
  constructor(engine: Engine, layout: ParameterLayout, { parameters, rows }: SketchSizes, blockBytes = BLOCK_BYTES) {
    this.#engine = engine;
    this.#layout = layout;
    this.#blockBytes = blockBytes;
    this.#sizes = { parameters: Math.min(parameters, layout.size), rows };
    this.#reduction = new RowReduction(engine, this.#sizes.parameters);
  }

  /** From now on both sketches are those that this stream gives. */
  draw(random: () => PhiloxStream): void {
    this.#random = random;
  }

  reduce(linearization: Linearization, form: Form): ReducedSystem {
    requireSumOfSquares(linearization);
    const examples = examplesOf(linearization);
    if (this.#memory?.examples !== examples) this.#memory = this.#allocate(examples);
    const { layers, left, right: compression, lifted, residuals, block, product, rows } = this.#memory;
    const stream = this.#random!();
    compression.draw(stream);
    left?.draw(stream);
    layers.forEach(linearization, (_, jacobian, k) => {
      const sketched = left
        ? matrixOver(product.rows, jacobian.cols, block.subarray(0, product.rows * jacobian.cols))
        : jacobian;
      left?.apply(jacobian, sketched);
      compression.compress(k, sketched, k === 0 ? 0 : 1, product);
    });
    scaledResiduals(linearization, residuals);
    const right = matrixOver(product.rows, 1, left ? block.subarray(0, product.rows) : residuals);
    left?.apply(matrixOver(examples, 1, residuals), right);
    const { cols } = product;
    for (let n = 0; n < product.rows; n++) {
      rows.data.set(product.data.subarray(n * cols, (n + 1) * cols), n * (cols + 1));
      rows.data[n * (cols + 1) + cols] = right.data[n]!;
    }
    return lifted.over(this.#reduction.reduce(rows, form));
  }

  #allocate(examples: number): ExampleMemory {
    const { parameters, rows: buckets } = this.#sizes;
    const rows = Math.min(examples, buckets);
    const layers = new LayerRows(this.#layout, examples, this.#blockBytes);
    const widths = layers.blocks.map(({ width }) => width);
    const right = new CosineSketch(this.#engine, widths, parameters);
    const isSketched = buckets < examples;
    return {
      examples,
      layers,
      right,
      lifted: new LiftedSystem(right, parameters),
      residuals: new Float64Array(examples),
      left: isSketched ? new CountSketch(examples, buckets) : null,
      block: new Float64Array(isSketched ? rows * Math.max(1, ...widths) : 0),
      product: matrix(rows, parameters),
      rows: matrix(rows, parameters + 1),
    };
  }
}

/** A reduced system whose steps are lifted to the parameters. */
class LiftedSystem implements ReducedSystem {
  readonly #sketch: CosineSketch;
  readonly #reduced: Float64Array;
  #system: ReducedSystem | null = null;

  constructor(sketch: CosineSketch, size: number) {
    this.#sketch = sketch;
    this.#reduced = new Float64Array(size);
  }

  over(system: ReducedSystem): this {
    this.#system = system;
    return this;
  }

  get largest(): number {
    return this.#system!.largest;
  }

  solve(lambda: number): DampedStep {
    return this.#system!.solve(lambda);
  }

  expand(out: Float64Array): void {
    this.#system!.expand(this.#reduced);
    this.#sketch.lift(this.#reduced, out);
  }
}
