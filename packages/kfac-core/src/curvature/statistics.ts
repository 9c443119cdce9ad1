import { KfacError } from '../errors.ts';
import type { CapturedLayer, CapturedSequence, LossTerm } from '../linearization.ts';
import { addScaled } from '../vector.ts';
import type { FactorAverage } from './factor-average.ts';

/** The averaged factors of one group of a matrix's layers. */
export interface Statistics {
  readonly a: FactorAverage;
  readonly g: FactorAverage;
}

/** One loss term's view of a matrix. */
export interface TermLayer {
  readonly term: LossTerm;
  readonly layer: CapturedLayer;
}

/**
 * The captured layers of one matrix, at most two groups: the terms of one kind are a group. A sum of more than two
 * Kronecker products has no inverse in closed form, so with more than two kinds all but the first are merged.
 */
export function layersByGroup(terms: readonly LossTerm[], name: string): TermLayer[][] {
  const groups = new Map<string, TermLayer[]>();
  for (const term of terms) {
    const kind = term.kind ?? term.name;
    for (const layer of term.layers) {
      if (layer.matrix !== name) continue;
      const group = groups.get(kind);
      if (group) group.push({ term, layer });
      else groups.set(kind, [{ term, layer }]);
    }
  }
  const [first, ...others] = groups.values();
  if (first === undefined) return [];
  return others.length === 0 ? [first] : [first, others.flat()];
}

/** Batch statistics of a group. Merged layers: A = Σ (W_i/W)·A_i with W_i = Σ ω_i, G = Σ c_i·G_i. */
export function statistics(layers: readonly TermLayer[], { a, g }: Statistics): void {
  if (layers.length === 1) {
    layers[0]!.layer.factors(layers[0]!.term.curvature, a.batch, g.batch);
    return;
  }
  const weights = layers.map(({ term }) => term.curvature.reduce((sum, w) => sum + w, 0));
  const total = weights.reduce((sum, w) => sum + w, 0);
  const sumA = new Float64Array(a.batch.data.length);
  const sumG = new Float64Array(g.batch.data.length);
  layers.forEach(({ term, layer }, i) => {
    layer.factors(term.curvature, a.batch, g.batch);
    addScaled(sumA, weights[i]! / total, a.batch.data as Float64Array);
    addScaled(sumG, layer.uses, g.batch.data as Float64Array);
  });
  a.batch.data.set(sumA);
  g.batch.data.set(sumG);
}

/**
 * The series of a matrix that is used several times, null for one that is used once. Throws `KFAC_SHAPE` if its uses have no
 * order in time, or if several layers share the matrix: each would have a chain of its own, and their sum no inverse.
 */
export function sequenceOf(groups: readonly TermLayer[][], kind: string): CapturedSequence | null {
  const layers = groups.flat().map(({ layer }) => layer);
  if (layers.every(({ uses }) => uses === 1)) return null;
  const { matrix, sequence } = layers[0]!;
  if (layers.length > 1) {
    throw new KfacError(
      'KFAC_SHAPE',
      `recurrent curvature "${kind}": expected one layer of the matrix "${matrix}", got ${layers.length}`,
    );
  }
  if (!sequence) {
    throw new KfacError(
      'KFAC_SHAPE',
      `recurrent curvature "${kind}": the layer of "${matrix}" has ${layers[0]!.uses} uses, but no statistics over time; use "independent"`,
    );
  }
  return sequence;
}
