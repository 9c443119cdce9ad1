import { useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { dashes, theme } from '../theme.ts';
import { DataTable } from './data-table.tsx';

interface LegendEntry {
  readonly label: string;
  readonly colour: number;
  /** Points without a line. */
  readonly marks?: boolean;
}

interface ChartCardProps {
  readonly title: string;
  /** What the chart shows at the moment, in a few words. */
  readonly summary?: ComponentChildren;
  readonly legend?: readonly LegendEntry[];
  /** The chart's numbers, made only when they are asked for. */
  readonly table: () => { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };
  readonly tools?: ComponentChildren;
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}

/** A chart with its name, its legend and, on demand, the table of its numbers. */
export function ChartCard({ title, summary, legend, table, tools, wide, children }: ChartCardProps) {
  const [asTable, setAsTable] = useState(false);
  return (
    <section class={wide === true ? 'card chart-card wide' : 'card chart-card'} aria-label={title}>
      <header class="card-head">
        <div>
          <h3>{title}</h3>
          {summary !== undefined && <p class="card-summary">{summary}</p>}
        </div>
        <button
          type="button"
          class="button button-small"
          aria-pressed={asTable}
          aria-label={`${title} as a table`}
          onClick={() => setAsTable(!asTable)}
        >
          Table
        </button>
      </header>
      {tools}
      {legend !== undefined && legend.length > 1 && <Legend entries={legend} />}
      {children}
      {asTable && <DataTable caption={`${title}: values`} {...table()} />}
    </section>
  );
}

function Legend({ entries }: { entries: readonly LegendEntry[] }) {
  const { series } = theme.value;
  return (
    <ul class="legend">
      {entries.map(({ label, colour, marks }) => (
        <li key={label}>
          <svg width="26" height="8" aria-hidden="true">
            {marks === true ? (
              <circle cx="13" cy="4" r="3.5" fill={series[colour % series.length]} />
            ) : (
              <line
                x1="1"
                y1="4"
                x2="25"
                y2="4"
                stroke={series[colour % series.length]}
                stroke-width="2.5"
                stroke-dasharray={dashes[colour % dashes.length]!.join(' ')}
              />
            )}
          </svg>
          {label}
        </li>
      ))}
    </ul>
  );
}
