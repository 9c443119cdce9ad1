import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readProblem } from './spec-source.ts';

test('files of data are read from the folder of the problem', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfac-source-'));
  try {
    writeFileSync(join(folder, 'measured.csv'), 'x,u\n0,1\n0.5,2\n');
    const problem = { domain: { x: [0, 1] }, equations: ['u_x = u'], conditions: [{ data: { file: 'measured.csv' } }] };
    const path = join(folder, 'problem.json');
    writeFileSync(path, JSON.stringify(problem));
    const { name, json } = readProblem(path, [], [], () => ({}));
    expect(name).toBe('problem');
    expect(json).toEqual({ ...problem, conditions: [{ data: { x: [0, 0.5], u: [1, 2] } }] });
    expect(() => readProblem(path, [], ['conditions.0.data.file=none.csv'], () => ({}))).toThrow(
      /"none.csv": .*ENOENT/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('files of known functions are read from the folder of the problem', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfac-source-'));
  try {
    const network = { type: 'mlp', parameters: [1, 2] };
    writeFileSync(join(folder, 'network.json'), JSON.stringify(network));
    const problem = {
      domain: { x: [0, 1] },
      known: { g: { file: 'network.json', unknown: 'v' } },
      equations: ['u = g'],
    };
    const path = join(folder, 'problem.json');
    writeFileSync(path, JSON.stringify(problem));
    expect(readProblem(path, [], [], () => ({})).json).toEqual({ ...problem, known: { g: { network, unknown: 'v' } } });
    expect(() => readProblem(path, [], ['known.g.file=none.json'], () => ({}))).toThrow(/"none.json": .*ENOENT/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
