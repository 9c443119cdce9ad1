import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { CurveCard } from '../components/curve-card.tsx';
import { Segmented } from '../components/segmented.tsx';
import type { RunKind } from '../api/types.ts';
import type { LiveRun } from './live.ts';
import { panelsOf } from './panels.ts';
import type { Panel } from './panels.ts';
import type { Point } from './series.ts';

export type Against = 'step' | 'seconds';

const AGAINST = [
  { value: 'step', label: 'Steps' },
  { value: 'seconds', label: 'Seconds' },
] as const;

/** A series as points against steps or seconds. */
export function curvePoints(points: readonly Point[], against: Against): { x: number; y: number }[] {
  return points.map((point) => ({ x: point[against], y: point.value }));
}

interface MetricsPanelProps {
  readonly live: LiveRun;
  readonly kind: RunKind;
  /** What stands between the progress and the optimizer. */
  readonly children?: ComponentChildren;
}

/** The curves of a run: progress first, then the optimizer from inside, then whatever else it reports. */
export function MetricsPanel({ live, kind, children }: MetricsPanelProps) {
  const [against, setAgainst] = useState<Against>('step');
  const [logX, setLogX] = useState(false);
  const [linear, setLinear] = useState(false);
  const revision = live.revision.value;
  const keys = live.series.keys().filter((key) => live.series.get(key).some((point) => !Number.isNaN(point.value)));
  const panels = panelsOf(kind, keys);
  const group = (name: Panel['group']) =>
    panels
      .filter((panel) => panel.group === name)
      .map((panel) => (
        <CurveCard
          key={panel.title}
          title={panel.title}
          x={against === 'step' ? 'step' : 'seconds'}
          logX={logX}
          y={linear ? 'linear' : panel.y}
          revision={revision}
          curves={panel.series.map(({ key, label }, colour) => ({
            label,
            colour,
            points: curvePoints(live.series.get(key), against),
          }))}
        />
      ));
  const [progress, optimizer, other] = [group('progress'), group('optimizer'), group('other')];
  return (
    <>
      <section aria-labelledby="progress-title">
        <div class="section-head">
          <h2 id="progress-title">Progress</h2>
          <div class="toolbar">
            <Segmented legend="Against" name="against" value={against} options={AGAINST} onChange={setAgainst} />
            <label class="check">
              <input type="checkbox" checked={logX} onChange={(event) => setLogX(event.currentTarget.checked)} />
              Log x
            </label>
            <label class="check">
              <input type="checkbox" checked={!linear} onChange={(event) => setLinear(!event.currentTarget.checked)} />
              Log y
            </label>
          </div>
        </div>
        {progress.length === 0 ? (
          <p class="empty">Curves appear with the first step.</p>
        ) : (
          <div class="grid">{progress}</div>
        )}
      </section>
      {children}
      {optimizer.length > 0 && (
        <section aria-labelledby="optimizer-title">
          <h2 id="optimizer-title">Inside the optimizer</h2>
          <div class="grid grid-small">{optimizer}</div>
        </section>
      )}
      {other.length > 0 && (
        <section aria-labelledby="other-title">
          <h2 id="other-title">Further metrics</h2>
          <div class="grid grid-small">{other}</div>
        </section>
      )}
    </>
  );
}
