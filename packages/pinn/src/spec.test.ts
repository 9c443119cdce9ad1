import { KfacError } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { checkPinn } from './check.ts';
import { parsePinnSpec } from './problem.ts';
import { catalogue } from './problems/catalogue.ts';
import { type PinnSpecInput, pinnSpecSchema } from './spec.ts';

const minimal = {
  domain: { x: [0, 1] },
  equations: ['u_x = -u'],
  conditions: [{ on: 'x = 0', equation: 'u = 1' }],
} satisfies PinnSpecInput;

/** The whole form, every field written. */
const whole = {
  domain: { t: [0, 1], x: [-1, 1] },
  unknowns: ['u'],
  constants: { nu: 0.003183098861837907 },
  equations: ['u_t + u*u_x = nu*u_xx'],
  conditions: [
    { on: 't = 0', equation: 'u = -sin(pi*x)' },
    { on: 'x = -1', equation: 'u = 0' },
    { on: 'x = 1', equation: 'u = 0' },
  ],
  network: {
    type: 'mlp',
    hidden: [64],
    activation: 'tanh',
    firstLayerScale: 1,
    lastLayer: 'random',
    weights: 'plain',
    slopes: 'fixed',
  },
  sampling: { interior: 3000, conditions: 600, method: 'sobol', resampleEvery: 0 },
  weights: { interior: 0.1, conditions: 1 },
  optimizer: { name: 'auto' },
  stop: { steps: 1000, seconds: 60, loss: 1e-28, relativeL2: 1e-10 },
  precision: 'f64',
  seed: 1,
} satisfies PinnSpecInput;

