import { describe, expect, test } from 'vitest';
import { KfacError } from '@kfac/core';
import { z } from 'zod';
import { catalogue } from './catalogue.ts';
import { parseHedgingSpec } from './parse.ts';
import { hedgingSpecSchema } from './spec.ts';

const minimal = {
  market: { model: 'black-scholes', volatility: 0.2 },
  horizon: { days: 30, steps: 30 },
  liability: { type: 'european-call' },
};

const heston = { model: 'heston', v0: 0.04, kappa: 2, theta: 0.04, xi: 0.3, rho: -0.7 };

/** The faults of a problem, as 'pointer detail'. */
function faults(json: unknown): string[] {
  try {
    parseHedgingSpec(json);
  } catch (error) {
    if (error instanceof KfacError && error.code === 'KFAC_SPEC')
      return error.issues.map((i) => `${i.pointer} ${i.detail}`);
    throw error;
  }
  return [];
}

describe('defaults', () => {
  test('a minimal problem takes every documented default', () => {
    expect(parseHedgingSpec(minimal)).toEqual({
      market: { model: 'black-scholes', spot: 100, volatility: 0.2, drift: 0, rate: 0, dividend: 0 },
      horizon: { days: 30, steps: 30 },
      liability: { type: 'european-call', strike: 100 },
      cost: { proportional: 0.001 },
      premium: 'model',
      unwind: false,
      policy: { type: 'lstm', hidden: 32, head: 'tanh' },
      risk: { measure: 'entropic', aversion: 1 },
      optimizer: { name: 'kfac', curvature: 'independent', averageFrom: 50 },
      batch: 1024,
      stop: { steps: 300, seconds: 60 },
      evaluation: { paths: 100_000, seed: 1 },
      precision: 'f32',
      seed: 1,
    });
  });

  test('inner fields too, and a section without its name takes the default one', () => {
    const spec = parseHedgingSpec({
      ...minimal,
      policy: { hidden: 8 },
      risk: { aversion: 3 },
      optimizer: { averageFrom: 7 },
    });
    expect(spec.policy).toEqual({ type: 'lstm', hidden: 8, head: 'tanh' });
    expect(spec.risk).toEqual({ measure: 'entropic', aversion: 3 });
    expect(spec.optimizer).toEqual({ name: 'kfac', curvature: 'independent', averageFrom: 7 });
  });

  test('in stop the given criteria alone apply', () => {
    expect(parseHedgingSpec({ ...minimal, stop: { steps: 5 } }).stop).toEqual({ steps: 5 });
  });

  test('Adam: cosine where the number of steps is known, else constant', () => {
    const schedule = (stop: object): unknown =>
      parseHedgingSpec({ ...minimal, optimizer: { name: 'adam' }, stop }).optimizer;
    expect(schedule({ steps: 5 })).toEqual({ name: 'adam', learningRate: 0.03, schedule: 'cosine' });
    expect(schedule({ seconds: 5 })).toEqual({ name: 'adam', learningRate: 0.03, schedule: 'constant' });
  });

  test('parsing an effective problem changes nothing', () => {
    for (const { spec } of catalogue) {
      const once = parseHedgingSpec(spec);
      expect(parseHedgingSpec(JSON.parse(JSON.stringify(once)))).toEqual(once);
    }
  });

  test('days need not be a multiple of steps; years are taken too', () => {
    expect(faults({ ...minimal, horizon: { days: 30, steps: 7 } })).toEqual([]);
    expect(parseHedgingSpec({ ...minimal, horizon: { years: 0.25, steps: 63 } }).horizon).toEqual({
      years: 0.25,
      steps: 63,
    });
  });
});

