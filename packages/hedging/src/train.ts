import { defaultEngine, runTraining, specHash } from '@kfac/core';
import type { Distribution, Snapshot, TrainingOptions, TrainingTask } from '@kfac/core';
import { evaluatePolicy } from './evaluate.ts';
import { HedgingObjective } from './objective.ts';
import { createOptimizer } from './optimizer.ts';
import { parseHedgingSpec } from './parse.ts';
import { hedgePaths, policyNetwork } from './policy/network.ts';
import type { HedgedPaths, MarketPaths, PolicyNetwork } from './policy/network.ts';
import { initialLstm, lstmShape } from './policy/lstm.ts';
import type { HedgingReport } from './report.ts';
import type { HedgingSpecInput } from './spec.ts';
import { Validation, VALIDATION_PATHS } from './validation.ts';
import { warnings } from './warnings.ts';
import { createWorld } from './world.ts';

/** A trained policy and what it did: the report's fields, the P&L histograms and the network itself. */
export interface HedgingResult extends HedgingReport {
  /** 'policy', then the baselines, on the common test paths. */
  readonly distributions: readonly Distribution[];
  readonly policyNetwork: PolicyNetwork;
  /** Hedges paths of one's own; throws `KFAC_SPEC` unless they fit the problem. */
  hedge(paths: MarketPaths): HedgedPaths;
  /** The plain report. */
  toJSON(): HedgingReport;
}

/**
 * Trains a policy and measures it against the baselines on common test paths.
 * Throws `KFAC_SPEC` or `KFAC_LIMIT` for a bad problem, `KFAC_CHECKPOINT` for a checkpoint that is not its own.
 *
 * @example
 * const result = await train({
 *   market: { model: 'black-scholes', volatility: 0.2 },
 *   horizon: { days: 30, steps: 30 },
 *   liability: { type: 'european-call', strike: 100 },
 * });
 * console.log(result.policy.entropic, result.baselines.whalleyWilmott.entropic);
 */
export async function train(problem: HedgingSpecInput, options: TrainingOptions = {}): Promise<HedgingResult> {
  const spec = parseHedgingSpec(problem);
  const engine = options.engine ?? defaultEngine();
  const world = createWorld(spec);
  const shape = lstmShape(spec);
  const objective = new HedgingObjective(engine, world);
  const layout = objective.parameters;
  const optimizer = createOptimizer(engine, layout, spec);
  const validation = new Validation(engine, world, shape);
  const notes = warnings(spec);
  notes.forEach((note) => options.onNote?.(note));

  const task: TrainingTask = {
    kind: 'hedging',
    spec,
    isScheduled: spec.optimizer.name === 'adam' && spec.optimizer.schedule === 'cosine',
    objective,
    optimizer,
    theta: initialLstm(shape, layout, spec.seed),
    stop: spec.stop,
    evaluation: {
      due: (step) => validation.due(step),
      run: (theta) => ({ metrics: validation.metrics(theta) }),
    },
    snapshot: (theta, step): Snapshot => ({ step, fields: [], distributions: validation.distributions(theta) }),
  };
  const outcome = await runTraining(task, options);

  const theta = optimizer.evaluationPoint(task.theta).slice();
  const testPaths =
    outcome.status === 'cancelled' ? Math.min(VALIDATION_PATHS, spec.evaluation.paths) : spec.evaluation.paths;
  if (testPaths < spec.evaluation.paths) notes.push(`cancelled: measured on ${testPaths} test paths only`);
  const { distributions, ...measured } = await evaluatePolicy(engine, world, shape, theta, testPaths);
  options.onSnapshot?.({ step: outcome.steps, fields: [], distributions });

  const report: HedgingReport = {
    kind: 'hedging',
    status: outcome.status,
    stopReason: outcome.stopReason,
    steps: outcome.steps,
    seconds: outcome.seconds,
    engine: engine.describe(),
    spec,
    hash: specHash(spec),
    parameters: layout.size,
    history: outcome.history,
    price: world.price,
    premium: world.task.premium,
    testPaths,
    ...measured,
    notes,
    ...(outcome.badStep !== undefined && { badStep: outcome.badStep }),
  };
  return {
    ...report,
    distributions,
    policyNetwork: policyNetwork(spec, theta),
    hedge: (paths) => hedgePaths(engine, spec, theta, paths),
    toJSON: () => report,
  };
}
