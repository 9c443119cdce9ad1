import type { TrainingOptions } from '@kfac/core';
import { z } from 'zod';
import type { Trainer, TrainerReport } from '../worker/trainer.ts';

/** A training small enough to count by hand, with everything that a real one does: a chaotic map whose state is the checkpoint. */
export const orbitSchema = z.strictObject({
  start: z.number().gt(0).lt(1).default(0.3),
  stepMs: z.number().min(0).max(1000).default(0),
  /** The step at which the state becomes NaN. */
  diverge: z.number().int().optional(),
  /** The step at which the process dies, on the first attempt alone if the run has a checkpoint before it. */
  crash: z.number().int().optional(),
  /** The step that never ends. */
  hang: z.number().int().optional(),
  /** Goes on when asked to stop. */
  deaf: z.boolean().default(false),
  stop: z.strictObject({ steps: z.number().int().min(1).optional() }).default({ steps: 100 }),
});
export type Orbit = z.output<typeof orbitSchema>;

interface OrbitReport extends TrainerReport {
  readonly steps: number;
  readonly final: number;
  readonly history: readonly { step: number; loss: number }[];
}

/** The state after `steps` steps: what every interrupted run must end with. */
export function orbit(start: number, steps: number): number {
  let x = start;
  for (let step = 1; step <= steps; step++) x = 3.99 * x * (1 - x);
  return x;
}

export const orbitTrainer: Trainer = async (json, options) => {
  const report = await train(json as Orbit, options);
  return { toJSON: () => report, exports: () => ({ csv: Buffer.from(`x\n${report.final}\n`) }) };
};

async function train(spec: Orbit, options: TrainingOptions): Promise<OrbitReport> {
  const every = 20;
  let [step, x] = [0, spec.start];
  let history: { step: number; loss: number }[] = [];
  if (options.resume !== undefined) {
    const saved = JSON.parse(Buffer.from(options.resume).toString()) as {
      step: number;
      x: number;
      history: typeof history;
    };
    ({ step, x, history } = saved);
  }
  options.onNote?.(`begins at step ${step}`);
  const checkpoint = () => {
    options.onCheckpoint?.(Buffer.from(JSON.stringify({ step, x, history })), step);
    snapshot();
  };
  const snapshot = () => {
    const axes = [{ name: 'x', values: [0, 0.5, 1] }];
    const fields = [{ name: 'u', shape: [3], axes, values: Float32Array.of(step, x, NaN) }];
    const numbers = { mean: x, variance: 1, sharpe: NaN, var95: 1, cvar95: 2, cvar99: 3 };
    options.onSnapshot?.({
      step,
      fields,
      distributions: [{ name: 'policy', edges: [0, 1, 2], counts: [step, 1], ...numbers }],
    });
  };
  const end = (status: OrbitReport['status'], stopReason: string): OrbitReport => {
    snapshot();
    return { status, stopReason, steps: step, final: x, history, ...(status === 'diverged' ? { badStep: step } : {}) };
  };
  while (step < (spec.stop.steps ?? Infinity)) {
    if (options.signal?.aborted === true && !spec.deaf) {
      checkpoint();
      return end('cancelled', 'cancelled');
    }
    step += 1;
    if (step === spec.hang) for (;;);
    if (step === spec.crash && options.resume === undefined) process.kill(process.pid, 'SIGKILL');
    x = step === spec.diverge ? NaN : 3.99 * x * (1 - x);
    options.onProgress?.({
      step,
      seconds: step / 1000,
      metrics: { loss: x, ...(step % 10 === 0 ? { 'orbit/tenth': x / 10 } : {}) },
    });
    if (Number.isNaN(x)) return end('diverged', 'diverged');
    history.push({ step, loss: x });
    if (step % every === 0) checkpoint();
    await new Promise<void>((resolve) => (spec.stepMs > 0 ? setTimeout(resolve, spec.stepMs) : setImmediate(resolve)));
  }
  return end('finished', 'steps');
}
