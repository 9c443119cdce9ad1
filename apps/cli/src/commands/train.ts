import { selectEngine } from '@kfac/core';
import type { Engine, TrainingOptions } from '@kfac/core';
import { readCheckpoint, resumeCommand, writeCheckpoint } from '../checkpoint-file.ts';
import { only, parseCommandLine } from '../command-line.ts';
import { EXIT } from '../exit.ts';
import { onInterrupt } from '../interrupt.ts';
import { jsonFile, prepareFolder, writeFiles } from '../output.ts';
import { ProgressLine, duration } from '../progress.ts';
import { listing, readProblem } from '../spec-source.ts';
import type { Trained, Trainer } from '../trainer.ts';

/** `kfac solve` and `kfac hedge`: trains, shows progress, reports. Resolves to the exit code. */
export async function trainCommand(trainer: Trainer, args: readonly string[]): Promise<number> {
  const line = parseCommandLine(args, ['json', 'list', 'set', 'threads', 'out', 'resume', ...trainer.options]);
  if (line.list) {
    process.stdout.write(
      line.json ? `${JSON.stringify({ problems: trainer.catalogue })}\n` : `${listing(trainer.catalogue)}\n`,
    );
    return EXIT.finished;
  }
  const source = only(line.positionals, 'SPEC.json or the name of a problem (--list shows them)');
  const problem = readProblem(source, trainer.catalogue, line.set, trainer.schema);
  const { stop, hash } = trainer.inspect(problem.json);
  const resume = line.resume === undefined ? undefined : readCheckpoint(line.resume);
  if (line.out !== undefined) prepareFolder(line.out);

  const engine = selectEngine(line.threads === undefined ? {} : { threads: line.threads });
  noteEngine(engine);
  const progress = new ProgressLine(process.stderr, stop);
  const cancel = new AbortController();
  let isCancelled = false;
  let isOver = false;
  const stopListening = onInterrupt(() => {
    progress.close();
    cancel.abort();
    // Training hears signals only between two steps, and hands out its last checkpoint in the next turn of the event
    // loop: if there is none after that turn, training was over already.
    setImmediate(() =>
      setImmediate(() => {
        if (!isCancelled && !isOver)
          note('training has finished, its evaluation runs on (Ctrl-C again ends at once) …');
      }),
    );
  });
  let trained: Trained;
  try {
    const options: TrainingOptions = {
      engine,
      signal: cancel.signal,
      onProgress: (point) => progress.update(point),
      onNote: note,
      onCheckpoint: (bytes, step) => {
        if (!cancel.signal.aborted) return;
        isCancelled = true;
        note(`cancelled after ${stepCount(step)}, whose result is evaluated (Ctrl-C again ends at once) …`);
        // At once, not after the evaluation, which a second Ctrl-C may cut short.
        attempt('the checkpoint', () => {
          const path = writeCheckpoint(line.out, { name: problem.name, hash, step }, bytes);
          note(`checkpoint: ${path}\ngo on with:  ${resumeCommand(trainer.command, source, line, path)}`);
        });
      },
      ...(resume !== undefined && { resume }),
    };
    trained = await trainer.run(problem.json, options, line);
  } finally {
    isOver = true;
    stopListening();
    progress.close();
  }

  const { status } = trained.report;
  const { out } = line;
  const isWritten = out === undefined || attempt('the files of --out', () => reportFiles(out, trained));
  process.stdout.write(line.json ? `${JSON.stringify(trained.report)}\n` : `${summary(trained)}\n`);
  if (status === 'cancelled') return EXIT.cancelled;
  return status === 'finished' && isWritten ? EXIT.finished : EXIT.failed;
}

/** Writes something; a failure is said in one line and loses nothing else. Gives whether it was written. */
function attempt(what: string, write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    note(`kfac: cannot write ${what}: ${(error as Error).message}`);
    return false;
  }
}

/** Says in one line which engine runs where it is not the best one, and why. */
function noteEngine(engine: Engine): void {
  const { kind, reasons } = engine.describe();
  if (reasons.length === 0) return;
  const remedy = process.env['KFAC_NATIVE'] === 'off' ? '' : ' (it is built where there is a Rust toolchain)';
  note(`engine: ${kind}, much slower than the native one: ${reasons.join('; ')}${remedy}`);
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

function reportFiles(folder: string, { report, files }: Trained): void {
  const paths = writeFiles(folder, { 'result.json': jsonFile(report), ...files() });
  note(`written: ${paths.join(', ')}`);
}

function summary({ report, summary: results }: Trained): string {
  const { status, stopReason, steps, seconds, engine, badStep } = report;
  const rate = seconds > 0 ? `, ${(steps / seconds).toPrecision(3)} steps/s` : '';
  const bad = badStep === undefined ? '' : `; first bad step ${badStep}, the state before it is reported`;
  return [
    results,
    '',
    `${status} (${stopReason})${bad}: ${stepCount(steps)} in ${duration(seconds)}${rate}`,
    `engine: ${engine.kind}, SIMD ${engine.simd}, ${engine.threads} ${engine.threads === 1 ? 'thread' : 'threads'}`,
  ].join('\n');
}

function stepCount(steps: number): string {
  return `${steps} ${steps === 1 ? 'step' : 'steps'}`;
}
