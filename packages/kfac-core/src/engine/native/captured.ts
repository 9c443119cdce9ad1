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
    direction: Float64Array,
    out: Float64Array,
  ): void;
  capturedJvpF32(
    z: RealArray,
    g: RealArray,
    inputs: number,
    outputs: number,
    uses: number,
    direction: Float64Array,
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
  return {
    gradient(z, g, uses, weights, out) {
      const call = z.dtype === 'f64' ? addon.capturedGradientF64 : addon.capturedGradientF32;
      call(z.data, g.data, z.cols, g.cols, uses, weights, out);
    },
    jvp(z, g, uses, directions, out) {
      const call = z.dtype === 'f64' ? addon.capturedJvpF64 : addon.capturedJvpF32;
      const batch = z.rows / uses;
      directions.forEach((direction, k) => {
        call(z.data, g.data, z.cols, g.cols, uses, direction, out.subarray(k * batch, (k + 1) * batch));
      });
    },
    jacobian(z, g, uses, scale, out, row, column) {
      const call = z.dtype === 'f64' ? addon.capturedJacobianF64 : addon.capturedJacobianF32;
      const rows = (out.data as Float64Array).subarray(row * out.cols, (row + scale.length) * out.cols);
      call(z.data, g.data, z.cols, g.cols, uses, scale, rows, out.cols, column);
    },
  };
}
