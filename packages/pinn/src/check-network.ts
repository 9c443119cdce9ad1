import { compileProblem } from './problem.ts';
import { parametersOf, savedNetwork } from './saved-network.ts';

/**
 * Checks that a saved network is the one of a specification, so that `solve` can start from it. Throws `KFAC_NETWORK` if
 * it is not, and like `parsePinnSpec`.
 */
export function checkNetwork(json: unknown, saved: unknown): void {
  const problem = compileProblem(json);
  parametersOf(problem, savedNetwork(saved, problem));
}
