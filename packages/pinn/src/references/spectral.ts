import { RealFourier } from './fourier.ts';

/** u_t = Λu + M g(u) on a periodic interval, Λ and M being multipliers of the Fourier coefficient of frequency k. */
export interface SpectralEquation {
  /** The interval [lower, upper]; its length is the period. */
  readonly lower: number;
  readonly upper: number;
  readonly initial: (x: number) => number;
  /** λ of the frequency k (radians per unit of x), a complex number. */
  readonly linear: (k: number) => readonly [re: number, im: number];
  /** M of the frequency k, a complex number. */
  readonly factor: (k: number) => readonly [re: number, im: number];
  /** g. */
  readonly nonlinear: (u: number) => number;
}

/** Points of the contour around λh over which the coefficients of ETDRK4 are averaged. */
const CONTOUR = 32;

/**
 * Integrates from t = 0 to `end` with `steps` steps, a multiple of `snapshots`: Fourier in x, in t the exponential
 * Runge–Kutta method of order 4 of Cox and Matthews (2002), its coefficients by contour integrals as in Kassam and
 * Trefethen (2005). `modes` is a power of two. Returns u at t_i = i·end/snapshots, i = 0 … snapshots, and
 * x_j = lower + j·(upper − lower)/modes, j = 0 … modes, row by row.
 */
export function integrate(
  equation: SpectralEquation,
  end: number,
  modes: number,
  steps: number,
  snapshots: number,
): Float64Array {
  const { lower, upper, initial, nonlinear } = equation;
  const step = new Stepper(equation, end / steps, modes);
  const u = Float64Array.from({ length: modes }, (_, j) => initial(lower + (j * (upper - lower)) / modes));
  const values = new Float64Array((snapshots + 1) * (modes + 1));
  const keep = (row: number): void => {
    values.set(u, row * (modes + 1));
    values[row * (modes + 1) + modes] = u[0]!;
  };
  keep(0);
  step.start(u);
  for (let n = 1; n <= steps; n++) {
    step.advance(u, nonlinear);
    if ((n * snapshots) % steps === 0) keep((n * snapshots) / steps);
  }
  return values;
}

type Complex = readonly [re: Float64Array, im: Float64Array];

class Stepper {
  readonly #fourier: RealFourier;
  readonly #count: number;
  readonly #v: Complex;
  readonly #stages: readonly Complex[];
  readonly #argument: Complex;
  readonly #field: Float64Array;
  readonly #factor: Complex;
  /** e^{λh}, e^{λh/2}, Q, f₁, f₂, f₃ of every frequency. */
  readonly #coefficients: readonly Complex[];

  constructor({ lower, upper, linear, factor }: SpectralEquation, h: number, modes: number) {
    const count = modes / 2 + 1;
    const complex = (): Complex => [new Float64Array(count), new Float64Array(count)];
    this.#fourier = new RealFourier(modes);
    this.#count = count;
    this.#v = complex();
    this.#stages = [complex(), complex(), complex(), complex(), complex()];
    this.#argument = complex();
    this.#field = new Float64Array(modes);
    this.#factor = complex();
    this.#coefficients = Array.from({ length: 6 }, complex);
    for (let j = 0; j < count; j++) {
      const k = (2 * Math.PI * j) / (upper - lower);
      [this.#factor[0][j], this.#factor[1][j]] = factor(k);
      const [re, im] = linear(k);
      for (const [c, [a, b]] of coefficientsOf(re * h, im * h, h).entries()) {
        this.#coefficients[c]![0][j] = a;
        this.#coefficients[c]![1][j] = b;
      }
    }
  }

  start(u: Float64Array): void {
    this.#fourier.forward(u, ...this.#v);
  }

  /** One step; leaves the new values in `u`. */
  advance(u: Float64Array, g: (u: number) => number): void {
    const [whole, half, q, f1, f2, f3] = this.#coefficients as unknown as [
      Complex,
      Complex,
      Complex,
      Complex,
      Complex,
      Complex,
    ];
    const [n0, na, nb, nc, a] = this.#stages as unknown as [Complex, Complex, Complex, Complex, Complex];
    const v = this.#v;
    this.#nonlinear(v, g, n0);
    this.#combine(a, half, v, q, n0, null);
    this.#nonlinear(a, g, na);
    this.#combine(this.#argument, half, v, q, na, null);
    this.#nonlinear(this.#argument, g, nb);
    this.#combine(this.#argument, half, a, q, nb, n0);
    this.#nonlinear(this.#argument, g, nc);
    for (let j = 0; j < this.#count; j++) {
      const sumRe = 2 * (na[0][j]! + nb[0][j]!);
      const sumIm = 2 * (na[1][j]! + nb[1][j]!);
      const re =
        whole[0][j]! * v[0][j]! -
        whole[1][j]! * v[1][j]! +
        (f1[0][j]! * n0[0][j]! - f1[1][j]! * n0[1][j]!) +
        (f2[0][j]! * sumRe - f2[1][j]! * sumIm) +
        (f3[0][j]! * nc[0][j]! - f3[1][j]! * nc[1][j]!);
      v[1][j] =
        whole[0][j]! * v[1][j]! +
        whole[1][j]! * v[0][j]! +
        (f1[0][j]! * n0[1][j]! + f1[1][j]! * n0[0][j]!) +
        (f2[0][j]! * sumIm + f2[1][j]! * sumRe) +
        (f3[0][j]! * nc[1][j]! + f3[1][j]! * nc[0][j]!);
      v[0][j] = re;
    }
    this.#fourier.inverse(...v, u);
  }

