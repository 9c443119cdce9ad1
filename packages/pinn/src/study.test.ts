import { type KfacError, encodeCheckpoint } from '@kfac/core';
import { expect, test } from 'vitest';
import type { PinnSpecInput } from './spec.ts';
import { type StudyRow, convergenceStudy } from './study.ts';
import { restoreStudy, saveStudy } from './study-checkpoint.ts';
import { parseStudySpec } from './study-spec.ts';
import { solve } from './solve.ts';

const spec: PinnSpecInput = {
  domain: { x: [0, 1] },
  equations: ['u_xx = -9*sin(3*x)'],
  conditions: [{ on: 'x = 0 or x = 1', equation: 'u = sin(3*x)' }],
  exact: { u: 'sin(3*x)' },
  network: { hidden: [8] },
  sampling: { interior: 40, conditions: 2 },
  stop: { steps: 40 },
};

test('points: every level and seed is the run that solve makes, and the rates follow from the medians', async () => {
  const seen: StudyRow[] = [];
  const study = await convergenceStudy(spec, { points: [4, 8, 16] }, [1, 2, 3], { onRow: (row) => seen.push(row) });
  expect(study.rows).toEqual(seen);
  expect(study.rows.map(({ level, seed }) => [level, seed])).toEqual(
    [4, 8, 16].flatMap((level) => [1, 2, 3].map((seed) => [level, seed])),
  );
  expect([study.refinement, study.measure, study.seeds]).toEqual(['points', 'relativeL2', [1, 2, 3]]);
  const single = await solve({ ...spec, seed: 2, sampling: { interior: 8, conditions: 1 } });
  const row = study.rows[4]!;
  expect(row).toMatchObject({
    level: 8,
    seed: 2,
    parameters: 25,
    loss: single.loss,
    rmse: single.rmse['u'],
    relativeL2: single.relativeL2['u'],
    residual: single.residuals['interior']!.fresh,
  });
  const middle = (level: number): number =>
    study.rows
      .filter((one) => one.level === level)
      .map((one) => one.relativeL2!)
      .toSorted((a, b) => a - b)[1]!;
  expect(study.levels.map(({ relativeL2 }) => relativeL2)).toEqual([middle(4), middle(8), middle(16)]);
  expect(study.levels[0]!.rate).toBeNull();
  expect(study.levels[2]!.rate).toBeCloseTo(Math.log2(middle(8) / middle(16)), 12);
  // More points, less error: from 4 to 16 at least tenfold.
  expect(middle(4) / middle(16)).toBeGreaterThan(10);
});

test('widths: all hidden layers, and without an exact solution the rates are of the residual', async () => {
  const { exact: _, ...open } = { ...spec, network: { hidden: [8, 8] } };
  const study = await convergenceStudy(open, { widths: [2, 6] });
  expect(study.rows.map(({ parameters }) => parameters)).toEqual([13, 61]);
  expect(study.measure).toBe('residual');
  const [small, large] = study.levels;
  expect([small!.relativeL2, large!.rmse]).toEqual([null, null]);
  expect(large!.rate).toBeCloseTo(Math.log(small!.residual / large!.residual) / Math.log(3), 12);
});

test('what cannot be studied is refused before the first run', async () => {
  const refused = (levels: Parameters<typeof convergenceStudy>[1], seeds?: number[]) =>
    convergenceStudy(spec, levels, seeds, { onRow: () => expect.unreachable() });
  await expect(refused({ points: [10] })).rejects.toThrow(/points: expected at least two ascending whole numbers/);
  await expect(refused({ points: [20, 10] })).rejects.toThrow('20, 10');
  await expect(refused({ widths: [4, 4096 * 2] })).rejects.toThrow(/widths: .* to 4096/);
  await expect(refused({ points: [5, 6] }, [])).rejects.toThrow('at least one seed');
  await expect(refused({ points: [5, 6] }, [-1])).rejects.toMatchObject({ code: 'KFAC_SPEC' });
});

test('a cancelled study keeps the runs that were complete', async () => {
  const abort = new AbortController();
  const study = await convergenceStudy(spec, { points: [4, 8] }, [1, 2], {
    signal: abort.signal,
    onRow: ({ seed }) => seed === 2 && abort.abort(),
  });
  expect(study.rows.map(({ level, seed }) => [level, seed])).toEqual([
    [4, 1],
    [4, 2],
  ]);
  expect(study.levels).toHaveLength(1);
});

