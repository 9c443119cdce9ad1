import type { GridField } from '../fields.ts';
import type { TrainedNetwork } from '../network.ts';
import type { PinnSpec } from '../spec.ts';
import { fieldsCsv } from './csv.ts';
import { esModule } from './es-module.ts';
import { networkJson } from './network-json.ts';
import { fieldsNpy } from './npy.ts';
import { fieldsVtk } from './vtk.ts';

/** What an export is made of. */
export interface ExportSource {
  readonly network: TrainedNetwork;
  readonly spec: PinnSpec;
  /** Value, residual and, with an exact solution, exact and error on the grid of the export. */
  fields(): readonly GridField[];
}

interface Format {
  /** Name of the file. */
  readonly file: string;
  readonly mediaType: string;
  write(source: ExportSource): string | Uint8Array;
}

/** The formats in which a solution leaves the house. */
export const EXPORT_FORMATS = {
  csv: { file: 'fields.csv', mediaType: 'text/csv; charset=utf-8', write: ({ fields }) => fieldsCsv(fields()) },
  npy: { file: 'fields.npy', mediaType: 'application/octet-stream', write: ({ fields }) => fieldsNpy(fields()) },
  vtk: { file: 'fields.vtk', mediaType: 'application/octet-stream', write: ({ fields }) => fieldsVtk(fields()) },
  js: {
    file: 'solution.mjs',
    mediaType: 'text/javascript; charset=utf-8',
    write: ({ network, spec }) => esModule(network, spec),
  },
  json: {
    file: 'network.json',
    mediaType: 'application/json; charset=utf-8',
    write: ({ network }) => networkJson(network),
  },
} as const satisfies Record<string, Format>;

export type ExportFormat = keyof typeof EXPORT_FORMATS;
