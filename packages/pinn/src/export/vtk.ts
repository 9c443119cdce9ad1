import type { GridField } from '../fields.ts';

/**
 * Fields on one grid of at most three coordinates as a legacy VTK file (version 3.0, binary, STRUCTURED_POINTS), which
 * ParaView and every VTK reader open: the coordinates, time among them, are the axes x, y, z of the image in their order,
 * and each field is a point array of doubles, big-endian, the first coordinate fastest. The first field is the active
 * scalars; the others stand in field data, since of several scalars readers take the first alone.
 */
export function fieldsVtk(fields: readonly GridField[]): Uint8Array {
  const [active, ...others] = fields as [GridField, ...GridField[]];
  const { axes, shape, values } = active;
  const starts = axes.map(({ values: along }) => along[0]!);
  const steps = axes.map(({ values: along }) => (along.at(-1)! - along[0]!) / (along.length - 1));
  const header = [
    '# vtk DataFile Version 3.0',
    `axes: ${axes.map(({ name }) => name).join(', ')}`,
    'BINARY',
    'DATASET STRUCTURED_POINTS',
    `DIMENSIONS ${three(shape, 1)}`,
    `ORIGIN ${three(starts, 0)}`,
    `SPACING ${three(steps, 1)}`,
    `POINT_DATA ${values.length}`,
    `SCALARS ${active.name} double 1`,
    'LOOKUP_TABLE default',
  ];
  return concatenate([
    ...header.map(line),
    firstAxisFastest(active),
    line(''),
    ...(others.length > 0 ? [line(`FIELD FieldData ${others.length}`)] : []),
    ...others.flatMap((field) => [line(`${field.name} 1 ${values.length} double`), firstAxisFastest(field), line('')]),
  ]);
}

/** Three numbers of which the last may be missing. */
function three(given: readonly number[], missing: number): string {
  return [0, 1, 2].map((axis) => given[axis] ?? missing).join(' ');
}

function line(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\n`);
}

/** The values from C order into the order of VTK, big-endian. */
function firstAxisFastest({ shape, values }: GridField): Uint8Array {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  for (let n = 0; n < values.length; n++) {
    let rest = n;
    let index = 0;
    for (const size of shape) {
      index = index * size + (rest % size);
      rest = Math.floor(rest / size);
    }
    view.setFloat64(8 * n, values[index]!);
  }
  return bytes;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