describe('defaults', () => {
  test('a minimal specification takes the documented values', () => {
    expect(parsePinnSpec({ ...minimal, exact: { u: 'exp(-x)' } })).toEqual({
      ...minimal,
      unknowns: ['u'],
      constants: {},
      exact: { u: 'exp(-x)' },
      network: {
        type: 'mlp',
        hidden: [64],
        activation: 'tanh',
        firstLayerScale: 1,
        lastLayer: 'random',
        weights: 'plain',
        slopes: 'fixed',
      },
      sampling: { interior: 3000, conditions: 600, method: 'sobol', resampleEvery: 0 },
      weights: { interior: 0.1, conditions: 1 },
      optimizer: { name: 'auto' },
      stop: { steps: 1000, seconds: 60, loss: 1e-28, relativeL2: 1e-10 },
      precision: 'f64',
      seed: 1,
    });
  });

  test('the whole form is accepted as it stands; without an exact solution relativeL2 is dropped with a warning', () => {
    const { spec, warnings } = checkPinn(whole);
    expect(spec).toEqual({ ...whole, stop: { steps: 1000, seconds: 60, loss: 1e-28 } });
    expect(warnings).toEqual(['stop.relativeL2 is not applied: it needs an exact solution']);
    expect(checkPinn(minimal).warnings).toEqual([]);
  });

  test('inner fields default one by one; given stop rules alone apply', () => {
    const spec = parsePinnSpec({
      ...minimal,
      network: { activation: 'sin' },
      sampling: { interior: 10 },
      weights: { conditions: 5 },
      stop: { steps: 3 },
    });
    expect(spec.network).toEqual({
      type: 'mlp',
      hidden: [64],
      activation: 'sin',
      firstLayerScale: 1,
      lastLayer: 'random',
      weights: 'plain',
      slopes: 'fixed',
    });
    expect(spec.sampling).toEqual({ interior: 10, conditions: 600, method: 'sobol', resampleEvery: 0 });
    expect(spec.weights).toEqual({ interior: 0.1, conditions: 5 });
    expect(spec.stop).toEqual({ steps: 3 });
  });

  test('an optimizer without a name is auto', () => {
    expect(parsePinnSpec({ ...minimal, optimizer: {} }).optimizer).toEqual({ name: 'auto' });
    expect(() => parsePinnSpec({ ...minimal, optimizer: { target: 0.25 } })).toThrow(
      '/optimizer/target: unknown field; known here: name',
    );
  });

  test('the interior weight is 0.1 for Gauss-Newton and 1 otherwise, whoever chose it', () => {
    const weight = (optimizer: PinnSpecInput['optimizer'], hidden = [64]) =>
      parsePinnSpec({ ...minimal, optimizer, network: { hidden } }).weights.interior;
    expect(weight({ name: 'gauss-newton' })).toBe(0.1);
    expect(weight({ name: 'kfac' })).toBe(1);
    expect(weight({ name: 'adam' })).toBe(1);
    expect(weight({ name: 'auto' })).toBe(0.1);
    expect(weight({ name: 'auto' }, [64, 64])).toBe(1);
  });

  test('optimizers and their options', () => {
    const optimizer = (given: PinnSpecInput['optimizer'], stop = {}) =>
      parsePinnSpec({ ...minimal, optimizer: given, stop: { seconds: 1, ...stop } }).optimizer;
    expect(optimizer({ name: 'kfac' })).toEqual({
      name: 'kfac',
      split: 'same',
      damping: { policy: 'reject', initial: 1e-3, minimum: 1e-10, maximum: 1e8 },
      decay: 0.95,
      average: 'debiased',
      refreshEvery: 1,
      rejection: 'increase',
    });
    expect(optimizer({ name: 'gauss-newton' })).toEqual({
      name: 'gauss-newton',
      target: 0.075,
      window: 10,
      probes: 16,
      form: 'auto',
    });
    expect(optimizer({ name: 'kfac-pcg' })).toEqual({
      name: 'kfac-pcg',
      iterations: 10,
      damping: 1,
      split: 'pi',
      decay: 0.5,
    });
    expect(optimizer({ name: 'hessian-free' })).toEqual({ name: 'hessian-free', iterations: 250, damping: 1 });
    expect(optimizer({ name: 'engd' })).toEqual({ name: 'engd', damping: 1e-10, decay: 0 });
    expect(optimizer({ name: 'adam' })).toEqual({ name: 'adam', learningRate: 1e-3, schedule: 'constant' });
    expect(optimizer({ name: 'adam' }, { steps: 5 })).toMatchObject({ schedule: 'cosine' });
    expect(
      optimizer({
        name: 'kfac',
        damping: { policy: 'constant', initial: 1.22e-10 },
        decay: 0.926,
        average: 'identity',
        firstStep: 1e-6,
        rejection: 'none',
      }),
    ).toMatchObject({ firstStep: 1e-6, average: 'identity', damping: { policy: 'constant', initial: 1.22e-10 } });
  });

  test('conjugate gradients fit where a dense matrix does not', () => {
    const wide = (name: 'kfac-pcg' | 'hessian-free' | 'engd') =>
      parsePinnSpec({ ...minimal, network: { hidden: [256, 256] }, optimizer: { name } });
    expect(wide('kfac-pcg').optimizer.name).toBe('kfac-pcg');
    expect(wide('hessian-free').optimizer.name).toBe('hessian-free');
    expect(() => wide('engd')).toThrow('GiB');
  });

  test('an effective specification is its own effective specification', () => {
    for (const { spec } of catalogue) {
      const effective = parsePinnSpec(spec);
      expect(parsePinnSpec(JSON.parse(JSON.stringify(effective)))).toEqual(effective);
    }
  });

  test('auto chooses by the number of parameters and says so', () => {
    expect(checkPinn(minimal)).toMatchObject({
      optimizer: 'gauss-newton',
      parameters: 193,
      reason: expect.stringMatching(/193 parameters, at most 3000/),
    });
    expect(checkPinn({ ...minimal, network: { hidden: [64, 64] } })).toMatchObject({
      optimizer: 'kfac',
      reason: expect.stringMatching(/more than 3000/),
    });
    expect(checkPinn({ ...minimal, optimizer: { name: 'adam' } })).toMatchObject({
      optimizer: 'adam',
      reason: 'chosen in the specification',
    });
  });

  test('the hash follows the meaning: order of coordinates, not of fields', () => {
    const box = { ...minimal, domain: { x: [0, 1], y: [0, 1] } };
    expect(checkPinn({ ...box }).hash).toBe(checkPinn(Object.fromEntries(Object.entries(box).toReversed())).hash);
    expect(checkPinn(box).hash).not.toBe(checkPinn({ ...box, domain: { y: [0, 1], x: [0, 1] } }).hash);
    expect(checkPinn({ ...box, seed: 2 }).hash).not.toBe(checkPinn(box).hash);
  });
});

test('the schema is JSON Schema for forms and documents', () => {
  const schema = z.toJSONSchema(pinnSpecSchema, { io: 'input' });
  expect(schema['required']).toEqual(['domain', 'equations', 'conditions']);
  expect(schema['additionalProperties']).toBe(false);
  expect(schema['properties']?.['optimizer']).toHaveProperty('oneOf');
});

