import * as pinn from '@kfac/pinn';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const read = (page: string): string => readFileSync(new URL(`../docs/${page}`, import.meta.url), 'utf8');
const blocks = (page: string, language: string): string[] =>
  [...read(page).matchAll(new RegExp(`^ *\`\`\`${language}\n([^]*?)^ *\`\`\``, 'gm'))].map(([, text]) => text!);

const PAGES = ['pinn.md', 'geometry.md', 'weights-and-points.md'];

/** What a page leaves out: the problem that its examples are about. */
const small: pinn.PinnSpecInput = {
  domain: { t: [0, 1], x: [0, 1] },
  equations: ['u_t = u_xx/4'],
  conditions: [
    { on: 't = 0', equation: 'u = sin(pi*x)' },
    { on: 'x = 0 or x = 1', equation: 'u = 0' },
  ],
  network: { hidden: [8] },
  sampling: { interior: 100, conditions: 30 },
  stop: { steps: 4 },
};

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'kfac-docs-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every fenced JSON, and every `"field": { … }` of a specification in a line of text. */
const json = PAGES.flatMap((page) => [
  ...blocks(page, 'json'),
  ...[...read(page).matchAll(/`("(?:network|sampling|weights|optimizer)": \{[^`…]*\})`/g)].map(
    ([, text]) => `{${text}}`,
  ),
]);

test('the pages have examples', () => expect(json.length).toBeGreaterThan(9));

test.each(json)('a specification of the docs is solved: %s', async (text) => {
  const value = JSON.parse(text) as Partial<pinn.PinnSpecInput> & { name?: string };
  const given = (value.name === undefined ? value : { optimizer: value }) as Partial<pinn.PinnSpecInput>;
  const spec = given.domain ? (given as pinn.PinnSpecInput) : { ...small, ...given };
  const { status, steps } = await pinn.solve({ ...spec, stop: { steps: 2 } });
  expect([status, steps]).toEqual(['finished', 2]);
});

/** Runs a text as a module would: the names of the package, `spec` and a `writeFileSync` into the folder. */
async function run(text: string, results: readonly string[]): Promise<unknown[]> {
  const names = {
    ...pinn,
    spec: small,
    writeFileSync: (name: string, data: string) => writeFileSync(join(folder, name), data),
  };
  const body = `${text.replaceAll(/^import .*$/gm, '')}\nreturn [${results.join(', ')}];`;
  const AsyncFunction = (async () => {}).constructor as new (
    ...texts: string[]
  ) => (...values: unknown[]) => Promise<unknown[]>;
  return new AsyncFunction(...Object.keys(names), body)(...Object.values(names));
}

test('the programs of docs/pinn.md do what their comments say', async () => {
  const [first, system, estimate, further, study, ...others] = blocks('pinn.md', 'ts');
  expect(others).toEqual([]);

  // Ten seconds need not be enough on a busy machine.
  const patient = first!.replace('seconds: 10', 'seconds: 100');
  const [solution] = (await run(patient, ['solution'])) as [pinn.Solution];
  expect(solution.stopReason).toBe('relativeL2');
  expect(solution.relativeL2['u']).toBeLessThan(1e-6);
  expect(readFileSync(join(folder, 'u.vtk'), 'latin1')).toMatch(/^# vtk/);

  const [flow] = (await run(system!, ['flow.evaluate([[4]], ["prey_t"])'])) as [Record<string, Float64Array>];
  expect(Object.keys(flow)).toEqual(['prey', 'predators', 'prey_t']);

  const [size] = await run(estimate!, ['difference.rms.u']);
  expect(size).toBeGreaterThan(0);

  const [rough, fine] = (await run(further!, ['rough', 'fine'])) as [pinn.Solution, pinn.Solution];
  expect([rough.optimizer.name, fine.spec.sampling.interior]).toEqual(['kfac', 10000]);
  expect(fine.history[0]!['loss']).toBeLessThan(rough.history[0]!['loss']!);

  const [levels, rows] = await run(study!, ['study.levels', 'study.rows']);
  expect([levels, rows]).toMatchObject([{ length: 3 }, { length: 9 }]);

  // The module of the first solution beside the program that imports it.
  writeFileSync(join(folder, 'solution.mjs'), solution.export('js'));
  const [program] = blocks('pinn.md', 'js');
  writeFileSync(join(folder, 'program.mjs'), `${program}\nexport { value, gradient, hessian, third, fourth };`);
  const own = solution.evaluate([[0.5, 0.25]], ['u_x', 'u_xy', 'u_xxy', 'u_xxyy']);
  const close = (value: number) => expect.closeTo(value, 9);
  const derivatives = (await import(/* @vite-ignore */ pathToFileURL(join(folder, 'program.mjs')).href)) as {
    value: number;
    gradient: number[];
    hessian: number[][];
    third: number[][][];
    fourth: number[][][][];
  };
  expect(derivatives.value).toEqual(close(own['u']![0]!));
  expect(derivatives.gradient[0]).toEqual(close(own['u_x']![0]!));
  expect(derivatives.hessian[0]![1]).toEqual(close(own['u_xy']![0]!));
  expect(derivatives.third[0]![0]![1]).toEqual(close(own['u_xxy']![0]!));
  expect(derivatives.fourth[0]![0]![1]![1]).toEqual(close(own['u_xxyy']![0]!));
}, 120_000);
