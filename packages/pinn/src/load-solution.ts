import { type Engine, defaultEngine } from '@kfac/core';
import { compileProblem } from './problem.ts';
import { type SavedNetwork, savedNetwork } from './saved-network.ts';
import { type PinnReport, Solution } from './solution.ts';

/**
 * A solution from its files, `result.json` and `network.json`: evaluates, exports and compares like the one that was
 * trained. Throws `KFAC_NETWORK` if the network is not the report's.
 */
export function loadSolution(report: PinnReport, network: SavedNetwork, engine: Engine = defaultEngine()): Solution {
  const problem = compileProblem(report.spec);
  return new Solution(report, savedNetwork(network, problem), problem, engine);
}
