import type { Run } from '../api/types.ts';
import { formatNumber } from '../format.ts';
import type { SeriesStore } from './series.ts';

export interface Tile {
  readonly label: string;
  readonly value: string;
}

/** The metrics that say how good a run is, by kind. */
const KEYS = {
  pinn: [
    ['loss', 'Loss'],
    ['pinn/rmse', 'RMSE'],
    ['pinn/rel_l2', 'Relative L2'],
  ],
  hedging: [
    ['hedge/entropic', 'Entropic risk'],
    ['hedge/pnl_std', 'P&L deviation'],
    ['hedge/cvar95', 'CVaR95'],
    ['hedge/cost', 'Mean cost'],
  ],
  study: [
    ['study/median', 'Median error, last level'],
    ['study/rate', 'Rate, last level'],
  ],
} as const;

/** Values of an object keyed by unknown, or of a number. */
function reported(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'object' || value === null) return null;
  const numbers = Object.values(value).filter((item): item is number => typeof item === 'number');
  return numbers.length === 0 ? null : Math.max(...numbers);
}

/** The numbers on top of a run's page: those of the report once there is one, the latest ones before. */
export function headline(run: Run, series: SeriesStore): readonly Tile[] {
  const { result } = run;
  const final: Record<string, unknown> = {};
  if (result !== null && run.kind === 'pinn') {
    final['pinn/rmse'] = result['rmse'];
    final['pinn/rel_l2'] = result['relativeL2'];
  }
  if (result !== null && run.kind === 'hedging') {
    const policy = (result['policy'] ?? {}) as Record<string, unknown>;
    final['hedge/entropic'] = policy['entropic'];
    final['hedge/cvar95'] = policy['cvar95'];
    final['hedge/cost'] = policy['meanCost'];
    const variance = policy['pnlVariance'];
    final['hedge/pnl_std'] = typeof variance === 'number' ? Math.sqrt(variance) : null;
  }
  return KEYS[run.kind].flatMap(([key, label]) => {
    const value = reported(final[key]) ?? series.latest(key)?.value ?? (key === 'loss' ? run.loss : null);
    return value === null || value === undefined ? [] : [{ label, value: formatNumber(value) }];
  });
}
