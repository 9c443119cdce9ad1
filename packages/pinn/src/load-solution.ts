import { type Engine, defaultEngine } from '@kfac/core';
import { compileProblem } from './problem.ts';
import { type SavedNetwork, parametersOf, savedNetwork } from './saved-network.ts';
import { type PinnReport, Solution } from './solution.ts';

/**
 * A solution from its files, `result.json` and `network.json`: evaluates, exports and compares like the one that was
 * trained, with trained scales or unknown scalars to round-off. Throws `KFAC_NETWORK` if the network is not the report's.
 */
export function loadSolution(report: PinnReport, network: SavedNetwork, engine: Engine = defaultEngine()): Solution {
  const problem = compileProblem(report.spec);
  const count = Math.min((network.windows?.length ?? 0) + 1, problem.stages?.length ?? 1);
  const own = savedNetwork(network, problem, count);
  const theta = new Float64Array(count * problem.layout.size);
  theta.set(parametersOf(problem, own));
  const found = Object.entries(report.estimates).map(([name, { value }]) => [name, value] as const);
  problem.scalars.initialise(theta, Object.fromEntries(found));
  return new Solution(report, own, theta, problem, engine);
}
