/**
 * The engine: a small closed set of operations that every optimizer and trainer is built from.
 * Two implementations stand behind it, `native` (Rust) and `reference` (plain TypeScript, f64: the oracle in tests),
 * and one conformance suite runs on both.
 *
 * Conventions. Matrices are dense and row-major. A weight matrix is stored `[inputs × outputs]`, its bias (if any)
 * as the last row, so that a layer reads s = z·W with z carrying a trailing 1. Flat parameter vectors are always f64;
 * a kernel that works in f32 converts on entry. Outputs are allocated once by the caller and written in place: nothing
 * below allocates in the steady state. Every operation checks shapes and throws `KfacError` (`KFAC_SHAPE`,
 * `KFAC_DTYPE`, `KFAC_ALIAS`, `KFAC_NOT_POSITIVE_DEFINITE`, `KFAC_NO_CONVERGENCE`) before it writes, except where a
 * factorisation fails halfway: its output is then undefined. Results do not depend on the number of threads.
 */

export type Dtype = 'f64' | 'f32';
export type RealArray = Float64Array | Float32Array;

/** A dense row-major matrix; `data.length === rows · cols`. `data` may be a view into a larger buffer. */
export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly dtype: Dtype;
  readonly data: RealArray;
}

/** Moments of a series of rows at lag 0, symmetric, and at lag 1, future × present; both [n × n]. */
export interface LagMoments {
  readonly lag0: Matrix;
  readonly lag1: Matrix;
}

export interface EngineDescription {
  readonly kind: 'native' | 'reference';
  /** 'avx512', 'avx2', 'portable' … ; 'none' for the reference engine. */
  readonly simd: string;
  readonly threads: number;
  readonly version: string;
  /** Why a better engine was not chosen; empty when the best one runs. */
  readonly reasons: readonly string[];
}

export interface Engine {
  readonly linalg: LinearAlgebra;
  readonly captured: Captured;
  readonly jets: Jets;
  readonly programs: Programs;
  readonly paths: Paths;
  readonly hedge: Hedge;
  describe(): EngineDescription;
}

// ---------------------------------------------------------------------------------------------------- dense algebra

/** 'n': the matrix as it stands, 't': its transpose. */
export type Op = 'n' | 't';

/** A symmetric matrix reduced once to tridiagonal form, A = Q·T·Qᵀ. Allocated once, reused. */
export interface Tridiagonalization {
  readonly size: number;
  /** T's diagonal [n]. */
  readonly diagonal: Float64Array;
  /** T's sub-diagonal [n−1] (length max(n−1, 0)). */
  readonly offDiagonal: Float64Array;
  /** Reduces the symmetric matrix `a` [n × n] f64, which is left untouched. */
  factor(a: Matrix): void;
  /** b ← Q·b ('n') or Qᵀ·b ('t'), in place, b [n]. */
  apply(op: Op, b: Float64Array): void;
  /**
   * y ← (T + λI)⁻¹·b by LDLᵀ, O(n); sums ← [‖y‖², yᵀ(T + λI)⁻¹y, bᵀy]. If a pivot is not positive, sums ← [∞, ∞, NaN]
   * and y is undefined. λ ≥ 0; b, y [n], sums [3].
   */
  solveShifted(lambda: number, b: Float64Array, y: Float64Array, sums: Float64Array): void;
}

/** An upper-triangular (or any square) matrix reduced once to upper bidiagonal form, R = U·B·Vᵀ. */
export interface Bidiagonalization {
  readonly size: number;
  /** B's diagonal [n]. */
  readonly diagonal: Float64Array;
  /** B's super-diagonal [n−1]. */
  readonly superDiagonal: Float64Array;
  factor(r: Matrix): void;
  /** b ← U·b or Uᵀ·b, in place. */
  applyLeft(op: Op, b: Float64Array): void;
  /** b ← V·b or Vᵀ·b, in place. */
  applyRight(op: Op, b: Float64Array): void;
  /**
   * y ← (BᵀB + λI)⁻¹Bᵀ·b by Givens rotations on [B; √λ·I], O(n), nothing squared;
   * sums ← [‖y‖², yᵀ(BᵀB + λI)⁻¹y, bᵀB·y], the first two ∞ if the matrix is singular. λ ≥ 0; b, y [n], sums [3].
   */
  solveDamped(lambda: number, b: Float64Array, y: Float64Array, sums: Float64Array): void;
}

