import { join } from 'node:path';
import type { Progress, Snapshot } from '@kfac/core';
import type { Point, Report } from '../runs/store.ts';
import { exportFile, listSnapshots, removeSnapshot, writeAtomically, writeCheckpoint, writeSnapshot } from './files.ts';
import { isKept } from './thinning.ts';

const PROGRESS_EVERY_MS = 100;
const SNAPSHOT_EVERY_MS = 500;
/** Unconfirmed messages beyond which progress is collected instead of sent: a slow service never slows the training. */
const MAX_IN_FLIGHT = 8;

/** Sends a report; calls back when the message has left. */
export type Send = (report: Report, sent: () => void) => void;

/**
 * Turns the trainer's callbacks into few messages: the first point at once, then at most ten a second. A checkpoint
 * takes all points collected so far with it, so that whoever continues from it has every point before it.
 */
export class Reporter {
  readonly #send: Send;
  readonly #now: () => number;
  readonly #folder: string;
  readonly #attempt: number;
  /** Snapshots in the folder, oldest first, those of earlier attempts among them. */
  readonly #written: string[];
  #points: Point[] = [];
  #latest: Progress | null = null;
  #latestKept = true;
  #reported = true;
  #inFlight = 0;
  #progressAt = -Infinity;
  #snapshotAt = -Infinity;
  #snapshot: Snapshot | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(folder: string, attempt: number, send: Send, now: () => number) {
    this.#folder = folder;
    this.#attempt = attempt;
    this.#send = send;
    this.#now = now;
    this.#written = listSnapshots(folder);
  }

  progress(point: Progress): void {
    this.#latest = point;
    this.#reported = false;
    this.#latestKept = isKept(point);
    if (this.#latestKept) this.#points.push(point);
    const wait = this.#progressAt + PROGRESS_EVERY_MS - this.#now();
    if (wait <= 0 && this.#inFlight < MAX_IN_FLIGHT) this.#post({});
    else this.#timer ??= setTimeout(() => this.#later(), Math.max(wait, 1));
  }

  checkpoint(bytes: Uint8Array, step: number): void {
    const checkpoint = this.#tried(`checkpoint of step ${step}`, () =>
      writeCheckpoint(this.#folder, this.#attempt, step, bytes),
    );
    if (checkpoint !== null) this.#post({ checkpoint });
  }

  snapshot(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    if (this.#now() >= this.#snapshotAt + SNAPSHOT_EVERY_MS) this.#postSnapshot();
  }

  /** Writes what can be downloaded, by format. */
  exports(files: Readonly<Record<string, Uint8Array>>): void {
    for (const [format, bytes] of Object.entries(files)) {
      this.#tried(`export as ${format}`, () =>
        writeAtomically(join(this.#folder, exportFile(this.#attempt, format)), bytes),
      );
    }
  }

  note(message: string): void {
    this.#post({ log: message });
  }

  /** Sends what is left: the last point, whatever the grid says, and the last snapshot. */
  end(): void {
    if (!this.#latestKept && this.#latest !== null) this.#points.push(this.#latest);
    if (!this.#reported) this.#post({});
    if (this.#snapshot !== null) this.#postSnapshot();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #later(): void {
    this.#timer = null;
    if (this.#reported) return;
    if (this.#inFlight < MAX_IN_FLIGHT) this.#post({});
    else this.#timer = setTimeout(() => this.#later(), PROGRESS_EVERY_MS);
  }

  #postSnapshot(): void {
    const snapshot = this.#snapshot!;
    this.#snapshot = null;
    this.#snapshotAt = this.#now();
    const file = this.#tried(`snapshot of step ${snapshot.step}`, () =>
      writeSnapshot(this.#folder, this.#attempt, snapshot),
    );
    if (file === null) return;
    this.#post({ snapshot: { step: snapshot.step, file } });
    this.#written.push(file);
    // The one before stays for readers that have just asked for it.
    while (this.#written.length > 2) removeSnapshot(this.#folder, this.#written.shift()!);
  }

  /** A full disk costs the file and is said aloud; the training goes on, and the next file may fit. */
  #tried<T>(what: string, write: () => T): T | null {
    try {
      return write();
    } catch (error) {
      this.note(`The ${what} could not be written: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  }

  #post(rest: Report): void {
    const latest = this.#latest;
    const report: Report =
      latest === null || this.#reported
        ? rest
        : {
            ...rest,
            progress: {
              step: latest.step,
              seconds: latest.seconds,
              loss: latest.metrics['loss'] ?? NaN,
              points: this.#points,
            },
          };
    if (report.progress !== undefined) this.#progressAt = this.#now();
    this.#points = [];
    this.#reported = true;
    this.#inFlight += 1;
    this.#send(report, () => (this.#inFlight -= 1));
  }
}