type Json = Record<string, unknown>;
const REFUSALS: [what: string, json: unknown, code: string, pointer: string, detail: RegExp][] = [
  ['null', null, 'KFAC_SPEC', '', /expected an object, got null/],
  ['an array', [], 'KFAC_SPEC', '', /expected an object, got an array/],
  ['a missing field', { ...minimal, domain: undefined }, 'KFAC_SPEC', '/domain', /missing/],
  ['an unknown field', { ...minimal, foo: 1 }, 'KFAC_SPEC', '/foo', /unknown field/],
  ['an unknown inner field', { ...minimal, network: { layers: 3 } }, 'KFAC_SPEC', '/network/layers', /unknown field/],
  [
    'a field called __proto__',
    JSON.parse(JSON.stringify({ ...minimal, domain: { x: [0, 1], p: 0 } }).replace('"p"', '"__proto__"')),
    'KFAC_SPEC',
    '/domain/__proto__',
    /unknown field/,
  ],
  ['a wrong type', { ...minimal, equations: 'u = 1' }, 'KFAC_SPEC', '/equations', /expected an array/],
  ['a number as text', { ...minimal, equations: [7] }, 'KFAC_SPEC', '/equations/0', /expected string/],
  ['NaN', { ...minimal, constants: { a: NaN } }, 'KFAC_SPEC', '/constants/a', /NaN/],
  ['Infinity', { ...minimal, domain: { x: [0, Infinity] } }, 'KFAC_SPEC', '/domain/x/1', /Infinity/],
  ['an empty domain', { ...minimal, domain: {} }, 'KFAC_SPEC', '/domain', /at least one coordinate/],
  ['an empty interval', { ...minimal, domain: { x: [1, 1] } }, 'KFAC_SPEC', '/domain/x', /lower < upper/],
  ['half an interval', { ...minimal, domain: { x: [1] } }, 'KFAC_SPEC', '/domain/x', /2 items/],
  [
    'an interval too long to have a length',
    { ...minimal, domain: { x: [-1.7e308, 1.7e308] } },
    'KFAC_SPEC',
    '/domain/x',
    /finite length/,
  ],
  ['a bad name', { ...minimal, domain: { 'x y': [0, 1] } }, 'KFAC_SPEC', '/domain/x y', /letters and digits/],
  ['a reserved name', { ...minimal, domain: { e: [0, 1] } }, 'KFAC_SPEC', '/domain/e', /text rules/],
  ['a name used twice', { ...minimal, constants: { x: 1 } }, 'KFAC_SPEC', '/constants/x', /declared twice/],
  [
    'new points of a grid',
    { ...minimal, sampling: { method: 'grid', resampleEvery: 10 } },
    'KFAC_SPEC',
    '/sampling/resampleEvery',
    /expected 0, since a grid is always the same points, got 10/,
  ],
  [
    'an unknown method of sampling',
    { ...minimal, sampling: { method: 'hammersley' } },
    'KFAC_SPEC',
    '/sampling/method',
    /"sobol"\|"halton"\|"latin-hypercube"\|"grid"\|"uniform"/,
  ],
  [
    'a constant that reads like a derivative',
    { ...minimal, constants: { u_x: 1 } },
    'KFAC_SPEC',
    '/constants/u_x',
    /derivative of u/,
  ],
  [
    'a hundred and one coordinates',
    { ...minimal, domain: Object.fromEntries(Array.from({ length: 101 }, (_, k) => [`x${k}`, [0, 1]])) },
    'KFAC_LIMIT',
    '/domain',
    /at most 100/,
  ],
  ['a layer too wide', { ...minimal, network: { hidden: [4097] } }, 'KFAC_LIMIT', '/network/hidden/0', /4096/],
  ['too many points', { ...minimal, sampling: { interior: 2e6 } }, 'KFAC_LIMIT', '/sampling/interior', /1000000/],
  [
    'too much memory',
    { ...minimal, network: { hidden: [4096, 4096] }, optimizer: { name: 'gauss-newton' } },
    'KFAC_LIMIT',
    '',
    /GiB/,
  ],
  [
    'an inverse Hessian that does not fit',
    { ...minimal, network: { hidden: [128, 128, 128] }, optimizer: { name: 'ssbroyden' } },
    'KFAC_LIMIT',
    '',
    /33409 parameters with ssbroyden need 33\.\d GiB/,
  ],
  [
    'a history that does not fit',
    { ...minimal, network: { hidden: [1024, 1024] }, optimizer: { name: 'lbfgs', history: 1000 } },
    'KFAC_LIMIT',
    '',
    /GiB/,
  ],
  ['no history', { ...minimal, optimizer: { name: 'lbfgs', history: 0 } }, 'KFAC_SPEC', '/optimizer/history', />=1/],
  [
    'seventeen unknowns',
    { ...minimal, unknowns: Array.from({ length: 17 }, (_, k) => `u${k}`) },
    'KFAC_LIMIT',
    '/unknowns',
    /<=16/,
  ],
  ['an unknown twice', { ...minimal, unknowns: ['u', 'u'] }, 'KFAC_SPEC', '/unknowns/1', /declared twice/],
  [
    "a constant that reads like another unknown's derivative",
    { ...minimal, unknowns: ['u', 'v'], constants: { v_x: 1 } },
    'KFAC_SPEC',
    '/constants/v_x',
    /derivative of v/,
  ],
  [
    'an unknown that is not declared, in the second equation',
    { ...minimal, unknowns: ['u', 'v'], equations: ['u_x = v', 'w_x = u'] },
    'KFAC_EQUATION',
    '/equations/1',
    /"w" is not an unknown; declared: u, v at character 1/,
  ],
  [
    'an unknown that is not declared, in a condition',
    { ...minimal, unknowns: ['u', 'v'], conditions: [{ on: 'x = 0', equation: 'w = 1' }] },
    'KFAC_EQUATION',
    '/conditions/0/equation',
    /unknown name "w"; known here: x, u, v/,
  ],
  [
    'no exact solution of one of the unknowns',
    { ...minimal, unknowns: ['u', 'v'], exact: { u: 'x' } },
    'KFAC_SPEC',
    '/exact',
    /expected the exact solution of v/,
  ],
  [
    'a weight too few',
    { ...minimal, equations: ['u_x = -u', 'u_xx = u'], weights: { interior: [1] } },
    'KFAC_SPEC',
    '/weights/interior',
    /one for each of the 2 equations, got 1/,
  ],
  ['a weight below zero', { ...minimal, weights: { interior: [-1] } }, 'KFAC_SPEC', '/weights/interior/0', />0/],
  [
    'a phase without an end',
    {
      ...minimal,
      optimizer: { name: 'phases', phases: [{ optimizer: { name: 'adam' } }, { optimizer: { name: 'lbfgs' } }] },
    },
    'KFAC_SPEC',
    '/optimizer/phases/0/steps',
    /expected a number of steps/,
  ],
  [
    'a chain within a chain',
    { ...minimal, optimizer: { name: 'phases', phases: [{ optimizer: { name: 'phases', phases: [] } }] } },
    'KFAC_SPEC',
    '/optimizer/phases/0/optimizer/name',
    /expected/,
  ],
  [
    'a damping the wrong way round in a phase',
    {
      ...minimal,
      optimizer: { name: 'phases', phases: [{ optimizer: { name: 'kfac', damping: { minimum: 2, maximum: 1 } } }] },
    },
    'KFAC_SPEC',
    '/optimizer/phases/0/optimizer/damping/minimum',
    /at most the maximum 1, got 2/,
  ],
  [
    'no iterations',
    { ...minimal, optimizer: { name: 'kfac-pcg', iterations: 0 } },
    'KFAC_SPEC',
    '/optimizer/iterations',
    />=1/,
  ],
  [
    'a moving average of engd that never moves',
    { ...minimal, optimizer: { name: 'engd', decay: 1 } },
    'KFAC_SPEC',
    '/optimizer/decay',
    /<1/,
  ],
  ['a fractional number of steps', { ...minimal, stop: { steps: 1.5 } }, 'KFAC_SPEC', '/stop/steps', /int/],
  ['no steps', { ...minimal, stop: { steps: 0 } }, 'KFAC_SPEC', '/stop/steps', />=1/],
  ['no stop rule', { ...minimal, stop: {} }, 'KFAC_SPEC', '/stop', /at least one/],
  [
    'only a stop rule that cannot apply',
    { ...minimal, stop: { relativeL2: 0.1 } },
    'KFAC_SPEC',
    '/stop/relativeL2',
    /exact solution/,
  ],
  [
    'a cosine without an end',
    { ...minimal, optimizer: { name: 'adam', schedule: 'cosine' }, stop: { seconds: 1 } },
    'KFAC_SPEC',
    '/optimizer/schedule',
    /stop.steps/,
  ],
  [
    'an unknown optimizer',
    { ...minimal, optimizer: { name: 'sgd' } },
    'KFAC_SPEC',
    '/optimizer/name',
    /'auto' \| 'kfac'/,
  ],
  [
    "another optimizer's option",
    { ...minimal, optimizer: { name: 'adam', target: 0.1 } },
    'KFAC_SPEC',
    '/optimizer/target',
    /unknown field/,
  ],
  [
    'damping bounds the wrong way round',
    { ...minimal, optimizer: { name: 'kfac', damping: { minimum: 1, maximum: 0.1 } } },
    'KFAC_SPEC',
    '/optimizer/damping/minimum',
    /at most/,
  ],
  ['a seed below zero', { ...minimal, seed: -1 }, 'KFAC_SPEC', '/seed', />=0/],
  [
    'an unknown name in the equation',
    { ...minimal, equations: ['u_x = w'] },
    'KFAC_EQUATION',
    '/equations/0',
    /unknown name "w"/,
  ],
  ['implicit multiplication', { ...minimal, equations: ['u_x = 2u'] }, 'KFAC_EQUATION', '/equations/0', /2\*u/],
  ['two equals signs', { ...minimal, equations: ['u = 1 = 2'] }, 'KFAC_EQUATION', '/equations/0', /one "="/],
  ['a derivative of order 5', { ...minimal, equations: ['u_xxxxx = 0'] }, 'KFAC_EQUATION', '/equations/0', /order 5/],
  [
    'a derivative along no coordinate',
    { ...minimal, equations: ['u_t = 0'] },
    'KFAC_EQUATION',
    '/equations/0',
    /"t" is not made of coordinates/,
  ],
  [
    'too deep a text',
    { ...minimal, equations: [`u = ${'('.repeat(70)}x${')'.repeat(70)}`] },
    'KFAC_EQUATION',
    '/equations/0',
    /nested deeper/,
  ],
  [
    'a faulty condition',
    { ...minimal, conditions: [{ on: 'x = 0', equation: 'u' }] },
    'KFAC_EQUATION',
    '/conditions/0/equation',
    /found no "="/,
  ],
  [
    'a place that does not exist',
    { ...minimal, conditions: [{ on: 'y = 0', equation: 'u = 0' }] },
    'KFAC_SPEC',
    '/conditions/0/on',
    /no place/,
  ],
  [
    'a place outside',
    { ...minimal, conditions: [{ on: 'x = 7', equation: 'u = 0' }] },
    'KFAC_SPEC',
    '/conditions/0/on',
    /outside the domain/,
  ],
  [
    'an exact solution with a derivative',
    { ...minimal, exact: { u: 'u_x' } },
    'KFAC_EQUATION',
    '/exact/u',
    /cannot be used here/,
  ],
  [
    'an exact solution of something else',
    { ...minimal, exact: { u: 'x', w: 'x' } },
    'KFAC_SPEC',
    '/exact/w',
    /not an unknown/,
  ],
  ['an exact solution that is a number', { ...minimal, exact: { u: 1 } }, 'KFAC_SPEC', '/exact/u', /expected string/],
  [
    'a reference for another problem',
    { ...minimal, exact: { u: { reference: 'burgers-cole-hopf', viscosity: '0.01' } } },
    'KFAC_SPEC',
    '/exact/u',
    /coordinates t and x/,
  ],
];

