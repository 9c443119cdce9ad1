import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { KfacError } from '../errors.ts';
import { matrix } from './matrix.ts';
import { localAddonPath } from './native/addon.ts';
import { defaultEngine, selectEngine } from './select.ts';

afterEach(() => vi.unstubAllEnvs());

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(KfacError);
    return (error as KfacError).code;
  }
  return 'nothing thrown';
}

describe('choice of the engine', () => {
  test("'off' is the reference engine and says why", () => {
    const engine = selectEngine({ native: 'off', threads: 3 });
    expect(engine.describe()).toMatchObject({ kind: 'reference', simd: 'none', threads: 1 });
    expect(engine.describe().reasons[0]).toContain('switched off');
    vi.stubEnv('KFAC_NATIVE', 'off');
    expect(selectEngine().describe().kind).toBe('reference');
  });

  test('a path without an addon, or with something else, is an error', () => {
    expect(codeOf(() => selectEngine({ native: '/nowhere/kfac.node' }))).toBe('KFAC_ENGINE');
    const folder = mkdtempSync(join(tmpdir(), 'kfac-select-'));
    const path = join(folder, 'kfac.node');
    writeFileSync(path, 'not a library');
    expect(() => selectEngine({ native: path })).toThrow(/does not load/);
    vi.stubEnv('KFAC_NATIVE', path);
    expect(codeOf(() => selectEngine())).toBe('KFAC_ENGINE');
    rmSync(folder, { recursive: true });
  });

  test('an impossible number of threads is an error', () => {
    for (const threads of [0, -1, 1.5, 1000, NaN]) expect(codeOf(() => selectEngine({ threads }))).toBe('KFAC_SHAPE');
    for (const text of ['0', 'two', '1e1', '-2']) {
      vi.stubEnv('KFAC_THREADS', text);
      expect(codeOf(() => selectEngine())).toBe('KFAC_SHAPE');
    }
  });

  test('the default engine is made once', () => {
    expect(defaultEngine()).toBe(defaultEngine());
  });
});

describe.skipIf(!existsSync(localAddonPath()))('the native engine', () => {
  test('is chosen by itself and on demand, with the threads of KFAC_THREADS', () => {
    vi.stubEnv('KFAC_NATIVE', 'require');
    vi.stubEnv('KFAC_THREADS', '2');
    const { kind, threads, simd, reasons } = selectEngine().describe();
    expect({ kind, threads, reasons }).toEqual({ kind: 'native', threads: 2, reasons: [] });
    expect(['portable', 'avx2', 'avx512']).toContain(simd);
  });

  test('engines with different numbers of threads live side by side', () => {
    const [one, four] = [
      selectEngine({ native: 'require', threads: 1 }),
      selectEngine({ native: 'require', threads: 4 }),
    ];
    const z = matrix(5000, 40);
    z.data.forEach((_, i) => (z.data[i] = Math.sin(i)));
    const [a, b] = [matrix(40, 40), matrix(40, 40)];
    for (let k = 0; k < 20; k++) {
      one.linalg.gram(1, z, null, 1, 0, a);
      four.linalg.gram(1, z, null, 1, 0, b);
      expect(a.data).toEqual(b.data);
    }
  });

  test('loads a second time under another name, and in worker threads that are terminated', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kfac-select-'));
    const copy = join(folder, 'again.node');
    copyFileSync(localAddonPath(), copy);
    expect(selectEngine({ native: copy }).describe().kind).toBe('native');
    const program = `
      const { parentPort, workerData } = require('node:worker_threads');
      const addon = require(workerData);
      addon.setThreads(2);
      const [z, c] = [new Float64Array(60000).fill(1), new Float64Array(400)];
      addon.gramF64(20, 1, z, null, 1, 0, c);
      parentPort.postMessage(c[0]);
      setInterval(() => addon.gramF64(20, 1, z, null, 1, 0, c), 1);`;
    for (let k = 0; k < 4; k++) {
      const worker = new Worker(program, { eval: true, workerData: localAddonPath() });
      expect(await new Promise((done, failed) => worker.once('message', done).once('error', failed))).toBe(3000);
      await worker.terminate();
    }
    rmSync(folder, { recursive: true, force: true });
  });
});
