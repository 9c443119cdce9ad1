import { KfacError } from './errors.ts';
import { normalQuantile } from './normal.ts';

/** Four 32-bit words, each an integer in [0, 2³²). */
export type Words4 = [number, number, number, number];
/** Two 32-bit words, each an integer in [0, 2³²). */
export type Words2 = [number, number];

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** Philox4x32-10 in place: `words` holds the counter and receives the output. Allocates nothing. */
export function philox4x32Into(words: Uint32Array, key0: number, key1: number): void {
  let c0 = words[0]!;
  let c1 = words[1]!;
  let c2 = words[2]!;
  let c3 = words[3]!;
  let k0 = key0 >>> 0;
  let k1 = key1 >>> 0;
  for (let round = 0; round < 10; round++) {
    // The low word of a product exactly; the high one is what the product, right to 2¹¹ as a double, has above it.
    const low0 = Math.imul(M0, c0) >>> 0;
    const low1 = Math.imul(M1, c2) >>> 0;
    const high0 = Math.round((M0 * c0 - low0) * 2 ** -32);
    const high1 = Math.round((M1 * c2 - low1) * 2 ** -32);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

/** Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011): four random words from a counter and a key. */
export function philox4x32(counter: Readonly<Words4>, key: Readonly<Words2>): Words4 {
  const words = Uint32Array.from(counter);
  philox4x32Into(words, key[0], key[1]);
  return [words[0]!, words[1]!, words[2]!, words[3]!];
}

/** Key words of a seed: its low 32 bits, then the rest. Throws `KFAC_SPEC` unless it is an integer in [0, 2⁵³). */
export function keyOfSeed(seed: number): Words2 {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new KfacError('KFAC_SPEC', `expected a seed that is an integer in [0, 2^53), got ${seed}`);
  }
  return [seed % 0x100000000, Math.floor(seed / 0x100000000)];
}

/** Uniform strictly inside (0, 1) from two words: (top 52 bits of high·2³² + low, plus ½)·2⁻⁵². */
export function uniformOfWords(high: number, low: number): number {
  return (high * 0x100000 + (low >>> 12) + 0.5) * 2 ** -52;
}

/** The fourth counter word of every stream. Market paths carry their training step there and never reach it. */
const STREAM_TAG = 0xffffffff;

/**
 * A stream of random numbers that is a pure function of (seed, stream, index): number j comes from half j mod 2 of the
 * Philox block ⌊j/2⌋. Different streams of one seed are independent; `position` is the whole state, so saving and
 * setting it continues the stream exactly.
 *
 * @example
 * const stream = new PhiloxStream(1, 0);
 * const first = stream.uniform(); // === stream.uniformAt(0)
 */
export class PhiloxStream {
  readonly seed: number;
  readonly stream: number;
  /** Index of the next number, an integer in [0, 2⁵³). */
  position: number;
  readonly #key: Words2;
  readonly #words = new Uint32Array(4);
  #block = -1;

  /** `seed` an integer in [0, 2⁵³), `stream` one in [0, 2³²), `position` as saved; throws `KFAC_SPEC`. */
  constructor(seed: number, stream: number, position = 0) {
    if (!Number.isInteger(stream) || stream < 0 || stream > 0xffffffff) {
      throw new KfacError('KFAC_SPEC', `expected a stream number that is an integer in [0, 2^32), got ${stream}`);
    }
    if (!Number.isSafeInteger(position) || position < 0) {
      throw new KfacError('KFAC_SPEC', `expected a stream position that is an integer in [0, 2^53), got ${position}`);
    }
    this.#key = keyOfSeed(seed);
    this.seed = seed;
    this.stream = stream;
    this.position = position;
  }

  /** The uniform number at an index, strictly inside (0, 1); does not move the position. */
  uniformAt(index: number): number {
    this.#draw(Math.floor(index / 2));
    const half = index % 2 === 0 ? 0 : 2;
    return uniformOfWords(this.#words[half + 1]!, this.#words[half]!);
  }

  /** Makes `words` those of a block. */
  #draw(block: number): void {
    if (block === this.#block) return;
    const words = this.#words;
    words[0] = block % 0x100000000;
    words[1] = Math.floor(block / 0x100000000);
    words[2] = this.stream;
    words[3] = STREAM_TAG;
    philox4x32Into(words, this.#key[0], this.#key[1]);
    this.#block = block;
  }

  /** The standard normal number at an index, by inversion of the uniform one there. */
  normalAt(index: number): number {
    return normalQuantile(this.uniformAt(index));
  }

  /** The next uniform number, strictly inside (0, 1). */
  uniform(): number {
    return this.uniformAt(this.position++);
  }

  /** out ← the next uniform numbers; the same as one after the other. */
  uniforms(out: Float64Array): void {
    const words = this.#words;
    for (let k = 0; k < out.length;) {
      if (k + 1 < out.length && this.position % 2 === 0) {
        this.#draw(this.position / 2);
        out[k] = uniformOfWords(words[1]!, words[0]!);
        out[k + 1] = uniformOfWords(words[3]!, words[2]!);
        this.position += 2;
        k += 2;
      } else {
        out[k++] = this.uniform();
      }
    }
  }

  /** The next standard normal number. */
  normal(): number {
    return this.normalAt(this.position++);
  }
}
