import { solve } from '@kfac/pinn';
import { train } from '@kfac/hedging';
import { runWorker } from './run.ts';
import type { Trainers } from './trainer.ts';

const trainers: Trainers = {
  pinn: (spec, options) => solve(spec as Parameters<typeof solve>[0], options),
  hedging: (spec, options) => train(spec as Parameters<typeof train>[0], options),
};

runWorker(trainers);
