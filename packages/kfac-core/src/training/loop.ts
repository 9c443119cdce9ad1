import { setImmediate } from 'node:timers/promises';
import { decodeCheckpoint, encodeCheckpoint, specHash } from '../checkpoint.ts';
import { KfacError } from '../errors.ts';
import type { Objective } from '../linearization.ts';
import type { Optimizer } from '../optimizer/optimizer.ts';
import { allFinite } from '../vector.ts';
import { differences } from './differences.ts';
import { History, type HistoryRow } from './history.ts';
import type { Snapshot, TrainingOptions, TrainingStatus } from './training.ts';

/** Everything that the loop needs to train one thing. */
export interface TrainingTask {
  readonly kind: string;
  /** The effective spec; checkpoints carry it, and only those of the same spec are accepted, stop rules apart. */
  readonly spec: unknown;
  /** True if the stop rules shape the training itself, as those of a cosine schedule do; they must then agree as well. */
  readonly isScheduled?: boolean;
  readonly objective: Objective;
  readonly optimizer: Optimizer;
  /** Initial parameters, updated in place. */
  readonly theta: Float64Array;
  /** The first rule that is met ends the training. */
  readonly stop: { readonly steps?: number; readonly seconds?: number; readonly loss?: number };
  /** What is measured apart from the loss; `due` is a pure function of the step. */
  readonly evaluation?: {
    due(step: number): boolean;
    run(theta: Float64Array, step: number): { metrics: Record<string, number>; stopReason?: string };
  };
  readonly snapshot?: (theta: Float64Array, step: number) => Snapshot;
}

export interface TrainingOutcome {
  readonly status: TrainingStatus;
  /** 'steps', 'seconds', 'loss', 'radius', 'stalled', 'line-search', 'gradient', 'non-finite', 'cancelled' or the evaluation's own. Never empty. */
  readonly stopReason: string;
  readonly steps: number;
  readonly seconds: number;
  readonly history: readonly HistoryRow[];
  /** False if the training was resumed on another engine or SIMD level: bits may then differ. */
  readonly exact: boolean;
  /** The first step that led to a loss or parameters that are not finite; `steps` counts those before it. */
  readonly badStep?: number;
}

const CHECKPOINT_STEPS = 100;
const CHECKPOINT_MS = 5000;
const YIELD_MS = 20;
/** Differences between two specs that an error lists. */
const SHOWN = 8;

/**
 * The one training loop: batches, steps, evaluation, telemetry, checkpoints, stop rules. It gives the event loop a turn
 * every 20 ms. After it `task.theta` holds the last parameters, of a diverged training the last ones with a finite loss.
 * Throws `KFAC_CHECKPOINT` if `options.resume` is damaged or belongs to another spec.
 */
