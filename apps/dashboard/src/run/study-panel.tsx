import type { Run } from '../api/types.ts';
import { ChartCanvas } from '../charts/chart-canvas.tsx';
import { lineConfig } from '../charts/line-config.ts';
import { ChartCard } from '../components/chart-card.tsx';
import { DataTable } from '../components/data-table.tsx';
import { levelsKey } from '../form/study.ts';
import { formatFixed, formatNumber } from '../format.ts';
import type { LiveRun } from './live.ts';
import { MEASURE, errorCurves, levelTable, levelsOf, measureOf, rowTable, rowsOf } from './study.ts';

/** A convergence study: error against level on two logarithmic axes, the levels with their rates, and every run. */
export function StudyPanel({ live, run }: { live: LiveRun; run: Run }) {
  const revision = live.revision.value;
  const rows = rowsOf(live.series);
  const refined = levelsKey(run.spec) === 'points' ? 'points' : 'width';
  const measure = MEASURE[measureOf(rows)];
  return (
    <section aria-labelledby="study-title">
      <h2 id="study-title">Convergence</h2>
      {rows.length === 0 ? (
        <p class="empty">Rows appear as runs end, one for each level and seed.</p>
      ) : (
        <>
          <div class="grid">
            <ErrorCard title={`${measure} against ${refined}`} rows={rows} refined={refined} revision={revision} />
            <section class="card" aria-label="Levels">
              <DataTable caption="Levels: medians over the seeds, observed rates" {...levelTable(rows, refined)} />
              <p class="hint">
                Rate: −Δlog(error)/Δlog({refined}) from the level before. It means something where every run was trained
                to its end.
              </p>
            </section>
          </div>
          <section class="card" aria-label="Runs of the study">
            <DataTable caption="Runs of the study" {...rowTable(rows, refined, run.result)} />
          </section>
        </>
      )}
    </section>
  );
}

interface ErrorCardProps {
  readonly title: string;
  readonly rows: ReturnType<typeof rowsOf>;
  readonly refined: string;
  readonly revision: number;
}

function ErrorCard({ title, rows, refined, revision }: ErrorCardProps) {
  const curves = errorCurves(rows);
  const levels = levelsOf(rows);
  const last = levels.at(-1)!;
  const rate = Number.isNaN(last.rate) ? '' : `, rate ${formatFixed(last.rate, 2)}`;
  const summary = `median ${formatNumber(last.median)} at ${last.level}${rate}`;
  return (
    <ChartCard title={title} summary={summary} legend={curves} table={() => levelTable(rows, refined)}>
      <ChartCanvas
        label={`${title}, both logarithmic: ${levels.map(({ level, median }) => `${level} ${formatNumber(median)}`).join(', ')}${rate}`}
        configure={(theme) =>
          lineConfig(
            curves,
            { x: refined, logX: true, logY: true, marksX: levels.map(({ level }) => level) },
            theme,
          ) as never
        }
        revision={`${revision} ${rows.length}`}
      />
    </ChartCard>
  );
}