  /** out = M ĝ(u), u being given by its coefficients. */
  #nonlinear(coefficients: Complex, g: (u: number) => number, [re, im]: Complex): void {
    const field = this.#field;
    this.#fourier.inverse(...coefficients, field);
    for (let n = 0; n < field.length; n++) field[n] = g(field[n]!);
    this.#fourier.forward(field, re, im);
    const [a, b] = this.#factor;
    for (let j = 0; j < this.#count; j++) {
      const x = re[j]!;
      re[j] = a[j]! * x - b[j]! * im[j]!;
      im[j] = a[j]! * im[j]! + b[j]! * x;
    }
  }

  /** out = e·base + q·n, or e·base + q·(2n − minus). */
  #combine(out: Complex, e: Complex, base: Complex, q: Complex, n: Complex, minus: Complex | null): void {
    for (let j = 0; j < this.#count; j++) {
      const x = minus ? 2 * n[0][j]! - minus[0][j]! : n[0][j]!;
      const y = minus ? 2 * n[1][j]! - minus[1][j]! : n[1][j]!;
      const re = e[0][j]! * base[0][j]! - e[1][j]! * base[1][j]! + q[0][j]! * x - q[1][j]! * y;
      out[1][j] = e[0][j]! * base[1][j]! + e[1][j]! * base[0][j]! + q[0][j]! * y + q[1][j]! * x;
      out[0][j] = re;
    }
  }
}

/**
 * e^z, e^{z/2}, h(e^{z/2} − 1)/z, h(−4 − z + e^z(4 − 3z + z²))/z³, h(2 + z + e^z(z − 2))/z³,
 * h(−4 − 3z − z² + e^z(4 − z))/z³, the last four as means over a circle around z.
 */
function coefficientsOf(zRe: number, zIm: number, h: number): [re: number, im: number][] {
  const means = new Float64Array(8);
  const add = (at: number, [aRe, aIm]: readonly number[], [bRe, bIm]: readonly number[]): void => {
    const norm = bRe! * bRe! + bIm! * bIm!;
    means[at]! += ((aRe! * bRe! + aIm! * bIm!) / norm) * (h / CONTOUR);
    means[at + 1]! += ((aIm! * bRe! - aRe! * bIm!) / norm) * (h / CONTOUR);
  };
  const times = (aRe: number, aIm: number, bRe: number, bIm: number): [number, number] => [
    aRe * bRe - aIm * bIm,
    aRe * bIm + aIm * bRe,
  ];
  for (let n = 0; n < CONTOUR; n++) {
    const angle = (2 * Math.PI * (n + 0.5)) / CONTOUR;
    const x = zRe + Math.cos(angle);
    const y = zIm + Math.sin(angle);
    const z = [x, y] as const;
    const [z2Re, z2Im] = times(x, y, x, y);
    const z3 = times(z2Re, z2Im, x, y);
    const [eRe, eIm] = exponential(x, y);
    const [halfRe, halfIm] = exponential(x / 2, y / 2);
    const one = times(eRe, eIm, 4 - 3 * x + z2Re, -3 * y + z2Im);
    const two = times(eRe, eIm, x - 2, y);
    const three = times(eRe, eIm, 4 - x, -y);
    add(0, [halfRe - 1, halfIm], z);
    add(2, [one[0] - 4 - x, one[1] - y], z3);
    add(4, [two[0] + 2 + x, two[1] + y], z3);
    add(6, [three[0] - 4 - 3 * x - z2Re, three[1] - 3 * y - z2Im], z3);
  }
  const mean = (at: number): [number, number] => [means[at]!, means[at + 1]!];
  return [exponential(zRe, zIm), exponential(zRe / 2, zIm / 2), mean(0), mean(2), mean(4), mean(6)];
}

function exponential(re: number, im: number): [re: number, im: number] {
  const size = Math.exp(re);
  return [size * Math.cos(im), size * Math.sin(im)];
}
