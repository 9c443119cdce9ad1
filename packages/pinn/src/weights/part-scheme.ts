/** What can be measured of the M parts of a loss, each at weight 1; pointwise multipliers m_n stay in. */
export interface PartMeasures {
  /** L_i = ½·mean of m_n·e_n² [M]. */
  losses(): Float64Array;
  /** ‖∇L_i‖ [M]. */
  gradientNorms(): Float64Array;
  /** T_i = mean of m_n·‖∂e_n/∂θ‖², the mean diagonal of the tangent kernel [M]. */
  kernelDiagonals(): Float64Array;
}

/** A rule by which the weights of a loss's parts follow the training. */
export interface PartScheme {
  /** Steps between two changes. */
  readonly every: number;
  /** w [M] ← the next weights; `start` are those of the specification. */
  update(measures: PartMeasures, start: Float64Array, weights: Float64Array): void;
  /** What it remembers beside the weights. */
  save(): Record<string, Float64Array>;
  restore(state: Readonly<Record<string, Float64Array>>): void;
}

/** Of a rule that remembers nothing. */
export const STATELESS = { save: () => ({}), restore: () => {} } as const;
