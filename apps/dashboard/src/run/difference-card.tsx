import { useEffect, useState } from 'preact/hooks';
import { getDifference, problemOf } from '../api/client.ts';
import type { Difference, RunSummary } from '../api/types.ts';
import { DataTable } from '../components/data-table.tsx';
import { formatNumber } from '../format.ts';

/** True for runs that surely have a network. */
const isSolved = ({ kind, status }: RunSummary): boolean => kind === 'pinn' && status === 'succeeded';

/** How far the solutions of two runs are apart; nothing for runs that have none. */
export function DifferenceCard({ runs }: { runs: readonly RunSummary[] }) {
  const [difference, setDifference] = useState<Difference | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [one, other] = runs;
  const ids = runs.length === 2 && runs.every(isSolved) ? `${one!.id} ${other!.id}` : '';
  useEffect(() => {
    setDifference(null);
    setFault(null);
    if (ids === '') return;
    const abort = new AbortController();
    const [a, b] = ids.split(' ') as [string, string];
    getDifference(a, b, abort.signal).then(setDifference, (error: unknown) => {
      if (!abort.signal.aborted) setFault(problemOf(error).detail ?? null);
    });
    return () => abort.abort();
  }, [ids]);
  if (ids === '') return null;
  return (
    <div class="card">
      {difference === null ? (
        <p class="hint">{fault === null ? 'Comparing the solutions …' : `The solutions are not compared: ${fault}`}</p>
      ) : (
        <>
          <DataTable
            caption="Distance of the two solutions"
            head={['unknown', 'RMS', 'relative L2', 'largest']}
            rows={Object.keys(difference.rms).map((name) => [
              name,
              formatNumber(difference.rms[name]),
              formatNumber(difference.relativeL2[name]),
              formatNumber(difference.max[name]),
            ])}
          />
          <p class="hint">Of two seeds of one problem: an estimate of the error, not a bound.</p>
        </>
      )}
    </div>
  );
}
