import { catalogue as hedgingCatalogue, hedgingSpecSchema, parseHedgingSpec } from '@kfac/hedging';
import {
  EXPORT_FORMATS,
  catalogue as pinnCatalogue,
  checkNetwork,
  parsePinnSpec,
  parseStudySpec,
  pinnSpecSchema,
  studySpecSchema,
} from '@kfac/pinn';
import type { StudySpec } from '@kfac/pinn';
import { z } from 'zod';

/** A ready problem. */
export interface CatalogueEntry {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly spec: unknown;
}

/** A file that a run leaves. */
export interface ExportFile {
  readonly file: string;
  readonly mediaType: string;
}

/** What the service knows of one kind of run: how its problems look and are checked. Training is the worker's. */
export interface Kind {
  /** The effective specification; throws `KfacError` with one issue per fault. */
  parse(spec: unknown): object;
  /** Steps after which a run of an effective specification stops; undefined if another rule stops it. */
  steps(spec: unknown): number | undefined;
  /** Checks that a run of that specification can start from a saved network; absent where a kind cannot. Throws `KfacError`. */
  checkNetwork?(spec: unknown, network: unknown): void;
  /** JSON Schema of what `parse` reads. */
  readonly schema: object;
  /** The files of a run that has ended, by format. */
  readonly exports: Readonly<Record<string, ExportFile>>;
  readonly catalogue: readonly CatalogueEntry[];
}

export type Kinds = Readonly<Record<string, Kind>>;

export const kinds: Kinds = {
  pinn: {
    parse: parsePinnSpec,
    steps: stopSteps,
    schema: jsonSchema(pinnSpecSchema),
    exports: EXPORT_FORMATS,
    catalogue: pinnCatalogue,
    checkNetwork,
  },
  hedging: {
    parse: parseHedgingSpec,
    steps: stopSteps,
    schema: jsonSchema(hedgingSpecSchema),
    exports: {},
    catalogue: hedgingCatalogue,
  },
  study: {
    parse: parseStudySpec,
    steps: studyRows,
    schema: jsonSchema(studySpecSchema),
    exports: { csv: { file: 'study.csv', mediaType: 'text/csv; charset=utf-8' } },
    catalogue: [],
  },
};

function stopSteps(spec: unknown): number | undefined {
  return (spec as { readonly stop: { readonly steps?: number } }).stop.steps;
}

/** A step of a study is one of its runs. */
function studyRows(spec: unknown): number {
  const study = spec as StudySpec;
  return ('points' in study ? study.points : study.widths).length * study.seeds.length;
}

/** The JSON Schema (2020-12) of what a client may send. */
export function jsonSchema(schema: z.ZodType): object {
  return z.toJSONSchema(schema, { io: 'input' });
}
