import type { GridField } from '../fields.ts';

/**
 * Fields on one grid as CSV: a column for each coordinate, then one for each field; a row for each grid point, the last
 * coordinate fastest. Numbers are the shortest decimals that read back as the same doubles.
 */
export function fieldsCsv(fields: readonly GridField[]): string {
  const { axes, values } = fields[0]!;
  const header = [...axes.map(({ name }) => name), ...fields.map(({ name }) => name)].join(',');
  const rows = Array.from(values, (_, index) => {
    let rest = index;
    const coordinates: number[] = [];
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      const along = axes[axis]!.values;
      coordinates.unshift(along[rest % along.length]!);
      rest = Math.floor(rest / along.length);
    }
    return [...coordinates, ...fields.map((field) => field.values[index])].join(',');
  });
  return `${[header, ...rows].join('\n')}\n`;
}
