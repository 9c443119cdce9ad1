import { expect, test } from 'vitest';
import { formOf } from './schema.ts';

test('a schema that contains itself ends in JSON', () => {
  const form = formOf({
    $ref: '#/$defs/shape',
    $defs: {
      shape: {
        type: 'object',
        properties: { name: { type: 'string' }, of: { type: 'array', items: { $ref: '#/$defs/shape' } } },
      },
    },
  });
  expect(form).toMatchObject({
    type: 'object',
    fields: [
      { key: 'name', node: { type: 'text' } },
      { key: 'of', node: { type: 'list', item: { type: 'json' } } },
    ],
  });
});
