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
 * sorted by t, form M chunks, of every equation its own; m = exp(−ε·Σ_{j<k} L_j) for all points of chunk k, L_j = Σ over the equations of ½·mean e² on
 * chunk j. The first chunk has 1, and m never rises with t. Conditions keep 1.
 */
export class Causal implements PointScheme {
  readonly every: number;
  readonly restsInFinish = false;
  readonly #axis: number;
  readonly #chunks: number;
  readonly #epsilons: readonly number[];
  #stage = 0;
  /** Of every equation the points' times, and their numbers in that order. */
  readonly #known: { times: Float64Array; order: Uint32Array }[] = [];

  /** `axis`: the number of t among the coordinates. */
  constructor({ every, chunks, epsilon }: CausalOptions, axis: number) {
    this.every = every;
    this.#axis = axis;
    this.#chunks = chunks;
    this.#epsilons = typeof epsilon === 'number' ? [epsilon] : epsilon;
  }

  update(terms: readonly WeightedTerm[], multipliers: readonly Float64Array[]): void {
    const equations = terms.flatMap(({ kind, residual, batches }, k) => {
      if (kind !== 'interior') return [];
      const { coordinates, points } = batches[0]!;
      const times = coordinates.subarray(this.#axis * points, (this.#axis + 1) * points);
      return [{ residual, m: multipliers[k]!, order: this.#ordered(k, times) }];
    });
    const losses = chunkLosses(equations, this.#chunks);
    if (Math.min(...causalWeights(losses, this.#epsilon)) > SETTLED)
      this.#stage = Math.min(this.#stage + 1, this.#epsilons.length - 1);
    const weights = causalWeights(losses, this.#epsilon);
    for (const { m, order } of equations)
      for (let i = 0; i < order.length; i++) m[order[i]!] = weights[chunkOf(i, order.length, this.#chunks)]!;
  }

  #ordered(k: number, times: Float64Array): Uint32Array {
    const known = this.#known[k];
    if (known?.times.length === times.length && times.every((t, n) => t === known.times[n])) return known.order;
    const order = byTime(times);
    this.#known[k] = { times: times.slice(), order };
    return order;
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

/** Of equations with equally many points. */
function chunkLosses(
  equations: readonly { readonly residual: Float64Array; readonly order: Uint32Array }[],
  chunks: number,
): Float64Array {
  const losses = new Float64Array(chunks);
  const counts = new Uint32Array(chunks);
  const points = equations[0]!.order.length;
  for (let i = 0; i < points; i++) {
    const chunk = chunkOf(i, points, chunks);
    counts[chunk]! += 1;
    for (const { residual, order } of equations) losses[chunk]! += 0.5 * residual[order[i]!]! ** 2;
  }
  return losses.map((loss, k) => loss / counts[k]!);
}
