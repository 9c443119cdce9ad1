import type { ExportFormat, SolveOptions, StudySpec } from '@kfac/pinn';
import { runWorker } from './run.ts';
import { studyTrainer } from './study.ts';
import type { Trainers } from './trainer.ts';

const PRELOAD_AFTER_MS = 100;
/** Parameters, and points times parameters, up to which a run's result has its spectrum: about half a second on one core. */
const SPECTRUM_PARAMETERS = 600;
const SPECTRUM_ENTRIES = 4_000_000;

// The trainers are loaded when a run asks for them, so that a child that is born for a waiting run loads no other kind.
const pinn = () => import('@kfac/pinn');
const hedging = () => import('@kfac/hedging');

type PinnSpec = Parameters<Awaited<ReturnType<typeof pinn>>['solve']>[0];
type HedgingSpec = Parameters<Awaited<ReturnType<typeof hedging>>['train']>[0];

const trainers: Trainers = {
  pinn: async (spec, options) => {
    const { EXPORT_FORMATS, solve } = await pinn();
    const solution = await solve(spec as PinnSpec, options as SolveOptions);
    const report = solution.toJSON();
    const { sampling, equations } = report.spec;
    const points = sampling.interior * equations.length + sampling.conditions;
    const hasSpectrum =
      report.status === 'finished' &&
      report.parameters <= SPECTRUM_PARAMETERS &&
      points * report.parameters <= SPECTRUM_ENTRIES;
    const formats = Object.keys(EXPORT_FORMATS) as ExportFormat[];
    return {
      toJSON: () => (hasSpectrum ? { ...report, spectrum: solution.spectrum() } : report),
      exports: () => Object.fromEntries(formats.map((format) => [format, solution.export(format)])),
    };
  },
  study: async (spec, options) => studyTrainer(await pinn(), spec as StudySpec, options),
  hedging: async (spec, options) => (await hedging()).train(spec as HedgingSpec, options),
};

// A child that nobody needs yet uses its time to load both.
const preload = setTimeout(() => void hedging().then(pinn), PRELOAD_AFTER_MS);
process.once('message', () => clearTimeout(preload));

runWorker(trainers);
