import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readProblem } from './spec-source.ts';

test('files of a geometry are read beside the specification, and overrides may name others', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfac-files-'));
  try {
    writeFileSync(join(folder, 'inside.csv'), 'x,y\n0,0\n1,1\n');
    writeFileSync(join(folder, 'other.csv'), 'x,y\n0,1\n1,0\n');
    const geometry = { type: 'cloud', interior: { file: 'inside.csv' } };
    writeFileSync(join(folder, 'cloud.json'), JSON.stringify({ geometry }));
    const read = (...overrides: string[]): unknown =>
      readProblem(join(folder, 'cloud.json'), [], overrides, () => ({})).json;
    expect(read()).toEqual({ geometry: { type: 'cloud', interior: 'x,y\n0,0\n1,1\n' } });
    expect(read('geometry.interior.file=other.csv')).toEqual({
      geometry: { type: 'cloud', interior: 'x,y\n0,1\n1,0\n' },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
