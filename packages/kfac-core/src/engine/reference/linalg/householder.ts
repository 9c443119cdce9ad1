/** A vector inside an array: its first entry, the distance between entries, how many. */
export interface Strided {
  readonly data: Float64Array;
  readonly start: number;
  readonly stride: number;
  readonly length: number;
}

/** Euclidean norm without overflow. */
export function norm({ data, start, stride, length }: Strided): number {
  let largest = 0;
  for (let i = 0; i < length; i++) largest = Math.max(largest, Math.abs(data[start + i * stride]!));
  if (!(largest > 0 && largest < Infinity)) return largest;
  let sum = 0;
  for (let i = 0; i < length; i++) sum += (data[start + i * stride]! / largest) ** 2;
  return largest * Math.sqrt(sum);
}

/**
 * The Householder reflector H = I − τ·v·vᵀ, v₀ = 1, with H·x = β·e₀ (Golub & Van Loan, Matrix Computations, §5.1).
 * Overwrites x₀ by β and the rest of x by that of v; returns τ (0 when x is a multiple of e₀ already).
 */
export function makeReflector(x: Strided): number {
  const { data, start, stride, length } = x;
  const tail = norm({ data, start: start + stride, stride, length: length - 1 });
  if (length < 2 || tail === 0) return 0;
  const first = data[start]!;
  const beta = -Math.sign(first || 1) * Math.hypot(first, tail);
  for (let i = 1; i < length; i++) data[start + i * stride]! /= first - beta;
  data[start] = beta;
  return (beta - first) / beta;
}

/** y ← H·y for the reflector that `makeReflector` left in v (v₀ = 1 is not stored). */
export function applyReflector(tau: number, v: Strided, y: Strided): void {
  if (tau === 0) return;
  let sum = y.data[y.start]!;
  for (let i = 1; i < v.length; i++) sum += v.data[v.start + i * v.stride]! * y.data[y.start + i * y.stride]!;
  sum *= tau;
  y.data[y.start]! -= sum;
  for (let i = 1; i < v.length; i++) y.data[y.start + i * y.stride]! -= sum * v.data[v.start + i * v.stride]!;
}
