import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const entry = join(root, 'scripts', 'kfac.mjs');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kfac-cli-'));
  // The first call may have to compile what changed.
  await kfac('--help');
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}

/** Collects what a process says; `onError` sees its stderr so far. */
function ended(child: ChildProcess, onError: (stderr: string) => void = () => undefined): Promise<Ended> {
  return new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    child.stdout!.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    child.stderr!.setEncoding('utf8').on('data', (chunk: string) => onError((stderr += chunk)));
    child.on('error', reject);
    // What a shell calls it: 128 + 2 for a process that ended by SIGINT, as npm does when its script was interrupted.
    child.on('close', (code, signal) => resolve({ code: signal === 'SIGINT' ? 130 : code, stdout, stderr }));
  });
}

/** Runs the command line as `npm run kfac` does, in the tests' folder. */
function kfac(...args: string[]): Promise<Ended> {
  return ended(start(process.execPath, [entry, ...args], folder));
}

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const decay = {
  domain: { x: [0, 1] },
  equations: ['u_x = -u'],
  conditions: [{ on: 'x = 0', equation: 'u = 1' }],
  exact: { u: 'exp(-x)' },
  network: { hidden: [8] },
  sampling: { interior: 50, conditions: 1 },
  stop: { steps: 60 },
};

const hedge = {
  market: { model: 'black-scholes', volatility: 0.2 },
  horizon: { days: 30, steps: 5 },
  liability: { type: 'european-call', strike: 100 },
  policy: { hidden: 4 },
  batch: 64,
  stop: { steps: 5 },
  evaluation: { paths: 500 },
};

