import { KfacError, matrix } from '@kfac/core';
import type { Engine, Matrix } from '@kfac/core';
import { createWorld } from '../world.ts';
import type { PathSet } from '../world.ts';
import { lstmLayout, lstmShape } from './lstm.ts';
import type { HedgingSpec } from '../spec.ts';

/** Spot paths, each of steps + 1 dates, and for Heston the instantaneous variance on the same dates. */
export interface MarketPaths {
  readonly spot: readonly (readonly number[])[];
  readonly variance?: readonly (readonly number[])[];
}

/** What the policy does on given paths: positions over (t, t+1], and per path the discounted results. */
export interface HedgedPaths {
  readonly positions: number[][];
  readonly pnl: number[];
  readonly cost: number[];
  readonly turnover: number[];
}

/** A trained policy: everything that is needed to use or rebuild it. */
export interface PolicyNetwork {
  readonly type: 'lstm';
  readonly hidden: number;
  readonly head: HedgingSpec['policy']['head'];
  /** The inputs at a date, in the order of the rows of the gate matrix; hidden state and bias follow. */
  readonly features: readonly string[];
  /** Factor of the log-moneyness feature. */
  readonly logScale: number;
  /** The weight matrices, row-major [inputs × outputs], bias in the last row; gate columns are i, f, g, o. */
  readonly matrices: readonly {
    readonly name: string;
    readonly inputs: number;
    readonly outputs: number;
    readonly values: number[];
  }[];
}

/** Describes trained weights θ of a problem. */
export function policyNetwork(spec: HedgingSpec, theta: Float64Array): PolicyNetwork {
  const { task } = createWorld(spec);
  const layout = lstmLayout(lstmShape(spec));
  return {
    type: 'lstm',
    hidden: spec.policy.hidden,
    head: spec.policy.head,
    features: [
      `${task.logScale} * ln(S / K)`,
      ...(task.model === 'heston' ? ['(sqrt(V) - sqrt(theta)) / (sqrt(theta) / 2)'] : []),
      '2 * timeLeft / T - 1',
      '2 * position - 1',
    ],
    logScale: task.logScale,
    matrices: layout.blocks.map((block) => ({
      name: block.name,
      inputs: block.inputs,
      outputs: block.outputs,
      values: [...layout.view(theta, block)],
    })),
  };
}

/** Hedges paths of one's own with weights θ; throws `KFAC_SPEC` unless the paths fit the problem. */
export function hedgePaths(engine: Engine, spec: HedgingSpec, theta: Float64Array, input: MarketPaths): HedgedPaths {
  const world = createWorld(spec);
  const paths: PathSet = {
    spot: toMatrix('spot', input.spot, world.dates + 1, (value) => value > 0),
    variance:
      world.market.model === 'heston'
        ? toMatrix('variance', input.variance ?? [], world.dates + 1, (value) => value >= 0)
        : null,
  };
  const count = paths.spot.cols;
  if (paths.variance && paths.variance.cols !== count) {
    throw new KfacError(
      'KFAC_SPEC',
      `expected a variance path for each of ${count} spot paths, got ${paths.variance.cols}`,
    );
  }
  const batch = engine.hedge.batch(world.task, count, world.dates, spec.precision);
  const room = (): Float64Array => new Float64Array(count);
  const positions = matrix(world.dates, count);
  const outcome = { pnl: room(), cost: room(), turnover: room(), positions };
  engine.hedge.prepare(world.task, paths.spot, paths.variance, batch);
  engine.hedge.rollout(lstmShape(spec), theta, batch, outcome);
  return {
    positions: input.spot.map((_, i) => Array.from({ length: world.dates }, (__, t) => positions.data[t * count + i]!)),
    pnl: [...outcome.pnl],
    cost: [...outcome.cost],
    turnover: [...outcome.turnover],
  };
}

function toMatrix(
  name: string,
  rows: readonly (readonly number[])[],
  dates: number,
  valid: (value: number) => boolean,
): Matrix {
  if (rows.length === 0) throw new KfacError('KFAC_SPEC', `expected at least one ${name} path, got none`);
  const out = matrix(dates, rows.length);
  rows.forEach((row, i) => {
    if (row.length !== dates) {
      throw new KfacError('KFAC_SPEC', `expected ${dates} dates in ${name} path ${i}, got ${row.length}`);
    }
    row.forEach((value, t) => {
      if (!(Number.isFinite(value) && valid(value))) {
        throw new KfacError('KFAC_SPEC', `${name} path ${i}, date ${t}: ${value} is out of range`);
      }
      out.data[t * rows.length + i] = value;
    });
  });
  return out;
}
