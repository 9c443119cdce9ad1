import { catalogue as hedgingCatalogue, hedgingSpecSchema, parseHedgingSpec } from '@kfac/hedging';
import { catalogue as pinnCatalogue, checkNetwork, parsePinnSpec, pinnSpecSchema } from '@kfac/pinn';
import { z } from 'zod';

/** A ready problem. */
export interface CatalogueEntry {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly spec: unknown;
}

/** What the service knows of one kind of run: how its problems look and are checked. Training is the worker's. */
export interface Kind {
  /** The effective specification; throws `KfacError` with one issue per fault. */
  parse(spec: unknown): { readonly stop: { readonly steps?: number | undefined } };
  /** Checks that a run of that specification can start from a saved network; absent where a kind cannot. Throws `KfacError`. */
  checkNetwork?(spec: unknown, network: unknown): void;
  /** JSON Schema of what `parse` reads. */
  readonly schema: object;
  readonly catalogue: readonly CatalogueEntry[];
}

export type Kinds = Readonly<Record<string, Kind>>;

export const kinds: Kinds = {
  pinn: { parse: parsePinnSpec, schema: jsonSchema(pinnSpecSchema), catalogue: pinnCatalogue, checkNetwork },
  hedging: { parse: parseHedgingSpec, schema: jsonSchema(hedgingSpecSchema), catalogue: hedgingCatalogue },
};

/** The JSON Schema (2020-12) of what a client may send. */
export function jsonSchema(schema: z.ZodType): object {
  return z.toJSONSchema(schema, { io: 'input' });
}
