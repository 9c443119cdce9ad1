import { clampWeight } from './clamp.ts';
import type { PointScheme, WeightedTerm } from './point-scheme.ts';

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/**
 * Self-adaptive weights (McClenny & Braga-Neto 2023): m_n = ς_n² of every point, inside as on the conditions; the loss is
 * minimised in θ and maximised in ς, ∂L/∂ς_n = (ω_n/m_n)·ς_n·e_n², by an Adam of its own (β = (0.9, 0.999), ε = 1e-8). ς = 1 at
 * the start, m clamped. For points that stay.
 */
export class SelfAdaptive implements PointScheme {
  readonly every: number;
  readonly restsInFinish = true;
  readonly #learningRate: number;
  #first: Float64Array[] = [];
  #second: Float64Array[] = [];
  #updates = 0;

  constructor({ every, learningRate }: { every: number; learningRate: number }) {
    this.every = every;
    this.#learningRate = learningRate;
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
        const sigma = Math.sqrt(m[n]!);
        const g = (curvature[n]! / m[n]!) * sigma * residual[n]! ** 2;
        first[n] = BETA1 * first[n]! + (1 - BETA1) * g;
        second[n] = BETA2 * second[n]! + (1 - BETA2) * g * g;
        const rise = (this.#learningRate * (first[n]! / correction1)) / (Math.sqrt(second[n]! / correction2) + EPSILON);
        m[n] = clampWeight((sigma + rise) ** 2, 1, m[n]!);
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
