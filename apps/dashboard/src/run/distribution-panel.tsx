import { useState } from 'preact/hooks';
import { getDistributions } from '../api/client.ts';
import type { Distribution, DistributionList, JsonObject } from '../api/types.ts';
import { ChartCanvas } from '../charts/chart-canvas.tsx';
import { histogramConfig, outline } from '../charts/histogram.ts';
import { ChartCard } from '../components/chart-card.tsx';
import { formatFixed, formatNumber } from '../format.ts';
import { comparison, strategyName } from './strategies.ts';
import { useSnapshot } from './snapshots.ts';

interface DistributionPanelProps {
  readonly id: string;
  readonly step: number | null;
  /** The report of the run, once there is one. */
  readonly result: JsonObject | null;
}

/** The P&L of the policy over test paths, beside the baselines. */
export function DistributionPanel({ id, step, result }: DistributionPanelProps) {
  const list = useSnapshot<DistributionList>(step, (signal) => getDistributions(id, signal), id);
  const distributions = list?.distributions ?? [];
  return (
    <section aria-labelledby="pnl-title">
      <h2 id="pnl-title">
        Profit and loss {distributions.length > 0 && <span class="muted h-note">at step {list?.step ?? 0}</span>}
      </h2>
      {distributions.length === 0 ? (
        <p class="empty">
          {step === null ? 'The histogram appears with the first snapshot.' : 'Reading the distributions …'}
        </p>
      ) : (
        <div class="grid grid-pnl">
          <Histogram distributions={distributions} revision={list?.step ?? 0} />
          <Comparison distributions={distributions} result={result} />
        </div>
      )}
    </section>
  );
}

function Histogram({ distributions, revision }: { distributions: readonly Distribution[]; revision: number }) {
  const [beside, setBeside] = useState('blackScholesDelta');
  const policy = distributions.find((item) => item.name === 'policy') ?? distributions[0]!;
  const other = distributions.find((item) => item.name === beside && item !== policy) ?? null;
  const curves = [policy, ...(other === null ? [] : [other])];
  const legend = curves.map((item, colour) => ({ label: strategyName(item.name), colour }));
  const numbers = `variance ${formatNumber(policy.variance)}, Sharpe ${formatNumber(policy.sharpe)}, CVaR95 ${formatNumber(policy.cvar95)}`;
  return (
    <ChartCard
      title="P&L histogram"
      summary={
        <dl class="inline-stats">
          <dt>Variance</dt>
          <dd>{formatNumber(policy.variance)}</dd>
          <dt>Sharpe</dt>
          <dd>{formatNumber(policy.sharpe)}</dd>
          <dt>CVaR95</dt>
          <dd>{formatNumber(policy.cvar95)}</dd>
        </dl>
      }
      legend={legend}
      table={() => ({
        head: ['P&L from', 'to', ...curves.map((item) => `${strategyName(item.name)}, % of paths`)],
        rows: policy.counts.map((_, k) => [
          formatNumber(policy.edges[k], 4),
          formatNumber(policy.edges[k + 1], 4),
          ...curves.map((item) => formatNumber(outline(item)[1 + 2 * k]?.y)),
        ]),
      })}
      tools={
        distributions.length > 1 ? (
          <label class="inline-field">
            Beside
            <select value={beside} onChange={(event) => setBeside(event.currentTarget.value)}>
              <option value="">nothing</option>
              {distributions
                .filter((item) => item !== policy)
                .map((item) => (
                  <option key={item.name} value={item.name}>
                    {strategyName(item.name)}
                  </option>
                ))}
            </select>
          </label>
        ) : undefined
      }
    >
      <ChartCanvas
        label={`Histogram of P&L over test paths: ${numbers}`}
        configure={(theme) =>
          histogramConfig(
            { label: strategyName(policy.name), distribution: policy },
            other && { label: strategyName(other.name), distribution: other },
            theme,
          ) as never
        }
        revision={`${revision} ${beside} ${policy.mean}`}
      />
    </ChartCard>
  );
}

function Comparison({ distributions, result }: { distributions: readonly Distribution[]; result: JsonObject | null }) {
  const { columns, rows, final } = comparison(distributions, result);
  return (
    <section class="card" aria-label="Policy beside its baselines">
      <header class="card-head">
        <div>
          <h3>Policy beside its baselines</h3>
          <p class="card-summary">
            {final ? 'On the common test paths of the report' : 'On validation paths, while training'}
          </p>
        </div>
      </header>
      <div class="table-scroll" role="region" aria-label="Policy and baselines" tabIndex={0}>
        <table class="data comparison">
          <thead>
            <tr>
              <th scope="col">Measure</th>
              {columns.map((name) => (
                <th key={name} scope="col">
                  {strategyName(name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.label}>
                <th scope="row">{row.label}</th>
                {row.values.map((value, k) => (
                  <td key={columns[k]} class={row.best === k ? 'best' : undefined}>
                    {formatFixed(value, 4)}
                    {row.best === k && <span class="visually-hidden"> (best)</span>}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
