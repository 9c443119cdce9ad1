import { type HistoryRow, type TrainingOptions, defaultEngine, runTraining, specHash } from '@kfac/core';
import { checkCoefficients } from './coefficient-check.ts';
import { type Finish, type LossMeasures, StagedTraining } from './curriculum/staged-training.ts';
import { ErrorMeasure, evaluationDue } from './evaluation.ts';
import { checkConditions } from './condition-check.ts';
import { checkExact } from './exact-check.ts';
import { FieldGrid } from './fields.ts';
import { fitLastLayer } from './last-layer.ts';
import { PinnObjective } from './objective.ts';
import { createOptimizer } from './optimizers.ts';
import { partName } from './part-name.ts';
import { compileProblem, hashOf } from './problem.ts';
import { residualReport } from './residual-report.ts';
import { Solution } from './solution.ts';
import type { PinnSpecInput } from './spec.ts';
import { type SavedNetwork, networkOf, parametersOf, savedNetwork } from './saved-network.ts';
import { STANDARD_ERROR_PARAMETERS, standardErrors } from './standard-errors.ts';
import { checkSystem } from './system-check.ts';

/** Options of `solve`. */
export interface SolveOptions extends TrainingOptions {
  /**
   * A saved network (`network.json`, `solution.network`) whose parameters training starts from in place of random ones.
   * It must be the network of the specification, type and ansatz included; everything else, optimizer, weights, points,
   * equations, may differ. Unknown scalars start at their `initial`.
   */
  readonly startFrom?: SavedNetwork;
}

/**
 * Solves a differential equation: trains a network until a stop rule is met. Throws `KfacError` for a faulty
 * specification (`KFAC_SPEC`, `KFAC_EQUATION`, `KFAC_LIMIT`), checkpoint (`KFAC_CHECKPOINT`) or saved network
 * (`KFAC_NETWORK`); a run that diverges or is cancelled is a result and says so in `status`.
 *
 * @example
 * const solution = await solve({
 *   domain: { x: [0, 1] },
 *   equations: ['u_x = -u'],
 *   conditions: [{ on: 'x = 0', equation: 'u = 1' }],
 * });
 * solution.evaluate([[0.5]]).u; // ≈ exp(-0.5)
 */
