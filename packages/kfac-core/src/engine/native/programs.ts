import type { Programs, RealArray } from '../engine.ts';
import { checkColumns, checkProgram } from '../program-check.ts';

/** What this room calls in the addon. */
export interface ProgramsAddon {
  programEvaluate(
    inputs: number,
    constants: Float64Array,
    code: Int32Array,
    outputs: Int32Array,
    columns: RealArray,
    points: number,
    results: RealArray,
  ): void;
}

/** Equation programs by the Rust interpreter: SIMD over blocks of columns on the engine's threads. */
export function nativePrograms(addon: ProgramsAddon): Programs {
  return {
    evaluate(program, columns, outputs) {
      checkProgram(program);
      checkColumns(program, columns, outputs);
      const { inputs, constants, code } = program;
      addon.programEvaluate(inputs, constants, code, program.outputs, columns.data, columns.cols, outputs.data);
    },
  };
}
