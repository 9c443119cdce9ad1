import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { selectEngine } from '@kfac/core';
import { only, parseCommandLine } from '../command-line.ts';
import type { CommandLine } from '../command-line.ts';
import { EXIT, UsageError } from '../exit.ts';
import { onInterrupt } from '../interrupt.ts';
import { fieldsCsv, histogramCsv, jsonFile, prepareFolder, writeFiles } from '../output.ts';
import { ProgressLine, duration } from '../progress.ts';
import { listing, readProblem } from '../spec-source.ts';
import type { Trained, Trainer } from '../trainer.ts';

/** `kfac solve` and `kfac hedge`: trains, shows progress, reports. Resolves to the exit code. */
export async function trainCommand(trainer: Trainer, args: readonly string[]): Promise<number> {
  const line = parseCommandLine(args, ['json', 'list', 'set', 'threads', 'out', 'resume']);
  if (line.list) {
    process.stdout.write(line.json ? jsonFile(trainer.catalogue) : `${listing(trainer.catalogue)}\n`);
    return EXIT.finished;
  }
  const source = only(line.positionals, 'SPEC.json or the name of a problem (--list shows them)');
  const problem = readProblem(source, trainer.catalogue, line.set);
  const { stop, hash } = trainer.inspect(problem.json);
  const resume = line.resume === undefined ? undefined : readCheckpoint(line.resume);
  if (line.out !== undefined) prepareFolder(line.out);

  const engine = selectEngine(line.threads === undefined ? {} : { threads: line.threads });
  for (const reason of engine.describe().reasons) note(`engine: ${reason}`);
  const progress = new ProgressLine(process.stderr, stop);
  const cancel = new AbortController();
  let checkpoint: { bytes: Uint8Array; step: number } | undefined;
  const stopListening = onInterrupt(() => {
    progress.close();
    note('cancelling after this step (Ctrl-C again ends at once) …');
    cancel.abort();
  });
  let trained: Trained;
  try {
    trained = await trainer.run(problem.json, {
      engine,
      signal: cancel.signal,
      onProgress: (point) => progress.update(point),
      onNote: note,
      onCheckpoint: (bytes, step) => {
        if (cancel.signal.aborted) checkpoint = { bytes: bytes.slice(), step };
      },
      ...(resume !== undefined && { resume }),
    });
  } finally {
    stopListening();
    progress.close();
  }

  if (line.out !== undefined) reportFiles(line.out, trained);
  if (trained.report.status === 'cancelled')
    saveCheckpoint(trainer, line, `${problem.name}-${hash.slice(0, 8)}`, source, checkpoint);
  process.stdout.write(line.json ? `${JSON.stringify(trained.report)}\n` : `${summary(trained)}\n`);
  return { finished: EXIT.finished, diverged: EXIT.failed, cancelled: EXIT.cancelled }[trained.report.status];
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

function readCheckpoint(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`--resume: cannot read "${path}": ${(error as Error).message}`);
  }
}

function reportFiles(folder: string, { report, fields, distributions, network }: Trained): void {
  const paths = writeFiles(folder, {
    'result.json': jsonFile(report),
    'network.json': jsonFile(network),
    ...(fields.length > 0 && { 'fields.csv': fieldsCsv(fields) }),
    ...(distributions.length > 0 && { 'histogram.csv': histogramCsv(distributions) }),
  });
  note(`written: ${paths.join(', ')}`);
}

function saveCheckpoint(
  trainer: Trainer,
  line: CommandLine,
  stem: string,
  source: string,
  checkpoint: { bytes: Uint8Array; step: number } | undefined,
): void {
  if (checkpoint === undefined) {
    note('cancelled before the first step: there is no checkpoint');
    return;
  }
  const path = resolve(join(line.out ?? '.', `${stem}-step${checkpoint.step}.ckpt`));
  writeFileSync(path, checkpoint.bytes);
  const options = line.set.flatMap((override) => ['--set', override]);
  const command = [trainer.command, source, ...options, '--resume', path].map(quoted).join(' ');
  note(`checkpoint: ${path}\ngo on with:  npm run --silent kfac -- ${command}`);
}

/** A word as a POSIX shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function summary({ report, summary: results }: Trained): string {
  const { status, stopReason, steps, seconds, engine, badStep } = report;
  const rate = seconds > 0 ? `, ${(steps / seconds).toPrecision(3)} steps/s` : '';
  const bad = badStep === undefined ? '' : `; first bad step ${badStep}, the state before it is reported`;
  return [
    results,
    '',
    `${status} (${stopReason})${bad}: ${steps} steps in ${duration(seconds)}${rate}`,
    `engine: ${engine.kind}, SIMD ${engine.simd}, ${engine.threads} ${engine.threads === 1 ? 'thread' : 'threads'}`,
  ].join('\n');
}
