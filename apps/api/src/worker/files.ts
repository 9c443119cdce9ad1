import type { Distribution, Field, Snapshot } from '@kfac/core';
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { CheckpointFile } from '../runs/store.ts';

/** Writes a file that is either the old one or the new one, whole, whatever happens meanwhile. */
export function writeAtomically(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.tmp`;
  writeFileSync(temporary, bytes, { flush: true });
  renameSync(temporary, path);
  const folder = openSync(join(path, '..'), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

/** Writes a checkpoint under a name that no other attempt uses. */
export function writeCheckpoint(folder: string, attempt: number, step: number, bytes: Uint8Array): CheckpointFile {
  const file = `checkpoint-${attempt}-${step}.kfac`;
  writeAtomically(join(folder, file), bytes);
  return { step, file, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** The bytes of a checkpoint, or why it cannot be used. */
export function readCheckpoint(folder: string, checkpoint: CheckpointFile): { bytes: Uint8Array } | { fault: string } {
  let bytes: Buffer;
  try {
    bytes = readFileSync(join(folder, basename(checkpoint.file)));
  } catch (error) {
    return { fault: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
  if (bytes.length !== checkpoint.bytes)
    return { fault: `it has ${bytes.length} bytes instead of ${checkpoint.bytes}` };
  if (createHash('sha256').update(bytes).digest('hex') !== checkpoint.sha256)
    return { fault: 'its SHA-256 is another' };
  return { bytes };
}

/** The network that a run starts from, in the run's folder; absent where it starts from random weights. */
export const START_FILE = 'start.json';

/** The name of an export in a run's folder. */
export function exportFile(attempt: number, format: string): string {
  return `export-${attempt}.${format}`;
}

/** The description of a snapshot; the values of all fields lie one after the other in the file `values`, f32 little-endian. */
export interface SnapshotManifest {
  readonly step: number;
  readonly values: string;
  readonly fields: readonly StoredField[];
  readonly distributions: readonly Distribution[];
}

export interface StoredField extends Omit<Field, 'values'> {
  /** Smallest and largest finite value; [0, 0] if there is none. */
  readonly range: readonly [number, number];
  /** Bytes from the beginning of the file, and how many. */
  readonly offset: number;
  readonly bytes: number;
}

/** Writes a snapshot; returns the name of its manifest. Not synced to the disk: after a power cut it is computed again. */
export function writeSnapshot(folder: string, attempt: number, snapshot: Snapshot): string {
  const values = `snapshot-${attempt}-${snapshot.step}.f32`;
  let offset = 0;
  const fields = snapshot.fields.map((field): StoredField => {
    const { name, shape, axes } = field;
    const stored = { name, shape, axes, range: finiteRange(field.values), offset, bytes: field.values.byteLength };
    offset += field.values.byteLength;
    return stored;
  });
  const blocks = snapshot.fields.map(({ values: v }) => Buffer.from(v.buffer, v.byteOffset, v.byteLength));
  const manifest: SnapshotManifest = { step: snapshot.step, values, fields, distributions: snapshot.distributions };
  const file = `snapshot-${attempt}-${snapshot.step}.json`;
  writeFileSync(join(folder, values), Buffer.concat(blocks));
  writeFileSync(join(folder, `${file}.tmp`), JSON.stringify(manifest));
  renameSync(join(folder, `${file}.tmp`), join(folder, file));
  return file;
}

/** The manifests in a run's folder by attempt and step. */
export function listSnapshots(folder: string): string[] {
  return readdirSync(folder)
    .flatMap((file) => {
      const found = /^snapshot-(\d+)-(\d+)\.json$/.exec(file);
      return found === null ? [] : [{ file, attempt: Number(found[1]), step: Number(found[2]) }];
    })
    .toSorted((a, b) => a.attempt - b.attempt || a.step - b.step)
    .map(({ file }) => file);
}

export function removeSnapshot(folder: string, manifest: string): void {
  rmSync(join(folder, manifest), { force: true });
  rmSync(join(folder, manifest.replace(/json$/, 'f32')), { force: true });
}

function finiteRange(values: Float32Array): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 0];
}
