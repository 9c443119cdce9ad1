import type { Activation } from '../engine.ts';
import { gaussian, normalPdf } from '../../normal.ts';
import { ACTIVATION_DERIVATIVES, bounded, logistic } from './activations.ts';

/** ψ⁗ and the fifth derivative at a, which jets of order 4 and their adjoint need (docs/math-pinn.md, Activations). */
const FOURTH_AND_FIFTH: Record<Activation, (a: number) => readonly [number, number]> = {
  tanh: (a) => {
    const y = Math.tanh(a);
    const p = 1 - y * y;
    return [p * y * (16 - 24 * y * y), p * (16 - 120 * y * y + 120 * y ** 4)];
  },
  sin: (a) => [Math.sin(a), Math.cos(a)],
  silu: (a) => {
    const { s, complement, p } = logistic(a);
    const t = complement - s;
    const bend = t * (1 - 12 * p);
    return [p * (4 * (1 - 6 * p) + a * bend), p * (5 * bend + a * (1 - 30 * p + 120 * p * p))];
  },
  gelu: (a) => {
    const b = bounded(a);
    const b2 = b * b;
    const density = normalPdf(a);
    return [density * (b2 * (7 - b2) - 4), density * b * (b2 * (b2 - 11) + 18)];
  },
  softplus: (a) => {
    const { s, complement, p } = logistic(a);
    return [p * (1 - 6 * p), p * (complement - s) * (1 - 12 * p)];
  },
  gaussian: (a) => {
    const y = gaussian(Math.abs(a));
    const b = bounded(a);
    const b2 = b * b;
    return [y * (b2 * (b2 - 6) + 3), -b * y * (b2 * (b2 - 10) + 15)];
  },
};

/** ψ and its derivatives up to the fifth at a. */
export function sixDerivatives(activation: Activation, a: number): readonly number[] {
  return [...ACTIVATION_DERIVATIVES[activation](a), ...FOURTH_AND_FIFTH[activation](a)];
}