test('a study goes on from its rows: the ones that were done are kept, the others are those of an undisturbed study', async () => {
  const levels = { points: [4, 8] };
  const whole = await convergenceStudy(spec, levels, [1, 2]);
  const files: Uint8Array[] = [];
  const abort = new AbortController();
  const first = await convergenceStudy(spec, levels, [1, 2], {
    signal: abort.signal,
    onCheckpoint: (bytes, rows) => {
      files.push(bytes);
      if (rows === 3) abort.abort();
    },
  });
  expect(first).toMatchObject({ status: 'cancelled', stopReason: 'cancelled' });
  const seen: StudyRow[] = [];
  const second = await convergenceStudy(spec, levels, [1, 2], {
    resume: files.at(-1)!,
    onRow: (row) => seen.push(row),
  });
  expect(seen.map(({ level, seed }) => [level, seed])).toEqual([[8, 2]]);
  expect(second.rows.slice(0, 3)).toEqual(first.rows);
  const untimed = (rows: readonly StudyRow[]) => rows.map((row) => ({ ...row, seconds: 0 }));
  expect(untimed(second.rows)).toEqual(untimed(whole.rows));
  expect(second).toMatchObject({ status: 'finished', stopReason: 'levels', bitExact: true });

  const resumed = (...changed: Parameters<typeof convergenceStudy>) =>
    convergenceStudy(changed[0], changed[1], changed[2], { resume: files[0]!, onRow: () => expect.unreachable() });
  const refusal = { code: 'KFAC_CHECKPOINT', message: expect.stringContaining('another study') };
  await expect(resumed({ ...spec, equations: ['u_xx = 0'] }, levels, [1, 2])).rejects.toMatchObject(refusal);
  await expect(resumed(spec, { points: [4, 9] }, [1, 2])).rejects.toMatchObject(refusal);
  await expect(resumed(spec, levels, [2, 1])).rejects.toMatchObject(refusal);
});

test('rows without an exact solution, or with errors that are not finite, survive a checkpoint as they are', () => {
  const engine = { kind: 'reference', simd: 'none', threads: 1, version: '0', reasons: [] } as const;
  const row: StudyRow = {
    level: 4,
    seed: 1,
    parameters: 9,
    status: 'diverged',
    stopReason: 'non-finite',
    steps: 3,
    seconds: 0.5,
    loss: NaN,
    residual: Infinity,
    rmse: null,
    relativeL2: null,
  };
  const rows = [row, { ...row, rmse: NaN, relativeL2: 0.1 + 0.2 }];
  const bytes = saveStudy({ rows, exact: true }, 'hash', engine);
  expect(restoreStudy(bytes, 'hash', engine)).toEqual({ rows, exact: true });
  expect(restoreStudy(bytes, 'hash', { ...engine, simd: 'avx2' }).exact).toBe(false);
  expect(() => restoreStudy(bytes, 'other', engine)).toThrow('another study');
  const foreign = encodeCheckpoint({ header: { kind: 'pinn' }, tensors: {} });
  expect(() => restoreStudy(foreign, 'hash', engine)).toThrow('expected study, got pinn');
});

test('a study as one object: defaults, and faults at their places', () => {
  expect(parseStudySpec({ problem: spec, widths: [2, 4] })).toEqual({ problem: spec, widths: [2, 4], seeds: [1] });
  const pointers = (json: unknown): unknown => {
    try {
      return parseStudySpec(json);
    } catch (error) {
      return (error as KfacError).issues.map(({ pointer }) => pointer);
    }
  };
  expect(pointers(null)).toEqual(['']);
  expect(pointers({ problem: { ...spec, equations: ['u_xx = '] }, points: [2, 1e9] })).toEqual([
    '/points/1',
    '/problem/equations/0',
  ]);
  expect(pointers({ problem: spec, points: [2, 4], seeds: [] })).toEqual(['/seeds']);
  expect(pointers(JSON.parse('{"__proto__": 1, "problem": {"__proto__": 2}, "points": [1, 2]}'))).toEqual(
    expect.arrayContaining(['/__proto__', '/problem/__proto__']),
  );
  expect(pointers({ problem: { ...spec, sampling: { interior: 1e9 } }, points: [2, 4] })).toEqual([
    '/problem/sampling/interior',
  ]);
});