describe('faults have a pointer and say what was expected', () => {
  test.each([
    ['missing sections', {}, ['/market', '/horizon', '/liability']],
    ['no natural default: volatility', { ...minimal, market: { model: 'black-scholes' } }, ['/market/volatility']],
    [
      'no natural default: Heston',
      { ...minimal, market: { model: 'heston' } },
      ['/market/v0', '/market/kappa', '/market/theta', '/market/xi', '/market/rho'],
    ],
    ['unknown model', { ...minimal, market: { model: 'sabr' } }, ['/market/model']],
    ['unknown fields', { ...minimal, colour: 1, cost: { 'a/b~c': 2 } }, ['/cost/a~1b~0c', '/colour']],
    ['a field of the other model', { ...minimal, market: { ...heston, volatility: 0.2 } }, ['/market/volatility']],
    ['rho at its bound', { ...minimal, market: { ...heston, rho: -1 } }, ['/market/rho']],
    [
      'Heston out of range',
      { ...minimal, market: { ...heston, kappa: 0, theta: -1, xi: 0, v0: -1 } },
      ['/market/v0', '/market/kappa', '/market/theta', '/market/xi'],
    ],
    ['fractional steps', { ...minimal, horizon: { days: 30, steps: 29.5 } }, ['/horizon/steps']],
    ['no steps', { ...minimal, horizon: { days: 30, steps: 0 } }, ['/horizon/steps']],
    ['steps as text', { ...minimal, horizon: { days: 30, steps: '30' } }, ['/horizon/steps']],
    ['days and years', { ...minimal, horizon: { days: 30, years: 1, steps: 30 } }, ['/horizon/years']],
    ['neither days nor years', { ...minimal, horizon: { steps: 30 } }, ['/horizon/days']],
    ['NaN', { ...minimal, market: { model: 'black-scholes', volatility: Number.NaN } }, ['/market/volatility']],
    ['Infinity', { ...minimal, market: { model: 'black-scholes', volatility: Infinity } }, ['/market/volatility']],
    ['unknown liability', { ...minimal, liability: { type: 'asian' } }, ['/liability/type']],
    ['premium', { ...minimal, premium: 'free' }, ['/premium']],
    ['unknown risk', { ...minimal, risk: { measure: 'cvar' } }, ['/risk/measure']],
    ['negative aversion', { ...minimal, risk: { measure: 'entropic', aversion: -1 } }, ['/risk/aversion']],
    ['empty stop', { ...minimal, stop: {} }, ['/stop']],
    [
      'cosine without an end',
      { ...minimal, optimizer: { name: 'adam', schedule: 'cosine' }, stop: { seconds: 1 } },
      ['/optimizer/schedule'],
    ],
    ['batch of one', { ...minimal, batch: 1 }, ['/batch']],
    ['a list', [], ['']],
    ['null', null, ['']],
  ])('%s', (_, json, pointers) => {
    expect(faults(json).map((fault) => fault.split(' ')[0])).toEqual(pointers);
  });

  test('all faults are listed at once, in words', () => {
    const bad = { ...minimal, market: { ...heston, rho: 2, extra: 1 }, batch: 'many' };
    expect(faults(bad)).toEqual([
      '/market/rho expected number to be <1, got 2',
      '/market/extra unknown field; known here: model, spot, v0, kappa, theta, xi, rho, drift, rate, dividend',
      '/batch expected number, got "many"',
    ]);
    expect(() => parseHedgingSpec(bad)).toThrow('the specification has 3 faults: /market/rho: expected number');
  });

  test('the models of the gate block over time, and no others', () => {
    for (const curvature of ['independent', 'reduce', 'option1', 'option2', 'complete'] as const) {
      expect(parseHedgingSpec({ ...minimal, optimizer: { name: 'kfac', curvature } }).optimizer).toMatchObject({
        curvature,
      });
    }
    expect(faults({ ...minimal, optimizer: { name: 'kfac', curvature: 'option3' } })).toEqual([
      '/optimizer/curvature expected one of "independent", "reduce", "option1", "option2", "complete", got "option3"',
    ]);
  });

  test('a missing field is called missing', () => {
    expect(faults({ ...minimal, market: { model: 'black-scholes' } })).toEqual([
      '/market/volatility required field is missing; expected number',
    ]);
  });

  test.each([
    ['/batch', { batch: 1e9 }],
    ['/horizon/steps', { horizon: { days: 30, steps: 1e6 } }],
    ['/policy/hidden', { policy: { hidden: 100_000 } }],
    ['/evaluation/paths', { evaluation: { paths: 1e12 } }],
  ])('%s beyond its size is a limit', (pointer, part) => {
    expect(() => parseHedgingSpec({ ...minimal, ...part })).toThrow(
      expect.objectContaining({ code: 'KFAC_LIMIT', issues: [expect.objectContaining({ pointer })] }),
    );
  });

  test('buffers beyond the limit are refused before they are made', () => {
    const huge = { ...minimal, horizon: { days: 30, steps: 10_000 }, batch: 100_000 };
    expect(() => parseHedgingSpec(huge)).toThrow(expect.objectContaining({ code: 'KFAC_LIMIT' }));
  });
});

test('the JSON Schema names every section and refuses unknown fields', () => {
  const schema = z.toJSONSchema(hedgingSpecSchema, { io: 'input' });
  expect(schema.required).toEqual(['market', 'horizon', 'liability']);
  expect(schema.additionalProperties).toBe(false);
  expect(Object.keys(schema.properties ?? {})).toContain('evaluation');
});
