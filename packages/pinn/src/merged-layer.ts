import { type CapturedLayer, type Matrix, type ParameterBlock, matrix } from '@kfac/core';

/** One captured layer of a part of a term's examples. */
export interface LayerPart {
  readonly layer: CapturedLayer;
  readonly from: number;
  readonly count: number;
}

/**
 * One weight matrix as seen by a term of `total` examples that come in parts with different numbers of
 * uses; examples in no part do not use it. For the Kronecker block the parts are merged as terms of one kind are:
 * A = Σ (N_p/N)·A_p over N = Σ N_p examples, G = Σ S_p·G_p with each part's own uses S_p, so that the block is A ⊗ G with
 * c = 1.
 */
export function mergeLayers(
  parts: readonly LayerPart[],
  total: number,
  block: Pick<ParameterBlock, 'inputs' | 'outputs'>,
): CapturedLayer {
  const [first] = parts as [LayerPart];
  const covered = parts.reduce((sum, { count }) => sum + count, 0);
  if (parts.length === 1 && covered === total) return first.layer;
  const slice = (values: Float64Array, { from, count }: LayerPart): Float64Array => values.subarray(from, from + count);
  let a: Matrix | null = null;
  let g: Matrix | null = null;
  let exact: Matrix | null = null;
  let products = new Float64Array(0);
  return {
    matrix: first.layer.matrix,
    uses: 1,
    gradient(weights, out) {
      for (const part of parts) part.layer.gradient(slice(weights, part), out);
    },
    jvp(directions, out) {
      for (const part of parts) {
        const length = directions.length * part.count;
        if (products.length < length) products = new Float64Array(length);
        const own = products.subarray(0, length).fill(0);
        part.layer.jvp(directions, own);
        for (let k = 0; k < directions.length; k++) {
          for (let i = 0; i < part.count; i++) out[k * total + part.from + i]! += own[k * part.count + i]!;
        }
      }
    },
    factors(curvature, outA, outG) {
      a ??= matrix(outA.rows, outA.cols);
      g ??= matrix(outG.rows, outG.cols);
      outA.data.fill(0);
      outG.data.fill(0);
      for (const part of parts) {
        part.layer.factors(slice(curvature, part), a, g);
        addScaled(part.count / covered, a, outA);
        addScaled(part.layer.uses, g, outG);
      }
    },
    exactBlock(curvature, out) {
      exact ??= matrix(out.rows, out.cols);
      out.data.fill(0);
      for (const part of parts) {
        part.layer.exactBlock(slice(curvature, part), exact);
        addScaled(1, exact, out);
      }
    },
    jacobian(scale, out, row, column, range = { from: 0 }) {
      if (covered < total) {
        const width = (range.inputs?.count ?? block.inputs) * block.outputs;
        for (let i = 0; i < scale.length; i++) {
          const at = (row + i) * out.cols + column;
          out.data.fill(0, at, at + width);
        }
      }
      for (const { layer, from, count } of parts) {
        // The part's examples [first, last) are in the range.
        const first = Math.max(range.from - from, 0);
        const last = Math.min(range.from + scale.length - from, count);
        if (first >= last) continue;
        const at = from + first - range.from;
        layer.jacobian(scale.subarray(at, at + last - first), out, row + at, column, { ...range, from: first });
      }
    },
  };
}

function addScaled(alpha: number, x: Matrix, y: Matrix): void {
  for (let k = 0; k < y.data.length; k++) y.data[k]! += alpha * x.data[k]!;
}
