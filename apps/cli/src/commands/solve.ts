import { EXPORT_FORMATS, catalogue, checkPinn, pinnSpecSchema, solve } from '@kfac/pinn';
import type { ExportFormat, PinnReport, PinnSpecInput } from '@kfac/pinn';
import type { JsonSchema } from '../alternatives.ts';
import { digits, table } from '../table.ts';
import type { Trainer } from '../trainer.ts';

/** The trainer behind `kfac solve`. */
export const solveTrainer: Trainer = {
  command: 'solve',
  catalogue,
  schema: () => pinnSpecSchema.toJSONSchema({ io: 'input' }) as JsonSchema,
  inspect: (json) => {
    const { spec, hash } = checkPinn(json);
    return { stop: spec.stop, hash };
  },
  run: async (json, options) => {
    // `solve` validates what it is given; the type only says what a valid problem looks like.
    const solution = await solve(json as PinnSpecInput, options);
    const report = solution.toJSON();
    return {
      report,
      files: () => {
        const formats = Object.keys(EXPORT_FORMATS) as ExportFormat[];
        return Object.fromEntries(formats.map((format) => [EXPORT_FORMATS[format].file, solution.export(format)]));
      },
      network: solution.network,
      summary: solveSummary(report),
    };
  },
};

/** Errors by unknown (where an exact solution is known), unknown scalars and losses by term. */
export function solveSummary(report: PinnReport): string {
  const unknowns = Object.keys(report.rmse);
  const errors = table(
    ['', 'RMSE', 'relative L2'],
    unknowns.map((name) => [name, digits(report.rmse[name]), digits(report.relativeL2[name])]),
  );
  const estimates = Object.entries(report.estimates);
  const parameters = table(
    ['parameter', 'value', 'standard error', 'relative error'],
    estimates.map(([name, { value, standardError, relativeError }]) => [
      name,
      String(value),
      digits(standardError),
      digits(relativeError),
    ]),
  );
  const terms = table(
    ['loss by term', ''],
    Object.entries(report.terms).map(([name, value]) => [name, digits(value)]),
  );
  return [
    ...(unknowns.length > 0 ? [errors, ''] : ['no exact solution is given, so no error is known', '']),
    ...(estimates.length > 0 ? [parameters, ''] : []),
    terms,
  ].join('\n');
}
