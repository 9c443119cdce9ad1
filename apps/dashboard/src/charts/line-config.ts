import type { ChartConfiguration, ChartDataset, ScaleOptionsByType } from 'chart.js';
import { formatCount, formatNumber } from '../format.ts';
import { dashes } from '../theme.ts';
import type { Theme } from '../theme.ts';
import { drawable, extent, thin } from './points.ts';
import type { XY } from './points.ts';

export interface Curve {
  readonly label: string;
  readonly points: readonly XY[];
  /** Place in the series' colours and dashes. */
  readonly colour: number;
  readonly fill?: boolean;
  /** Points without a line. */
  readonly marks?: boolean;
}

export interface LineAxes {
  readonly x: string;
  readonly y?: string;
  readonly logX: boolean;
  readonly logY: boolean;
  /** Where the axis of x has its marks, if not where it likes. */
  readonly marksX?: readonly number[];
}

/** Points per curve that are drawn. */
const DRAWN = 1000;

/** Curves over a common axis, drawn without points and animation. */
export function lineConfig(curves: readonly Curve[], axes: LineAxes, theme: Theme): ChartConfiguration<'line', XY[]> {
  const datasets = curves.map((curve): ChartDataset<'line', XY[]> => {
    const colour = theme.series[curve.colour % theme.series.length] ?? theme.ink;
    const points = thin(drawable(curve.points, axes.logX, axes.logY), DRAWN);
    const isMarks = curve.marks === true;
    return {
      label: curve.label,
      data: [...points],
      borderColor: colour,
      backgroundColor: `color-mix(in srgb, ${colour} 28%, transparent)`,
      borderDash: [...dashes[curve.colour % dashes.length]!],
      borderWidth: 2,
      showLine: !isMarks,
      // A single point has no line.
      pointRadius: isMarks ? 4 : points.length === 1 ? 3 : 0,
      ...(isMarks && { clip: false as const }),
      pointHitRadius: 6,
      pointBackgroundColor: colour,
      fill: curve.fill ?? false,
    };
  });
  const data = datasets.map((dataset) => dataset.data);
  return {
    type: 'line',
    data: { datasets },
    options: {
      animation: false,
      parsing: false,
      normalized: true,
      spanGaps: true,
      responsive: true,
      maintainAspectRatio: false,
      interaction: { mode: 'nearest', axis: 'x', intersect: false },
      scales: {
        x: {
          ...axis(axes.x, axes.logX, extent(data, 'x', axes.logX), theme, (value) => tickOfX(value)),
          ...(axes.marksX && marksAt(axes.marksX)),
        },
        y: axis(axes.y, axes.logY, extent(data, 'y', axes.logY), theme, (value) => formatNumber(value)),
      },
      plugins: {
        tooltip: {
          displayColors: false,
          callbacks: {
            title: (items) => `${axes.x} ${tickOfX(items[0]?.parsed.x ?? NaN)}`,
            label: (item) => `${item.dataset.label ?? ''} ${formatNumber(item.parsed.y, 4)}`,
          },
        },
      },
    },
  };
}

/** The numbers that a logarithmic axis names: powers of ten if it is long, their halves and fifths, or all, if it is short. */
function isMark(value: number, decades: number): boolean {
  const exact = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
  const mantissa = Number(exact.toFixed(1));
  if (Math.abs(exact - mantissa) > 1e-6) return false;
  if (decades < 0.7) return true;
  return decades < 2.5 ? [1, 2, 5].includes(mantissa) : mantissa === 1;
}

/** Marks at given values alone. */
function marksAt(values: readonly number[]): object {
  return {
    afterBuildTicks: (scale: { ticks: { value: number }[] }) => (scale.ticks = values.map((value) => ({ value }))),
    ticks: { padding: 6, maxRotation: 0, callback: (value: number | string) => tickOfX(Number(value)) },
  };
}

function tickOfX(value: number): string {
  return Number.isInteger(value) && Math.abs(value) >= 1000 ? formatCount(value) : formatNumber(value, 4);
}

type Axis = { type: 'linear' | 'logarithmic' } & Partial<
  Pick<ScaleOptionsByType<'linear'>, 'min' | 'max'> & {
    title: object;
    ticks: object;
    grid: object;
    border: object;
  }
>;

function axis(
  title: string | undefined,
  log: boolean,
  range: [number, number] | null,
  theme: Theme,
  format: (value: number) => string,
): Axis {
  const decades = range === null ? 0 : Math.log10(range[1] / range[0]);
  return {
    type: log ? 'logarithmic' : 'linear',
    ...(range !== null && { min: range[0], max: range[1] }),
    title: { display: title !== undefined, text: title, color: theme.muted },
    border: { display: false },
    grid: { color: theme.line, drawTicks: false },
    ticks: {
      padding: 6,
      maxRotation: 0,
      autoSkipPadding: 14,
      maxTicksLimit: 7,
      // The ends of the data make poor marks.
      includeBounds: false,
      callback: (value: number | string) => {
        const number = Number(value);
        return !log || isMark(number, decades) ? format(number) : null;
      },
    },
  };
}
