import type { PinnReport, SolutionDifference, Spectrum } from '@kfac/pinn';
import { digits, table } from './table.ts';

/** What `kfac solve --json` prints: the report and what was asked for besides. */
export interface SolveReport extends PinnReport {
  /** Distance to the solution from the next seed; null unless both runs finished. */
  readonly errorEstimate?: (SolutionDifference & { readonly seed: number }) | null;
  readonly spectrum?: Spectrum;
}

/** Errors by unknown (known or estimated), unknown scalars, losses and residuals by term, the misfit of every condition. */
export function solveSummary(report: SolveReport): string {
  const parts = [
    errors(report),
    ...estimate(report),
    ...scalars(report),
    terms(report),
    ...misfits(report),
    ...spectrum(report),
  ];
  return parts.join('\n\n');
}

function errors({ rmse, relativeL2 }: PinnReport): string {
  const unknowns = Object.keys(rmse);
  if (unknowns.length === 0) return 'no exact solution is given, so no error is known';
  return table(
    ['', 'RMSE', 'relative L2'],
    unknowns.map((name) => [name, digits(rmse[name]), digits(relativeL2[name])]),
  );
}

function estimate({ errorEstimate, spec }: SolveReport): string[] {
  if (errorEstimate === undefined) return [];
  if (errorEstimate === null) return ['no error estimate: one of the two runs did not finish'];
  const { seed, rms, relativeL2, max } = errorEstimate;
  const distances = table(
    [`distance of seeds ${spec.seed} and ${seed}`, 'RMS', 'relative L2', 'largest'],
    Object.keys(rms).map((name) => [name, digits(rms[name]), digits(relativeL2[name]), digits(max[name])]),
  );
  return [`${distances}\n(an estimate of the error, not a bound)`];
}

function scalars({ estimates }: PinnReport): string[] {
  const rows = Object.entries(estimates).map(([name, { value, standardError, relativeError }]) => [
    name,
    String(value),
    digits(standardError),
    digits(relativeError),
  ]);
  return rows.length === 0 ? [] : [table(['parameter', 'value', 'standard error', 'relative error'], rows)];
}

function terms({ terms: losses, residuals }: PinnReport): string {
  const rows = Object.entries(losses).map(([name, loss]) => [
    name,
    digits(loss),
    digits(residuals[name]?.training),
    digits(residuals[name]?.fresh),
  ]);
  return table(['by term', 'loss', 'RMS residual', 'on fresh points'], rows);
}

function misfits({ conditions }: PinnReport): string[] {
  const rows = conditions.map(({ on, equation, rms, max }) => [`${equation} on ${on}`, digits(rms), digits(max)]);
  return rows.length === 0 ? [] : [table(['misfit of condition', 'RMS', 'largest'], rows)];
}

function spectrum({ spectrum: values }: SolveReport): string[] {
  if (values === undefined) return [];
  const rows = Object.entries({ ...values.terms, all: values.all }).map(([name, own]) => {
    const least = own[0]! * Number.EPSILON * own.length;
    return [
      name,
      digits(own[0]),
      digits(own.at(-1)),
      `${own.filter((value) => value > least).length} of ${own.length}`,
    ];
  });
  return [table(['singular values of J', 'largest', 'smallest', 'numerical rank'], rows)];
}
