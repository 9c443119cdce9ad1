import type { Field } from '../api/types.ts';
import type { Curve } from '../charts/line-config.ts';
import { isSigned } from './fields.ts';

/** The axis that a profile is moved along: time where there is one, else the first. */
export function scrubbedAxis(field: Field): 0 | 1 {
  return field.axes[1]?.name === 't' ? 1 : 0;
}

/** Solutions and references over one axis, the other one held at its k-th value. */
export function profileCurves(fields: readonly Field[], scrubbed: 0 | 1, k: number): readonly Curve[] {
  return fields
    .filter((field) => !isSigned(field.name))
    .map((field, colour) => {
      const { values: along } = field.axes[1 - scrubbed]!;
      const [stride, offset] = scrubbed === 0 ? [1, k * along.length] : [field.axes[1]!.values.length, k];
      return {
        label: field.name.replace('_', ' '),
        colour,
        points: along.map((x, n) => ({ x, y: field.values[offset + n * stride] ?? NaN })),
      };
    });
}
