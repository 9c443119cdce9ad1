import { expect, test } from 'vitest';
import { checkConditions } from './condition-check.ts';
import { checkPinn } from './check.ts';
import { compileProblem } from './problem.ts';
import { catalogue } from './problems/catalogue.ts';
import type { PinnSpecInput } from './spec.ts';

const heat = { domain: { t: [0, 1], x: [0, 1] }, equations: ['u_t = u_xx'] } satisfies Partial<PinnSpecInput>;
const wave = { ...heat, equations: ['u_tt = u_xx'] } satisfies Partial<PinnSpecInput>;
const start = { on: 't = 0', equation: 'u = sin(pi*x)' };
const walls = { on: 'boundary', equation: 'u = 0' };

test.each<[string, PinnSpecInput, (string | RegExp)[]]>([
  ['as many as needed', { ...wave, conditions: [start, walls, { on: 't = 0', equation: 'u_t = 0' }] }, []],
  ['data instead', { ...wave, conditions: [{ data: { t: [1], x: [1], u: [0] } }, walls] }, []],
  ['an ansatz instead', { ...wave, conditions: [], ansatz: { u: { factor: 't^2' } } }, []],
  [
    'a periodic network instead',
    { ...heat, conditions: [start], network: { embedding: { type: 'periodic', coordinates: ['x'] } } },
    [],
  ],
  [
    'one initial condition for the order 2',
    { ...wave, conditions: [start, walls] },
    ['the equations are of order 2 in t for u, with 1 condition on places of t: the solution may not be unique'],
  ],
  [
    'none',
    { ...heat, conditions: [walls] },
    ['the equations are of order 1 in t for u, with 0 conditions on places of t: the solution may not be unique'],
  ],
  [
    'one too many',
    { ...heat, conditions: [start, walls, { on: 't = 1', equation: 'u = 0' }] },
    ['the equations are of order 1 in t for u, with 2 conditions on places of t: there may be no solution'],
  ],
  [
    'ordinary equations of second order altogether, with one',
    {
      domain: { x: [0, 1] },
      unknowns: ['u', 'v'],
      equations: ['u_x = v', 'v_x = u'],
      conditions: [{ on: 'x = 0', equation: 'u = 1' }],
    },
    ['the equations are of order 2 altogether, with 1 condition: the solution may not be unique'],
  ],
  [
    'both ends for one unknown of the same system',
    {
      domain: { x: [0, 1] },
      unknowns: ['u', 'v'],
      equations: ['u_x = v', 'v_x = u'],
      conditions: [{ on: 'boundary', equation: 'u = 1' }],
    },
    [],
  ],
  [
    'an ordinary equation with a condition too many',
    { domain: { x: [0, 1] }, equations: ['u_x = u'], conditions: [{ on: 'boundary', equation: 'u = 1' }] },
    ['the equations are of order 1, with 2 conditions: there may be no solution'],
  ],
  [
    'slopes alone on all sides',
    {
      domain: { x: [0, 1], y: [0, 1] },
      equations: ['laplacian(u) = 0'],
      conditions: [{ on: 'boundary', equation: 'dn(u) = 0' }],
    },
    [
      'the equations and conditions contain only derivatives of u, which leaves it a constant free: prescribe it somewhere, such as u = number on x = 0',
    ],
  ],
  [
    'two values at one place',
    { ...heat, conditions: [start, walls, { on: 'x = 1', equation: 'u = t' }] },
    ['the condition "u = t" and the condition "u = 0" on x = 1 contradict each other'],
  ],
  [
    'one value twice, once the other way round',
    { ...heat, conditions: [start, walls, { on: 'x = 1', equation: 'x - 1 = u' }] },
    ['the condition "x - 1 = u" and the condition "u = 0" on x = 1 say the same'],
  ],
  [
    'two slopes, one along the normal',
    { ...heat, conditions: [start, { on: 'x = 0', equation: 'u_x = 1' }, { on: 'boundary', equation: 'dn(u) = 1' }] },
    ['the condition "dn(u) = 1" and the condition "u_x = 1" on x = 0 contradict each other'],
  ],
])('%s', (_, spec, expected) => {
  expect(checkPinn(spec).warnings).toEqual(expected);
});

test.each(catalogue.map(({ name, spec }) => [name, spec] as const))('%s has no such warning', (_, spec) => {
  expect(checkConditions(compileProblem(spec))).toEqual([]);
});
