import { catalogue, checkHedging, hedgingSpecSchema, train } from '@kfac/hedging';
import type { HedgeSummary, HedgingReport, HedgingSpecInput } from '@kfac/hedging';
import type { JsonSchema } from '../alternatives.ts';
import { histogramCsv, jsonFile } from '../output.ts';
import { digits, table } from '../table.ts';
import type { Trainer } from '../trainer.ts';

/** The trainer behind `kfac hedge`. */
export const hedgeTrainer: Trainer = {
  command: 'hedge',
  catalogue,
  options: [],
  schema: () => hedgingSpecSchema.toJSONSchema({ io: 'input' }) as JsonSchema,
  inspect: (json) => {
    const { spec, hash } = checkHedging(json);
    return { stop: spec.stop, hash };
  },
  run: async (json, options) => {
    // `train` validates what it is given; the type only says what a valid problem looks like.
    const result = await train(json as HedgingSpecInput, options);
    return {
      report: result.toJSON(),
      files: () => ({
        'network.json': jsonFile(result.policyNetwork),
        'histogram.csv': histogramCsv(result.distributions),
      }),
      summary: hedgeSummary(result.toJSON()),
    };
  },
};

/** The policy beside its baselines, on common test paths. */
export function hedgeSummary({ price, premium, testPaths, spec, policy, baselines }: HedgingReport): string {
  const columns: readonly [string, (summary: HedgeSummary) => number][] = [
    ['entropic risk', (s) => s.entropic],
    ['mean P&L', (s) => s.pnlMean],
    ['variance', (s) => s.pnlVariance],
    ['Sharpe', (s) => s.sharpe],
    ['CVaR 95', (s) => s.cvar95],
    ['CVaR 99', (s) => s.cvar99],
    ['mean cost', (s) => s.meanCost],
    ['turnover', (s) => s.turnover],
  ];
  const rows: readonly [string, HedgeSummary][] = [
    [`policy (${spec.optimizer.name})`, policy],
    ['Whalley–Wilmott', baselines.whalleyWilmott],
    ['Black–Scholes delta', baselines.blackScholesDelta],
    ['no hedge', baselines.noHedge],
  ];
  return [
    `model price ${digits(price, 6)}, premium received ${digits(premium, 6)}; ${testPaths} test paths`,
    '',
    table(
      ['', ...columns.map(([title]) => title)],
      rows.map(([name, summary]) => [name, ...columns.map(([, value]) => digits(value(summary)))]),
    ),
  ].join('\n');
}
