import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KfacError, defaultEngine } from '@kfac/core';
import type { Progress } from '@kfac/core';
import type { FromWorker, ToWorker, WorkerOutcome } from './protocol.ts';
import { START_FILE, readCheckpoint } from './files.ts';
import { Reporter } from './reporter.ts';
import type { Trainers } from './trainer.ts';

/** Far below the watchdog's patience. */
const ALIVE_EVERY_MS = 5000;

/**
 * The life of a training child: says that it is ready, trains the one run that it is given, ends. It ends at the next
 * turn of its event loop, at the latest after the step under way, when the channel to the service closes: a service that
 * was killed leaves no child behind.
 */
export function runWorker(trainers: Trainers): void {
  const abort = new AbortController();
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => abort.abort());
  process.on('message', (message: ToWorker) => {
    if (message.type === 'stop') abort.abort();
    else void train(trainers, message, abort.signal).then(sendLast, (error: unknown) => sendLast(failure(error)));
  });
  if (!process.connected) process.exit(0);
  send({ type: 'ready', engine: defaultEngine().describe() });
}

type Job = Extract<ToWorker, { type: 'train' }>;

async function train(trainers: Trainers, job: Job, signal: AbortSignal): Promise<FromWorker> {
  const trainer = trainers[job.kind];
  if (trainer === undefined)
    throw new Error(`Expected a kind of ${Object.keys(trainers).join(', ')}, got ${job.kind}.`);
  const notes: string[] = [];
  const resume = firstIntact(job, notes);
  send({ type: 'started', resumedFrom: resume?.step ?? 0, engine: defaultEngine().describe(), notes });
  const reporter = new Reporter(
    job.folder,
    job.attempt,
    (report, sent) => send({ type: 'report', report }, sent),
    () => performance.now(),
  );
  let aliveAt = -Infinity;
  let bad: { step: number; metric: string } | undefined;
  const start = join(job.folder, START_FILE);
  const trained = await trainer(JSON.parse(job.spec), {
    signal,
    onProgress: (point) => {
      bad ??= firstNonfinite(point);
      reporter.progress(point);
    },
    onAlive: () => {
      const now = performance.now();
      if (now < aliveAt + ALIVE_EVERY_MS) return;
      aliveAt = now;
      send({ type: 'alive' });
    },
    onCheckpoint: (bytes, step) => reporter.checkpoint(bytes, step),
    onSnapshot: (snapshot) => reporter.snapshot(snapshot),
    onNote: (note) => reporter.note(note),
    ...(resume === undefined ? {} : { resume: resume.bytes }),
    ...(existsSync(start) ? { startFrom: JSON.parse(readFileSync(start, 'utf8')) as unknown } : {}),
  });
  reporter.end();
  reporter.exports(trained.exports?.() ?? {});
  const report = trained.toJSON();
  const outcome: WorkerOutcome = {
    status: report.status,
    stopReason: report.stopReason,
    result: JSON.stringify(report),
  };
  if (report.status !== 'diverged') return { type: 'ended', outcome };
  const step = report.badStep ?? bad?.step ?? 0;
  return { type: 'ended', outcome: { ...outcome, diverged: { step, metric: bad?.metric ?? 'loss' } } };
}

/** The newest checkpoint whose bytes are those that were written; each one that is not gives a note. */
function firstIntact(job: Job, notes: string[]): { step: number; bytes: Uint8Array } | undefined {
  for (const checkpoint of job.checkpoints) {
    const read = readCheckpoint(job.folder, checkpoint);
    if ('bytes' in read) return { step: checkpoint.step, bytes: read.bytes };
    notes.push(`The checkpoint of step ${checkpoint.step} cannot be used: ${read.fault}. An older one is tried.`);
  }
  return undefined;
}

function firstNonfinite({ step, metrics }: Progress): { step: number; metric: string } | undefined {
  const metric = Object.keys(metrics).find((key) => !Number.isFinite(metrics[key]));
  return metric === undefined ? undefined : { step, metric };
}

function failure(error: unknown): FromWorker {
  const code = error instanceof KfacError ? error.code : 'INTERNAL';
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof KfacError)) process.stderr.write(`${error instanceof Error ? error.stack : message}\n`);
  return { type: 'failed', code, message };
}

function send(message: FromWorker, sent: () => void = () => undefined): void {
  if (process.connected) process.send!(message, undefined, {}, sent);
}

/** Leaves when the last message has left. */
function sendLast(message: FromWorker): void {
  send(message, () => process.exit(0));
}
