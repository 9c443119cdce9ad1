import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Report } from '../runs/store.ts';
import { temporaryFolder } from '../testing/database.ts';
import { readCheckpoint, writeCheckpoint } from './files.ts';
import type { SnapshotManifest } from './files.ts';
import { Reporter } from './reporter.ts';
import { isKept, isOnGrid } from './thinning.ts';

let folder: ReturnType<typeof temporaryFolder>;
let now = 0;
let sent: Report[] = [];
let confirm: (() => void)[] = [];

beforeEach(() => {
  folder = temporaryFolder();
  [now, sent, confirm] = [0, [], []];
});
afterEach(() => folder.remove());

function reporter(confirmAtOnce = true): Reporter {
  const send = (report: Report, done: () => void) => {
    sent.push(report);
    if (confirmAtOnce) done();
    else confirm.push(done);
  };
  return new Reporter(folder.path, 3, send, () => now);
}

const point = (step: number, metrics: Record<string, number> = { loss: step }) => ({
  step,
  seconds: step / 100,
  metrics,
});
const steps = () => sent.flatMap(({ progress }) => progress?.points.map(({ step }) => step) ?? []);

describe('the points that are kept', () => {
  test('are all up to 1000 steps, then ever fewer, whatever came before', () => {
    const kept = Array.from({ length: 64_000 }, (_, i) => i + 1).filter(isOnGrid);
    expect(kept.slice(0, 1000)).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
    expect(kept).toHaveLength(1000 + 6 * 500);
    expect(kept.slice(1000, 1003)).toEqual([1002, 1004, 1006]);
  });

  test('an interrupted attempt keeps the same points when it repeats them', () => {
    const metrics = (step: number): Record<string, number> => ({
      loss: step === 4321 ? NaN : 1,
      ...(step % 77 === 0 ? { 'pinn/rmse': 1 } : {}),
    });
    const kept = (from: number) =>
      Array.from({ length: 5000 - from }, (_, i) => from + 1 + i).filter((step) => isKept(point(step, metrics(step))));
    const whole = kept(0);
    expect(whole).toEqual(expect.arrayContaining([4321, 77 * 31, 77 * 51]));
    for (const from of [1, 1100, 2100, 3333, 4320]) {
      expect(kept(from)).toEqual(whole.filter((step) => step > from));
    }
  });
});

describe('messages', () => {
  test('the first point at once, then at most ten a second, none lost', () => {
    const report = reporter();
    for (let step = 1; step <= 500; step++) {
      report.progress(point(step));
      now += 2;
    }
    report.end();
    expect(sent[0]!.progress!.points).toHaveLength(1);
    expect(sent.length).toBeLessThanOrEqual(12);
    expect(steps()).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
  });

  test('a point is not held back when no other follows', async () => {
    const report = reporter();
    report.progress(point(1));
    report.progress(point(2));
    now += 100;
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(steps()).toEqual([1, 2]);
  });

  test('a checkpoint takes all points before it with it', () => {
    const report = reporter();
    for (let step = 1; step <= 7; step++) report.progress(point(step));
    report.checkpoint(Buffer.from('state'), 7);
    expect(sent.at(-1)).toMatchObject({
      progress: { step: 7, points: [2, 3, 4, 5, 6, 7].map((step) => ({ step })) },
      checkpoint: { step: 7, file: 'checkpoint-3-7.kfac', bytes: 5 },
    });
    expect(readFileSync(join(folder.path, 'checkpoint-3-7.kfac'), 'utf8')).toBe('state');
    report.end();
  });

  test('a service that does not keep up gets fewer messages, not fewer points', () => {
    const report = reporter(false);
    for (let step = 1; step <= 100; step++) {
      report.progress(point(step));
      now += 200;
    }
    expect(sent).toHaveLength(8);
    confirm.forEach((done) => done());
    report.progress(point(101));
    expect(steps()).toEqual(Array.from({ length: 101 }, (_, i) => i + 1));
    report.end();
  });

  test('the last point arrives even between the points of the grid', () => {
    const report = reporter();
    for (const step of [3999, 4000, 4001]) report.progress(point(step));
    report.end();
    expect(steps()).toEqual([4000, 4001]);
  });
});

describe('files', () => {
  const snapshot = (step: number) => ({
    step,
    fields: [
      { name: 'u', shape: [2], axes: [], values: Float32Array.of(step, NaN) },
      { name: 'error', shape: [1], axes: [], values: Float32Array.of(-1) },
    ],
    distributions: [],
  });

  test('of snapshots: twice a second at most, the last one always, the two newest stay', () => {
    const report = reporter();
    for (let step = 1; step <= 21; step++) {
      report.snapshot(snapshot(step));
      now += 100;
    }
    report.end();
    expect(sent.map((one) => one.snapshot?.step)).toEqual([1, 6, 11, 16, 21]);
    expect(readdirSync(folder.path).sort()).toEqual([
      'snapshot-3-16.f32',
      'snapshot-3-16.json',
      'snapshot-3-21.f32',
      'snapshot-3-21.json',
    ]);
    const manifest = JSON.parse(readFileSync(join(folder.path, 'snapshot-3-21.json'), 'utf8')) as SnapshotManifest;
    expect(manifest.fields).toMatchObject([
      { name: 'u', range: [21, 21], offset: 0, bytes: 8 },
      { name: 'error', range: [-1, -1], offset: 8, bytes: 4 },
    ]);
    const values = readFileSync(join(folder.path, manifest.values));
    expect([values.readFloatLE(0), values.readFloatLE(4), values.readFloatLE(8)]).toEqual([21, NaN, -1]);
  });

  test('that cannot be written are named, and the training goes on', () => {
    const report = reporter();
    folder.remove();
    report.checkpoint(Buffer.from('state'), 100);
    report.snapshot(snapshot(100));
    report.end();
    report.exports({ npy: Uint8Array.of(1) });
    expect(sent.map(({ log }) => log)).toEqual([
      expect.stringMatching(/^The checkpoint of step 100 could not be written: ENOENT/),
      expect.stringMatching(/^The snapshot of step 100 could not be written: ENOENT/),
      expect.stringMatching(/^The export as npy could not be written: ENOENT/),
    ]);
  });

  test('of checkpoints: whole or refused', () => {
    const checkpoint = writeCheckpoint(folder.path, 1, 5, Buffer.from('abcdef'));
    expect(readCheckpoint(folder.path, checkpoint)).toEqual({ bytes: Buffer.from('abcdef') });
    expect(existsSync(join(folder.path, `${checkpoint.file}.tmp`))).toBe(false);
    writeFileSync(join(folder.path, checkpoint.file), 'abcdeF');
    expect(readCheckpoint(folder.path, checkpoint)).toEqual({ fault: 'its SHA-256 is another' });
    writeFileSync(join(folder.path, checkpoint.file), 'abc');
    expect(readCheckpoint(folder.path, checkpoint)).toEqual({ fault: 'it has 3 bytes instead of 6' });
    expect(readCheckpoint(folder.path, { ...checkpoint, file: 'none' })).toEqual({ fault: 'ENOENT' });
    expect(readCheckpoint(folder.path, { ...checkpoint, file: '../../etc/passwd' })).toEqual({ fault: 'ENOENT' });
  });
});
