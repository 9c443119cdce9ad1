import { WEIGHT_RANGE, clampWeight } from './clamp.ts';
import type { PointScheme, WeightedTerm } from './point-scheme.ts';

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/** A rising function m(ς) ≥ 0. */
interface Mask {
  value(sigma: number): number;
  /** ς for m. */
  inverse(m: number): number;
  /** m′(ς), given m(ς) as well. */
  slope(sigma: number, m: number): number;
}

/** By name: m = ς², ς = 1 at the start; m = R/(1 + (R − 1)·e^−ς) between 0 and R = 1000, ς = 0 at the start. */
const MASKS = {
  square: { value: (sigma) => sigma ** 2, inverse: Math.sqrt, slope: (sigma) => 2 * sigma },
  logistic: {
    value: (sigma) => WEIGHT_RANGE / (1 + (WEIGHT_RANGE - 1) * Math.exp(-sigma)),
    inverse: (m) => Math.log(((WEIGHT_RANGE - 1) * m) / (WEIGHT_RANGE - m)),
    slope: (_, m) => m * (1 - m / WEIGHT_RANGE),
  },
} as const satisfies Record<string, Mask>;

export type MaskName = keyof typeof MASKS;

/**
 * Self-adaptive weights (McClenny & Braga-Neto 2023): m_n = m(ς_n) of every point, inside as on the conditions, by a mask m; the
 * loss is minimised in θ and maximised in ς, ∂L/∂ς_n = ½(ω_n/m_n)·m′(ς_n)·e_n², by an Adam of its own (β = (0.9, 0.999),
 * ε = 1e-8). m = 1 at the start, and clamped. For points that stay.
 */
export class SelfAdaptive implements PointScheme {
  readonly every: number;
  readonly restsInFinish = true;
  readonly #learningRate: number;
  readonly #mask: Mask;
  #first: Float64Array[] = [];
  #second: Float64Array[] = [];
  #updates = 0;

  constructor({ every, learningRate, mask }: { every: number; learningRate: number; mask: MaskName }) {
    this.every = every;
    this.#learningRate = learningRate;
    this.#mask = MASKS[mask];
  }

  update(terms: readonly WeightedTerm[], multipliers: readonly Float64Array[]): void {
    if (this.#updates === 0) {
      this.#first = multipliers.map((m) => new Float64Array(m.length));
      this.#second = multipliers.map((m) => new Float64Array(m.length));
    }
    this.#updates += 1;
    const correction1 = 1 - BETA1 ** this.#updates;
    const correction2 = 1 - BETA2 ** this.#updates;
    for (const [k, { residual, curvature }] of terms.entries()) {
      const m = multipliers[k]!;
      const first = this.#first[k]!;
      const second = this.#second[k]!;
      for (let n = 0; n < m.length; n++) {
        const sigma = this.#mask.inverse(m[n]!);
        const g = 0.5 * (curvature[n]! / m[n]!) * this.#mask.slope(sigma, m[n]!) * residual[n]! ** 2;
        first[n] = BETA1 * first[n]! + (1 - BETA1) * g;
        second[n] = BETA2 * second[n]! + (1 - BETA2) * g * g;
        const rise = (this.#learningRate * (first[n]! / correction1)) / (Math.sqrt(second[n]! / correction2) + EPSILON);
        m[n] = clampWeight(this.#mask.value(sigma + rise), 1, m[n]!);
      }
    }
  }

  metrics(): Record<string, number> {
    return {};
  }

  save(): Record<string, Float64Array> {
    const state: Record<string, Float64Array> = { updates: Float64Array.of(this.#updates) };
    for (const [k, first] of this.#first.entries()) {
      state[`first/${k}`] = first;
      state[`second/${k}`] = this.#second[k]!;
    }
    return state;
  }

  restore(state: Readonly<Record<string, Float64Array>>): void {
    this.#updates = state['updates']![0]!;
    const terms = Object.keys(state).filter((name) => name.startsWith('first/')).length;
    this.#first = Array.from({ length: terms }, (_, k) => state[`first/${k}`]!.slice());
    this.#second = Array.from({ length: terms }, (_, k) => state[`second/${k}`]!.slice());
  }
}
