/**
 * Prints, as JSON, the estimate of the specification in the first argument and by how much the process grew in a step of it,
 * both in bytes: a program of its own, since a process
 * says only the most memory that it ever had.
 */
import { defaultEngine } from '@kfac/core';
import { PinnObjective } from './objective.ts';
import { createOptimizer } from './optimizers.ts';
import { compileProblem } from './problem.ts';
import type { PinnSpecInput } from './spec.ts';

/** One step of a problem. Returns its estimate in bytes. */
function train(spec: PinnSpecInput): number {
  const problem = compileProblem(spec);
  const engine = defaultEngine();
  const objective = new PinnObjective(problem, engine);
  const optimizer = createOptimizer(problem, engine);
  const theta = problem.networks.initial(problem.spec.seed);
  objective.nextBatch(1);
  optimizer.step(objective, theta);
  return problem.bytes;
}

const spec = JSON.parse(process.argv[2]!) as PinnSpecInput;
// Code, compiler and threads are there before anything is measured.
train({ ...spec, network: { hidden: [3] }, sampling: { interior: 30, conditions: 2 } });
const before = process.memoryUsage().rss;
const estimate = train(spec);
const growth = process.resourceUsage().maxRSS * 1024 - before;
process.stdout.write(JSON.stringify({ estimate, growth }));