describe('bad input', () => {
  test.each(REFUSALS)('%s', (_, json, code, pointer, detail) => {
    const error = refusal(json);
    expect(error.code).toBe(code);
    expect(error.issues).toContainEqual({ pointer, detail: expect.stringMatching(detail) });
    expect(error.message).toMatch(detail);
  });

  test.each([
    [{ stop: { steps: 0 } }, '/stop/steps: expected number to be >=1, got 0'],
    [{ equations: 'u_x = u' }, 'has 1 fault: /equations: expected an array, got "u_x = u"'],
    [
      { optimizer: { name: 'sgd' } },
      "/optimizer/name: expected 'auto' | 'kfac' | 'kfac-pcg' | 'hessian-free' | 'nystrom-newton-cg' | 'gauss-newton' | 'sketched-gauss-newton' | 'engd' | 'engd-w' | 'spring' | 'ssbroyden' | 'ssbfgs' | 'lbfgs' | 'soap' | 'adam' | 'phases', got \"sgd\"",
    ],
    [{ domain: undefined }, '/domain: required field is missing; expected an object'],
    [{ exact: { u: 3 } }, '/exact/u: expected string; or: expected an object, got 3'],
    [{ exact: { u: { reference: 'x' } } }, "/exact/u/reference: expected 'burgers-cole-hopf' | 'allen-cahn'"],
    [{ exact: { u: { reference: 'heston' } } }, '/exact/u/strike: required field is missing'],
  ])('%j: what was expected and what came', (part, message) => {
    expect(() => parsePinnSpec({ ...minimal, ...part })).toThrow(message);
  });

  test('every fault is listed at once', () => {
    const error = refusal({
      ...minimal,
      equations: ['u_x = w'],
      conditions: [{ on: 'y = 0', equation: 'u = 2u' }],
      exact: { u: 'sin x' },
      stop: {},
    } satisfies Json);
    expect(error.code).toBe('KFAC_SPEC');
    expect(error.issues.map(({ pointer }) => pointer)).toEqual([
      '/equations/0',
      '/conditions/0/on',
      '/conditions/0/equation',
      '/exact/u',
      '/stop',
    ]);
  });
});

