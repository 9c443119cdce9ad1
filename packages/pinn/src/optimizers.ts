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
  Phases,
  SSBfgs,
  SSBroyden,
  Spring,
} from '@kfac/core';
import type { Problem } from './problem.ts';
import { type SingleOptimizerSpec, optimizerSchema } from './optimizer-spec.ts';

/** Radii beyond which a Gauss-Newton step never goes; wider problems need longer steps. */
const MAX_RADIUS = 1e3;
const MAX_RADIUS_HIGH_DIMENSION = 1e5;

/** The optimizer of a problem on an engine, `auto` resolved. */
export function createOptimizer(problem: Problem, engine: Engine): Optimizer {
  const { optimizer, stop } = problem.spec;
  if (optimizer.name !== 'phases') return createSingle(problem, engine, resolved(problem), stop.steps);
  return new Phases(
    optimizer.phases.map(({ optimizer: options, steps }) => ({
      create: () => createSingle(problem, engine, options, steps),
      ...(steps === undefined ? {} : { steps }),
    })),
  );
}

function resolved({ spec, optimizer }: Problem): SingleOptimizerSpec {
  const options = spec.optimizer.name === 'auto' ? optimizerSchema.parse({ name: optimizer.name }) : spec.optimizer;
  if (options.name === 'auto' || options.name === 'phases') throw new TypeError(`${options.name} is not one optimizer`);
  return options;
}

/** `steps`: of the whole training or of its phase. */
function createSingle(
  { layout, box, scalars }: Problem,
  engine: Engine,
  options: SingleOptimizerSpec,
  steps: number | undefined,
): Optimizer {
  /** The unknown scalars' own small block of the Gauss-Newton matrix. */
  const exactBlocks = scalars.blocks.map(({ name }) => name);
  switch (options.name) {
    case 'kfac': {
      const { name: _, firstStep, ...rest } = options;
      return new KFac(engine, layout, { ...rest, exactBlocks, ...(firstStep === undefined ? {} : { firstStep }) });
    }
    case 'kfac-pcg':
      return new KFacPcg(engine, layout, { ...options, exactBlocks, average: 'debiased' });
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
        steps: steps ?? 1,
      });
  }
}
