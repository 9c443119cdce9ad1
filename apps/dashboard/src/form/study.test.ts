import { expect, test } from 'vitest';
import { levelsKey, problemIn, studyOf, studySpec, withLevels } from './study.ts';

const problem = { equations: ['u_x = -u'] };

test('a study wraps a problem and gives it back', () => {
  expect(problemIn(studyOf(problem))).toBe(problem);
  expect(levelsKey(studyOf(problem))).toBe('points');
});

test('it refines one thing at a time, also while its levels are being typed', () => {
  const widths = withLevels(studyOf(problem), 'widths');
  expect(Object.keys(widths)).not.toContain('points');
  expect(widths).toMatchObject({ widths: [8, 16, 32], seeds: [1, 2, 3], problem });
  const emptied = studySpec(widths, 'widths', undefined);
  expect(emptied['widths']).toEqual([]);
  expect(levelsKey(emptied)).toBe('widths');
  expect(studySpec(widths, 'seeds', undefined)).not.toHaveProperty('seeds');
  expect(studySpec(widths, 'seeds', [4])['seeds']).toEqual([4]);
});
