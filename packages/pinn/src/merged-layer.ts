import { type CapturedLayer, type Matrix, matrix } from '@kfac/core';

/** One captured layer of a part of a term's examples. */
export interface LayerPart {
  readonly layer: CapturedLayer;
  readonly from: number;
  readonly count: number;
}

/**
 * One weight matrix [`size` entries] as seen by a term of `total` examples that come in parts with different numbers of
 * uses; examples in no part do not use it. For the Kronecker block the parts are merged as terms of one kind are:
 * A = Σ (N_p/N)·A_p over N = Σ N_p examples, G = Σ S_p·G_p with each part's own uses S_p, so that the block is A ⊗ G with
 * c = 1.
 */
export function mergeLayers(parts: readonly LayerPart[], total: number, size: number): CapturedLayer {
  const [first] = parts as [LayerPart];
  const covered = parts.reduce((sum, { count }) => sum + count, 0);
  if (parts.length === 1 && covered === total) return first.layer;
  const slice = (values: Float64Array, { from, count }: LayerPart): Float64Array => values.subarray(from, from + count);
  let a: Matrix | null = null;
  let g: Matrix | null = null;
  let block: Matrix | null = null;
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
      block ??= matrix(out.rows, out.cols);
      out.data.fill(0);
      for (const part of parts) {
        part.layer.exactBlock(slice(curvature, part), block);
        addScaled(1, block, out);
      }
    },
    jacobian(scale, out, row, column) {
      if (covered < total) {
        for (let i = 0; i < total; i++) {
          const at = (row + i) * out.cols + column;
          out.data.fill(0, at, at + size);
        }
      }
      for (const part of parts) part.layer.jacobian(slice(scale, part), out, row + part.from, column);
    },
  };
}

function addScaled(alpha: number, x: Matrix, y: Matrix): void {
  for (let k = 0; k < y.data.length; k++) y.data[k]! += alpha * x.data[k]!;
}
