import type { ComponentChildren } from 'preact';
import { ChartCanvas } from '../charts/chart-canvas.tsx';
import { lineConfig } from '../charts/line-config.ts';
import type { Curve } from '../charts/line-config.ts';
import { formatNumber } from '../format.ts';
import { ChartCard } from './chart-card.tsx';

export interface CurveCardProps {
  readonly title: string;
  readonly curves: readonly Curve[];
  readonly x: string;
  readonly logX?: boolean;
  /** 'auto': logarithmic where every value is positive. */
  readonly y: 'linear' | 'log' | 'auto';
  readonly revision: unknown;
  readonly wide?: boolean;
  readonly tools?: ComponentChildren;
}

/** Rows of the table beside a chart. */
const ROWS = 40;

/** Curves over one axis, with their latest values. */
export function CurveCard({ title, curves, x, logX = false, y, revision, wide, tools }: CurveCardProps) {
  const logY = y === 'log' || (y === 'auto' && curves.every(allPositive));
  const hidden = logY ? curves.reduce((sum, curve) => sum + curve.points.filter((point) => point.y <= 0).length, 0) : 0;
  const last = curves.map((curve) => `${curve.label} ${formatNumber(latest(curve))}`).join(', ');
  return (
    <ChartCard
      title={title}
      {...(wide !== undefined && { wide })}
      {...(tools !== undefined && { tools })}
      summary={
        <>
          {last}
          {hidden > 0 && <span class="muted"> · {hidden} values ≤ 0 are beyond a logarithmic axis</span>}
        </>
      }
      legend={curves}
      table={() => tableOf(curves, x)}
    >
      <ChartCanvas
        label={`${title}: ${curves.map((curve) => `${curve.label} ${formatNumber(latest(curve))}, ${trend(curve)}`).join('; ')}`}
        configure={(theme) => lineConfig(curves, { x, logX, logY }, theme) as never}
        revision={`${String(revision)} ${x} ${logX} ${logY} ${curves.length}`}
      />
    </ChartCard>
  );
}

const allPositive = (curve: Curve): boolean => curve.points.every((point) => !Number.isFinite(point.y) || point.y > 0);

const latest = (curve: Curve): number => curve.points.at(-1)?.y ?? NaN;

/** Where a curve went over its last quarter. */
function trend({ points }: Curve): string {
  const then = points[Math.floor(points.length * 0.75)]?.y ?? NaN;
  const now = points.at(-1)?.y ?? NaN;
  const change = now - then;
  if (!Number.isFinite(change) || Math.abs(change) <= 0.01 * Math.abs(then)) return 'steady';
  return change < 0 ? 'falling' : 'rising';
}

function tableOf(curves: readonly Curve[], x: string): { head: string[]; rows: string[][] } {
  const byX = curves.map((curve) => new Map(curve.points.map((point) => [point.x, point.y])));
  const all = [...new Set(curves.flatMap((curve) => curve.points.map((point) => point.x)))].toSorted((a, b) => a - b);
  const even =
    all.length <= ROWS
      ? all
      : Array.from({ length: ROWS }, (_, k) => all[Math.round((k * (all.length - 1)) / (ROWS - 1))]!);
  return {
    head: [x, ...curves.map((curve) => curve.label)],
    rows: even.map((value) => [formatNumber(value, 6), ...byX.map((values) => formatNumber(values.get(value), 5))]),
  };
}
