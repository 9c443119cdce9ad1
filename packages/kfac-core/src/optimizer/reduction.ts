import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import type { Linearization } from '../linearization.ts';
import type { ParameterLayout } from '../parameters.ts';
import { KernelReduction } from './kernel-reduction.ts';
import { examplesOf, leastSquaresRows } from './least-squares-rows.ts';
import { GramSystem, OrthogonalSystem, type ReducedSystem } from './reduced-system.ts';

/** 'gram' squares the condition number and is good while λ > 1e-10·σ₁²; 'qr' squares nothing. */
export type Form = 'gram' | 'qr';

/** How a linearisation becomes a system whose damped solves are cheap. */
export interface Reduction {
  /** The reduced system, valid until the next call and as long as the linearisation. Throws `KFAC_SPEC` for centred terms. */
  reduce(linearization: Linearization, form: Form): ReducedSystem;
}

/** Explicit rows [J | r] reduced in the space of their unknowns: N·P² operations for the Gram matrix, 2·N·P² for R. */
export class RowReduction {
  readonly #engine: Engine;
  readonly #size: number;
  readonly #square: Matrix;
  #gram: GramSystem | null = null;
  #orthogonal: OrthogonalSystem | null = null;

  /** `size`: P, the unknowns. */
  constructor(engine: Engine, size: number) {
    this.#engine = engine;
    this.#size = size;
    this.#square = matrix(size + 1, size + 1);
  }

  /** `rows` [N × P+1], the right-hand side as last column. */
  reduce(rows: Matrix, form: Form): ReducedSystem {
    if (form === 'gram') {
      this.#engine.linalg.gram(1, rows, null, 1, 0, this.#square);
      this.#gram ??= new GramSystem(this.#engine, this.#size);
      this.#gram.factor(this.#square);
      return this.#gram;
    }
    this.#engine.linalg.qrFactor(rows, this.#square);
    this.#orthogonal ??= new OrthogonalSystem(this.#engine, this.#size);
    this.#orthogonal.factor(this.#square);
    return this.#orthogonal;
  }
}

/** The whole [J | r] reduced in the space of the parameters. */
class ParameterReduction implements Reduction {
  readonly #layout: ParameterLayout;
  readonly #reduction: RowReduction;
  #rows: Matrix | null = null;

  constructor(engine: Engine, layout: ParameterLayout) {
    this.#layout = layout;
    this.#reduction = new RowReduction(engine, layout.size);
  }

  reduce(linearization: Linearization, form: Form): ReducedSystem {
    const examples = examplesOf(linearization);
    if (this.#rows?.rows !== examples) this.#rows = matrix(examples, this.#layout.size + 1);
    leastSquaresRows(this.#layout, linearization, this.#rows);
    return this.#reduction.reduce(this.#rows, form);
  }
}

/** The smaller side: the space of the samples where N < P, that of the parameters otherwise. */
export class SmallerSideReduction implements Reduction {
  readonly #engine: Engine;
  readonly #layout: ParameterLayout;
  #parameters: ParameterReduction | null = null;
  #samples: KernelReduction | null = null;

  constructor(engine: Engine, layout: ParameterLayout) {
    this.#engine = engine;
    this.#layout = layout;
  }

  reduce(linearization: Linearization, form: Form): ReducedSystem {
    if (examplesOf(linearization) < this.#layout.size) {
      this.#samples ??= new KernelReduction(this.#engine, this.#layout);
      return this.#samples.reduce(linearization, form);
    }
    this.#parameters ??= new ParameterReduction(this.#engine, this.#layout);
    return this.#parameters.reduce(linearization, form);
  }
}
