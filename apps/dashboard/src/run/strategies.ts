import type { Distribution, JsonObject } from '../api/types.ts';

const NAMES = new Map([
  ['policy', 'Policy'],
  ['noHedge', 'No hedge'],
  ['blackScholesDelta', 'Black–Scholes delta'],
  ['whalleyWilmott', 'Whalley–Wilmott'],
]);

/** A strategy's name for reading. */
export function strategyName(name: string): string {
  return NAMES.get(name) ?? name;
}

/** The measures of a report, in the order of reading; `risk`: the lowest wins. Who does not hedge has the best mean. */
const MEASURES: readonly {
  key: string;
  label: string;
  risk?: true;
  live?: (item: Distribution) => number | null;
}[] = [
  { key: 'entropic', label: 'Entropic risk', risk: true },
  { key: 'pnlMean', label: 'Mean P&L', live: (item) => item.mean },
  { key: 'pnlVariance', label: 'P&L variance', risk: true, live: (item) => item.variance },
  { key: 'sharpe', label: 'Sharpe', live: (item) => item.sharpe },
  { key: 'sharpeStandardError', label: 'Sharpe, standard error' },
  { key: 'cvar95', label: 'CVaR95', risk: true, live: (item) => item.cvar95 },
  { key: 'cvar99', label: 'CVaR99', risk: true, live: (item) => item.cvar99 },
  { key: 'meanCost', label: 'Mean cost' },
  { key: 'turnover', label: 'Turnover' },
];

export interface ComparisonTable {
  readonly columns: readonly string[];
  readonly rows: readonly {
    readonly label: string;
    readonly values: readonly (number | null)[];
    readonly best: number | null;
  }[];
  /** True if the numbers are those of the report. */
  readonly final: boolean;
}

const record = (value: unknown): JsonObject | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;

/** Policy and baselines side by side: from the report if there is one, from the latest distributions otherwise. */
export function comparison(distributions: readonly Distribution[], result: JsonObject | null): ComparisonTable {
  const policy = record(result?.['policy']);
  const baselines = record(result?.['baselines']);
  if (policy === null || baselines === null) {
    return tableOf(
      distributions.map((item) => item.name),
      false,
      (key, k) => {
        const live = MEASURES.find((measure) => measure.key === key)?.live;
        return live === undefined ? null : live(distributions[k]!);
      },
    );
  }
  const arms = [policy, ...Object.values(baselines).map(record)];
  return tableOf(['policy', ...Object.keys(baselines)], true, (key, k) => {
    const value = arms[k]?.[key];
    return typeof value === 'number' ? value : null;
  });
}

function tableOf(
  columns: readonly string[],
  final: boolean,
  value: (key: string, k: number) => number | null,
): ComparisonTable {
  const rows = MEASURES.map(({ key, label, risk }) => {
    const values = columns.map((_, k) => value(key, k));
    return { label, values, best: risk ? lowest(values) : null };
  });
  return { columns, final, rows: rows.filter((row) => row.values.some((item) => item !== null)) };
}

function lowest(values: readonly (number | null)[]): number | null {
  let best: number | null = null;
  values.forEach((value, k) => {
    if (value === null) return;
    const leader = best === null ? null : values[best]!;
    if (leader === null || value < leader) best = k;
  });
  return best;
}
