/**
 * Discrete Fourier transform of N real values, N = 2^k ≥ 4: û_k = Σ_n u_n e^{−2πikn/N} for k = 0 … N/2, by a complex
 * transform of half the length (Cooley and Tukey 1965).
 */
export class RealFourier {
  readonly #half: number;
  /** cos and sin of 2πk/N, k < N/2. */
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  readonly #reversed: Uint32Array;
  readonly #re: Float64Array;
  readonly #im: Float64Array;

  constructor(size: number) {
    const half = size / 2;
    const bits = Math.log2(half);
    this.#half = half;
    this.#cos = Float64Array.from({ length: half }, (_, k) => Math.cos((2 * Math.PI * k) / size));
    this.#sin = Float64Array.from({ length: half }, (_, k) => Math.sin((2 * Math.PI * k) / size));
    this.#reversed = new Uint32Array(half);
    for (let n = 1; n < half; n++) this.#reversed[n] = (this.#reversed[n >> 1]! >> 1) | ((n & 1) << (bits - 1));
    this.#re = new Float64Array(half);
    this.#im = new Float64Array(half);
  }

  /** Writes û (N/2 + 1 coefficients) of u (N values). */
  forward(u: Float64Array, re: Float64Array, im: Float64Array): void {
    const half = this.#half;
    const a = this.#re;
    const b = this.#im;
    for (let n = 0; n < half; n++) {
      const from = 2 * this.#reversed[n]!;
      a[n] = u[from]!;
      b[n] = u[from + 1]!;
    }
    this.#transform();
    re[0] = a[0]! + b[0]!;
    re[half] = a[0]! - b[0]!;
    im[0] = im[half] = 0;
    // û_k = E_k + e^{−2πik/N} O_k, E and O being the transforms of the even and of the odd values.
    for (let k = 1; k < half; k++) {
      const evenRe = (a[k]! + a[half - k]!) / 2;
      const evenIm = (b[k]! - b[half - k]!) / 2;
      const oddRe = (b[k]! + b[half - k]!) / 2;
      const oddIm = (a[half - k]! - a[k]!) / 2;
      const c = this.#cos[k]!;
      const s = this.#sin[k]!;
      re[k] = evenRe + c * oddRe + s * oddIm;
      im[k] = evenIm + c * oddIm - s * oddRe;
    }
  }

  /** Writes u (N values) from û (N/2 + 1 coefficients). */
  inverse(re: Float64Array, im: Float64Array, u: Float64Array): void {
    const half = this.#half;
    const a = this.#re;
    const b = this.#im;
    for (let k = 0; k < half; k++) {
      const j = half - k;
      const evenRe = re[k]! + re[j]!;
      const evenIm = im[k]! - im[j]!;
      const differenceRe = re[k]! - re[j]!;
      const differenceIm = im[k]! + im[j]!;
      const c = this.#cos[k]!;
      const s = this.#sin[k]!;
      const oddRe = c * differenceRe - s * differenceIm;
      const oddIm = s * differenceRe + c * differenceIm;
      // The conjugate of E + iO: the inverse is the conjugate of the transform of the conjugate.
      const to = this.#reversed[k]!;
      a[to] = evenRe - oddIm;
      b[to] = -(evenIm + oddRe);
    }
    this.#transform();
    const scale = 1 / (2 * half);
    for (let n = 0; n < half; n++) {
      u[2 * n] = a[n]! * scale;
      u[2 * n + 1] = -b[n]! * scale;
    }
  }

  /** Complex transform of the bit-reversed values in place. */
  #transform(): void {
    const half = this.#half;
    const a = this.#re;
    const b = this.#im;
    for (let length = 1; length < half; length *= 2) {
      const stride = half / length; // e^{−2πij/(2·length)} in a table of 2·half-th roots
      for (let j = 0; j < length; j++) {
        const c = this.#cos[j * stride]!;
        const s = this.#sin[j * stride]!;
        for (let p = j; p < half; p += 2 * length) {
          const q = p + length;
          const x = c * a[q]! + s * b[q]!;
          const y = c * b[q]! - s * a[q]!;
          a[q] = a[p]! - x;
          b[q] = b[p]! - y;
          a[p]! += x;
          b[p]! += y;
        }
      }
    }
  }
}
