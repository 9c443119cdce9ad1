import type { Fault } from '@kfac/core';
import type { ParsedSpec } from '../spec.ts';

/** Checks what a curriculum needs of the other fields. Adds what is wrong to `faults`. */
export function checkCurriculum({ curriculum, constants, stop }: ParsedSpec, faults: Fault[]): void {
  if (!curriculum) return;
  const fault = (pointer: string, detail: string): void => {
    faults.push({ code: 'KFAC_SPEC', pointer: `/curriculum${pointer}`, detail });
  };
  const { constant, values, steps } = curriculum.continuation;
  if (!Object.hasOwn(constants, constant)) {
    const names = Object.keys(constants);
    fault(
      '/continuation/constant',
      `expected one of the constants, ${names.length === 0 ? 'of which there are none' : names.join(', ')}, got "${constant}"`,
    );
  } else if (values.at(-1) !== constants[constant]) {
    fault(
      `/continuation/values/${values.length - 1}`,
      `expected the last value to be that of the constant, ${constant} = ${constants[constant]}, got ${values.at(-1)}`,
    );
  }
  const before = (values.length - 1) * steps;
  if (stop.steps !== undefined && stop.steps <= before)
    fault(
      '/continuation/steps',
      `expected stop.steps, ${stop.steps}, to leave some for the last value: the ${values.length - 1} before it take ${before}`,
    );
}
