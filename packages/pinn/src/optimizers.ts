import {
  Adam,
  type AdamOptions,
  Engd,
  type Engine,
  GaussNewton,
  type GaussNewtonOptions,
  HessianFree,
  KFac,
  KFacPcg,
  LBfgs,
  NystromNewtonCg,
  type Optimizer,
  Phases,
  type PhiloxStream,
  SSBfgs,
  SSBroyden,
  SketchedGaussNewton,
  Soap,
  Spring,
} from '@kfac/core';
import { phasesOf } from './auto.ts';
import type { SingleOptimizerSpec } from './optimizer-spec.ts';
import type { Problem } from './problem.ts';
import { streamOf } from './sampling/sample.ts';

/** Radii beyond which a Gauss-Newton step never goes; wider problems need longer steps. */
const MAX_RADIUS = 1e3;
const MAX_RADIUS_HIGH_DIMENSION = 1e5;

/** The optimizer of a problem on an engine, `auto` resolved. */
export function createOptimizer(problem: Problem, engine: Engine): Optimizer {
  const { optimizer, stop } = problem.spec;
  if (optimizer.name !== 'phases') {
    return createSingle(problem, engine, phasesOf(optimizer, problem.optimizer)[0]!, stop.steps);
  }
  return new Phases(
    optimizer.phases.map(({ optimizer: options, steps }) => ({
      create: () => createSingle(problem, engine, options, steps),
      ...(steps === undefined ? {} : { steps }),
    })),
  );
}

/** `steps`: of the whole training or of its phase. */
function createSingle(
  { layout, box, scalars, spec }: Problem,
  engine: Engine,
  options: SingleOptimizerSpec,
  steps: number | undefined,
): Optimizer {
  const random = (step: number): PhiloxStream =>
    streamOf({ seed: spec.seed, purpose: 'sketch', place: 0, refresh: step });
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
    case 'nystrom-newton-cg':
      return new NystromNewtonCg(engine, layout, { ...options, random });
    case 'gauss-newton':
      return new GaussNewton(engine, layout, radiusRule(options, box.names.length));
    case 'sketched-gauss-newton': {
      const { parameters, rows } = options;
      return new SketchedGaussNewton(engine, layout, {
        ...radiusRule(options, box.names.length),
        sketch: { parameters, rows },
        random,
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
    case 'soap':
      return new Soap(engine, layout, { ...options, ...learningRate(options, steps) });
    case 'adam':
      return new Adam(engine, layout, learningRate(options, steps));
  }
}

function radiusRule(
  { target, window, probes, form }: Extract<SingleOptimizerSpec, { target: number }>,
  coordinates: number,
): GaussNewtonOptions {
  const maxRadius = coordinates >= 10 ? MAX_RADIUS_HIGH_DIMENSION : MAX_RADIUS;
  return { target, window, probes, form, initialRadius: 1, minRadius: 1e-8, maxRadius };
}

function learningRate(
  { learningRate: rate, schedule }: Extract<SingleOptimizerSpec, { learningRate: number }>,
  steps: number | undefined,
): AdamOptions {
  return { learningRate: rate, schedule: schedule ?? 'constant', steps: steps ?? 1 };
}
