import { useEffect, useState } from 'preact/hooks';
import { listRuns, problemOf } from '../api/client.ts';
import type { Problem, RunSummary } from '../api/types.ts';
import { now } from '../clock.ts';
import { ProblemView } from '../components/problem-view.tsx';
import { ProgressBar } from '../components/progress-bar.tsx';
import { Segmented } from '../components/segmented.tsx';
import { KindTag, StatusChip } from '../components/status-chip.tsx';
import { formatAgo, formatCount, formatNumber, formatSeconds } from '../format.ts';
import { Link, query, replaceQuery } from '../router.tsx';
import { isTerminal, progressOf, STATUS } from '../run/status.ts';
import { ComparePanel, MOST_COMPARED } from './compare.tsx';
import { usePage } from './page.ts';
import { select } from './runs-query.ts';
import type { RunsView, SortKey } from './runs-query.ts';

const KINDS = [
  { value: 'all', label: 'All' },
  { value: 'pinn', label: 'Equations' },
  { value: 'hedging', label: 'Hedges' },
  { value: 'study', label: 'Studies' },
] as const;

const COLUMNS: readonly { key: SortKey; label: string; numeric?: boolean }[] = [
  { key: 'name', label: 'Name' },
  { key: 'kind', label: 'Kind' },
  { key: 'status', label: 'State' },
  { key: 'progress', label: 'Progress' },
  { key: 'loss', label: 'Loss', numeric: true },
  { key: 'seconds', label: 'Time', numeric: true },
  { key: 'createdAt', label: 'Created', numeric: true },
];

/** Every run of the service, and the comparison of those that are chosen. */
export function RunsPage() {
  usePage('Runs');
  const { runs, problem, retry } = useRuns();
  const [view, setView] = useState<RunsView>({
    text: '',
    kind: 'all',
    status: 'all',
    sort: 'createdAt',
    descending: true,
  });
  const compared = (query.value.get('compare') ?? '').split(',').filter(Boolean);
  const choose = (id: string, on: boolean): void =>
    replaceQuery((parameters) => {
      const next = on ? [...compared, id] : compared.filter((item) => item !== id);
      if (next.length === 0) parameters.delete('compare');
      else parameters.set('compare', next.join(','));
    });
  return (
    <>
      <header class="page-head">
        <h1>Runs</h1>
        <Link class="button button-primary" href="/new">
          New run
        </Link>
      </header>
      {problem !== null && <ProblemView problem={problem} onRetry={retry} />}
      {runs === null && problem === null && <p class="empty">Reading the runs …</p>}
      {runs?.length === 0 && <Welcome />}
      {runs !== null && runs.length > 0 && (
        <>
          <Filters view={view} onChange={setView} />
          <RunsTable
            runs={select(runs, view)}
            view={view}
            onSort={(sort) => setView(sorted(view, sort))}
            compared={compared}
            onChoose={choose}
          />
          <ComparePanel
            runs={compared.flatMap((id) => runs.filter((run) => run.id === id))}
            onClear={() => replaceQuery((parameters) => parameters.delete('compare'))}
          />
        </>
      )}
    </>
  );
}

const sorted = (view: RunsView, sort: SortKey): RunsView => ({
  ...view,
  sort,
  descending: view.sort === sort ? !view.descending : sort === 'createdAt' || sort === 'progress',
});

/** The runs, read again every 2 s while one is active, every 6 s otherwise, and not at all while nobody looks. */
function useRuns(): { runs: readonly RunSummary[] | null; problem: Problem | null; retry: () => void } {
  const [runs, setRuns] = useState<readonly RunSummary[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const read = async (): Promise<void> => {
      let active = true;
      if (!document.hidden) {
        try {
          const found = await listRuns(abort.signal);
          active = found.some((run) => !isTerminal(run.status));
          setRuns(found);
          setProblem(null);
        } catch (error) {
          if (!abort.signal.aborted) setProblem(problemOf(error));
        }
      }
      if (!abort.signal.aborted) timer = setTimeout(() => void read(), active ? 2000 : 6000);
    };
    void read();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [attempt]);
  return { runs, problem, retry: () => setAttempt(attempt + 1) };
}

