import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../api/types.ts';
import { blank, formOf, humanise, parseNumber, parseNumbers, pointerTo, variantOf, withKey } from './schema.ts';
import type { FormNode } from './schema.ts';

const schema: JsonObject = {
  type: 'object',
  properties: {
    domain: {
      type: 'object',
      propertyNames: { type: 'string' },
      additionalProperties: { type: 'array', prefixItems: [{ type: 'number' }, { type: 'number' }] },
    },
    conditions: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        properties: { on: { type: 'string', description: 'A place' }, equation: { type: 'string' } },
        required: ['on', 'equation'],
      },
    },
    hidden: { type: 'array', items: { type: 'integer' }, default: [64] },
    activation: { type: 'string', enum: ['tanh', 'sin'], default: 'tanh' },
    premium: { anyOf: [{ type: 'string', const: 'model' }, { type: 'number' }], default: 'model' },
    optimizer: {
      default: { name: 'auto' },
      oneOf: [
        { type: 'object', properties: { name: { type: 'string', const: 'auto' } }, required: ['name'] },
        {
          type: 'object',
          properties: { name: { type: 'string', const: 'adam' }, learningRate: { type: 'number', default: 0.1 } },
          required: ['name'],
        },
      ],
    },
    horizon: {
      anyOf: [
        {
          type: 'object',
          properties: { days: { type: 'number' }, steps: { type: 'integer' } },
          required: ['days', 'steps'],
        },
        {
          type: 'object',
          properties: { years: { type: 'number' }, steps: { type: 'integer' } },
          required: ['years', 'steps'],
        },
      ],
    },
    seed: { $ref: '#/$defs/seed' },
  },
  required: ['domain', 'conditions', 'horizon'],
  $defs: { seed: { type: 'integer', default: 1 } },
};

const form = formOf(schema) as FormNode & { type: 'object' };
const node = (key: string): FormNode => form.fields.find((field) => field.key === key)!.node;
const choice = (key: string) => node(key) as FormNode & { type: 'choice' };

describe('formOf', () => {
  test('maps every kind of place', () => {
    expect(Object.fromEntries(form.fields.map((field) => [field.key, field.node.type]))).toEqual({
      domain: 'record',
      conditions: 'list',
      hidden: 'numbers',
      activation: 'enum',
      premium: 'choice',
      optimizer: 'choice',
      horizon: 'choice',
      seed: 'number',
    });
    expect(form.fields.filter((field) => field.required).map((field) => field.key)).toEqual([
      'domain',
      'conditions',
      'horizon',
    ]);
  });

  test('keeps descriptions and defaults, names variants', () => {
    expect(node('seed').fallback).toBe(1);
    expect((node('conditions') as FormNode & { type: 'list' }).item).toMatchObject({
      fields: [{ node: { description: 'A place' } }, {}],
    });
    expect(choice('optimizer').variants.map((variant) => variant.label)).toEqual(['auto', 'adam']);
    expect(choice('premium').variants.map((variant) => variant.label)).toEqual(['model', 'number']);
    expect(choice('horizon').variants.map((variant) => variant.label)).toEqual(['days, steps', 'years, steps']);
  });

  test('a union inside a union is one choice', () => {
    const nested = formOf({ anyOf: [{ type: 'string' }, { $ref: '#/properties/optimizer' }] }, schema);
    expect((nested as FormNode & { type: 'choice' }).variants.map(({ label }) => label)).toEqual([
      'expression',
      'auto',
      'adam',
    ]);
  });

  test('what it does not know is edited as JSON', () => expect(formOf({ not: {} }).type).toBe('json'));
});

test('blank fills what is required', () => {
  expect(blank(form)).toEqual({ domain: {}, conditions: [{ on: '', equation: '' }], horizon: { days: 0, steps: 0 } });
  expect(blank(choice('optimizer').variants[1]!.node)).toEqual({ name: 'adam' });
});

test('a value finds its variant', () => {
  expect(variantOf(choice('optimizer'), undefined)).toBe(0);
  expect(variantOf(choice('optimizer'), { name: 'adam', learningRate: 1 })).toBe(1);
  expect(variantOf(choice('horizon'), { steps: 3, years: 1 })).toBe(1);
  expect(variantOf(choice('premium'), 2.5)).toBe(1);
  expect(variantOf(choice('premium'), 'model')).toBe(0);
});

test('changing a key keeps its place, removing the last one removes the object', () => {
  expect(Object.keys(withKey({ a: 1, b: 2 }, 'a', 3)!)).toEqual(['a', 'b']);
  expect(withKey(undefined, 'a', 3)).toEqual({ a: 3 });
  expect(withKey({ a: 1 }, 'a', undefined)).toBeUndefined();
});

test('numbers are read as typed; what is none is left for the service to refuse', () => {
  expect(['1e-3', ' 2 ', '', '1e', 'abc'].map(parseNumber)).toEqual([1e-3, 2, undefined, '1e', 'abc']);
  expect(parseNumbers('64, 32 16')).toEqual([64, 32, 16]);
  expect(parseNumbers(' ')).toBeUndefined();
});

test('names and pointers', () => {
  expect(humanise('resampleEvery')).toBe('Resample every');
  expect(humanise('relativeL2')).toBe('Relative L2');
  expect(humanise('v0')).toBe('v0');
  expect(pointerTo('/a', 'b/c~d')).toBe('/a/b~1c~0d');
});
