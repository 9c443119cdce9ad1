import { addScaled, dot, norm } from '../vector.ts';

/** A·x = b with A symmetric positive definite and known by its products; vectors [P]. */
export interface LinearSystem {
  readonly right: Float64Array;
  /** out ← A·v. */
  apply(v: Float64Array, out: Float64Array): void;
  /** out ← M⁻¹·v with M ≈ A symmetric positive definite; the identity if absent. */
  precondition?(v: Float64Array, out: Float64Array): void;
}

/** A search direction p with A·p and pᵀA·p. */
interface Direction {
  readonly p: Float64Array;
  readonly product: Float64Array;
  form: number;
}

/** A direction is new if it keeps more than this share of its pᵀA·p when the others are taken out. */
const INDEPENDENT = 1e-12;

/**
 * Preconditioned conjugate gradients (Hestenes & Stiefel 1952), one iteration a call: x minimises the quadratic model
 * m(x) = ½xᵀA·x − bᵀx over a growing space. It may begin with directions that are known to be good (`include`); all
 * later ones are then conjugate to these too (augmented CG: Erhel & Guyomarc'h 2000). After P directions x solves the
 * system. One product with A a direction; memory is allocated once.
 */
export class ConjugateGradient {
  /** The current iterate [P]. */
  readonly x: Float64Array;
  readonly #residual: Float64Array;
  readonly #preconditioned: Float64Array;
  readonly #last: Direction;
  readonly #included: Direction[] = [];
  #count = 0;
  #system: LinearSystem | null = null;
  #model = 0;
  /** rᵀM⁻¹r of the last iteration, 0 before the first. */
  #energy = 0;

  constructor(size: number) {
    this.x = new Float64Array(size);
    this.#residual = new Float64Array(size);
    this.#preconditioned = new Float64Array(size);
    this.#last = direction(size);
  }

  /** m(x) ≤ 0: the predicted change of what the model stands for. */
  get model(): number {
    return this.#model;
  }

  /** ‖b − A·x‖₂ as the recurrence has it. */
  get residualNorm(): number {
    return norm(this.#residual);
  }

  /** Starts at `start`, if that is better than zero, otherwise at zero. */
  begin(system: LinearSystem, start?: Float64Array): void {
    this.#system = system;
    this.#count = 0;
    this.#energy = 0;
    const { x } = this;
    const r = this.#residual;
    if (start) {
      x.set(start);
      system.apply(x, r);
      for (let i = 0; i < r.length; i++) r[i] = system.right[i]! - r[i]!;
      this.#model = -0.5 * (dot(x, system.right) + dot(x, r));
      if (this.#model < 0) return;
    }
    x.fill(0);
    r.set(system.right);
    this.#model = 0;
  }

  /** Minimises along v, before the first iteration. False, and nothing changed, if v is zero or depends on what there is. */
  include(v: Float64Array): boolean {
    this.#included[this.#count] ??= direction(v.length);
    const added = this.#included[this.#count]!;
    added.p.set(v);
    this.#system!.apply(v, added.product);
    const form = dot(v, added.product);
    for (let j = 0; j < this.#count; j++) {
      const other = this.#included[j]!;
      const share = -dot(other.product, v) / other.form;
      addScaled(added.p, share, other.p);
      addScaled(added.product, share, other.product);
    }
    added.form = dot(added.p, added.product);
    if (!(added.form > INDEPENDENT * form) || !this.#minimize(added)) return false;
    this.#count += 1;
    return true;
  }

  /** One iteration. False, and x unchanged, if the residual is zero or A shows itself not to be positive definite. */
  iterate(): boolean {
    const system = this.#system!;
    let z = this.#residual;
    if (system.precondition) {
      z = this.#preconditioned;
      system.precondition(this.#residual, z);
    }
    const energy = dot(this.#residual, z);
    if (!(energy > 0)) return false;
    const { p, product } = this.#last;
    const keep = this.#energy > 0 ? energy / this.#energy : 0;
    for (let i = 0; i < p.length; i++) p[i] = z[i]! + (keep > 0 ? keep * p[i]! : 0);
    for (let j = 0; j < this.#count; j++) {
      const other = this.#included[j]!;
      addScaled(p, -dot(other.product, z) / other.form, other.p);
    }
    system.apply(p, product);
    this.#last.form = dot(p, product);
    this.#energy = energy;
    return this.#minimize(this.#last);
  }

  /** x ← argmin of m along a direction. */
  #minimize({ p, product, form }: Direction): boolean {
    const slope = dot(p, this.#residual);
    const alpha = slope / form;
    if (!(form > 0) || !Number.isFinite(alpha)) return false;
    addScaled(this.x, alpha, p);
    addScaled(this.#residual, -alpha, product);
    this.#model -= 0.5 * alpha * slope;
    return true;
  }
}

function direction(size: number): Direction {
  return { p: new Float64Array(size), product: new Float64Array(size), form: 0 };
}
