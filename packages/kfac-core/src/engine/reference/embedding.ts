import type { JetShape, RealArray } from '../engine.ts';
import { type JetChannel, jetChannels } from '../jet-channels.ts';
import type { JetDimensions } from '../jet-tape.ts';

/** (d/dφ)^k of cos φ and of sin φ. */
function waveDerivative(k: number, cosine: number, sine: number): [ofCosine: number, ofSine: number] {
  const cycle = [cosine, -sine, -cosine, sine];
  return [cycle[k % 4]!, cycle[(k + 3) % 4]!];
}

/**
 * The channels of what the first layer reads at x [d], S rows of `stride` numbers from `start` on: coordinates and
 * directions themselves or, with an embedding, its features. With phase φ = f·x and rates ρ_r = f·v_r, cos φ has in a channel
 * of order k the entry cos⁽ᵏ⁾φ·Σ_r c_r·ρ_r^k, and sin φ likewise.
 */
export function embed(
  shape: JetShape,
  { inputs: d, firsts, channels }: JetDimensions,
  x: Float64Array,
  z: RealArray,
  start: number,
  stride: number,
): void {
  const { directions, embedding } = shape;
  const dot = (a: Float64Array, at: number, b: Float64Array, from: number): number => {
    let sum = 0;
    for (let i = 0; i < d; i++) sum += a[at + i]! * b[from + i]!;
    return sum;
  };
  const kept = embedding?.kept ?? Array.from(x, (_, axis) => axis);
  for (const [j, axis] of kept.entries()) {
    z[start + j] = x[axis]!;
    for (let r = 0; r < firsts; r++) z[start + (1 + r) * stride + j] = directions[r * d + axis]!;
    for (let s = 1 + firsts; s < channels; s++) z[start + s * stride + j] = 0;
  }
  const frequencies = embedding?.frequencies ?? new Float64Array(0);
  const waves = frequencies.length / d;
  const orders = waves === 0 ? [] : jetChannels(shape, d);
  for (let k = 0; k < waves; k++) {
    const phase = dot(frequencies, k * d, x, 0);
    const [cosine, sine] = [Math.cos(phase), Math.sin(phase)];
    const write = (s: number, ofCosine: number, ofSine: number): void => {
      z[start + s * stride + kept.length + k] = ofCosine;
      z[start + s * stride + kept.length + waves + k] = ofSine;
    };
    const rates = Array.from({ length: firsts }, (_, r) => dot(frequencies, k * d, directions, r * d));
    write(0, cosine, sine);
    for (const [k, channel] of orders.entries()) {
      const factor = rateOf(channel, rates);
      const [ofCosine, ofSine] = waveDerivative(channel.order, cosine, sine);
      write(1 + k, factor * ofCosine, factor * ofSine);
    }
  }
}

/** Σ_r c_r·ρ_r^order. */
function rateOf({ order, terms }: JetChannel, rates: readonly number[]): number {
  return terms.reduce((sum, [r, weight]) => sum + weight * rates[r]! ** order, 0);
}
