import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkPinn } from './check.ts';

/** The JSON problems of the documentation that are whole. */
const text = ['pinn', 'geometry']
  .map((name) => readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), 'utf8'))
  .join('\n');
const examples = [...text.matchAll(/```json\n([\s\S]*?)```/g)]
  .map(([, body]) => JSON.parse(body!) as object)
  .filter((json) => 'domain' in json);

test('there are examples', () => expect(examples.length).toBeGreaterThan(5));

test.each(examples.map((json) => [JSON.stringify(json), json] as const))('%s is sound', (_, json) => {
  expect(checkPinn(json).warnings).toEqual([]);
});