test('an exact solution that does not satisfy its equation or a condition is a warning with the residual', () => {
  const { warnings } = checkPinn({ ...minimal, exact: { u: '2*exp(-2*x)' } });
  expect(warnings[0]).toMatch(/exact solution does not satisfy the equation "u_x = -u": residual up to 1\.\d+/);
  expect(warnings[1]).toMatch(/the condition "u = 1" on x = 0: residual up to 1\.00/);
  expect(checkPinn({ ...minimal, exact: { u: 'log(x - 2)' } }).warnings[0]).toMatch(/is not finite everywhere in/);
  expect(checkPinn({ ...minimal, exact: { u: 'exp(-x)' } }).warnings).toEqual([]);
});

test('a system with another number of equations than unknowns, or an unknown in no equation, is a warning', () => {
  const warnings = (unknowns: string[], equations: string[]) => checkPinn({ ...minimal, unknowns, equations }).warnings;
  expect(warnings(['u', 'v'], ['u_x = v', 'v = -u'])).toEqual([]);
  expect(warnings(['u', 'v'], ['u_x = v'])).toEqual(['1 equation for 2 unknowns: the system may have many solutions']);
  expect(warnings(['u'], ['u_x = -u', 'u_xx = u'])).toEqual([
    '2 equations for 1 unknown: the system may have no solution',
  ]);
  expect(warnings(['u', 'v'], ['u_x = -u', 'u_xx = u'])).toEqual(['no equation contains the unknown v']);
});

