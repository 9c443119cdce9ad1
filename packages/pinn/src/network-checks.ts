import { type Fault, LAYERS_OF_BLOCK, pointerOf } from '@kfac/core';
import { checkEmbedding } from './embedding.ts';
import { textOf } from './equation-spec.ts';
import { type Expression, networkVariablesOf } from './equation/expression.ts';
import { OPERATORS } from './equation/symbols.ts';
import type { Box } from './geometry/box.ts';
import { gatesOf } from './network.ts';
import { isProduct } from './networks.ts';
import type { OwnNetworkSpec, ParsedSpec } from './spec.ts';

/**
 * Checks the networks of a specification: what their fields say about each other, coordinates, embeddings, whose they are.
 * Adds what is wrong to `faults`.
 */
export function checkNetworks(
  { network, networks = {}, unknowns, equations, conditions, constraints = [] }: ParsedSpec,
  { names }: Pick<Box, 'names'>,
  faults: Fault[],
): void {
  checkNetwork(network, ['network'], names, faults);
  checkProduct(network, names, faults);
  if (network.type === 'deeponet') checkFamily({ equations, conditions, constraints }, faults);
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
  {
    type,
    hidden,
    weights,
    slopes,
    embedding,
  }: Omit<OwnNetworkSpec, 'coordinates' | 'type'> & Pick<ParsedSpec['network'], 'type'>,
  path: readonly PropertyKey[],
  coordinates: readonly string[],
  faults: Fault[],
): void {
  const fault = (field: string, detail: string): void => {
    faults.push({ code: 'KFAC_SPEC', pointer: pointerOf([...path, field]), detail });
  };
  if (gatesOf(type).gated && hidden.some((width) => width !== hidden[0]))
    fault('hidden', `expected one width for all hidden layers of a ${type} network, got [${hidden.join(', ')}]`);
  if (gatesOf(type).residual && hidden.length % LAYERS_OF_BLOCK !== 0)
    fault(
      'hidden',
      `expected ${LAYERS_OF_BLOCK} hidden layers for each block of a residual-gated network, got ${hidden.length}`,
    );
  if (weights === 'factorised' && slopes !== 'fixed')
    fault('slopes', `expected "fixed" with factorised weights, which scale the same neurons, got "${slopes}"`);
  checkEmbedding(embedding, coordinates, path, faults);
}

/** What a product network needs, and what it has not. */
function checkProduct(network: ParsedSpec['network'], names: readonly string[], faults: Fault[]): void {
  const { type, rank, branch, embedding, lastLayer } = network;
  const fault = (path: readonly PropertyKey[], detail: string): void => {
    faults.push({ code: 'KFAC_SPEC', pointer: pointerOf(['network', ...path]), detail });
  };
  if (!isProduct(type)) {
    if (rank !== undefined)
      fault(['rank'], `expected a rank only of a separable network or a deeponet, not of "${type}"`);
  } else {
    if (embedding) fault(['embedding'], `expected no embedding of a network of type "${type}"`);
    if (lastLayer !== 'random')
      fault(['lastLayer'], `expected "random" of a network of type "${type}", got "${lastLayer}"`);
  }
  if (type !== 'deeponet') {
    if (branch) fault(['branch'], `expected a branch only of a deeponet, not of "${type}"`);
    return;
  }
  const known = names.join(', ');
  if (!branch) fault(['branch'], `expected the coordinates that tell members of the family apart, some of ${known}`);
  for (const [k, name] of (branch ?? []).entries()) {
    if (!names.includes(name)) fault(['branch', k], `expected a coordinate (${known}), got "${name}"`);
    else if (branch!.indexOf(name) < k) fault(['branch', k], `"${name}" is named twice`);
  }
  if (branch && names.every((name) => branch.includes(name)))
    fault(['branch'], 'expected a coordinate that is not of the branch, for the trunk to read; all are');
}

/** Words that mean all coordinates have no meaning in a family of problems, whose members some coordinates tell apart. */
function checkFamily(
  {
    equations,
    conditions,
    constraints,
  }: Pick<ParsedSpec, 'equations' | 'conditions'> & { constraints: NonNullable<ParsedSpec['constraints']> },
  faults: Fault[],
): void {
  const check = (path: readonly PropertyKey[], text: string, words: readonly string[]): void => {
    const word = words.find((one) => new RegExp(`\\b${one}\\b`).test(text));
    if (word === undefined) return;
    const detail = `"${word}" means all coordinates but t, those of the branch too: name the ones that are meant`;
    faults.push({ code: 'KFAC_SPEC', pointer: pointerOf(path), detail });
  };
  for (const [k, equation] of equations.entries()) check(['equations', k], textOf(equation), OPERATORS);
  for (const [k, { integral }] of constraints.entries()) check(['constraints', k, 'integral'], integral, OPERATORS);
  for (const [k, condition] of conditions.entries()) {
    if (!('on' in condition)) continue;
    check(['conditions', k, 'on'], condition.on, ['boundary']);
    check(['conditions', k, 'equation'], condition.equation, OPERATORS);
  }
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
