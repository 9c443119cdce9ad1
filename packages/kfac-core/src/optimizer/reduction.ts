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

/** The rows [J | r] reduced in the space of the parameters: N·P² operations for the Gram matrix, 2·N·P² for R. */
export class ParameterReduction implements Reduction {
  readonly #engine: Engine;
  readonly #layout: ParameterLayout;
  readonly #square: Matrix;
  #rows: Matrix | null = null;
  #gram: GramSystem | null = null;
  #orthogonal: OrthogonalSystem | null = null;

  constructor(engine: Engine, layout: ParameterLayout) {
    this.#engine = engine;
    this.#layout = layout;
    this.#square = matrix(layout.size + 1, layout.size + 1);
  }

  reduce(linearization: Linearization, form: Form): ReducedSystem {
    const { size } = this.#layout;
    const examples = examplesOf(linearization);
    if (this.#rows?.rows !== examples) this.#rows = matrix(examples, size + 1);
    leastSquaresRows(this.#layout, linearization, this.#rows);
    if (form === 'gram') {
      this.#engine.linalg.gram(1, this.#rows, null, 1, 0, this.#square);
      this.#gram ??= new GramSystem(this.#engine, size);
      this.#gram.factor(this.#square);
      return this.#gram;
    }
    this.#engine.linalg.qrFactor(this.#rows, this.#square);
    this.#orthogonal ??= new OrthogonalSystem(this.#engine, size);
    this.#orthogonal.factor(this.#square);
    return this.#orthogonal;
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
