import { EXPORT_FORMATS, catalogue, checkPinn, estimateError, pinnSpecSchema, solve } from '@kfac/pinn';
import type { ErrorEstimate, ExportFormat, PinnSpecInput } from '@kfac/pinn';
import type { JsonSchema } from '../alternatives.ts';
import { UsageError } from '../exit.ts';
import { readNetwork } from '../network-file.ts';
import { solveSummary } from '../solve-summary.ts';
import type { SolveReport } from '../solve-summary.ts';
import type { Trainer } from '../trainer.ts';

/** The trainer behind `kfac solve`. */
export const solveTrainer: Trainer = {
  command: 'solve',
  catalogue,
  options: ['start-from', 'estimate-error', 'spectrum'],
  schema: () => pinnSpecSchema.toJSONSchema({ io: 'input' }) as JsonSchema,
  inspect: (json) => {
    const { spec, hash } = checkPinn(json);
    return { stop: spec.stop, hash };
  },
  run: async (json, options, line) => {
    if (line.estimateError && line.startFrom !== undefined)
      throw new UsageError(
        '--estimate-error needs two independent starts and cannot be combined with --start-from, which gives both the same',
      );
    const startFrom = line.startFrom === undefined ? undefined : readNetwork(line.startFrom);
    // `solve` validates what it is given; the type only says what a valid problem looks like.
    const problem = json as PinnSpecInput;
    const estimate = line.estimateError ? await estimateError(problem, options) : null;
    const solution = estimate?.solution ?? (await solve(problem, { ...options, ...(startFrom && { startFrom }) }));
    const report: SolveReport = {
      ...solution.toJSON(),
      ...(estimate && { errorEstimate: estimateOf(estimate) }),
      ...(line.spectrum && { spectrum: solution.spectrum() }),
    };
    return {
      report,
      files: () => {
        const formats = Object.keys(EXPORT_FORMATS) as ExportFormat[];
        return Object.fromEntries(formats.map((format) => [EXPORT_FORMATS[format].file, solution.export(format)]));
      },
      summary: solveSummary(report),
    };
  },
};

function estimateOf({ twin, difference }: ErrorEstimate): NonNullable<SolveReport['errorEstimate']> | null {
  return twin && difference && { seed: twin.spec.seed, ...difference };
}
