import { runWorker } from '../worker/run.ts';
import { orbitTrainer } from './trainer.ts';

runWorker({ orbit: orbitTrainer });
