import { expect, test } from 'vitest';
import { defaultEngine } from '../engine/select.ts';
import { ParameterLayout } from '../parameters.ts';
import { Adam } from './adam.ts';
import { GaussNewton } from './gauss-newton.ts';
import { Phases } from './phases.ts';

const layout = new ParameterLayout([{ name: 'w', inputs: 2, outputs: 1 }]);

function gaussNewton(target: number): GaussNewton {
  const radii = { initialRadius: 1, minRadius: 1e-8, maxRadius: 1e3 };
  return new GaussNewton(defaultEngine(), layout, { target, window: 10, probes: 4, ...radii });
}

test('Gauss–Newton finishes once γ* has gone to ½, also after a resume; a chain does as its phase does', () => {
  const early = gaussNewton(0.075);
  expect(early.isFinishing).toBe(false);
  const [radius, , form, accepted] = early.save()['scalars']!;
  const late = { scalars: Float64Array.of(radius!, 0.5, form!, accepted!), lambdas: new Float64Array(0) };
  early.restore(late);
  expect(early.isFinishing).toBe(true);
  // Half from the start is a choice, not the finish.
  expect(gaussNewton(0.5).isFinishing).toBe(false);

  const adam = () => new Adam(defaultEngine(), layout, { learningRate: 1e-3, schedule: 'constant', steps: 1 });
  const chain = new Phases([{ create: adam, steps: 1 }, { create: () => gaussNewton(0.075) }]);
  expect(chain.isFinishing).toBe(false);
  chain.restore({ scalars: Float64Array.of(1, 0), 'phase/scalars': late.scalars, 'phase/lambdas': late.lambdas });
  expect(chain.isFinishing).toBe(true);
});
