import type { Distribution, Engine, HedgeBatch, HedgeOutcome, LstmShape } from '@kfac/core';
import { settle } from './accounting.ts';
import { allocateBaselines, BASELINES, hedgeByBaselines } from './baseline/baselines.ts';
import { PURPOSE } from './market/market.ts';
import { riskAversion } from './risk/measures.ts';
import { mean } from './risk/risk.ts';
import { distribution, histogramEdges, summarize } from './statistics.ts';
import type { HedgeSummary } from './statistics.ts';
import { allocatePaths, simulate } from './world.ts';
import type { World } from './world.ts';

/** Validation paths: enough for a curve, cheap beside training. */
export const VALIDATION_PATHS = 4096;

const BINS = 60;

/** One arm's P&L in ascending order and its summary. */
interface Arm {
  readonly name: string;
  readonly ascending: Float64Array;
  readonly summary: HedgeSummary;
}

/** The same validation paths for every step and run of an evaluation seed, simulated and prepared once. */
export class Validation {
  readonly #engine: Engine;
  readonly #shape: LstmShape;
  readonly #batch: HedgeBatch;
  readonly #outcome: HedgeOutcome;
  readonly #aversion: number;
  readonly #baselines: readonly Arm[];

  constructor(engine: Engine, world: World, shape: LstmShape) {
    const room = (): Float64Array => new Float64Array(VALIDATION_PATHS);
    const paths = allocatePaths(world, VALIDATION_PATHS);
    this.#engine = engine;
    this.#shape = shape;
    this.#aversion = riskAversion(world.spec.risk);
    this.#batch = engine.hedge.batch(world.task, VALIDATION_PATHS, world.dates, world.spec.precision);
    this.#outcome = { pnl: room(), cost: room(), turnover: room(), positions: null };
    simulate(
      engine,
      world,
      { seed: world.spec.evaluation.seed, purpose: PURPOSE.validation, step: 0, firstPath: 0 },
      paths,
    );
    engine.hedge.prepare(world.task, paths.spot, paths.variance, this.#batch);
    const positions = allocateBaselines(world, VALIDATION_PATHS);
    hedgeByBaselines(world, paths, VALIDATION_PATHS, positions);
    this.#baselines = BASELINES.map((name) => {
      settle(world, paths, positions[name], this.#outcome);
      return this.#arm(name);
    });
  }

  /** Every fifth step up to 50, then every tenth, and the first: a pure function of the step. */
  due(step: number): boolean {
    return step === 1 || step % (step < 50 ? 5 : 10) === 0;
  }

  /** Metrics of the policy with weights θ. */
  metrics(theta: Float64Array): Record<string, number> {
    const { summary } = this.#policy(theta);
    return {
      'hedge/entropic': summary.entropic,
      'hedge/pnl_mean': summary.pnlMean,
      'hedge/pnl_std': Math.sqrt(summary.pnlVariance),
      'hedge/cvar95': summary.cvar95,
      'hedge/cost': summary.meanCost,
    };
  }

  /** P&L histograms of the policy with weights θ and of the baselines, over common edges. */
  distributions(theta: Float64Array): Distribution[] {
    const arms = [this.#policy(theta), ...this.#baselines];
    const edges = histogramEdges(
      arms.map((arm) => arm.ascending),
      BINS,
    );
    return arms.map((arm) => distribution(arm.name, arm.ascending, edges, arm.summary));
  }

  #policy(theta: Float64Array): Arm {
    this.#engine.hedge.rollout(this.#shape, theta, this.#batch, this.#outcome);
    return this.#arm('policy');
  }

  #arm(name: string): Arm {
    const { pnl, cost, turnover } = this.#outcome;
    const ascending = pnl.toSorted();
    const means = { cost: mean(cost), turnover: mean(turnover) };
    return { name, ascending, summary: summarize(pnl, ascending, means, this.#aversion) };
  }
}
