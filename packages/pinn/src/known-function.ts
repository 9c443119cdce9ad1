import { type Embedding, type Fault, LAYERS_OF_BLOCK, defaultEngine, pointerOf } from '@kfac/core';
import { type Ansatzes, parseAnsatz } from './ansatz.ts';
import { featuresOf } from './embedding.ts';
import { ExpressionPool } from './equation/expression.ts';
import { type KnownFunction, type Scope, TIME } from './equation/symbols.ts';
import type { Box } from './geometry/box.ts';
import type { KnownSpec } from './known-spec.ts';
import { gatesOf } from './network.ts';
import { type EvaluatedProblem, compileRows } from './network-rows.ts';
import { type NetworkOptions, Networks } from './networks.ts';
import { Parametrization } from './parametrization.ts';
import { LIMITS } from './spec.ts';

type Network = KnownSpec['network'];

/**
 * The known functions of a specification, in order. They need the problem's coordinates, by name and order. Adds what is wrong
 * with a network to `faults`.
 */
export function knownFunctions(specs: Readonly<Record<string, KnownSpec>>, box: Box, faults: Fault[]): KnownFunction[] {
  return Object.entries(specs).flatMap(([name, spec]) => {
    const own: Fault[] = [];
    const made = knownFunction(name, spec, box, own);
    faults.push(...own);
    return made && own.length === 0 ? [made] : [];
  });
}

function knownFunction(name: string, { network, unknown }: KnownSpec, box: Box, faults: Fault[]): KnownFunction | null {
  const { unknowns } = network;
  const path = ['known', name];
  const index = unknown === undefined ? 0 : unknowns.indexOf(unknown);
  if (index < 0 || (unknown === undefined && unknowns.length > 1)) {
    const got = unknown === undefined ? 'none' : `"${unknown}"`;
    const detail = `expected one of the network's unknowns (${unknowns.join(', ')}), got ${got}`;
    faults.push({ code: 'KFAC_SPEC', pointer: pointerOf([...path, 'unknown']), detail });
  }
  const embedding = checkNetwork(network, box, [...path, 'network'], faults);
  if (faults.length > 0) return null;
  const scope: Scope = {
    pool: new ExpressionPool(),
    coordinates: box.names,
    lower: box.lower,
    unknowns,
    constants: new Map(Object.entries(network.constants ?? {})),
  };
  const ofAnsatz: Fault[] = [];
  const ansatz: Ansatzes = parseAnsatz(network.ansatz, scope, ofAnsatz);
  faults.push(
    ...ofAnsatz.map((fault) => ({ ...fault, pointer: `${pointerOf([...path, 'network'])}${fault.pointer}` })),
  );
  const windows = network.windows && {
    axis: box.names.indexOf(TIME),
    times: [-Infinity, ...network.windows, Infinity],
  };
  const problem: EvaluatedProblem = {
    scope,
    ansatz,
    networks: networksOf(network, embedding),
    spec: {
      precision: 'f64',
      domain: Object.fromEntries(box.names.map((axis, k) => [axis, [box.lower[k]!, box.upper[k]!]])),
    },
    ...(windows && { windows }),
  };
  const weights = Float64Array.from(network.parameters);
  const rowsOf = (orders: readonly (readonly number[])[]) => {
    const { pool } = scope;
    return compileRows(
      problem,
      orders.map((own) => pool.variable({ kind: 'derivative', unknown: index, orders: own })),
    );
  };
  const single = new Map<string, ReturnType<typeof rowsOf>>();
  return {
    name,
    rows(orders) {
      const rows = rowsOf(orders);
      return {
        count: orders.length,
        width: rows.width,
        fill: (engine, coordinates, out) => rows.fill(engine, weights, coordinates, out),
      };
    },
    at(point, orders) {
      const key = orders.join(',');
      const rows = single.get(key) ?? rowsOf([orders]);
      single.set(key, rows);
      const out = new Float64Array(1);
      rows.fill(defaultEngine(), weights, Float64Array.from(point), out);
      return out[0]!;
    },
  };
}

/** The network by itself, its weights being what its file holds. */
function networksOf({ type, activation, coordinates, unknowns, sizes }: Network, embedding?: Embedding): Networks {
  const options: NetworkOptions = {
    type,
    hidden: sizes.slice(1, -1),
    activation,
    firstLayerScale: 1,
    weights: 'plain',
    slopes: 'fixed',
  };
  const axes = [...coordinates.keys()];
  const member = { prefix: '', axes, options, embedding, sizes, parametrization: new Parametrization(sizes, options) };
  const numbers = [...unknowns.keys()];
  return new Networks([{ name: '', type, unknowns: numbers, axes, options, members: [member], rank: null }]);
}

/** Checks a network in itself and against the problem's coordinates; its embedding. Adds what is wrong to `faults`. */
function checkNetwork(network: Network, box: Box, path: readonly string[], faults: Fault[]): Embedding | undefined {
  const { type, coordinates, unknowns, sizes, parameters, windows } = network;
  const fault = (field: string, detail: string, code: Fault['code'] = 'KFAC_SPEC'): void => {
    faults.push({ code, pointer: pointerOf([...path, field]), detail });
  };
  if (coordinates.join() !== box.names.join()) {
    fault('coordinates', `expected those of the problem (${box.names.join(', ')}), got ${coordinates.join(', ')}`);
    return undefined;
  }
  const hidden = sizes.slice(1, -1);
  if (hidden.length > LIMITS.layers || hidden.some((width) => width > LIMITS.width)) {
    const detail = `expected at most ${LIMITS.layers} hidden layers of at most ${LIMITS.width}, got ${hidden.join(', ')}`;
    fault('sizes', detail, 'KFAC_LIMIT');
    return undefined;
  }
  if (gatesOf(type).gated && hidden.some((width) => width !== hidden[0]))
    fault('sizes', `expected one width for all hidden layers of a ${type} network, got ${hidden.join(', ')}`);
  if (gatesOf(type).residual && hidden.length % LAYERS_OF_BLOCK !== 0) {
    fault('sizes', `expected ${LAYERS_OF_BLOCK} hidden layers for each residual block, got ${hidden.length}`);
    return undefined;
  }
  const embedding = embeddingOf(network, box, fault);
  const inputs = embedding ? featuresOf(embedding) : box.names.length;
  if (sizes[0] !== inputs) fault('sizes', `expected ${inputs} inputs, got ${sizes[0]}`);
  if (sizes.at(-1) !== unknowns.length) fault('sizes', `expected ${unknowns.length} outputs, got ${sizes.at(-1)}`);
  if (windows) {
    if (!coordinates.includes(TIME)) fault('windows', `expected the coordinate ${TIME} beside time windows`);
    if (windows.some((time, k) => k > 0 && !(time > windows[k - 1]!)))
      fault('windows', `expected ascending times, got ${windows.join(', ')}`);
  }
  const count = ((windows?.length ?? 0) + 1) * networksOf(network).weightCount;
  if (parameters.length !== count) fault('parameters', `expected ${count} numbers, got ${parameters.length}`);
  return embedding;
}

function embeddingOf(
  { embedding }: Network,
  { names }: Box,
  fault: (field: string, detail: string) => void,
): Embedding | undefined {
  if (!embedding) return undefined;
  const { kept, frequencies } = embedding;
  const d = names.length;
  if (kept.some((axis) => axis >= d) || frequencies.some((row) => row.length !== d))
    fault('embedding', `expected coordinates kept by number, below ${d}, and rows of ${d} frequencies`);
  return { coordinates: d, kept, frequencies: Float64Array.from(frequencies.flat()) };
}
