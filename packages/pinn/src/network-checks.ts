import { type Fault, pointerOf } from '@kfac/core';
import { checkEmbedding } from './embedding.ts';
import { type Expression, networkVariablesOf } from './equation/expression.ts';
import type { Box } from './geometry/box.ts';
import type { OwnNetworkSpec, ParsedSpec } from './spec.ts';

/**
 * Checks the networks of a specification: what their fields say about each other, coordinates, embeddings, whose they are.
 * Adds what is wrong to `faults`.
 */
export function checkNetworks(
  { network, networks = {}, unknowns }: Pick<ParsedSpec, 'network' | 'networks' | 'unknowns'>,
  { names }: Pick<Box, 'names'>,
  faults: Fault[],
): void {
  checkNetwork(network, ['network'], names, faults);
  const fault = (path: readonly PropertyKey[], detail: string): void => {
    faults.push({ code: 'KFAC_SPEC', pointer: pointerOf(['networks', ...path]), detail });
  };
  for (const [name, own] of Object.entries(networks)) {
    if (!unknowns.includes(name)) fault([name], `expected an unknown (${unknowns.join(', ')}), got "${name}"`);
    const { coordinates = names } = own;
    for (const [k, coordinate] of coordinates.entries()) {
      const path = [name, 'coordinates', k];
      if (!names.includes(coordinate)) fault(path, `expected a coordinate (${names.join(', ')}), got "${coordinate}"`);
      else if (coordinates.indexOf(coordinate) < k) fault(path, `"${coordinate}" is named twice`);
    }
    checkNetwork(own, ['networks', name], coordinates, faults);
  }
  if (unknowns.every((name) => Object.hasOwn(networks, name)))
    fault([], `expected an unknown without a network of its own, which "network" is for; all have one`);
}

function checkNetwork(
  { type, hidden, weights, slopes, embedding }: Omit<OwnNetworkSpec, 'coordinates'>,
  path: readonly PropertyKey[],
  coordinates: readonly string[],
  faults: Fault[],
): void {
  const fault = (field: string, detail: string): void => {
    faults.push({ code: 'KFAC_SPEC', pointer: pointerOf([...path, field]), detail });
  };
  if (type === 'gated' && hidden.some((width) => width !== hidden[0]))
    fault('hidden', `expected one width for all hidden layers of a gated network, got [${hidden.join(', ')}]`);
  if (weights === 'factorised' && slopes !== 'fixed')
    fault('slopes', `expected "fixed" with factorised weights, which scale the same neurons, got "${slopes}"`);
  checkEmbedding(embedding, coordinates, path, faults);
}

/** Adds a fault for each network of an unknown that occurs in no residual: nothing would train it. */
export function checkNetworksUsed(
  { networks = {}, unknowns }: Pick<ParsedSpec, 'networks' | 'unknowns'>,
  residuals: readonly Expression[],
  faults: Fault[],
): void {
  const used = new Set(residuals.flatMap((residual) => networkVariablesOf(residual).map(({ unknown }) => unknown)));
  for (const name of Object.keys(networks)) {
    if (used.has(unknowns.indexOf(name))) continue;
    const detail = `"${name}" stands in no equation and no condition, or cancels: nothing trains its network`;
    faults.push({ code: 'KFAC_SPEC', pointer: pointerOf(['networks', name]), detail });
  }
}
