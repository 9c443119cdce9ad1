import {
  Chart,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  ScatterController,
  Tooltip,
} from 'chart.js';
import type { Theme } from '../theme.ts';

Chart.register(
  Filler,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  ScatterController,
  Tooltip,
);

declare global {
  interface Window {
    /** The data behind every canvas, for tests and the console: `kfacCharts.get(canvas)?.data`. */
    kfacCharts: { get(canvas: HTMLCanvasElement): Chart | undefined };
  }
}

window.kfacCharts = { get: (canvas) => Chart.getChart(canvas) };

/** Text and grid in the colours of the page. */
export function applyTheme(theme: Theme): void {
  Chart.defaults.color = theme.muted;
  Chart.defaults.borderColor = theme.line;
  Chart.defaults.font.family = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
  Chart.defaults.font.size = 12;
  const tooltip = Chart.defaults.plugins.tooltip;
  tooltip.backgroundColor = theme.ink;
  tooltip.titleColor = theme.surface;
  tooltip.bodyColor = theme.surface;
}

export { Chart };
