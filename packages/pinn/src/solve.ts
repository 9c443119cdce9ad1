import { type TrainingOptions, defaultEngine, runTraining, specHash } from '@kfac/core';
import { ErrorMeasure, evaluationDue } from './evaluation.ts';
import { checkExact } from './exact-check.ts';
import { FieldGrid } from './fields.ts';
import { initialParameters } from './network.ts';
import { PinnObjective } from './objective.ts';
import { createOptimizer } from './optimizers.ts';
import { compileProblem } from './problem.ts';
import { Solution } from './solution.ts';
import type { PinnSpecInput } from './spec.ts';

/**
 * Solves a differential equation: trains a network until a stop rule is met. Throws `KfacError` for a faulty
 * specification (`KFAC_SPEC`, `KFAC_EQUATION`, `KFAC_LIMIT`) or checkpoint (`KFAC_CHECKPOINT`); a run that diverges or
 * is cancelled is a result and says so in `status`.
 *
 * @example
 * const solution = await solve({
 *   domain: { x: [0, 1] },
 *   equations: ['u_x = -u'],
 *   conditions: [{ on: 'x = 0', equation: 'u = 1' }],
 * });
 * solution.evaluate([[0.5]]).u; // ≈ exp(-0.5)
 */
export async function solve(json: PinnSpecInput, options: TrainingOptions = {}): Promise<Solution> {
  const problem = compileProblem(json);
  const { spec, layout, exact, optimizer: choice } = problem;
  const engine = options.engine ?? defaultEngine();
  const warnings = [...problem.warnings, ...checkExact(problem)];
  options.onNote?.(`optimizer ${choice.name} (${choice.reason})`);
  for (const warning of warnings) options.onNote?.(`warning: ${warning}`);

  const objective = new PinnObjective(problem, engine);
  const optimizer = createOptimizer(problem, engine);
  const measure = exact ? new ErrorMeasure(problem, exact, engine) : null;
  const theta = initialParameters(layout, spec.seed);
  const grid = new FieldGrid(problem, engine);
  const { relativeL2: tolerance, ...stop } = spec.stop;

  const outcome = await runTraining(
    {
      kind: 'pinn',
      spec,
      objective,
      optimizer,
      theta,
      stop: defined(stop),
      evaluation: {
        due: evaluationDue,
        run(at) {
          const { interior, conditions } = objective.termLosses(at);
          const terms = { 'pinn/interior': interior, 'pinn/conditions': conditions };
          if (!measure) return { metrics: terms };
          const { rmse, relativeL2 } = measure.at(at);
          const metrics = { ...terms, 'pinn/rmse': rmse, 'pinn/rel_l2': relativeL2 };
          return tolerance !== undefined && relativeL2 <= tolerance ? { metrics, stopReason: 'relativeL2' } : { metrics };
        },
      },
      snapshot: (at, step) => ({ step, fields: grid.at(at), distributions: [] }),
    },
    options,
  );

  const final = Float64Array.from(optimizer.evaluationPoint(theta));
  const terms = objective.termLosses(final);
  const errors = measure?.at(final);
  const unknown = spec.unknowns[0]!;
  const { exact: bitExact, badStep, ...rest } = outcome;
  return new Solution(
    {
      kind: 'pinn',
      ...rest,
      engine: engine.describe(),
      spec,
      hash: specHash(spec),
      optimizer: choice,
      parameters: layout.size,
      loss: terms.interior + terms.conditions,
      terms,
      rmse: errors ? { [unknown]: errors.rmse } : {},
      relativeL2: errors ? { [unknown]: errors.relativeL2 } : {},
      warnings,
      bitExact,
      ...(badStep === undefined ? {} : { badStep }),
    },
    { type: 'mlp', coordinates: problem.box.names, sizes: problem.sizes, activation: spec.network.activation, parameters: final },
    problem,
    engine,
  );
}

/** The given stop rules without the absent ones. */
function defined(stop: { steps?: number | undefined; seconds?: number | undefined; loss?: number | undefined }): {
  steps?: number;
  seconds?: number;
  loss?: number;
} {
  return Object.fromEntries(Object.entries(stop).filter(([, value]) => value !== undefined));
}