function Welcome() {
  return (
    <div class="welcome card">
      <h2>Nothing has run yet</h2>
      <p>Solve a differential equation or hedge an option: the catalogue has problems that are ready to launch.</p>
      <p class="actions">
        <Link class="button button-primary" href="/new?preset=P2">
          Solve an equation
        </Link>
        <Link class="button" href="/new?preset=HEDGE-1">
          Hedge an option
        </Link>
      </p>
    </div>
  );
}

function Filters({ view, onChange }: { view: RunsView; onChange: (view: RunsView) => void }) {
  return (
    <div class="toolbar filters" role="search" aria-label="Filter runs">
      <div class="inline-field">
        <label for="filter-text">Search</label>
        <input
          id="filter-text"
          type="search"
          value={view.text}
          onInput={(event) => onChange({ ...view, text: event.currentTarget.value })}
        />
      </div>
      <div class="inline-field">
        <label for="filter-status">State</label>
        <select
          id="filter-status"
          value={view.status}
          onChange={(event) => onChange({ ...view, status: event.currentTarget.value as RunsView['status'] })}
        >
          <option value="all">All</option>
          <option value="active">Active</option>
          {Object.entries(STATUS).map(([status, { label }]) => (
            <option key={status} value={status}>
              {label}
            </option>
          ))}
        </select>
      </div>
      <Segmented
        legend="Kind"
        name="filter-kind"
        value={view.kind}
        options={KINDS}
        onChange={(kind) => onChange({ ...view, kind })}
      />
    </div>
  );
}

interface RunsTableProps {
  readonly runs: readonly RunSummary[];
  readonly view: RunsView;
  readonly onSort: (key: SortKey) => void;
  readonly compared: readonly string[];
  readonly onChoose: (id: string, on: boolean) => void;
}

function RunsTable({ runs, view, onSort, compared, onChoose }: RunsTableProps) {
  return (
    <div class="card table-scroll" role="region" aria-label="Runs" tabIndex={0}>
      <table class="runs">
        <thead>
          <tr>
            <th scope="col">
              <span class="visually-hidden">Compare</span>
            </th>
            {COLUMNS.map(({ key, label, numeric }) => (
              <th
                key={key}
                scope="col"
                class={numeric === true ? 'numeric' : undefined}
                aria-sort={view.sort !== key ? undefined : view.descending ? 'descending' : 'ascending'}
              >
                <button type="button" class="sort" onClick={() => onSort(key)}>
                  {label}
                  <span aria-hidden="true" class="sort-mark">
                    {view.sort !== key ? '' : view.descending ? '▾' : '▴'}
                  </span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <Row
              key={run.id}
              run={run}
              chosen={compared.includes(run.id)}
              full={compared.length >= MOST_COMPARED}
              onChoose={onChoose}
            />
          ))}
          {runs.length === 0 && (
            <tr>
              <td colSpan={COLUMNS.length + 1} class="empty">
                No run fits the filter.
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

function Row({
  run,
  chosen,
  full,
  onChoose,
}: {
  run: RunSummary;
  chosen: boolean;
  full: boolean;
  onChoose: RunsTableProps['onChoose'];
}) {
  const share = isTerminal(run.status) ? null : progressOf(run.step, run.totalSteps, 0, null);
  return (
    <tr class={chosen ? 'chosen' : undefined} data-run={run.id}>
      <td>
        <label class="target">
          <input
            type="checkbox"
            checked={chosen}
            disabled={full && !chosen}
            onChange={(event) => onChoose(run.id, event.currentTarget.checked)}
          />
          <span class="visually-hidden">Compare {run.name}</span>
        </label>
      </td>
      <th scope="row">
        <Link href={`/runs/${run.id}`}>{run.name}</Link>
      </th>
      <td>
        <KindTag kind={run.kind} />
      </td>
      <td>
        <StatusChip status={run.status} />
      </td>
      <td class="progress-cell">
        <span>
          {formatCount(run.step)}
          <span class="muted">{run.totalSteps === null ? ' steps' : ` / ${formatCount(run.totalSteps)}`}</span>
        </span>
        <ProgressBar value={share} label={`Progress of ${run.name}`} />
      </td>
      <td class="numeric">{formatNumber(run.loss)}</td>
      <td class="numeric">{formatSeconds(run.seconds)}</td>
      <td class="numeric muted" title={run.createdAt}>
        {formatAgo(run.createdAt, now.value)}
      </td>
    </tr>
  );
}