export interface LinearAlgebra {
  /** C ← α·op(A)·op(B) + β·C. With β = 0, C is overwritten whatever it held (NaN included). One dtype. */
  gemm(alpha: number, a: Matrix, opA: Op, b: Matrix, opB: Op, beta: number, c: Matrix): void;
  /**
   * C ← α·Zᵀ·diag(w)·Z + β·C, symmetric, both triangles written. Z [m·uses × n]; weight i belongs to the rows
   * i·uses … (i+1)·uses−1; `weights` [m] f64 or null for ones. C has Z's dtype or f64 (then f32 partial sums of at
   * most 512 rows are accumulated in f64).
   */
  gram(alpha: number, z: Matrix, weights: Float64Array | null, uses: number, beta: number, c: Matrix): void;
  /** A = L·Lᵀ in place: L in the lower triangle, the strict upper triangle is zeroed. */
  cholesky(a: Matrix): void;
  /** B ← (L·Lᵀ)⁻¹·B in place, B [n × k]. */
  choleskySolve(l: Matrix, b: Matrix): void;
  /** out ← (L·Lᵀ)⁻¹, both triangles. */
  choleskyInverse(l: Matrix, out: Matrix): void;
  /** B ← op(T)⁻¹·B in place; T lower or upper triangular (the other triangle is not read). KFAC_NOT_POSITIVE_DEFINITE never; a zero pivot gives non-finite entries. */
  triangularSolve(t: Matrix, triangle: 'lower' | 'upper', op: Op, b: Matrix): void;
  /** A = V·diag(values)·Vᵀ, values ascending, eigenvectors in the columns of `vectors`; reads A's lower triangle. */
  eigenSymmetric(a: Matrix, values: RealArray, vectors: Matrix): void;
  /** A·V = B·V·diag(values), Vᵀ·B·V = I, values ascending; B positive definite. */
  eigenGeneralized(a: Matrix, b: Matrix, values: RealArray, vectors: Matrix): void;
  /** Thin A = Q·R, A [m × n], m ≥ n, Q [m × n], R [n × n] upper triangular. */
  qr(a: Matrix, q: Matrix, r: Matrix): void;
  /** The R factor alone of A [m × n], any m (rows below m are zero when m < n); blocks of rows, then a tree (TSQR), the partition fixed by the shape. */
  qrFactor(a: Matrix, r: Matrix): void;
  /** Thin A = U·diag(s)·Vᵀ, A [m × n], k = min(m, n): U [m × k], s [k] descending, V [n × k]. */
  svd(a: Matrix, u: Matrix, s: RealArray, v: Matrix): void;
  tridiagonalization(size: number): Tridiagonalization;
  bidiagonalization(size: number): Bidiagonalization;
}

// --------------------------------------------------------------------------- what one weight matrix saw: the pair Z, G

/**
 * Products with captured pairs: Z [B·uses × in], G [B·uses × out], one dtype. Per example i the Jacobian of its scalar
 * by the weight matrix is J_i = Σ_s Z[i,s]ᵀ·G[i,s], an [in × out] matrix (row-major, as the weights are stored).
 */
export interface Captured {
  /** out += Σ_i w_i·J_i, out [in·out] f64, w [B] f64. f64 accumulation as in `gram`. */
  gradient(z: Matrix, g: Matrix, uses: number, weights: Float64Array, out: Float64Array): void;
  /** out[k·B + i] += ⟨J_i, V_k⟩ for the directions V_k [in·out] at directions[k] (f64). */
  jvp(z: Matrix, g: Matrix, uses: number, directions: readonly Float64Array[], out: Float64Array): void;
  /** out[row + i, column … column+in·out) ← scale_i·J_i; `out` f64. */
  jacobian(z: Matrix, g: Matrix, uses: number, scale: Float64Array, out: Matrix, row: number, column: number): void;
}

// -------------------------------------------------------------------------------------------------------------- jets

