import { hedgeTilePaths } from '@kfac/core';
import type { CapturedLayer, Engine, HedgeBatch, HedgeLayer, HedgeOutcome, HedgeTape, Linearization } from '@kfac/core';
import type { LstmShape, ModelTerm, Objective, ParameterLayout } from '@kfac/core';
import { capturedLstmLayer } from './captured-lstm.ts';
import { PURPOSE } from './market/market.ts';
import { lstmLayout, lstmShape } from './policy/lstm.ts';
import { createRisk } from './risk/measures.ts';
import type { Risk } from './risk/risk.ts';
import { allocatePaths, simulate } from './world.ts';
import type { PathSet, World } from './world.ts';

/**
 * Paths that are enough for Kronecker statistics and quadratic model once the moving averages are filled: then up to three
 * of four tiles are left out.
 */
const CURVATURE_PATHS = 256;

/** Steps that take their curvature from all paths. */
const FULL_CURVATURE_STEPS = 25;

/**
 * The risk of a hedge as a function of the policy's weights. An example is a path, its scalar the discounted P&L; every
 * step draws a fresh batch keyed by (seed, step). One sweep per linearisation gives the P&L and, with seed 1 per path,
 * the pairs of both weight matrices; the risk turns the P&L into slopes and curvatures.
 */
export class HedgingObjective implements Objective {
  readonly engine: Engine;
  readonly parameters: ParameterLayout;
  readonly #world: World;
  readonly #shape: LstmShape;
  readonly #risk: Risk;
  readonly #paths: PathSet;
  readonly #batch: HedgeBatch;
  readonly #outcome: HedgeOutcome;
  readonly #tape: HedgeTape;
  readonly #layers: readonly CapturedLayer[];
  readonly #modelLayers: ModelTerm['layers'];
  readonly #pnl: Float64Array;
  readonly #slope: Float64Array;
  readonly #curvature: Float64Array;
  readonly #modelCurvature: Float64Array;
  #stride = 1;

  constructor(engine: Engine, world: World) {
    const { batch: paths, precision } = world.spec;
    this.engine = engine;
    this.#world = world;
    this.#shape = lstmShape(world.spec);
    this.parameters = lstmLayout(this.#shape);
    this.#risk = createRisk(world.spec.risk);
    this.#paths = allocatePaths(world, paths);
    this.#batch = engine.hedge.batch(world.task, paths, world.dates, precision);
    this.#tape = engine.hedge.tape(this.#shape, paths, world.dates, precision);
    this.#outcome = {
      pnl: new Float64Array(paths),
      cost: new Float64Array(paths),
      turnover: new Float64Array(paths),
      positions: null,
    };
    this.#layers = this.parameters.blocks.map((block) =>
      capturedLstmLayer(engine, this.#tape, block, () => this.#stride),
    );
    this.#modelLayers = this.parameters.blocks.map(({ name }) => ({
      matrix: name,
      jvp: (directions, out) => engine.hedge.jvp(this.#tape, name as HedgeLayer, directions, this.#stride, out),
    }));
    this.#pnl = new Float64Array(paths);
    this.#slope = new Float64Array(paths);
    this.#curvature = new Float64Array(paths);
    this.#modelCurvature = new Float64Array(paths);
  }

  nextBatch(step: number): void {
    const { batch } = this.#world.spec;
    this.#stride = step <= FULL_CURVATURE_STEPS ? 1 : Math.min(4, Math.max(1, Math.floor(batch / CURVATURE_PATHS)));
    const key = { seed: this.#world.spec.seed, purpose: PURPOSE.training, step, firstPath: 0 };
    simulate(this.engine, this.#world, key, this.#paths);
    this.engine.hedge.prepare(this.#world.task, this.#paths.spot, this.#paths.variance, this.#batch);
  }

  loss(theta: Float64Array): number {
    this.engine.hedge.rollout(this.#shape, theta, this.#batch, this.#outcome);
    return this.#risk.value(this.#outcome.pnl);
  }

  linearize(theta: Float64Array): Linearization {
    this.engine.hedge.linearize(this.#shape, theta, this.#batch, this.#tape, this.#pnl);
    const loss = this.#risk.differentiate(this.#pnl, this.#slope, this.#curvature);
    const term = {
      name: 'pnl',
      residual: this.#pnl,
      slope: this.#slope,
      curvature: this.#curvature,
      centred: this.#risk.centred,
      layers: this.#layers,
    };
    return { loss, terms: [term], modelTerms: [this.#modelTerm()] };
  }

  /** The curvatures of every `stride`-th tile of paths, scaled to the sum of all. */
  #modelTerm(): ModelTerm {
    const tile = hedgeTilePaths(this.#tape.dtype);
    const some = this.#modelCurvature;
    let total = 0;
    let sampled = 0;
    this.#curvature.forEach((weight, i) => {
      some[i] = Math.floor(i / tile) % this.#stride === 0 ? weight : 0;
      total += weight;
      sampled += some[i]!;
    });
    const scale = sampled > 0 ? total / sampled : 0;
    for (let i = 0; i < some.length; i++) some[i]! *= scale;
    return { curvature: some, centred: this.#risk.centred, layers: this.#modelLayers };
  }
}