export async function runTraining(task: TrainingTask, options: TrainingOptions): Promise<TrainingOutcome> {
  const { objective, optimizer, theta, stop } = task;
  const engine = objective.engine.describe();
  const hash = specHash(task.spec);
  const history = new History();
  /** The last parameters whose loss was seen to be finite, those before the current step, and how many steps led there. */
  const good = theta.slice();
  const before = theta.slice();
  let goodSteps = 0;
  let step = 0;
  let secondsBefore = 0;
  let exact = true;
  if (options.resume) ({ step, seconds: secondsBefore, exact } = resume(options.resume));
  good.set(theta);
  goodSteps = step;
  const start = performance.now();
  let lastCheckpoint = start;
  let lastYield = start;
  const seconds = (): number => secondsBefore + (performance.now() - start) / 1000;

  function resume(bytes: Uint8Array): { step: number; seconds: number; exact: boolean } {
    const { header, tensors } = decodeCheckpoint(bytes);
    if (header['kind'] !== task.kind) {
      throw new KfacError(
        'KFAC_CHECKPOINT',
        `this checkpoint belongs to another kind of run: expected ${task.kind}, got ${String(header['kind'])}`,
      );
    }
    const all = differences(header['spec'], task.spec);
    const others = all.filter(({ pointer }) => !pointer.startsWith('/stop'));
    const different = others.length > 0 || task.isScheduled !== true ? others : all;
    if (different.length > 0) {
      const lines = different.slice(0, SHOWN).map(({ pointer, detail }) => `${pointer}: ${detail}`);
      if (different.length > SHOWN) lines.push(`and ${different.length - SHOWN} more`);
      throw new KfacError(
        'KFAC_CHECKPOINT',
        `this checkpoint belongs to another spec; only stop rules may change, and they too must stay with a cosine schedule. It differs in ${lines.join('; ')}`,
        { issues: different },
      );
    }
    if (tensors['theta']?.length !== theta.length) {
      throw new KfacError(
        'KFAC_CHECKPOINT',
        `expected ${theta.length} parameters, the checkpoint has ${tensors['theta']?.length ?? 0}`,
      );
    }
    theta.set(tensors['theta']);
    const stateOf = (prefix: string): Record<string, Float64Array> =>
      Object.fromEntries(
        Object.entries(tensors).flatMap(([name, tensor]) =>
          name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
        ),
      );
    optimizer.restore(stateOf('optimizer/'));
    objective.restore?.(stateOf('objective/'));
    history.restore(header['historyColumns'] as string[], header['historyStride'] as number, tensors['history']!);
    exact = header['exact'] === true && header['engine'] === engine.kind && header['simd'] === engine.simd;
    return { step: header['step'] as number, seconds: tensors['seconds']![0]!, exact };
  }

  function checkpoint(): void {
    lastCheckpoint = performance.now();
    if (options.onCheckpoint) {
      const rows = history.save();
      const tensors: Record<string, Float64Array> = { theta, seconds: Float64Array.of(seconds()), history: rows.table };
      for (const [name, tensor] of Object.entries(optimizer.save())) tensors[`optimizer/${name}`] = tensor;
      for (const [name, tensor] of Object.entries(objective.save?.() ?? {})) tensors[`objective/${name}`] = tensor;
      const header = {
        kind: task.kind,
        spec: task.spec,
        specHash: hash,
        step,
        exact,
        engine: engine.kind,
        simd: engine.simd,
        version: engine.version,
        optimizer: optimizer.name,
        historyColumns: rows.columns,
        historyStride: rows.stride,
      };
      options.onCheckpoint(encodeCheckpoint({ header, tensors }), step);
    }
    snapshot();
  }

  function snapshot(): void {
    if (options.onSnapshot && task.snapshot) options.onSnapshot(task.snapshot(optimizer.evaluationPoint(theta), step));
  }

  function outcome(status: TrainingStatus, stopReason: string, badStep?: number): TrainingOutcome {
    snapshot();
    const base = { status, stopReason, steps: step, seconds: seconds(), history: history.rows, exact };
    return badStep === undefined ? base : { ...base, badStep };
  }

  for (;;) {
    if (options.signal?.aborted) {
      checkpoint();
      return outcome('cancelled', 'cancelled');
    }
    if (stop.steps !== undefined && step >= stop.steps) return outcome('finished', 'steps');
    if (stop.seconds !== undefined && seconds() >= stop.seconds) return outcome('finished', 'seconds');

    const began = performance.now();
    before.set(theta);
    step += 1;
    objective.nextBatch(step, { theta, isFinishing: optimizer.isFinishing ?? false });
    const report = optimizer.step(objective, theta);
    if (Number.isFinite(report.loss)) {
      good.set(before);
      goodSteps = step - 1;
    }
    if (report.stop === 'non-finite' || !allFinite(theta)) {
      theta.set(good);
      step = goodSteps;
      return outcome('diverged', 'non-finite', goodSteps + 1);
    }
    const took = (performance.now() - began) / 1000;
    const due = task.evaluation?.due(step) ?? false;
    const evaluated = due ? task.evaluation!.run(optimizer.evaluationPoint(theta), step) : { metrics: {} };
    const metrics = { loss: report.loss, ...report.metrics, ...evaluated.metrics, 'time/total': took };
    const now = seconds();
    history.add({ step, seconds: now, ...metrics });
    options.onProgress?.({ step, seconds: now, metrics });

    const isKnown = report.accepted && Number.isFinite(report.newLoss) && objective.isProximal !== true;
    const reached = isKnown ? report.newLoss : report.loss;
    if (stop.loss !== undefined && reached <= stop.loss) return outcome('finished', 'loss');
    if (evaluated.stopReason !== undefined) return outcome('finished', evaluated.stopReason);
    if (report.stop !== null) return outcome('finished', report.stop);

    const time = performance.now();
    if (step % CHECKPOINT_STEPS === 0 || time - lastCheckpoint >= CHECKPOINT_MS) checkpoint();
    if (time - lastYield >= YIELD_MS) {
      await setImmediate();
      lastYield = performance.now();
    }
  }
}