/** Activations ψ, in the order of their numbers 0, 1, 2 …; gelu is a·Φ(a), gaussian e^{−a²/2}. */
export const ACTIVATIONS = ['tanh', 'sin', 'silu', 'gelu', 'softplus', 'gaussian'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/**
 * A fixed map of the d coordinates, whose L + 2M features the first layer reads in their place: kept coordinates as they
 * are, then cos(F·x), then sin(F·x). Exact in every channel, nothing to train.
 */
export interface Embedding {
  /** d. */
  readonly coordinates: number;
  /** The kept coordinates by number [L]. */
  readonly kept: readonly number[];
  /** F, M × d, row-major: radians per unit of a coordinate. */
  readonly frequencies: Float64Array;
}

/**
 * Channels of the orders 3 and 4. A channel of order K reads, along each of its directions, all raw derivatives below K: the
 * directions are ordered so that the first R₂ carry (v_r·∇)² beside v_r·∇, and the first R₃ ≤ R₂ also (v_r·∇)³.
 */
export interface HigherChannels {
  /** R₂ ≤ R. */
  readonly rawSeconds: number;
  /** R₃ ≤ R₂. */
  readonly rawThirds: number;
  /** T × R₂, row-major: channel t is Σ_r third[t,r]·(v_r·∇)³. */
  readonly third: Float64Array;
  /** F × R₃, row-major: channel f is Σ_r fourth[f,r]·(v_r·∇)⁴. */
  readonly fourth: Float64Array;
}

/**
 * Which derivatives of an MLP are carried: the value, the first derivatives along R directions, and
 * Q second-order channels, channel q being Σ_r second[q,r]·(v_r·∇)². Channels are ordered value, R firsts, Q seconds and,
 * with `higher`, R₂ raw seconds, R₃ raw thirds, T thirds, F fourths; S = 1 + R + Q + R₂ + R₃ + T + F.
 */
export interface JetShape {
  /**
   * Widths, input first, output last: [d, h₁, …, m], with an embedding [L + 2M, h₁, …, m]. All hidden layers have bias
   * and activation, the last is linear with bias.
   */
  readonly sizes: readonly number[];
  /**
   * The hidden layers, all of one width h, are gates between two encoders of what the first layer reads: that layer has 3h
   * outputs, ψ of which are U, V and f₁, each later one h, ψ of which is f_l; what the next layer reads is
   * f_l⊙U + (1 − f_l)⊙V. Absent: it reads ψ itself.
   */
  readonly gated?: boolean | undefined;
  /**
   * Of a gated network: every three hidden layers are a residual block, the third of them without a gate. What the layer after
   * block b reads is η_b·ψ + (1 − η_b)·(what block b began with), which for the first block is U. θ ends with the η [k] of
   * the k blocks. Absent: all hidden layers are gates.
   */
  readonly residual?: boolean | undefined;
  /** Absent: the first layer reads the coordinates themselves. */
  readonly embedding?: Embedding | undefined;
  readonly activation: Activation;
  /** R × d, row-major. */
  readonly directions: Float64Array;
  /** Q × R, row-major. */
  readonly second: Float64Array;
  /** Absent: no channel is of order 3 or 4. */
  readonly higher?: HigherChannels | undefined;
  readonly dtype: Dtype;
}

/** Working memory of a forward pass with capture over N points; every matrix is a view into `buffer`. */
export interface JetTape {
  readonly points: number;
  readonly buffer: RealArray;
  /** Z of layer l, [N·S × in_l + 1]; row n·S + s; the trailing column is 1 on s = 0, else 0. */
  readonly inputs: readonly Matrix[];
  /** Pre-activations of the hidden layers, [N·S × out_l]. */
  readonly preactivations: readonly Matrix[];
  /** G of layer l, [N·S × out_l]. */
  readonly gradients: readonly Matrix[];
  /** ∂e_n/∂η of the residual blocks [N × k]; k = 0 without them. */
  readonly mixing: Matrix;
}

export interface Jets {
  /** The tape's layout in its one buffer is: all inputs, all preactivations, all gradients, layer by layer, then `mixing`. */
  tape(shape: JetShape, points: number): JetTape;
  /**
   * Parameters θ: the layers' matrices [in_l+1 × out_l] one after the other, f64; out_l is the next width, in the first layer of
   * a gated network 3h; then the η of residual blocks. `columns` [d+m·S × N] f64: rows 0…d−1
   * hold the coordinates and are read, row d+o·S+s receives channel s of output o.
   * With a tape its inputs and pre-activations are filled.
   */
  forward(shape: JetShape, theta: Float64Array, columns: Matrix, tape: JetTape | null): void;
  /** From seeds [m·S × N] f64 (∂e_n/∂channel, rows as in `columns`) and a tape filled at the same θ: G of every layer into the tape. */
  adjoint(shape: JetShape, theta: Float64Array, seeds: Matrix, tape: JetTape): void;
}

// -------------------------------------------------------------------------------------------------- equation programs

/** Operation codes of a program, in the order of their numbers 0, 1, 2 … Unary ones ignore b. */
export const OPCODES = [
  'add',
  'sub',
  'mul',
  'div',
  'neg',
  'pow',
  'powi',
  'sin',
  'cos',
  'tan',
  'tanh',
  'sinh',
  'cosh',
  'exp',
  'log',
  'sqrt',
  'abs',
  'sign',
] as const;
export type Opcode = (typeof OPCODES)[number];

/**
 * A straight-line program in single-assignment form over columns. Registers 0…inputs−1 are the rows of the input
 * matrix, then come the constants, and instruction k writes register inputs + constants.length + k.
 * 'powi': b is the integer exponent itself (may be negative), not a register. sign(0) = 0.
 */
export interface Program {
  readonly inputs: number;
  readonly constants: Float64Array;
  /** Three words an instruction: opcode number, a, b. */
  readonly code: Int32Array;
  /** Registers that become the rows of the output matrix. */
  readonly outputs: Int32Array;
}

export interface Programs {
  /** columns [≥ program.inputs × N] f64 → outputs [program.outputs.length × N] f64. */
  evaluate(program: Program, columns: Matrix, outputs: Matrix): void;
}

// ------------------------------------------------------------------------------------------------------- market paths

export type Market =
  | { readonly model: 'black-scholes'; readonly spot: number; readonly drift: number; readonly volatility: number }
  | {
      readonly model: 'heston';
      readonly spot: number;
      readonly drift: number;
      readonly v0: number;
      readonly kappa: number;
      readonly theta: number;
      readonly xi: number;
      readonly rho: number;
      /** 'qe-m' is the default scheme; the others are references. */
      readonly scheme: 'qe-m' | 'qe' | 'euler';
    };

/** Which random numbers: Philox key (seed) and counter (path, date, purpose·2²⁴ + draw block, training step). */
export interface PathKey {
  /** A non-negative integer below 2⁵³; its low 32 bits are k0, the next k1. */
  readonly seed: number;
  /** 0 training, 1 validation, 2 test, 3 pricing … (below 256). */
  readonly purpose: number;
  readonly step: number;
  readonly firstPath: number;
}

export interface Paths {
  /**
   * Spot [dates+1 × B] f64 (and variance, same shape, for Heston; null for Black–Scholes), row t = date t, `dates`
   * increments of `interval` years; drift is the drift in use. Draw 0 of a (path, date) drives the spot, draw 1 the
   * variance: one Philox call gives both uniforms, u = (top 52 bits + ½)·2⁻⁵², the top bits being those of
   * (word1·2³² + word0) resp. (word3·2³² + word2); normals by inverse Φ (AS241).
   */
  simulate(market: Market, interval: number, key: PathKey, spot: Matrix, variance: Matrix | null): void;
}

// ---------------------------------------------------------------------------------------------------- the hedging loop

/** What of the world enters the loop, per date and path. */
export interface HedgeTask {
  readonly model: 'black-scholes' | 'heston';
  /** Heston's long-run variance (feature scale); unused for Black–Scholes. */
  readonly theta: number;
  readonly horizon: number;
  readonly rate: number;
  readonly dividend: number;
  readonly liability: 'european-call' | 'european-put';
  readonly strike: number;
  readonly proportionalCost: number;
  readonly premium: number;
  readonly unwind: boolean;
  /** Scale of the log-moneyness feature: feature 0 is logScale·ln(S_t/K). */
  readonly logScale: number;
}

/**
 * A batch of worlds ready for the loop; allocated once. features: date t, feature f, path i at [(t·F0 + f), i]:
 * f = 0 log-moneyness, f = 1 (Heston only) (√V−√θ)/(½√θ), last 2τ/T − 1. gains[t,i] = δ_t's discounted gain,
 * costs[t,i] = discounted ε·S_t, row N being the unwind's cost (0 without the flag). base[i] = premium − discounted payoff.
 * Features, gains and costs have the batch's dtype, base is f64.
 */
export interface HedgeBatch {
  readonly paths: number;
  readonly dates: number;
  readonly staticFeatures: number;
  readonly dtype: Dtype;
  readonly features: Matrix;
  readonly gains: Matrix;
  readonly costs: Matrix;
  readonly base: Float64Array;
}

/**
 * LSTM policy: input ã = [static features; 2δ_{t−1} − 1; h_{t−1}; 1], gates matrix W_g [F0+1+H+1 × 4H] with column
 * blocks i, f, g, o, head W_o [H+1 × 1], δ = squash(head). θ = W_g then W_o, f64. h, c start at 0 and δ_{−1} = 0
 * (its feature is −1).
 */
export interface LstmShape {
  readonly staticFeatures: number;
  readonly hidden: number;
  readonly squash: 'tanh' | 'logistic' | 'identity';
}

/** Per-path results of the loop, all f64 [B]; `positions` [dates × B] f64 when wanted. */
export interface HedgeOutcome {
  readonly pnl: Float64Array;
  readonly cost: Float64Array;
  readonly turnover: Float64Array;
  readonly positions: Matrix | null;
}

/** Captured pairs of a batch in the engine's own layout; opaque, allocated once. */
export interface HedgeTape {
  readonly shape: LstmShape;
  readonly paths: number;
  readonly dates: number;
  readonly dtype: Dtype;
}

export type HedgeLayer = 'gates' | 'head';

export interface Hedge {
  batch(task: HedgeTask, paths: number, dates: number, dtype: Dtype): HedgeBatch;
  /** Fills the batch from simulated paths (rows of spot: dates + 1). */
  prepare(task: HedgeTask, spot: Matrix, variance: Matrix | null, batch: HedgeBatch): void;
  /** The closed loop, forward only. */
  rollout(shape: LstmShape, theta: Float64Array, batch: HedgeBatch, outcome: HedgeOutcome): void;
  tape(shape: LstmShape, paths: number, dates: number, dtype: Dtype): HedgeTape;
  /** Forward and adjoint with seed 1 per path: fills the tape with ã and g = ∂pnl_i/∂(pre-activation), and pnl [B]. */
  linearize(shape: LstmShape, theta: Float64Array, batch: HedgeBatch, tape: HedgeTape, pnl: Float64Array): void;
  /** out += Σ_i w_i·J_i of one layer; out [in·out] f64. */
  gradient(tape: HedgeTape, layer: HedgeLayer, weights: Float64Array, out: Float64Array): void;
  /** out[k·B + i] += ⟨J_i, V_k⟩ of one layer, over every `stride`-th tile of paths; the other entries stay. */
  jvp(tape: HedgeTape, layer: HedgeLayer, directions: readonly Float64Array[], stride: number, out: Float64Array): void;
  /**
   * Kronecker statistics over every `stride`-th tile of paths (weights scaled so that the sums stand for all paths):
   * a = mean over paths and dates of ã ãᵀ, g = Σ_i ω_i·mean over dates of g gᵀ; both f64.
   */
  factors(tape: HedgeTape, layer: HedgeLayer, weights: Float64Array, stride: number, a: Matrix, g: Matrix): void;
  /**
   * Moments over time, over the same tiles: lag 0 as `factors`, lag 1 the means of ã_{t+1}·ã_tᵀ and of ω_i·g_{t+1}·g_tᵀ over
   * all dates, the last of which has no next. All f64.
   */
  lagFactors(
    tape: HedgeTape,
    layer: HedgeLayer,
    weights: Float64Array,
    stride: number,
    a: LagMoments,
    g: LagMoments,
  ): void;
  /**
   * Statistics of whole paths, over the same tiles: a = mean over paths of āāᵀ, ā the mean of ã over dates,
   * g = Σ_i ω_i·ĝĝᵀ, ĝ the sum of g over dates; both f64.
   */
  reducedFactors(tape: HedgeTape, layer: HedgeLayer, weights: Float64Array, stride: number, a: Matrix, g: Matrix): void;
  /** Exact block of the head: out ← Σ_i ω_i·vec(J_i)·vec(J_i)ᵀ, [H+1 × H+1] f64. */
  headBlock(tape: HedgeTape, weights: Float64Array, out: Matrix): void;
  /** Copies a layer's pairs out of the tape, row i·dates + t: z [B·dates × in], g [B·dates × out], the tape's dtype. */
  capture(tape: HedgeTape, layer: HedgeLayer, z: Matrix, g: Matrix): void;
}
