import type { JetShape, Jets, RealArray } from '../engine.ts';
import { ACTIVATIONS } from '../engine.ts';
import { checkAdjoint, checkForward, layoutTape } from '../jet-tape.ts';

type Network = [
  sizes: Uint32Array,
  gated: boolean,
  residual: boolean,
  activation: number,
  coordinates: number,
  kept: Uint32Array,
  frequencies: Float64Array,
  directions: Float64Array,
  second: Float64Array,
  raw: Uint32Array,
  third: Float64Array,
  fourth: Float64Array,
  theta: Float64Array,
];

/** What this room calls in the addon; the suffix is the dtype of the tape. */
export interface JetsAddon {
  jetsForwardF64(...call: [...Network, columns: RealArray, points: number, tape: RealArray]): void;
  jetsForwardF32(...call: [...Network, columns: RealArray, points: number, tape: RealArray]): void;
  jetsAdjointF64(...call: [...Network, seeds: RealArray, points: number, tape: RealArray]): void;
  jetsAdjointF32(...call: [...Network, seeds: RealArray, points: number, tape: RealArray]): void;
}

/** In place of a tape or frequencies where there are none. */
const NONE = { f64: new Float64Array(0), f32: new Float32Array(0) };

/** Jets by the Rust kernels: blocks of points on the engine's threads, SIMD over hidden units. */
export function nativeJets(addon: JetsAddon): Jets {
  const network = (shape: JetShape, theta: Float64Array): Network => {
    const { sizes, gated, residual, activation, embedding, directions, second, higher } = shape;
    return [
      new Uint32Array(sizes),
      gated ?? false,
      residual ?? false,
      ACTIVATIONS.indexOf(activation),
      embedding?.coordinates ?? sizes[0]!,
      new Uint32Array(embedding?.kept ?? []),
      embedding?.frequencies ?? NONE.f64,
      directions,
      second,
      new Uint32Array(higher ? [higher.rawSeconds, higher.rawThirds] : [0, 0]),
      higher?.third ?? NONE.f64,
      higher?.fourth ?? NONE.f64,
      theta,
    ];
  };
  return {
    tape: layoutTape,
    forward(shape, theta, columns, tape) {
      checkForward(shape, theta, columns, tape);
      const call = shape.dtype === 'f64' ? addon.jetsForwardF64 : addon.jetsForwardF32;
      call(...network(shape, theta), columns.data, columns.cols, tape?.buffer ?? NONE[shape.dtype]);
    },
    adjoint(shape, theta, seeds, tape) {
      checkAdjoint(shape, theta, seeds, tape);
      const call = shape.dtype === 'f64' ? addon.jetsAdjointF64 : addon.jetsAdjointF32;
      call(...network(shape, theta), seeds.data, seeds.cols, tape.buffer);
    },
  };
}
