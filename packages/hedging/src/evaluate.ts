import { matrixOver } from '@kfac/core';
import type { Distribution, Engine, HedgeBatch, HedgeOutcome, LstmShape } from '@kfac/core';
import { settle } from './accounting.ts';
import type { Account, Positions } from './accounting.ts';
import { allocateBaselines, BASELINES, hedgeByBaselines } from './baseline/baselines.ts';
import type { BaselineName, BaselinePositions } from './baseline/baselines.ts';
import { PURPOSE } from './market/market.ts';
import { riskAversion } from './risk/measures.ts';
import { distribution, histogramEdges, summarize } from './statistics.ts';
import type { HedgeSummary } from './statistics.ts';
import { allocatePaths, simulate } from './world.ts';
import type { PathSet, World } from './world.ts';

/** Paths that are simulated and hedged at a time. */
const CHUNK = 4096;

/** Bins of the reported histograms. */
const BINS = 100;

const ARMS = ['policy', ...BASELINES] as const;

/** Policy and baselines on common test paths. */
export interface Evaluation {
  readonly policy: HedgeSummary;
  readonly baselines: Readonly<Record<BaselineName, HedgeSummary>>;
  /** 'policy', then the baselines, over common edges. */
  readonly distributions: readonly Distribution[];
}

/**
 * Runs the policy with weights θ and the baselines over the same test paths and summarises each. Paths exist only in
 * chunks, and the event loop gets a turn between two of them. All books are kept in f64 by one rule, whatever the
 * network's precision.
 */
export async function evaluatePolicy(
  engine: Engine,
  world: World,
  shape: LstmShape,
  theta: Float64Array,
  paths: number,
): Promise<Evaluation> {
  const ledgers = ARMS.map(() => ({ pnl: new Float64Array(paths), cost: 0, turnover: 0 }));
  const room = allocateChunk(engine, world, Math.min(CHUNK, paths));
  for (let first = 0; first < paths; first += CHUNK) {
    const count = Math.min(CHUNK, paths - first);
    const key = { seed: world.spec.evaluation.seed, purpose: PURPOSE.test, step: 0, firstPath: first };
    simulate(engine, world, key, room.paths);
    engine.hedge.prepare(world.task, room.paths.spot, room.paths.variance, room.batch);
    engine.hedge.rollout(shape, theta, room.batch, room.outcome);
    hedgeByBaselines(world, room.paths, count, room.positions);
    const account = firstPaths(room.account, count);
    for (const [arm, ledger] of ledgers.entries()) {
      settle(world, room.paths, room.positions[ARMS[arm]!], account);
      ledger.pnl.set(account.pnl, first);
      for (let i = 0; i < count; i++) {
        ledger.cost += account.cost[i]! / paths;
        ledger.turnover += account.turnover[i]! / paths;
      }
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  const ascending = ledgers.map((ledger) => ledger.pnl.toSorted());
  const aversion = riskAversion(world.spec.risk);
  const summaries = ledgers.map((ledger, arm) => summarize(ledger.pnl, ascending[arm]!, ledger, aversion));
  const edges = histogramEdges(ascending, BINS);
  const [policy, noHedge, blackScholesDelta, whalleyWilmott] = summaries as [
    HedgeSummary,
    HedgeSummary,
    HedgeSummary,
    HedgeSummary,
  ];
  return {
    policy,
    baselines: { noHedge, blackScholesDelta, whalleyWilmott },
    distributions: ARMS.map((name, arm) => distribution(name, ascending[arm]!, edges, summaries[arm]!)),
  };
}

interface Chunk {
  readonly paths: PathSet;
  readonly batch: HedgeBatch;
  readonly outcome: HedgeOutcome;
  /** Of the policy (the memory of the outcome's positions) and of the baselines. */
  readonly positions: BaselinePositions & { readonly policy: Positions };
  readonly account: Account;
}

function allocateChunk(engine: Engine, world: World, size: number): Chunk {
  const account = (): Account => ({
    pnl: new Float64Array(size),
    cost: new Float64Array(size),
    turnover: new Float64Array(size),
  });
  const policy = new Float64Array(world.dates * size);
  return {
    paths: allocatePaths(world, size),
    batch: engine.hedge.batch(world.task, size, world.dates, world.spec.precision),
    outcome: { ...account(), positions: matrixOver(world.dates, size, policy) },
    positions: { policy, ...allocateBaselines(world, size) },
    account: account(),
  };
}

function firstPaths({ pnl, cost, turnover }: Account, count: number): Account {
  return { pnl: pnl.subarray(0, count), cost: cost.subarray(0, count), turnover: turnover.subarray(0, count) };
}