describe('help and usage', () => {
  test.each([[], ['solve'], ['study'], ['hedge'], ['price'], ['check'], ['serve']])(
    '--help of %j exits 0 and goes to stdout',
    async (...command) => {
      const { code, stdout, stderr } = await kfac(...command.flat(), '--help');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain('Usage:');
    },
  );

  test.each([
    [['help'], 'Usage: npm run'],
    [['help', 'solve'], 'Usage: kfac solve'],
    [['help', 'help'], 'Usage: npm run'],
    [['constructor', '--help'], 'Usage: npm run'],
    [['--version'], 'kfac 0.'],
  ])('%j exits 0 and says "%s"', async (args, text) => {
    const { code, stdout, stderr } = await kfac(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(text);
  });

  test.each([
    [[], 'expected a command'],
    [['constructor'], 'unknown command "constructor"'],
    [['help', 'solved'], 'unknown command "solved"'],
    [['solve', 'P2', '--threads', '-1'], '--threads expects a whole number from 1 to 256, got "-1"'],
    [['solve', 'P2', '--threads'], '--threads expects a value'],
    [['solve', 'P2', '--threads', '--list'], '--threads expects a value'],
    [['serve', '--port', '-1'], '--port expects a whole number from 0 to 65535, got "-1"'],
    [['solved'], 'unknown command "solved"'],
    [['solve'], 'expected SPEC.json'],
    [['solve', 'P2', '--step', '3'], "Unknown option '--step'"],
    [['solve', 'NOWHERE'], 'no such file'],
    [['solve', 'P2', '--threads', 'two'], '--threads expects a whole number'],
    [['solve', 'P2', '--set', 'stop.steps'], '--set expects field.field=value'],
    [['solve', 'P2', '--resume', 'nowhere.ckpt'], '--resume: cannot read'],
    [['serve', '--port', '70000'], '--port expects a whole number from 0 to 65535'],
  ])('%j exits 2 and says why', async (args, message) => {
    const { code, stdout, stderr } = await kfac(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  test('--list shows the catalogues', async () => {
    const [solve, hedging, equations] = await Promise.all([
      kfac('solve', '--list'),
      kfac('hedge', '--list', '--json'),
      kfac('solve', '--list', '--json'),
    ]);
    expect(solve.stdout).toMatch(/^P2 .*\n[^]*^P5 [^]*^H1 [^]*^Burgers/m);
    for (const [{ stdout }, expected] of [
      [hedging, 'HEDGE-1'],
      [equations, 'P2'],
    ] as const) {
      expect(stdout.trim()).not.toContain('\n');
      const { problems } = JSON.parse(stdout) as { problems: { name: string }[] };
      expect(problems.map(({ name }) => name)).toContain(expected);
    }
  });
});

describe('solve', () => {
  test('--json prints exactly one object with every promised field', async () => {
    const { code, stdout } = await kfac('solve', file('decay.json', decay), '--json', '--threads', '1');
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(code).toBe(0);
    expect(report).toMatchObject({
      status: 'finished',
      stopReason: 'steps',
      steps: 60,
      seconds: expect.any(Number),
      engine: { threads: 1 },
      spec: { unknowns: ['u'], seed: 1, network: { hidden: [8], activation: 'tanh' } },
      hash: expect.stringMatching(/^[\da-f]{64}$/),
      rmse: { u: expect.any(Number) },
      relativeL2: { u: expect.any(Number) },
      terms: { interior: expect.any(Number), conditions: expect.any(Number) },
    });
    expect((report['history'] as object[]).length).toBeGreaterThan(0);
    expect((report['rmse'] as { u: number }).u).toBeLessThan(1e-3);
  });

  test('the summary is readable and ends with how training ended', async () => {
    const { code, stdout } = await kfac('solve', file('decay.json', decay));
    expect(code).toBe(0);
    expect(stdout).toMatch(/RMSE +relative L2/);
    expect(stdout).toMatch(/finished \(steps\): 60 steps in .* steps\/s\nengine: /);
  });

  test('--set overrides fields, in numbers and in words', async () => {
    const { stdout } = await kfac(
      'solve',
      'P2',
      '--json',
      '--set',
      'optimizer.name=adam',
      '--set',
      'stop={"steps":2}',
      '--set',
      'domain.x.1=2',
    );
    expect(JSON.parse(stdout)).toMatchObject({
      steps: 2,
      spec: { optimizer: { name: 'adam' }, domain: { x: [0, 2] }, stop: { steps: 2 } },
    });
  });

  test('one step is one step, and a run without the native engine says in one line what it runs on', async () => {
    const path = file('decay.json', { ...decay, optimizer: { name: 'adam' } });
    const args = [entry, 'solve', path, '--set', 'stop.steps=1'];
    const { stdout, stderr } = await ended(start(process.execPath, args, folder, { KFAC_NATIVE: 'off' }));
    expect(stdout).toContain('finished (steps): 1 step in');
    expect(stderr.trim().split('\n')).toEqual([
      'engine: reference, much slower than the native one: the native engine is switched off (KFAC_NATIVE=off)',
      'optimizer adam (chosen in the specification)',
    ]);
  });

  test('--out writes result, network and fields, and the fields are the solution', async () => {
    const out = join(folder, 'decay-out');
    const { code, stderr } = await kfac('solve', file('decay.json', decay), '--out', out);
    expect(code).toBe(0);
    expect(stderr).toContain(join(out, 'result.json'));
    expect(readdirSync(out).sort()).toEqual([
      'fields.csv',
      'fields.npy',
      'fields.vtk',
      'network.json',
      'result.json',
      'solution.mjs',
    ]);
    const network = JSON.parse(readFileSync(join(out, 'network.json'), 'utf8')) as {
      sizes: number[];
      parameters: number[];
    };
    expect(network.sizes).toEqual([1, 8, 1]);
    expect(network.parameters).toHaveLength(2 * 8 + 9);
    const [header, ...rows] = readFileSync(join(out, 'fields.csv'), 'utf8').trim().split('\n');
    const names = header!.split(',');
    expect(names[0]).toBe('x');
    expect(names).toEqual(expect.arrayContaining(['u', 'exact', 'error', 'residual']));
    for (const row of rows) {
      const values = row.split(',').map(Number);
      expect(Math.abs(values[names.indexOf('u')]! - Math.exp(-values[0]!))).toBeLessThan(1e-3);
    }
    const { evaluate } = (await import(/* @vite-ignore */ pathToFileURL(join(out, 'solution.mjs')).href)) as {
      evaluate(point: number[]): { u: { value: number; gradient: number[] } };
    };
    const { value, gradient } = evaluate([0.5]).u;
    expect(Math.abs(value - Math.exp(-0.5))).toBeLessThan(1e-3);
    expect(Math.abs(gradient[0]! + Math.exp(-0.5))).toBeLessThan(1e-2);
  });

  test('a bad problem exits 2 with its code and every pointer, and with --json as one object too', async () => {
    const bad = { ...decay, equations: ['u_x = -w'], netwrk: {} };
    const { code, stdout, stderr } = await kfac('solve', file('bad.json', bad), '--json');
    expect(code).toBe(2);
    const { error } = JSON.parse(stdout) as { error: { code: string; errors: { pointer: string }[] } };
    expect(error.code).toMatch(/^KFAC_(SPEC|EQUATION)$/);
    expect(stderr).toContain(error.code);
    expect(error.errors.length).toBeGreaterThan(0);
    for (const { pointer } of error.errors) expect(stderr).toContain(pointer);
  });

  test('malformed JSON exits 2', async () => {
    const { code, stderr } = await kfac('solve', file('broken.json', '{ "domain": '));
    expect(code).toBe(2);
    expect(stderr).toContain('is not JSON');
  });

  test('a corrupt checkpoint exits 2', async () => {
    const { code, stderr } = await kfac(
      'solve',
      file('decay.json', decay),
      '--resume',
      file('corrupt.ckpt', 'KFACCKPT and nothing else'),
    );
    expect(code).toBe(2);
    expect(stderr).toContain('KFAC_CHECKPOINT');
  });

  test('a diverged run exits 1 and names the first bad step', async () => {
    const { code, stdout } = await kfac(
      'solve',
      file('decay.json', decay),
      '--json',
      '--set',
      'optimizer={"name":"adam","learningRate":1e308}',
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'diverged', badStep: expect.any(Number) });
  });
});

describe('Ctrl-C', () => {
  const endless = ['solve', 'P2', '--json', '--set', 'optimizer.name=kfac', '--set', 'stop={"steps":1000000}'];
  const timeless = (history: Record<string, number>[]) =>
    history.map(({ seconds: _s, 'time/total': _t, ...rest }) => rest);
  const started = 'optimizer kfac';

  /** Starts a run and presses Ctrl-C once it trains. */
  async function interrupted(program: string, args: readonly string[], cwd: string): Promise<Ended> {
    const child = start(program, args, cwd);
    let pressed = false;
    return ended(child, (stderr) => {
      if (pressed || !stderr.includes(started)) return;
      pressed = true;
      // As a terminal does: to the whole process group.
      setTimeout(() => process.kill(-child.pid!, 'SIGINT'), 500);
    });
  }

  test('writes a checkpoint, prints its path and exits 130; --resume goes on bit for bit', async () => {
    const first = await interrupted(process.execPath, [entry, ...endless], folder);
    expect(first.code).toBe(130);
    const cancelled = JSON.parse(first.stdout) as { status: string; steps: number };
    expect(cancelled.status).toBe('cancelled');
    expect(first.stderr).toContain('go on with:');
    const checkpoint = /^checkpoint: (.*)$/m.exec(first.stderr)![1]!;
    expect(existsSync(checkpoint)).toBe(true);
    expect(first.stderr).toContain('cancelled after');
    expect(first.stderr).not.toContain('training has finished');

    // The same spec must go on; so the uninterrupted witness is interrupted too, later.
    const resumed = await interrupted(process.execPath, [entry, ...endless, '--resume', checkpoint], folder);
    const witness = await interrupted(process.execPath, [entry, ...endless], folder);
    const [a, b] = [resumed, witness].map(
      ({ stdout }) => JSON.parse(stdout) as { steps: number; history: Record<string, number>[] },
    );
    expect(a!.steps).toBeGreaterThan(cancelled.steps);
    // A run's last step is evaluated whatever its number, so the two are compared before it.
    const common = Math.min(a!.steps, b!.steps);
    const upTo = (history: Record<string, number>[]) =>
      new Map(
        timeless(history)
          .filter(({ step }) => step! < common)
          .map((row) => [row['step'], row]),
      );
    const [left, right] = [upTo(a!.history), upTo(b!.history)];
    const shared = [...left.keys()].filter((step) => right.has(step));
    expect(shared.length).toBeGreaterThan(10);
    for (const step of shared) expect(left.get(step)).toEqual(right.get(step));
  });

  test('works below npm, whose own forwarding of the signal is not a second Ctrl-C', async () => {
    const { code, stdout, stderr } = await interrupted(
      'npm',
      // The slash of the name must not become a folder of the checkpoint.
      [
        'run',
        '--silent',
        'kfac',
        '--',
        'solve',
        'Burgers-0.01/pi',
        ...endless.slice(2),
        '--out',
        join(folder, 'npm-out'),
      ],
      root,
    );
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'cancelled' });
    const checkpoint = /^checkpoint: (.*)$/m.exec(stderr)![1]!;
    expect(checkpoint.startsWith(join(folder, 'npm-out', 'Burgers-0.01-pi-'))).toBe(true);
    expect(existsSync(checkpoint)).toBe(true);
  });
});

describe('hedge, price, check', () => {
  const summary = Object.fromEntries(
    [
      'pnlMean',
      'pnlVariance',
      'sharpe',
      'sharpeStandardError',
      'cvar95',
      'cvar99',
      'entropic',
      'meanCost',
      'turnover',
    ].map((name) => [name, expect.any(Number)]),
  );

  test('hedge --json reports policy and baselines; --out writes the histogram', async () => {
    const out = join(folder, 'hedge-out');
    const { code, stdout } = await kfac('hedge', file('hedge.json', hedge), '--json', '--out', out);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'finished',
      price: expect.closeTo(2.287150628, 8),
      policy: summary,
      baselines: { noHedge: summary, blackScholesDelta: summary, whalleyWilmott: summary },
    });
    expect(readdirSync(out).sort()).toEqual(['histogram.csv', 'network.json', 'result.json']);
    const rows = readFileSync(join(out, 'histogram.csv'), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((row) => row.split(','));
    const counts = rows.filter(([name]) => name === 'policy').map(([, , , count]) => Number(count));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(500);
  });

  test('price --json prints price and model, whatever folder npm was called from', async () => {
    file('hedge.json', hedge);
    const { code, stdout } = await ended(
      start('npm', ['--prefix', root, 'run', '--silent', 'kfac', '--', 'price', 'hedge.json', '--json'], folder, {
        INIT_CWD: folder,
      }),
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ price: expect.closeTo(2.287150628, 8), model: 'black-scholes' });
  });

  test('check says parameters, memory and optimizer of both kinds', async () => {
    const [pinn, hedging, bad] = await Promise.all([
      kfac('check', 'P2'),
      kfac('check', file('hedge.json', hedge), '--json'),
      kfac('check', file('other.json', { a: 1 })),
    ]);
    expect(JSON.parse(hedging.stdout)).toMatchObject({ reason: 'the default' });
    expect(pinn.stdout).toMatch(/parameters +257\nmemory .*\noptimizer +gauss-newton \(.+\)/);
    expect(JSON.parse(hedging.stdout)).toMatchObject({
      kind: 'hedging',
      optimizer: 'kfac',
      bytes: expect.any(Number),
      parameters: (3 + 4 + 1) * 16 + 5,
    });
    expect(bad.code).toBe(2);
  });
});

