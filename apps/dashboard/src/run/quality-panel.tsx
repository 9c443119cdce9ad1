import type { JsonObject } from '../api/types.ts';
import { CurveCard } from '../components/curve-card.tsx';
import { DataTable } from '../components/data-table.tsx';
import { type Quality, misfitCurves, misfitRows, residualRows, spectrumCurves } from './quality.ts';

/** How well the equation and its conditions hold, and the spectrum: what can be said without an exact solution. */
export function QualityPanel({ result }: { result: JsonObject | null }) {
  if (result === null) return null;
  const quality = result as unknown as Quality;
  const spectrum = spectrumCurves(quality);
  return (
    <section aria-labelledby="quality-title">
      <h2 id="quality-title">
        How good is it? <span class="muted h-note">estimates, not bounds</span>
      </h2>
      <div class="grid">
        <div class="card">
          <DataTable caption="Residuals where training looked and where it did not" {...residualRows(quality)} />
          {quality.conditions.length > 0 && <DataTable caption="Misfit of the conditions" {...misfitRows(quality)} />}
        </div>
        {misfitCurves(quality).map(({ along, curves }) => (
          <CurveCard
            key={along}
            title={`Boundary misfit along ${along}`}
            curves={curves}
            x={along}
            y="linear"
            revision={result}
          />
        ))}
        {spectrum.length > 0 && (
          <CurveCard title="Singular values of J" curves={spectrum} x="number" y="log" revision={result} />
        )}
      </div>
    </section>
  );
}
