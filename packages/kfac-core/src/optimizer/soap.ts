import { gradient } from '../derivatives.ts';
import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import { KfacError } from '../errors.ts';
import type { Objective } from '../linearization.ts';
import type { ParameterLayout } from '../parameters.ts';
import { norm } from '../vector.ts';
import { Eigenbasis } from './eigenbasis.ts';
import { type LearningRate, rateAt } from './learning-rate.ts';
import type { Optimizer, OptimizerState, StepReport } from './optimizer.ts';

export interface SoapOptions extends LearningRate {
  /** Steps between two iterations of the eigenbases, at least 1. */
  readonly refreshEvery: number;
  /** Steps over which the rate rises from 0 to the schedule's. */
  readonly warmup: number;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/** What belongs to one weight matrix [in × out]. */
interface Block {
  readonly left: Eigenbasis;
  readonly right: Eigenbasis;
  /** m and v of Adam: the first moment in the coordinates of the weights, the second in those of the bases. */
  readonly first: Matrix;
  readonly second: Matrix;
  readonly gradient: Matrix;
  readonly rotated: Matrix;
  readonly direction: Matrix;
  readonly product: Matrix;
}

/**
 * SOAP (Vyas et al. 2024): Adam in the eigenbases of Shampoo's factors. For every weight matrix L ← β₂L + (1−β₂)GGᵀ,
 * R ← β₂R + (1−β₂)GᵀG, G its gradient; Adam's moments of Q_LᵀGQ_R, β = (0.9, 0.999), ε = 1e-8; the step is rotated back.
 * The first step only builds the bases. The first moment is averaged in the coordinates of the weights, which is the same
 * as rotating it with every change of basis; the second is permuted with the bases' columns.
 */
export class Soap implements Optimizer {
  readonly name = 'soap';
  readonly #engine: Engine;
  readonly #layout: ParameterLayout;
  readonly #options: SoapOptions;
  readonly #gradient: Float64Array;
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  readonly #blocks: readonly Block[];
  #step = 0;

  constructor(engine: Engine, layout: ParameterLayout, options: SoapOptions) {
    const { refreshEvery, warmup } = options;
    if (!Number.isInteger(refreshEvery) || refreshEvery < 1 || !Number.isInteger(warmup) || warmup < 0) {
      throw new KfacError(
        'KFAC_SPEC',
        `expected a whole number of steps, at least 1 between refreshments and 0 of warm-up, got ${refreshEvery} and ${warmup}`,
      );
    }
    this.#engine = engine;
    this.#layout = layout;
    this.#options = options;
    this.#gradient = new Float64Array(layout.size);
    this.#first = new Float64Array(layout.size);
    this.#second = new Float64Array(layout.size);
    this.#blocks = layout.blocks.map((block) => ({
      left: new Eigenbasis(engine, block.inputs),
      right: new Eigenbasis(engine, block.outputs),
      first: layout.matrix(this.#first, block),
      second: layout.matrix(this.#second, block),
      gradient: layout.matrix(this.#gradient, block),
      rotated: matrix(block.inputs, block.outputs),
      direction: matrix(block.inputs, block.outputs),
      product: matrix(block.inputs, block.outputs),
    }));
  }

  evaluationPoint(theta: Float64Array): Float64Array {
    return theta;
  }

