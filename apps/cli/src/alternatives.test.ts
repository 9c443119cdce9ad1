import { catalogue as hedging, checkHedging } from '@kfac/hedging';
import { catalogue as pinn, checkPinn } from '@kfac/pinn';
import { expect, test } from 'vitest';
import { dropFormerFields } from './alternatives.ts';
import { hedgeTrainer } from './commands/hedge.ts';
import { solveTrainer } from './commands/solve.ts';
import { applyOverrides, overriddenPaths } from './overrides.ts';

/** Overrides a problem; gives what became of it and what was dropped. */
function overridden(
  problem: unknown,
  trainer: typeof hedgeTrainer,
  overrides: readonly string[],
): { json: Record<string, unknown>; dropped: string[] } {
  const json = applyOverrides(structuredClone(problem), overrides) as Record<string, unknown>;
  return { json, dropped: dropFormerFields(json, trainer.schema(), overriddenPaths(overrides)) };
}

const hedge = (name: string): unknown => hedging.find((entry) => entry.name === name)!.spec;
const heston = ['v0', 'kappa', 'theta', 'xi', 'rho'].map((key) => `market.${key}`);

test.each<[string, string[], string[]]>([
  ['HEDGE-1', ['optimizer.name=adam'], ['optimizer.curvature']],
  ['HEDGE-1-ADAM', ['optimizer.name=kfac'], ['optimizer.learningRate', 'optimizer.schedule']],
  ['HEDGE-1', ['market.model=black-scholes', 'market.volatility=0.2'], heston],
  ['HEDGE-1', ['risk.measure=quadratic'], ['risk.aversion']],
  ['HEDGE-1', ['horizon.years=0.25'], ['horizon.days']],
  [
    'HEDGE-1',
    ['optimizer.name=adam', 'risk.measure=quadratic', 'risk.target=1'],
    ['optimizer.curvature', 'risk.aversion'],
  ],
  ['HEDGE-1', ['horizon.days=60', 'stop.steps=3', 'optimizer.averageFrom=2'], []],
  ['HEDGE-1', ['optimizer={"name":"adam"}'], []],
])('%s with %j is valid without %j', (name, overrides, expected) => {
  const { json, dropped } = overridden(hedge(name), hedgeTrainer, overrides);
  expect(dropped).toEqual(expected);
  expect(() => checkHedging(json)).not.toThrow();
});

test('the optimizers of a differential equation are alternatives too', () => {
  const spec = { ...(pinn[0]!.spec as object), optimizer: { name: 'kfac', damping: { initial: 1 }, decay: 0.9 } };
  const { json, dropped } = overridden(spec, solveTrainer, ['optimizer.name=adam', 'optimizer.learningRate=0.1']);
  expect(dropped).toEqual(['optimizer.damping', 'optimizer.decay']);
  expect(json['optimizer']).toEqual({ name: 'adam', learningRate: 0.1 });
  expect(() => checkPinn(json)).not.toThrow();
  expect(overridden(pinn[0]!.spec, solveTrainer, ['optimizer.name=adam']).dropped).toEqual([]);
});

test('so are the references, in a union inside a union', () => {
  const prices = pinn.find(({ name }) => name === 'Black-Scholes')!.spec;
  const overrides = ['exact.V.reference=burgers-cole-hopf', 'exact.V.viscosity=1'];
  expect(overridden(prices, solveTrainer, overrides).dropped).toEqual([
    'exact.V.strike',
    'exact.V.rate',
    'exact.V.volatility',
  ]);
});

test.each<[string[], object]>([
  // What --set gave stays, even where it does not fit: validation names it.
  [['optimizer.name=adam', 'optimizer.curvature=independent'], { name: 'adam', curvature: 'independent' }],
  // No alternative has the constant, or none has the field: nothing is guessed.
  [['optimizer.name=sgd'], { name: 'sgd', curvature: 'independent' }],
  [['optimizer.learningRate=0.1'], { name: 'kfac', curvature: 'independent', learningRate: 0.1 }],
])('with %j the optimizer is %j, which is not valid', (overrides, optimizer) => {
  const { json, dropped } = overridden(hedge('HEDGE-1'), hedgeTrainer, overrides);
  expect(dropped).toEqual([]);
  expect(json['optimizer']).toEqual({ averageFrom: 50, ...optimizer });
  expect(() => checkHedging(json)).toThrow();
});

test('a field that no alternative knows is a misspelling, not a former field', () => {
  const spec = { ...(hedge('HEDGE-1') as object), optimizer: { name: 'kfac', curvature: 'independent', dampng: 1 } };
  const { json, dropped } = overridden(spec, hedgeTrainer, ['optimizer.name=adam']);
  expect(dropped).toEqual(['optimizer.curvature']);
  expect(() => checkHedging(json)).toThrow(/dampng|unknown field/);
});

test('fields named as properties of every object are fields as any', () => {
  const { json, dropped } = overridden({ optimizer: { name: 'kfac' } }, hedgeTrainer, ['optimizer.constructor=1']);
  expect({ json, dropped }).toEqual({ json: { optimizer: { name: 'kfac', constructor: 1 } }, dropped: [] });
});
