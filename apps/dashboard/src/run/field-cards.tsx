import { useState } from 'preact/hooks';
import type { Field } from '../api/types.ts';
import { ChartCanvas } from '../charts/chart-canvas.tsx';
import { colourScale } from '../charts/colormap.ts';
import type { ColourScale } from '../charts/colormap.ts';
import { heatmapConfig, valueAt } from '../charts/heatmap.ts';
import type { Plane } from '../charts/heatmap.ts';
import { ChartCard } from '../components/chart-card.tsx';
import { ColourBar } from '../components/colour-bar.tsx';
import { CurveCard } from '../components/curve-card.tsx';
import { formatNumber } from '../format.ts';
import { isSigned, rangeOf, sharedRange, titleOf } from './fields.ts';

/** Fields of one step over the same coordinates. */
export interface Snapshot {
  readonly step: number;
  readonly fields: readonly Field[];
}

/** A card for each field: heat maps over two coordinates, curves over one. */
export function FieldCards({ snapshot }: { snapshot: Snapshot }) {
  if (snapshot.fields.some((field) => field.shape.length === 1)) return <FieldCurves snapshot={snapshot} />;
  return (
    <>
      {snapshot.fields.map((field) => (
        <HeatCard key={field.name} field={field} snapshot={snapshot} />
      ))}
    </>
  );
}

function FieldCurves({ snapshot }: { snapshot: Snapshot }) {
  const x = snapshot.fields[0]?.axes[0]?.name ?? 'x';
  const curveOf = (field: Field, colour: number) => ({
    label: field.name,
    colour,
    points: (field.axes[0]?.values ?? []).map((at, k) => ({ x: at, y: field.values[k] ?? NaN })),
  });
  const values = snapshot.fields.filter((field) => !isSigned(field.name));
  const signed = snapshot.fields.filter((field) => isSigned(field.name));
  return (
    <>
      {values.length > 0 && (
        <CurveCard title={titleOf(values)} curves={values.map(curveOf)} x={x} y="linear" revision={snapshot.step} />
      )}
      {signed.map((field) => (
        <CurveCard
          key={field.name}
          title={titleOf([field])}
          curves={[curveOf(field, 3)]}
          x={x}
          y="linear"
          revision={snapshot.step}
        />
      ))}
    </>
  );
}

function HeatCard({ field, snapshot }: { field: Field; snapshot: Snapshot }) {
  const [hover, setHover] = useState<string | null>(null);
  const [xAxis, yAxis] = [field.axes[0], field.axes[1]];
  if (xAxis === undefined || yAxis === undefined) return null;
  const range = rangeOf(field.values);
  // A solution and its reference are compared by eye: one scale for both.
  const scale: ColourScale = colourScale(
    isSigned(field.name) ? range : sharedRange(snapshot.fields, field.name),
    isSigned(field.name),
  );
  const plane: Plane = { x: xAxis, y: yAxis, values: field.values, scale };
  const title = titleOf([field]);
  const largest = Math.max(Math.abs(range[0]), Math.abs(range[1]));
  return (
    <ChartCard
      title={title}
      summary={
        isSigned(field.name)
          ? `largest magnitude ${formatNumber(largest)}`
          : `${formatNumber(range[0])} to ${formatNumber(range[1])}`
      }
      table={() => tableOf(field)}
    >
      <div class="heat">
        <ChartCanvas
          label={`${title} over ${xAxis.name} and ${yAxis.name}: from ${formatNumber(range[0])} to ${formatNumber(range[1])}`}
          configure={(theme) => heatmapConfig(field.name, plane, theme) as never}
          revision={snapshot}
          onHover={(chart, px, py) => {
            const at = valueAt(chart, px, py);
            setHover(
              at &&
                `${xAxis.name} = ${formatNumber(at.x)}, ${yAxis.name} = ${formatNumber(at.y)}: ${formatNumber(at.value, 4)}`,
            );
          }}
          onLeave={() => setHover(null)}
        />
        <ColourBar scale={scale} />
      </div>
      <p class="readout">{hover ?? 'Point at the map to read a value.'}</p>
    </ChartCard>
  );
}

/** A coarse grid of the values, at most 9 × 9. */
function tableOf(field: Field): { head: string[]; rows: string[][] } {
  const [x, y] = [field.axes[0]!, field.axes[1]!];
  const pick = (count: number): number[] => {
    const size = Math.min(9, count);
    return Array.from({ length: size }, (_, k) => (size === 1 ? 0 : Math.round((k * (count - 1)) / (size - 1))));
  };
  const columns = pick(y.values.length);
  return {
    head: [`${x.name} \\ ${y.name}`, ...columns.map((j) => formatNumber(y.values[j], 4))],
    rows: pick(x.values.length).map((i) => [
      formatNumber(x.values[i], 4),
      ...columns.map((j) => formatNumber(field.values[i * y.values.length + j], 4)),
    ]),
  };
}
