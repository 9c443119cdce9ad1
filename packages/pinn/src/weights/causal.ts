import type { PointScheme, WeightedTerm } from './point-scheme.ts';

/** Settings of `Causal`. */
export interface CausalOptions {
  readonly every: number;
  /** M ≥ 2: chunks of equally many points. */
  readonly chunks: number;
  /** ε > 0, or ascending values: the next one once all weights are above 0.99. */
  readonly epsilon: number | readonly number[];
}

const SETTLED = 0.99;

/**
 * Causal weights (Wang, Sankaran & Perdikaris 2024): later times count once earlier ones are solved. The points inside,
 * sorted by t, form M chunks; m = exp(−ε·Σ_{j<k} L_j) for all points of chunk k, L_j = Σ over the equations of ½·mean e² on
 * chunk j. The first chunk has 1, and m never rises with t. Conditions keep 1.
 */
export class Causal implements PointScheme {
  readonly every: number;
  readonly restsInFinish = false;
  readonly #axis: number;
  readonly #chunks: number;
  readonly #epsilons: readonly number[];
  #stage = 0;
  /** The points' times, and their numbers in that order. */
  #times = new Float64Array(0);
  #order: Uint32Array = new Uint32Array(0);

  /** `axis`: the number of t among the coordinates. */
  constructor({ every, chunks, epsilon }: CausalOptions, axis: number) {
    this.every = every;
    this.#axis = axis;
    this.#chunks = chunks;
    this.#epsilons = typeof epsilon === 'number' ? [epsilon] : epsilon;
  }

  update(terms: readonly WeightedTerm[], multipliers: readonly Float64Array[]): void {
    const equations = terms.flatMap(({ kind, residual }, k) =>
      kind === 'interior' ? [{ residual, m: multipliers[k]! }] : [],
    );
    // All equations have the same points.
    const { coordinates, points } = terms[0]!.batches[0]!;
    const order = this.#ordered(coordinates.subarray(this.#axis * points, (this.#axis + 1) * points));
    const losses = chunkLosses(
      equations.map(({ residual }) => residual),
      order,
      this.#chunks,
    );
    if (Math.min(...causalWeights(losses, this.#epsilon)) > SETTLED)
      this.#stage = Math.min(this.#stage + 1, this.#epsilons.length - 1);
    const weights = causalWeights(losses, this.#epsilon);
    for (const { m } of equations)
      for (let i = 0; i < points; i++) m[order[i]!] = weights[chunkOf(i, points, this.#chunks)]!;
  }

  #ordered(times: Float64Array): Uint32Array {
    if (times.length !== this.#times.length || times.some((t, n) => t !== this.#times[n])) {
      this.#times = times.slice();
      this.#order = byTime(times);
    }
    return this.#order;
  }

  get #epsilon(): number {
    return this.#epsilons[this.#stage]!;
  }

  metrics(): Record<string, number> {
    return { 'pinn/weight/epsilon': this.#epsilon };
  }

  save(): Record<string, Float64Array> {
    return { stage: Float64Array.of(this.#stage) };
  }

  restore(state: Readonly<Record<string, Float64Array>>): void {
    this.#stage = state['stage']![0]!;
  }
}

/** w_k = exp(−ε·Σ_{j<k} L_j) for the losses of the chunks in order of time [M]. */
export function causalWeights(losses: Float64Array, epsilon: number): Float64Array {
  let sum = 0;
  return losses.map((loss) => {
    const weight = Math.exp(-epsilon * sum);
    sum += loss;
    return weight;
  });
}

/** The points' numbers in order of time; of equal times the lower one first. */
function byTime(times: Float64Array): Uint32Array {
  return Uint32Array.from(times, (_, n) => n).sort((a, b) => times[a]! - times[b]! || a - b);
}

/** The chunk of the i-th of N points. */
const chunkOf = (i: number, points: number, chunks: number): number => Math.floor((i * chunks) / points);

function chunkLosses(residuals: readonly Float64Array[], order: Uint32Array, chunks: number): Float64Array {
  const losses = new Float64Array(chunks);
  const counts = new Uint32Array(chunks);
  for (let i = 0; i < order.length; i++) {
    const chunk = chunkOf(i, order.length, chunks);
    counts[chunk]! += 1;
    for (const residual of residuals) losses[chunk]! += 0.5 * residual[order[i]!]! ** 2;
  }
  return losses.map((loss, k) => loss / counts[k]!);
}
