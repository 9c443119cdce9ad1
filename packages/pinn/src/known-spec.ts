import { ACTIVATIONS } from '@kfac/core';
import { z } from 'zod';
import { ansatzSchema } from './ansatz.ts';
import { NETWORK_TYPES } from './network.ts';
import { section } from './section.ts';

const name = z.string().min(1).max(64);
const numbers = z.array(z.number());

/** A trained network as `network.json` holds it; what scales its weights were trained with does not matter. */
const savedNetworkSchema = section({
  type: z.enum(NETWORK_TYPES),
  coordinates: z.array(name).min(1),
  unknowns: z.array(name).min(1),
  ansatz: ansatzSchema.optional(),
  constants: z.record(z.string(), z.number()).optional(),
  embedding: section({ kept: z.array(z.int().min(0)), frequencies: z.array(numbers) }).optional(),
  sizes: z.array(z.int().min(1)).min(3),
  activation: z.enum(ACTIVATIONS),
  windows: numbers.optional(),
  parameters: numbers.min(1),
  weights: z.literal('factorised').optional(),
  slopes: z.enum(['layer', 'neuron']).optional(),
  scales: numbers.optional(),
}).describe('A saved network: network.json, or solution.network');

export const knownSchema = z
  .strictObject(
    {
      network: savedNetworkSchema,
      unknown: name.optional().describe('Which of its unknowns, if it has several'),
    },
    {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? 'unknown field; known here: network, unknown; { "file": PATH } is for the command line and readKnownFiles'
          : undefined,
    },
  )
  .describe('A solution that was trained before, as a function');

export type KnownSpec = z.output<typeof knownSchema>;

/** A specification whose known networks hold plain lists of numbers, where they came as typed arrays. */
export function withPlainNetworks(json: unknown): unknown {
  if (!isObject(json) || !isObject(json['known'])) return json;
  const known = Object.entries(json['known']).map(([key, one]) => {
    if (!isObject(one) || !isObject(one['network'])) return [key, one];
    const network = Object.entries(one['network']).map(([field, value]) => [
      field,
      value instanceof Float64Array ? [...value] : value,
    ]);
    return [key, { ...one, network: Object.fromEntries(network) as unknown }];
  });
  return { ...json, known: Object.fromEntries(known) as unknown };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
