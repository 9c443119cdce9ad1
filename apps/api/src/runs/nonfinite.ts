import type { Nonfinite } from './store.ts';

/** The code of a value that JSON cannot carry, or null for a finite one. */
export function nonfiniteCode(value: number): Nonfinite | null {
  if (Number.isFinite(value)) return null;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/** Splits metrics into what JSON carries and the codes of the rest. */
export function encodeMetrics(metrics: Readonly<Record<string, number>>): {
  metrics: Record<string, number | null>;
  nonfinite?: Record<string, Nonfinite>;
} {
  const values: Record<string, number | null> = {};
  const codes: Record<string, Nonfinite> = {};
  for (const [key, value] of Object.entries(metrics)) {
    const code = nonfiniteCode(value);
    values[key] = code === null ? value : null;
    if (code !== null) codes[key] = code;
  }
  return Object.keys(codes).length === 0 ? { metrics: values } : { metrics: values, nonfinite: codes };
}
