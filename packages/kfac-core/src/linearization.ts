import type { Engine, LagMoments, Matrix } from './engine/engine.ts';
import type { ParameterLayout } from './parameters.ts';

/**
 * What one weight matrix saw during one linearisation: per example i and use s the input row z_{i,s} and
 * g_{i,s} = ∂e_i/∂(pre-activation), raw and un-normalised. The example's Jacobian is J_i = Σ_s z_{i,s}ᵀ g_{i,s}.
 * Optimizers see only these operations; where the pairs lie (plain matrices, tiles of an LSTM tape) is the layer's own business.
 */
export interface CapturedLayer {
  /** Name of the weight matrix in the parameter layout. */
  readonly matrix: string;
  /** S: uses of the matrix per example (derivative channels, time steps). */
  readonly uses: number;
  /** out += Σ_i w_i·J_i, out [in·out]. */
  gradient(weights: Float64Array, out: Float64Array): void;
  /** out[k·B + i] += ⟨J_i, V_k⟩. */
  jvp(directions: readonly Float64Array[], out: Float64Array): void;
  /** a ← mean over examples and uses of z zᵀ; g ← Σ_i ω_i·(mean over uses of g gᵀ). Both f64. */
  factors(curvature: Float64Array, a: Matrix, g: Matrix): void;
  /** Exact block Σ_i ω_i·vec(J_i)·vec(J_i)ᵀ [in·out × in·out], for layers small enough; f64. */
  exactBlock(curvature: Float64Array, out: Matrix): void;
  /**
   * out[row + i, column…] ← scale_i·J_i of all examples; with `part`, of as many examples as there are scales from `part.from`
   * on, and of J_i only the rows that it names.
   */
  jacobian(scale: Float64Array, out: Matrix, row: number, column: number, part?: JacobianPart): void;
  /** Statistics over time, if the uses of an example follow one another; absent where their order means nothing. */
  readonly sequence?: CapturedSequence;
}

/** A part of a layer's Jacobians J_i [in × out]. */
export interface JacobianPart {
  /** The first example. */
  readonly from: number;
  /** Rows of each J_i, all by default. */
  readonly inputs?: { readonly from: number; readonly count: number };
}

/**
 * Uses s = 0 … T_i − 1 of example i as a series in time. All moments are taken over the uses that exist, Σ T_i of them, and
 * pairs never cross from one example into the next: with one divisor for both lags ‖C₀^{−½}·C₁·C₀^{−½}‖ ≤ 1 for any data.
 */
export interface CapturedSequence {
  /** m_r = mean over examples of max(T_i − r, 0) [uses]; m₀ is the mean length. */
  readonly counts: Float64Array;
  /**
   * Lag 0 and lag 1, future × present: a.lag0 ← Σ_{i,s} zᵀz/ΣT, a.lag1 ← Σ_{i,s} z_{i,s+1}ᵀ·z_{i,s}/ΣT;
   * g.lag0, g.lag1 ← the same of g with ω_i, divided by m₀ alone. f64.
   */
  moments(curvature: Float64Array, a: LagMoments, g: LagMoments): void;
  /** a ← mean over examples with uses of x̄ᵀx̄, x̄ the mean of z over time; g ← Σ_i ω_i·ĝᵀĝ, ĝ the sum of g over time. f64. */
  reduced(curvature: Float64Array, a: Matrix, g: Matrix): void;
}

/** One loss term over a batch of B examples, linearised at θ. Slope and curvature carry the loss weight and the 1/N. */
export interface LossTerm {
  readonly name: string;
  /** Terms of one kind (the equations of a system) are one Kronecker product in K-FAC; the name by default. */
  readonly kind?: string;
  /** e, one raw scalar per example [B]. */
  readonly residual: Float64Array;
  /** ∂L/∂e_i [B]. */
  readonly slope: Float64Array;
  /** ω_i = ∂²L/∂e_i² ≥ 0 [B]. */
  readonly curvature: Float64Array;
  /** The curvature is a covariance: D·G·D = Σω u² − (Σω u)²/Σω. */
  readonly centred: boolean;
  /** Layers in the order of the parameter layout; a matrix that the term does not use is absent. */
  readonly layers: readonly CapturedLayer[];
}

/** What the quadratic model reads of a loss term. */
export interface ModelTerm extends Pick<LossTerm, 'curvature' | 'centred'> {
  readonly layers: readonly Pick<CapturedLayer, 'matrix' | 'jvp'>[];
}

export interface Linearization {
  /** L(θ) on the current batch. */
  readonly loss: number;
  readonly terms: readonly LossTerm[];
  /**
   * Stands for `terms` in the quadratic model of K-FAC where that is taken over some of the examples: ω is zero for the
   * others, and scaled to the same sum. By default the terms themselves.
   */
  readonly modelTerms?: readonly ModelTerm[];
}

/** Where a step begins. */
export interface StepStart {
  readonly theta: Float64Array;
  /** The optimizer is on its last digits: points and weights had better stay as they are. */
  readonly isFinishing: boolean;
}

/** What is minimised. Memory behind a linearisation is reused: it is valid until the next call of `linearize`. */
export interface Objective {
  readonly engine: Engine;
  readonly parameters: ParameterLayout;
  /**
   * L of this step has a term, with a slope, that vanishes where the step begins: the loss that a step ends with is not the one
   * with which the next begins, and equal losses at one θ do not mean equal gradients.
   */
  readonly isProximal?: boolean;
  /** L(θ) on the current batch. */
  loss(theta: Float64Array): number;
  /** L and its terms at θ. An optimizer may ask at a trial point and again at the same θ in its next step. */
  linearize(theta: Float64Array): Linearization;
  /**
   * Prepares the batch of that step; step numbers start at 1. A pure function of the seed, the step and, for batches or
   * weights that follow the training, of `start` and what `save` gives.
   */
  nextBatch(step: number, start?: StepStart): void;
  /** What the next batch depends on beside seed and step; nothing by default. */
  save?(): Record<string, Float64Array>;
  restore?(state: Readonly<Record<string, Float64Array>>): void;
}
