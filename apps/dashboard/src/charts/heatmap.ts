import type { Chart, ChartConfiguration, ChartDataset, Plugin } from 'chart.js';
import { formatNumber } from '../format.ts';
import type { Theme } from '../theme.ts';
import { paint } from './colormap.ts';
import type { ColourScale } from './colormap.ts';

/** A plane of values [x.length × y.length], C order. */
export interface Plane {
  readonly x: { readonly name: string; readonly values: readonly number[] };
  readonly y: { readonly name: string; readonly values: readonly number[] };
  readonly values: Float32Array;
  readonly scale: ColourScale;
}

/** The data set of a heat map: no points, one plane. */
export interface HeatDataset extends ChartDataset<'scatter', never[]> {
  readonly plane: Plane;
}

export const planeOf = (chart: Chart): Plane | undefined =>
  (chart.data.datasets[0] as unknown as HeatDataset | undefined)?.plane;

/** One picture for a plane, made once. */
const pictures = new WeakMap<Plane, HTMLCanvasElement>();

function picture(plane: Plane): HTMLCanvasElement {
  let canvas = pictures.get(plane);
  if (canvas === undefined) {
    const [nx, ny] = [plane.x.values.length, plane.y.values.length];
    canvas = document.createElement('canvas');
    canvas.width = nx;
    canvas.height = ny;
    canvas.getContext('2d')?.putImageData(new ImageData(paint(plane.values, nx, ny, plane.scale), nx, ny), 0, 0);
    pictures.set(plane, canvas);
  }
  return canvas;
}

/** Draws the plane of the first data set into the area of the chart. */
export const heatmapPlugin: Plugin<'scatter'> = {
  id: 'heatmap',
  beforeDatasetsDraw(chart) {
    const plane = planeOf(chart);
    if (plane === undefined) return;
    const { left, top, width, height } = chart.chartArea;
    chart.ctx.save();
    chart.ctx.imageSmoothingEnabled = true;
    chart.ctx.imageSmoothingQuality = 'high';
    chart.ctx.drawImage(picture(plane), left, top, width, height);
    chart.ctx.restore();
  },
};

const ends = (values: readonly number[]): { min: number; max: number } => ({
  min: values[0] ?? 0,
  max: values.at(-1) ?? 1,
});

export function heatmapConfig(label: string, plane: Plane, theme: Theme): ChartConfiguration<'scatter', never[]> {
  const dataset: HeatDataset = { label, data: [], plane };
  const axis = (name: string, values: readonly number[]) => ({
    type: 'linear' as const,
    ...ends(values),
    title: { display: true, text: name, color: theme.muted },
    border: { display: false },
    grid: { display: false },
    ticks: { maxTicksLimit: 5, maxRotation: 0, callback: (value: number | string) => formatNumber(Number(value)) },
  });
  return {
    type: 'scatter',
    data: { datasets: [dataset] },
    plugins: [heatmapPlugin],
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      events: [],
      scales: { x: axis(plane.x.name, plane.x.values), y: axis(plane.y.name, plane.y.values) },
    },
  };
}

/** The value of the plane nearest to a pixel of the chart, null outside. */
export function valueAt(chart: Chart, pixelX: number, pixelY: number): { x: number; y: number; value: number } | null {
  const plane = planeOf(chart);
  const { left, right, top, bottom, width, height } = chart.chartArea;
  if (plane === undefined || pixelX < left || pixelX > right || pixelY < top || pixelY > bottom) return null;
  const nearest = (part: number, count: number): number =>
    Math.min(count - 1, Math.max(0, Math.round(part * (count - 1))));
  const i = nearest((pixelX - left) / width, plane.x.values.length);
  const j = nearest((bottom - pixelY) / height, plane.y.values.length);
  return { x: plane.x.values[i]!, y: plane.y.values[j]!, value: plane.values[i * plane.y.values.length + j]! };
}