export async function solve(json: PinnSpecInput, options: SolveOptions = {}): Promise<Solution> {
  const problem = compileProblem(json);
  const { spec, layout, scalars, exact, optimizer: choice } = problem;
  const engine = options.engine ?? defaultEngine();
  const warnings = [
    ...problem.warnings,
    ...checkSystem(problem),
    ...checkConditions(problem),
    ...checkCoefficients(problem),
    ...checkExact(problem),
  ];
  options.onNote?.(`optimizer ${choice.name} (${choice.reason})`);
  for (const note of problem.notes) options.onNote?.(note);
  for (const warning of warnings) options.onNote?.(`warning: ${warning}`);

  const staged = problem.stages ? new StagedTraining(problem, problem.stages, engine, options.onNote) : null;
  const objective: StagedTraining['objective'] = staged?.objective ?? new PinnObjective(problem, engine);
  const optimizer = staged?.optimizer ?? createOptimizer(problem, engine);
  const measure = exact && !staged ? new ErrorMeasure(problem, exact, engine) : null;
  const theta = new Float64Array(layout.size);
  theta.set(problem.networks.initial(spec.seed));
  scalars.initialise(theta);
  if (options.startFrom !== undefined) {
    theta.set(parametersOf(problem, savedNetwork(options.startFrom, problem)));
    options.onNote?.('starts from the parameters of a saved network');
  } else if (spec.network.lastLayer === 'least-squares' && !options.resume) fitLastLayer(engine, objective, theta);
  const startHash = options.startFrom === undefined ? undefined : specHash([...theta]);
  const grid = staged ? null : new FieldGrid(problem, engine);
  const { relativeL2: tolerance, ...stop } = spec.stop;
  const { unknowns } = spec;

  const measureAll = (at: Float64Array, losses: LossMeasures = objective) => {
    const terms = losses.termLosses(at);
    const errors = staged?.errors(at) ?? measure?.at(at) ?? [];
    const metrics: Record<string, number> = objective.metrics();
    for (const [name, value] of Object.entries(terms)) metrics[`pinn/${name}`] = value;
    for (const [k, { rmse, relativeL2 }] of errors.entries()) {
      metrics[partName('pinn/rmse', unknowns, unknowns[k]!)] = rmse;
      metrics[partName('pinn/rel_l2', unknowns, unknowns[k]!)] = relativeL2;
    }
    for (const [name, { value, relativeError }] of Object.entries(scalars.estimates(at))) {
      metrics[`pinn/parameter/${name}`] = value;
      if (relativeError !== undefined) metrics[`pinn/parameter_error/${name}`] = relativeError;
    }
    return { terms, errors, metrics };
  };

  const outcome = await runTraining(
    {
      kind: 'pinn',
      spec: { ...spec, domain: Object.entries(spec.domain) }, // so that its hash is hashOf(spec)
      isScheduled: 'schedule' in spec.optimizer && spec.optimizer.schedule === 'cosine',
      objective,
      optimizer,
      theta,
      stop: staged ? defined({ ...stop, loss: undefined }) : defined(stop), // a stage ends by the loss
      evaluation: {
        due: evaluationDue,
        run(at) {
          const { metrics, errors } = measureAll(at);
          const isReached =
            tolerance !== undefined && errors.length > 0 && errors.every(({ relativeL2 }) => relativeL2 <= tolerance);
          return isReached && (staged?.endStage() ?? true) ? { metrics, stopReason: 'relativeL2' } : { metrics };
        },
      },
      snapshot: (at, step) => ({ step, fields: staged?.fieldsAt(at) ?? grid!.at(at), distributions: [] }),
    },
    options,
  );

  const trained = Float64Array.from(optimizer.evaluationPoint(theta));
  const ended: Finish = staged?.finish(trained) ?? { parameters: trained, losses: objective, warnings: [] };
  const { parameters: final, losses, warnings: ofStages } = ended;
  for (const warning of ofStages) options.onNote?.(`warning: ${warning}`);
  const { terms, errors, metrics } = measureAll(trained, losses);
  const { exact: bitExact, badStep, ...rest } = outcome;
  const errorsAtEnd =
    scalars.count > 0 && layout.size <= STANDARD_ERROR_PARAMETERS
      ? objective.plain(() => standardErrors(engine, layout, objective.linearize(final), scalars.count))
      : null;
  return new Solution(
    {
      kind: 'pinn',
      ...rest,
      history: withFinal(rest.history, rest.steps, metrics),
      engine: engine.describe(),
      spec,
      hash: hashOf(spec),
      optimizer: choice,
      parameters: layout.size,
      loss: Object.values(terms).reduce((sum, term) => sum + term, 0),
      terms,
      rmse: Object.fromEntries(errors.map(({ rmse }, k) => [unknowns[k]!, rmse])),
      relativeL2: Object.fromEntries(errors.map(({ relativeL2 }, k) => [unknowns[k]!, relativeL2])),
      ...residualReport(problem, engine, losses, final),
      estimates: scalars.estimates(final, errorsAtEnd),
      warnings: [...warnings, ...ofStages],
      ...(startHash === undefined ? {} : { startHash }),
      bitExact,
      ...(badStep === undefined ? {} : { badStep }),
    },
    networkOf(problem, final),
    final,
    problem,
    engine,
  );
}

/** The history with the last step evaluated, whether or not that was due there. */
function withFinal(history: readonly HistoryRow[], step: number, metrics: Record<string, number>): HistoryRow[] {
  return history.map((row) => (row['step'] === step ? { ...row, ...metrics } : row));
}

/** The given stop rules without the absent ones. */
function defined(stop: { steps?: number | undefined; seconds?: number | undefined; loss?: number | undefined }): {
  steps?: number;
  seconds?: number;
  loss?: number;
} {
  return Object.fromEntries(Object.entries(stop).filter(([, value]) => value !== undefined));
}