test('--set changes an alternative: the former one loses its fields, which is said', async () => {
  const { code, stdout, stderr } = await kfac('check', 'HEDGE-1', '--set', 'optimizer.name=adam');
  expect(code).toBe(0);
  expect(stderr).toBe('dropped, as --set leaves no place for it: optimizer.curvature\n');
  expect(stdout).toMatch(/^optimizer +adam \(chosen in the specification\)$/m);
});

describe('serve', () => {
  test('an address that others reach is refused in one line', { timeout: 600_000 }, async () => {
    const { code, stderr } = await kfac('serve', '--host', '0.0.0.0', '--port', '0', '--data', join(folder, 'open'));
    expect(code).toBe(2);
    expect(stderr.trim().split('\n').at(-1)).toMatch(/^kfac: Expected a loopback address .* got 0\.0\.0\.0/);
    expect(stderr).not.toContain('internal error');
  });

  test(
    'listens, answers, writes only below its data folder, and ends with 0 on SIGTERM',
    { timeout: 600_000 },
    async () => {
      const data = join(folder, 'service');
      mkdirSync(data);
      const child = start(process.execPath, [entry, 'serve', '--port', '0', '--data', data], folder);
      const before = readdirSync(folder);
      const result = ended(child);
      const address = await new Promise<string>((resolve, reject) => {
        let text = '';
        child.stdout!.on('data', (chunk: string) => {
          text += chunk;
          const found = /http:\/\/[^\s]+/.exec(text);
          if (found) resolve(found[0]);
        });
        child.on('close', () => reject(new Error('serve ended before it listened')));
      });
      const response = await fetch(`${address}/livez`);
      expect(response.status).toBe(200);
      await response.text();
      const port = new URL(address).port;
      const [sameFolder, samePort] = await Promise.all([
        kfac('serve', '--port', '0', '--data', data),
        kfac('serve', '--port', port, '--data', join(data, 'other')),
      ]);
      expect(sameFolder).toMatchObject({ code: 2, stderr: expect.stringMatching(/^kfac: The folder .* is in use/) });
      expect(samePort).toMatchObject({ code: 2, stderr: expect.stringMatching(/^kfac: .*EADDRINUSE.*\n$/) });
      process.kill(child.pid!, 'SIGTERM');
      expect((await result).code).toBe(0);
      expect(readdirSync(folder)).toEqual(before);
    },
  );
});
