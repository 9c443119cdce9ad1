import type { RunKind, RunStatus, RunSummary } from '../api/types.ts';
import { isTerminal } from '../run/status.ts';

export type SortKey = 'name' | 'kind' | 'status' | 'progress' | 'loss' | 'seconds' | 'createdAt';

export interface RunsView {
  readonly text: string;
  readonly kind: RunKind | 'all';
  readonly status: 'all' | 'active' | RunStatus;
  readonly sort: SortKey;
  readonly descending: boolean;
}

function valueOf(run: RunSummary, key: SortKey): string | number {
  if (key === 'progress') return run.totalSteps === null ? run.step : run.step / run.totalSteps;
  if (key === 'loss') return run.loss ?? Infinity;
  if (key === 'name') return run.name.toLowerCase();
  return run[key];
}

/** The runs that a view shows, in its order; equal ones newest first. */
export function select(runs: readonly RunSummary[], view: RunsView): readonly RunSummary[] {
  const text = view.text.trim().toLowerCase();
  const shown = runs.filter(
    (run) =>
      (view.kind === 'all' || run.kind === view.kind) &&
      (view.status === 'all' || (view.status === 'active' ? !isTerminal(run.status) : run.status === view.status)) &&
      (text === '' || run.name.toLowerCase().includes(text) || run.id.startsWith(text)),
  );
  const sign = view.descending ? -1 : 1;
  return shown.toSorted((a, b) => {
    const [x, y] = [valueOf(a, view.sort), valueOf(b, view.sort)];
    if (x === y) return b.id < a.id ? -1 : 1;
    return x < y ? -sign : sign;
  });
}
