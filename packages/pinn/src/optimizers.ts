import {
  Adam,
  Engd,
  type Engine,
  GaussNewton,
  HessianFree,
  KFac,
  KFacPcg,
  LBfgs,
  type Optimizer,
  SSBfgs,
  SSBroyden,
  Spring,
} from '@kfac/core';
import type { Problem } from './problem.ts';
import { optimizerSchema } from './optimizer-spec.ts';

/** Radii beyond which a Gauss-Newton step never goes; wider problems need longer steps. */
const MAX_RADIUS = 1e3;
const MAX_RADIUS_HIGH_DIMENSION = 1e5;

/** The optimizer of a problem on an engine, `auto` resolved. */
export function createOptimizer(problem: Problem, engine: Engine): Optimizer {
  const { spec, layout, box } = problem;
  const options =
    spec.optimizer.name === 'auto' ? optimizerSchema.parse({ name: problem.optimizer.name }) : spec.optimizer;
  switch (options.name) {
    case 'kfac': {
      const { name: _, firstStep, ...rest } = options;
      return new KFac(engine, layout, { ...rest, ...(firstStep === undefined ? {} : { firstStep }) });
    }
    case 'kfac-pcg':
      return new KFacPcg(engine, layout, { ...options, average: 'debiased' });
    case 'hessian-free':
      return new HessianFree(engine, layout, options);
    case 'gauss-newton': {
      const { target, window, probes, form } = options;
      const maxRadius = box.names.length >= 10 ? MAX_RADIUS_HIGH_DIMENSION : MAX_RADIUS;
      return new GaussNewton(engine, layout, {
        target,
        window,
        probes,
        form,
        initialRadius: 1,
        minRadius: 1e-8,
        maxRadius,
      });
    }
    case 'engd':
      return new Engd(engine, layout, options);
    case 'engd-w':
      return new Spring(engine, layout, { damping: options.damping, momentum: 0 });
    case 'spring':
      return new Spring(engine, layout, { damping: options.damping, momentum: options.momentum });
    case 'ssbroyden':
      return new SSBroyden(engine, layout);
    case 'ssbfgs':
      return new SSBfgs(engine, layout);
    case 'lbfgs':
      return new LBfgs(layout, { history: options.history });
    case 'adam':
      return new Adam(engine, layout, {
        learningRate: options.learningRate,
        schedule: options.schedule ?? 'constant',
        steps: spec.stop.steps ?? 1,
      });
    case 'auto':
      throw new TypeError('auto was resolved before');
  }
}
