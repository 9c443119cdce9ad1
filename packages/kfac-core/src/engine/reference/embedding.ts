import type { JetShape, RealArray } from '../engine.ts';
import type { JetDimensions } from '../jet-tape.ts';

/**
 * The channels of what the first layer reads at x [d], S rows of `stride` numbers from `start` on: coordinates and
 * directions themselves or, with an embedding, its features. With phase φ = f·x and rates ρ_r = f·v_r, cos φ has
 * first derivatives −ρ_r·sin φ and second-order channels −cos φ·Σ_r c_qr·ρ_r², and sin φ likewise.
 */
export function embed(
  { directions, second, embedding }: JetShape,
  { inputs: d, firsts, channels }: JetDimensions,
  x: Float64Array,
  z: RealArray,
  start: number,
  stride: number,
): void {
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
  for (let k = 0; k < waves; k++) {
    const phase = dot(frequencies, k * d, x, 0);
    const [cosine, sine] = [Math.cos(phase), Math.sin(phase)];
    const write = (s: number, ofCosine: number, ofSine: number): void => {
      z[start + s * stride + kept.length + k] = ofCosine;
      z[start + s * stride + kept.length + waves + k] = ofSine;
    };
    const rates = Array.from({ length: firsts }, (_, r) => dot(frequencies, k * d, directions, r * d));
    write(0, cosine, sine);
    for (const [r, rate] of rates.entries()) write(1 + r, -rate * sine, rate * cosine);
    for (let s = 1 + firsts; s < channels; s++) {
      const bend = rates.reduce((sum, rate, r) => sum + second[(s - 1 - firsts) * firsts + r]! * rate ** 2, 0);
      write(s, -bend * cosine, -bend * sine);
    }
  }
}
