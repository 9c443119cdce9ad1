import { BLOCK_BYTES } from '../blocks.ts';
import type { Engine, Matrix } from '../engine/engine.ts';
import { matrix } from '../engine/matrix.ts';
import type { Linearization } from '../linearization.ts';
import type { ParameterLayout } from '../parameters.ts';
import { KernelReduction } from './kernel-reduction.ts';
import { LeastSquaresFold } from './least-squares-fold.ts';
import { examplesOf } from './least-squares-rows.ts';
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
  /** The Gram matrix or the R factor of the rows, [P+1 × P+1]: what `system` reads. */
  readonly square: Matrix;
  readonly #engine: Engine;
  readonly #size: number;
  #gram: GramSystem | null = null;
  #orthogonal: OrthogonalSystem | null = null;

  /** `size`: P, the unknowns. */
  constructor(engine: Engine, size: number) {
    this.#engine = engine;
    this.#size = size;
    this.square = matrix(size + 1, size + 1);
  }

  /** `rows` [N × P+1], the right-hand side as last column. */
  reduce(rows: Matrix, form: Form): ReducedSystem {
    if (form === 'gram') this.#engine.linalg.gram(1, rows, null, 1, 0, this.square);
    else this.#engine.linalg.qrFactor(rows, this.square);
    return this.system(form);
  }

  /** The system of the rows whose Gram matrix, or R factor, is in `square`. */
  system(form: Form): ReducedSystem {
    if (form === 'gram') {
      this.#gram ??= new GramSystem(this.#engine, this.#size);
      this.#gram.factor(this.square);
      return this.#gram;
    }
    this.#orthogonal ??= new OrthogonalSystem(this.#engine, this.#size);
    this.#orthogonal.factor(this.square);
    return this.#orthogonal;
  }
}

/** All rows [J | r] reduced in the space of the parameters, folded block by block where J is large. */
export class ParameterReduction implements Reduction {
  readonly #rows: LeastSquaresFold;
  readonly #reduction: RowReduction;

  /** `blockBytes`: of the rows that are held at once. */
  constructor(engine: Engine, layout: ParameterLayout, blockBytes = BLOCK_BYTES) {
    this.#rows = new LeastSquaresFold(engine, layout, blockBytes);
    this.#reduction = new RowReduction(engine, layout.size);
  }

  reduce(linearization: Linearization, form: Form): ReducedSystem {
    if (form === 'gram') this.#rows.gram(linearization, this.#reduction.square);
    else this.#rows.triangle(linearization, this.#reduction.square);
    return this.#reduction.system(form);
  }
}

/** The smaller side: the space of the samples where N < P, that of the parameters otherwise. */
export class SmallerSideReduction implements Reduction {
  readonly #engine: Engine;
  readonly #layout: ParameterLayout;
  readonly #blockBytes: number;
  #parameters: ParameterReduction | null = null;
  #samples: KernelReduction | null = null;

  /** `blockBytes`: of the part of J that is held at once, as `rowsAtOnce` and `columnBlocks` have it. */
  constructor(engine: Engine, layout: ParameterLayout, blockBytes = BLOCK_BYTES) {
    this.#engine = engine;
    this.#layout = layout;
    this.#blockBytes = blockBytes;
  }

  reduce(linearization: Linearization, form: Form): ReducedSystem {
    if (examplesOf(linearization) < this.#layout.size) {
      this.#samples ??= new KernelReduction(this.#engine, this.#layout, this.#blockBytes);
      return this.#samples.reduce(linearization, form);
    }
    this.#parameters ??= new ParameterReduction(this.#engine, this.#layout, this.#blockBytes);
    return this.#parameters.reduce(linearization, form);
  }
}
