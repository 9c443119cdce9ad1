import type { Activation } from '../engine.ts';
import { gaussian, normalCdf, normalPdf } from '../../normal.ts';

/** ψ, ψ′, ψ″, ψ‴ at a. */
export type Derivatives = readonly [number, number, number, number];

/** e^{−|a|}, the logistic function s(a) = 1/(1 + e⁻ᵃ), its complement 1 − s and its slope p = s(1 − s). */
export function logistic(a: number): { e: number; s: number; complement: number; p: number } {
  const e = Math.exp(-Math.abs(a));
  const large = 1 / (1 + e);
  const small = e * large;
  return { e, s: a < 0 ? small : large, complement: a < 0 ? large : small, p: large * small };
}

/** a, within bounds beyond which e^{−a²/2} is 0: else 0 would meet an a² that has overflowed. */
export function bounded(a: number): number {
  return Math.max(-39, Math.min(39, a));
}

/**
 * Every activation with the derivatives that jets of order 2 and their adjoint need (docs/math-pinn.md, Activations).
 * Accurate relative to the size of the terms, also far out: tails come from e^{−|a|} or e^{−a²/2}.
 */
export const ACTIVATION_DERIVATIVES: Record<Activation, (a: number) => Derivatives> = {
  tanh: (a) => {
    const y = Math.tanh(a);
    const p = 1 - y * y;
    return [y, p, -2 * y * p, p * (6 * y * y - 2)];
  },
  sin: (a) => {
    const sine = Math.sin(a);
    const cosine = Math.cos(a);
    return [sine, cosine, -sine, -cosine];
  },
  silu: (a) => {
    const { s, complement, p } = logistic(a);
    const t = complement - s;
    return [a * s, s * (1 + a * complement), p * (2 + a * t), p * (3 * t + a * (1 - 6 * p))];
  },
  gelu: (a) => {
    const cdf = normalCdf(a);
    const density = normalPdf(a);
    const b = bounded(a);
    return [a * cdf, cdf + b * density, density * (2 - b * b), density * b * (b * b - 4)];
  },
  softplus: (a) => {
    const { e, s, complement, p } = logistic(a);
    return [Math.max(a, 0) + Math.log1p(e), s, p, p * (complement - s)];
  },
  gaussian: (a) => {
    const y = gaussian(Math.abs(a));
    const b = bounded(a);
    return [y, -b * y, (b * b - 1) * y, b * (3 - b * b) * y];
  },
};
