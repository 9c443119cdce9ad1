import { type Engine, KfacError, type LossTerm, type Matrix, type ParameterLayout, jacobian, matrix } from '@kfac/core';
import { PinnObjective } from './objective.ts';
import type { Problem } from './problem.ts';

/** Most parameters of a network whose spectrum is computed: it takes about 10·P³ operations for each term. */
export const SPECTRUM_PARAMETERS = 3000;
/** Most entries of one term's rows of J: 1 GiB. */
const MAX_ENTRIES = 2 ** 27;

/** Singular values, descending, at most min(N, P) of them. */
export interface Spectrum {
  /** Of each term's own rows of J, by its name. */
  readonly terms: Readonly<Record<string, readonly number[]>>;
  /** Of all rows together. */
  readonly all: readonly number[];
}

/**
 * The spectrum of the Gauss–Newton matrix JᵀJ = Σ ω ∂e/∂θ (∂e/∂θ)ᵀ at θ as singular values of J [N × P], whose rows
 * √ω·∂e/∂θ carry the weights and 1/N: the squares are the eigenvalues, and small ones keep their digits. On the points
 * of the given step and the weights of the specification: as they are without adaptivity. By QR where N > P, then SVD.
 * Throws `KFAC_LIMIT` beyond 3000 parameters, or if a term's rows of J would take more than 1 GiB.
 */
export function spectrumOf(problem: Problem, engine: Engine, theta: Float64Array, step: number): Spectrum {
  const { layout } = problem;
  if (layout.size > SPECTRUM_PARAMETERS)
    throw new KfacError(
      'KFAC_LIMIT',
      `expected at most ${SPECTRUM_PARAMETERS} parameters for a spectrum, the network has ${layout.size}`,
    );
  const { interior, conditions } = problem.spec.sampling;
  const measured = problem.data.reduce((sum, { values }) => sum + values.length, 0);
  const rows = Math.max(interior, conditions, measured);
  const entries = rows * layout.size;
  if (entries > MAX_ENTRIES)
    throw new KfacError(
      'KFAC_LIMIT',
      `expected at most 1 GiB for the rows of J of one term, ${rows} points and ${layout.size} parameters need ${(entries / 2 ** 27).toFixed(1)} GiB`,
    );
  const objective = new PinnObjective(problem, engine);
  objective.nextBatch(Math.max(step, 1));
  const { terms } = objective.linearize(theta);
  const triangles = terms.map((term) => reduced(engine, rowsOf(layout, term)));
  const values = triangles.map((triangle) => singularValues(engine, triangle));
  return {
    terms: Object.fromEntries(terms.map(({ name }, k) => [name, values[k]!])),
    all: terms.length === 1 ? values[0]! : singularValues(engine, reduced(engine, stacked(triangles))),
  };
}

/** √ω·∂e/∂θ of a term [N × P]. */
function rowsOf(layout: ParameterLayout, term: LossTerm): Matrix {
  const rows = matrix(term.residual.length, layout.size);
  jacobian(layout, term, term.curvature.map(Math.sqrt), rows, 0);
  return rows;
}

/** A matrix with the same singular values and at most as many rows as columns. */
function reduced(engine: Engine, a: Matrix): Matrix {
  if (a.rows <= a.cols) return a;
  const r = matrix(a.cols, a.cols);
  engine.linalg.qrFactor(a, r);
  return r;
}

/** Matrices one below the other. */
function stacked(parts: readonly Matrix[]): Matrix {
  const all = matrix(
    parts.reduce((sum, { rows }) => sum + rows, 0),
    parts[0]!.cols,
  );
  let at = 0;
  for (const { data } of parts) {
    all.data.set(data, at);
    at += data.length;
  }
  return all;
}

function singularValues(engine: Engine, a: Matrix): number[] {
  const k = Math.min(a.rows, a.cols);
  const values = new Float64Array(k);
  // Of the orthogonal factors nothing is kept.
  engine.linalg.svd(a, matrix(a.rows, k), values, matrix(a.cols, k));
  return [...values];
}