  step(objective: Objective, theta: Float64Array): StepReport {
    const linearization = objective.linearize(theta);
    const { loss } = linearization;
    gradient(this.#layout, linearization, this.#gradient);
    const length = norm(this.#gradient);
    if (!Number.isFinite(loss) || !Number.isFinite(length))
      return { loss, accepted: false, newLoss: Number.NaN, metrics: {}, stop: 'non-finite' };
    const taken = this.#step;
    const rate =
      taken === 0 ? 0 : rateAt(this.#options, taken) * Math.min(1, taken / Math.max(1, this.#options.warmup));
    let squared = 0;
    this.#blocks.forEach((block, b) => {
      if (taken > 0) squared += this.#move(block, this.#layout.view(theta, this.#layout.blocks[b]!), rate, taken);
      block.left.add(BETA2, block.gradient, 'rows');
      block.right.add(BETA2, block.gradient, 'columns');
      if (taken === 0) {
        block.left.decompose();
        block.right.decompose();
      } else if (taken % this.#options.refreshEvery === 0) permute(block, block.left.iterate(), block.right.iterate());
    });
    this.#step += 1;
    return {
      loss,
      accepted: true,
      newLoss: Number.NaN,
      metrics: { 'opt/lr': rate, 'opt/grad_norm': length, 'opt/step_norm': Math.sqrt(squared) },
      stop: null,
    };
  }

  /** Adam's step of one matrix in its bases, the `taken`-th; gives its squared length. */
  #move(block: Block, weights: Float64Array, rate: number, taken: number): number {
    const { first, second, gradient: g, rotated, direction } = block;
    const correction1 = 1 - BETA1 ** taken;
    const correction2 = 1 - BETA2 ** taken;
    this.#rotate(block, g, 't');
    for (let i = 0; i < second.data.length; i++) {
      first.data[i] = BETA1 * first.data[i]! + (1 - BETA1) * g.data[i]!;
      second.data[i] = BETA2 * second.data[i]! + (1 - BETA2) * rotated.data[i]! ** 2;
    }
    this.#rotate(block, first, 't');
    for (let i = 0; i < second.data.length; i++) {
      direction.data[i] = rotated.data[i]! / correction1 / (Math.sqrt(second.data[i]! / correction2) + EPSILON);
    }
    this.#rotate(block, direction, 'n');
    let squared = 0;
    for (let i = 0; i < weights.length; i++) {
      const delta = -rate * rotated.data[i]!;
      weights[i] = weights[i]! + delta;
      squared += delta * delta;
    }
    return squared;
  }

  /** rotated ← Q_Lᵀ·X·Q_R ('t') or Q_L·X·Q_Rᵀ ('n'). */
  #rotate({ left, right, rotated, product }: Block, x: Matrix, op: 't' | 'n'): void {
    const { linalg } = this.#engine;
    linalg.gemm(1, left.vectors, op, x, 'n', 0, product);
    linalg.gemm(1, product, 'n', right.vectors, op === 't' ? 'n' : 't', 0, rotated);
  }

  save(): OptimizerState {
    const state: OptimizerState = {
      step: Float64Array.of(this.#step),
      first: this.#first.slice(),
      second: this.#second.slice(),
    };
    this.#layout.blocks.forEach(({ name }, b) => {
      const { left, right } = this.#blocks[b]!;
      state[`left/${name}`] = Float64Array.from(left.average.data);
      state[`right/${name}`] = Float64Array.from(right.average.data);
      state[`left-basis/${name}`] = Float64Array.from(left.vectors.data);
      state[`right-basis/${name}`] = Float64Array.from(right.vectors.data);
    });
    return state;
  }

  restore(state: OptimizerState): void {
    this.#step = state['step']![0]!;
    this.#first.set(state['first']!);
    this.#second.set(state['second']!);
    this.#layout.blocks.forEach(({ name }, b) => {
      const { left, right } = this.#blocks[b]!;
      left.average.data.set(state[`left/${name}`]!);
      right.average.data.set(state[`right/${name}`]!);
      left.vectors.data.set(state[`left-basis/${name}`]!);
      right.vectors.data.set(state[`right-basis/${name}`]!);
    });
  }
}

/** The second moments in the new order of the bases' columns. */
function permute({ second, product }: Block, rows: readonly number[], cols: readonly number[]): void {
  product.data.set(second.data);
  rows.forEach((from, i) => {
    cols.forEach((column, j) => (second.data[i * cols.length + j] = product.data[from * cols.length + column]!));
  });
}