test('an exact solution of a system is checked unknown by unknown', () => {
  const system = { ...minimal, unknowns: ['u', 'v'], equations: ['u_x = v', 'v_x = laplacian(u)'] };
  const warnings = (u: string, v: string) =>
    checkPinn({ ...system, exact: { u, v } }).warnings.filter((text) => text.includes('exact'));
  expect(warnings('exp(x)', 'exp(x)')).toEqual([]);
  expect(warnings('exp(x)', '2*exp(x)')).toEqual([
    expect.stringMatching(/the equation "u_x = v": residual up to 2/),
    expect.stringMatching(/the equation "v_x = laplacian\(u\)": residual up to 2/),
  ]);
});

test('a coefficient that is not finite on the domain is a warning with a point', () => {
  const warnings = (equation: string, condition = 'u = 1') =>
    checkPinn({ ...minimal, equations: [equation], conditions: [{ on: 'x = 0', equation: condition }] }).warnings;
  expect(warnings('u_x = log(x - 1)*u')).toEqual([
    expect.stringMatching(/^a coefficient of the equation "u_x = log\(x - 1\)\*u" is not finite .* at x = 0\.\d+$/),
  ]);
  expect(warnings('u_x = u', 'u = 1/x')[0]).toMatch(/the condition "u = 1\/x" on x = 0 is not finite .* at x = 0$/);
  expect(warnings('u_x = log(u)')).toEqual([]);
});

function refusal(json: unknown): KfacError {
  try {
    parsePinnSpec(json);
  } catch (error) {
    expect(error).toBeInstanceOf(KfacError);
    return error as KfacError;
  }
  throw new Error('expected a refusal');
}
