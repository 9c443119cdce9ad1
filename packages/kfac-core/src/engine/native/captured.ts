import type { Captured, RealArray } from '../engine.ts';

/** What this room calls in the addon; the suffix is the dtype of Z and G. */
export interface CapturedAddon {
  capturedGradientF64(
    z: RealArray,
    g: RealArray,
    inputs: number,
    outputs: number,
    uses: number,
    weights: Float64Array,
    out: Float64Array,
  ): void;
  capturedGradientF32(
    z: RealArray,
    g: RealArray,
    inputs: number,
    outputs: number,
    uses: number,
    weights: Float64Array,
    out: Float64Array,
  ): void;
  capturedJvpF64(
    z: RealArray,
    g: RealArray,
    inputs: number,
    outputs: number,
    uses: number,
    directions: Float64Array,
    out: Float64Array,
  ): void;
  capturedJvpF32(
    z: RealArray,
    g: RealArray,
    inputs: number,
    outputs: number,
    uses: number,
    directions: Float64Array,
    out: Float64Array,
  ): void;
  capturedJacobianF64(
    z: RealArray,
    g: RealArray,
    inputs: number,
    outputs: number,
    uses: number,
    scale: Float64Array,
    out: Float64Array,
    stride: number,
    column: number,
  ): void;
  capturedJacobianF32(
    z: RealArray,
    g: RealArray,
    inputs: number,
    outputs: number,
    uses: number,
    scale: Float64Array,
    out: Float64Array,
    stride: number,
    column: number,
  ): void;
}

/** Products with captured pairs, natively. Arguments are taken as checked. */
export function nativeCaptured(addon: CapturedAddon): Captured {
  /** The directions of a product one after the other; grows to the largest. */
  let joined = new Float64Array(0);
  return {
    gradient(z, g, uses, weights, out) {
      const call = z.dtype === 'f64' ? addon.capturedGradientF64 : addon.capturedGradientF32;
      call(z.data, g.data, z.cols, g.cols, uses, weights, out);
    },
    jvp(z, g, uses, directions, out) {
      const call = z.dtype === 'f64' ? addon.capturedJvpF64 : addon.capturedJvpF32;
      const size = z.cols * g.cols;
      if (directions.length * size === 0) return;
      if (joined.length < directions.length * size) joined = new Float64Array(directions.length * size);
      directions.forEach((direction, k) => joined.set(direction, k * size));
      call(z.data, g.data, z.cols, g.cols, uses, joined.subarray(0, directions.length * size), out);
    },
    jacobian(z, g, uses, scale, out, row, column) {
      const call = z.dtype === 'f64' ? addon.capturedJacobianF64 : addon.capturedJacobianF32;
      const rows = (out.data as Float64Array).subarray(row * out.cols, (row + scale.length) * out.cols);
      call(z.data, g.data, z.cols, g.cols, uses, scale, rows, out.cols, column);
    },
  };
}
