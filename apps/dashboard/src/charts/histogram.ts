import type { Chart, ChartConfiguration, ChartDataset, Plugin } from 'chart.js';
import type { Distribution } from '../api/types.ts';
import { formatNumber } from '../format.ts';
import type { Theme } from '../theme.ts';
import { lineConfig } from './line-config.ts';
import type { XY } from './points.ts';

/** A vertical line with its name, at a place of the x axis. */
export interface Marker {
  readonly label: string;
  readonly x: number;
}

/** The outline of a histogram: percent of the paths in each bin. */
export function outline(distribution: Distribution): XY[] {
  const total = distribution.counts.reduce((sum, count) => sum + count, 0) || 1;
  const { edges, counts } = distribution;
  const corners = counts.flatMap((count, k) => [
    { x: edges[k]!, y: (100 * count) / total },
    { x: edges[k + 1]!, y: (100 * count) / total },
  ]);
  return [{ x: edges[0]!, y: 0 }, ...corners, { x: edges.at(-1)!, y: 0 }];
}

/** A data set that carries markers. */
export interface MarkedDataset extends ChartDataset<'line', XY[]> {
  readonly markers: readonly Marker[];
  readonly markerTheme: Theme;
}

const markerPlugin: Plugin<'line'> = {
  id: 'markers',
  afterDatasetsDraw(chart: Chart) {
    const { ctx, chartArea, scales } = chart;
    const { markers, markerTheme } = chart.data.datasets[0] as unknown as MarkedDataset;
    ctx.save();
    ctx.font = '600 12px system-ui, "DejaVu Sans", sans-serif';
    markers.forEach((marker, k) => {
      const x = scales['x']!.getPixelForValue(marker.x);
      if (x < chartArea.left || x > chartArea.right) return;
      ctx.strokeStyle = markerTheme.ink;
      ctx.lineWidth = 1.5;
      ctx.setLineDash(k === 0 ? [5, 4] : [2, 3]);
      ctx.beginPath();
      ctx.moveTo(x, chartArea.top);
      ctx.lineTo(x, chartArea.bottom);
      ctx.stroke();
      const width = ctx.measureText(marker.label).width;
      const left = x + 6 + width > chartArea.right ? x - 6 - width : x + 6;
      ctx.globalAlpha = 0.85;
      ctx.fillStyle = markerTheme.surface;
      ctx.fillRect(left - 3, chartArea.top + 2 + 18 * k, width + 6, 17);
      ctx.globalAlpha = 1;
      ctx.fillStyle = markerTheme.ink;
      ctx.fillText(marker.label, left, chartArea.top + 15 + 18 * k);
    });
    ctx.restore();
  },
};

/** Where the tail begins to be averaged: CVaR95 is a loss, so its line stands at minus its value. */
export function markersOf({ cvar95, mean }: Distribution): Marker[] {
  return [
    ...(cvar95 === null ? [] : [{ label: `CVaR95 ${formatNumber(cvar95)}`, x: -cvar95 }]),
    ...(mean === null ? [] : [{ label: `mean ${formatNumber(mean)}`, x: mean }]),
  ];
}

/** Where something is to be seen: the bins with more than one path in five thousand. */
function span(distributions: readonly Distribution[]): { min: number; max: number } {
  const ends = distributions.flatMap(({ edges, counts }) => {
    const least = counts.reduce((sum, count) => sum + count, 0) / 5000;
    const first = counts.findIndex((count) => count > least);
    const last = counts.findLastIndex((count) => count > least);
    return first < 0 ? [edges[0]!, edges.at(-1)!] : [edges[first]!, edges[last + 1]!];
  });
  return { min: Math.min(...ends), max: Math.max(...ends) };
}

/** The P&L of one strategy as a filled histogram, another one as an outline over it. */
export function histogramConfig(
  main: { label: string; distribution: Distribution },
  other: { label: string; distribution: Distribution } | null,
  theme: Theme,
): ChartConfiguration<'line', XY[]> {
  const config = lineConfig(
    [
      { label: main.label, points: outline(main.distribution), colour: 0, fill: true },
      ...(other === null ? [] : [{ label: other.label, points: outline(other.distribution), colour: 1 }]),
    ],
    { x: 'P&L', y: '% of paths', logX: false, logY: false },
    theme,
  );
  const { x, y } = config.options?.scales ?? {};
  if (y) y.min = 0;
  if (x) Object.assign(x, span([main.distribution, ...(other === null ? [] : [other.distribution])]));
  const [first, ...rest] = config.data.datasets;
  const marked: MarkedDataset = { ...first!, markers: markersOf(main.distribution), markerTheme: theme };
  return { ...config, data: { datasets: [marked, ...rest] }, plugins: [markerPlugin] };
}
