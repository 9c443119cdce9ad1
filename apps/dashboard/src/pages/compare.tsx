import { useEffect, useState } from 'preact/hooks';
import { getMetrics } from '../api/client.ts';
import type { RunSummary } from '../api/types.ts';
import { CurveCard } from '../components/curve-card.tsx';
import { Segmented } from '../components/segmented.tsx';
import { DifferenceCard } from '../run/difference-card.tsx';
import { curvePoints } from '../run/metrics-panel.tsx';
import type { Against } from '../run/metrics-panel.tsx';
import { SeriesStore } from '../run/series.ts';
import { isTerminal } from '../run/status.ts';

/** As many runs as there are colours. */
export const MOST_COMPARED = 6;

const AGAINST = [
  { value: 'step', label: 'Steps' },
  { value: 'seconds', label: 'Seconds' },
] as const;

interface ComparePanelProps {
  readonly runs: readonly RunSummary[];
  readonly onClear: () => void;
}

/** One metric of several runs over each other. */
export function ComparePanel({ runs, onClear }: ComparePanelProps) {
  const { stores, revision } = useSeries(runs);
  const [metric, setMetric] = useState('loss');
  const [against, setAgainst] = useState<Against>('step');
  const [logX, setLogX] = useState(false);
  if (runs.length === 0) return <p class="hint table-note">Tick runs to lay their curves over each other.</p>;
  const keys = [...new Set([...stores.values()].flatMap((store) => store.keys()))].toSorted();
  const shown = keys.includes(metric) ? metric : 'loss';
  return (
    <section aria-labelledby="compare-title">
      <div class="section-head">
        <h2 id="compare-title">Comparison</h2>
        <div class="toolbar">
          <div class="inline-field">
            <label for="compare-metric">Metric</label>
            <select id="compare-metric" value={shown} onChange={(event) => setMetric(event.currentTarget.value)}>
              {(keys.length === 0 ? ['loss'] : keys).map((key) => (
                <option key={key} value={key}>
                  {key}
                </option>
              ))}
            </select>
          </div>
          <Segmented legend="Against" name="compare-against" value={against} options={AGAINST} onChange={setAgainst} />
          <label class="check">
            <input type="checkbox" checked={logX} onChange={(event) => setLogX(event.currentTarget.checked)} />
            Log x
          </label>
          <button type="button" class="button button-small" onClick={onClear}>
            Clear
          </button>
        </div>
      </div>
      <div class="grid">
        <CurveCard
          title={`${shown} of ${runs.length} ${runs.length === 1 ? 'run' : 'runs'}`}
          wide
          x={against === 'step' ? 'step' : 'seconds'}
          logX={logX}
          y="auto"
          revision={`${revision} ${shown}`}
          curves={runs.map((run, colour) => ({
            label: labelOf(run, runs),
            colour,
            points: curvePoints(stores.get(run.id)?.get(shown) ?? [], against),
          }))}
        />
        <DifferenceCard runs={runs} />
      </div>
    </section>
  );
}

/** A run's name, with the end of its id where several have the same. */
function labelOf(run: RunSummary, runs: readonly RunSummary[]): string {
  return runs.filter((other) => other.name === run.name).length > 1 ? `${run.name} (${run.id.slice(-4)})` : run.name;
}

/** The series of runs: read when a run is chosen, and again whenever it has gone on. */
function useSeries(runs: readonly RunSummary[]): { stores: ReadonlyMap<string, SeriesStore>; revision: number } {
  const [stores] = useState(() => new Map<string, SeriesStore>());
  const [revision, setRevision] = useState(0);
  const states = runs.map((run) => `${run.id} ${isTerminal(run.status) ? run.status : run.step}`).join();
  useEffect(() => {
    const abort = new AbortController();
    const read = async (id: string): Promise<void> => {
      const { series } = await getMetrics(id, { maxPoints: 600, signal: abort.signal });
      const store = new SeriesStore();
      store.addSeries(series);
      stores.set(id, store);
      setRevision((old) => old + 1);
    };
    // What cannot be read now is read when the list of runs comes again.
    runs.forEach((run) => void read(run.id).catch(() => undefined));
    return () => abort.abort();
  }, [states]);
  return { stores, revision };
}
