import { type Fault, LAYERS_OF_BLOCK, pointerOf } from '@kfac/core';
import { RESERVED, TIME } from './equation/symbols.ts';
import type { OptimizerSpec } from './optimizer-spec.ts';
import { LIMITS, type ParsedSpec } from './spec.ts';

/** Checks intervals and names: reserved, declared twice, read as a derivative. Adds what is wrong to `faults`. */
export function checkNames(parsed: ParsedSpec, faults: Fault[]): void {
  const coordinates = Object.entries(parsed.domain);
  const fault = (path: readonly PropertyKey[], detail: string, code: Fault['code'] = 'KFAC_SPEC'): void => {
    faults.push({ code, pointer: pointerOf(path), detail });
  };
  if (coordinates.length === 0) fault(['domain'], 'expected at least one coordinate');
  if (coordinates.length > LIMITS.coordinates) {
    fault(['domain'], `expected at most ${LIMITS.coordinates} coordinates, got ${coordinates.length}`, 'KFAC_LIMIT');
  }
  if (Object.keys(parsed.constants).length > LIMITS.constants)
    fault(['constants'], `expected at most ${LIMITS.constants} constants`, 'KFAC_LIMIT');
  const parameters = Object.keys(parsed.parameters ?? {});
  if (parameters.length > LIMITS.parameters)
    fault(['parameters'], `expected at most ${LIMITS.parameters} parameters`, 'KFAC_LIMIT');
  for (const [name, [lower, upper]] of coordinates) {
    if (!(lower < upper))
      fault(['domain', name], `expected [lower, upper] with lower < upper, got [${lower}, ${upper}]`);
    if (!Number.isFinite(upper - lower))
      fault(['domain', name], `expected an interval of finite length, got [${lower}, ${upper}]`);
  }
  const seen = new Set<string>();
  const named = [
    ...coordinates.map(([name]) => ['domain', name] as const),
    ...parsed.unknowns.map((name, k) => ['unknowns', k, name] as const),
    ...Object.keys(parsed.constants).map((name) => ['constants', name] as const),
    ...parameters.map((name) => ['parameters', name] as const),
  ];
  for (const path of named) {
    const name = String(path.at(-1));
    const pointer = path.slice(0, 2);
    if (RESERVED.has(name)) fault(pointer, `"${name}" is a name of the text rules; choose another`);
    else if (seen.has(name)) fault(pointer, `"${name}" is declared twice`);
    else if (path[0] === 'constants' || path[0] === 'parameters') {
      const unknown = parsed.unknowns.find((base) => name.startsWith(`${base}_`));
      if (unknown !== undefined) fault(pointer, `"${name}" reads like a derivative of ${unknown}; choose another`);
    }
    seen.add(name);
  }
}

/** Checks where errors are measured: known coordinates, intervals inside the domain. Adds what is wrong to `faults`. */
export function checkErrorsWithin({ domain, geometry, errorsWithin }: ParsedSpec, faults: Fault[]): void {
  for (const [name, [lower, upper]] of Object.entries(errorsWithin ?? {})) {
    const whole = domain[name];
    const inside = whole !== undefined && whole[0] <= lower && lower < upper && upper <= whole[1];
    const isShaped = geometry !== undefined && name !== TIME;
    if (inside && !isShaped) continue;
    const detail = whole
      ? isShaped
        ? `expected only ${TIME} beside a geometry, got ${name}`
        : `expected an interval inside [${whole[0]}, ${whole[1]}], got [${lower}, ${upper}]`
      : `"${name}" is not a coordinate; declared: ${Object.keys(domain).join(', ')}`;
    faults.push({ code: 'KFAC_SPEC', pointer: pointerOf(['errorsWithin', name]), detail });
  }
}

/**
 * Checks what fields say about each other: network, weights, stop rules, schedule, damping bounds, resampling. Adds what is wrong
 * to `faults`.
 */
export function checkConsistency(parsed: ParsedSpec, faults: Fault[]): void {
  const { stop, optimizer, exact, equations, weights, sampling, network, conditions, ansatz } = parsed;
  const fault = (pointer: string, detail: string): void => {
    faults.push({ code: 'KFAC_SPEC', pointer, detail });
  };
  if (Array.isArray(weights.interior) && weights.interior.length !== equations.length) {
    fault(
      '/weights/interior',
      `expected one weight, or one for each of the ${equations.length} equations, got ${weights.interior.length}`,
    );
  }
  if (conditions.length === 0 && !ansatz)
    fault('/conditions', 'expected at least one condition, or an ansatz that satisfies them');
  if (network.type !== 'mlp' && network.hidden.some((width) => width !== network.hidden[0]))
    fault(
      '/network/hidden',
      `expected one width for all hidden layers of a ${network.type} network, got [${network.hidden.join(', ')}]`,
    );
  if (network.type === 'residual-gated' && network.hidden.length % LAYERS_OF_BLOCK !== 0)
    fault(
      '/network/hidden',
      `expected ${LAYERS_OF_BLOCK} hidden layers for each block of a residual-gated network, got ${network.hidden.length}`,
    );
  if (network.weights === 'factorised' && network.slopes !== 'fixed')
    fault(
      '/network/slopes',
      `expected "fixed" with factorised weights, which scale the same neurons, got "${network.slopes}"`,
    );
  if (Object.values(stop).every((value) => value === undefined))
    fault('/stop', 'expected at least one of steps, seconds, loss, relativeL2');
  else if (!exact && Object.entries(stop).every(([key, value]) => key === 'relativeL2' || value === undefined)) {
    fault('/stop/relativeL2', 'needs an exact solution, and there is no other stop rule');
  }
  if (optimizer.name === 'phases') {
    optimizer.phases.forEach(({ optimizer: one, steps }, k) => {
      const place = `/optimizer/phases/${k}`;
      if (steps === undefined && k < optimizer.phases.length - 1)
        fault(`${place}/steps`, 'expected a number of steps, after which the next phase begins, got none');
      checkOptimizer(one, `${place}/optimizer`, `${place}/steps`, steps, fault);
    });
  } else {
    checkOptimizer(optimizer, '/optimizer', 'stop.steps', stop.steps, fault);
  }
  if (sampling.method === 'grid' && sampling.resampleEvery > 0) {
    fault(
      '/sampling/resampleEvery',
      `expected 0, since a grid is always the same points, got ${sampling.resampleEvery}; other methods draw new ones`,
    );
  }
}

/** `stepsName`: the field that holds `steps`. */
function checkOptimizer(
  optimizer: OptimizerSpec,
  place: string,
  stepsName: string,
  steps: number | undefined,
  fault: (pointer: string, detail: string) => void,
): void {
  if ('schedule' in optimizer && optimizer.schedule === 'cosine' && steps === undefined)
    fault(`${place}/schedule`, `a cosine schedule needs ${stepsName}, where it ends`);
  if (optimizer.name === 'kfac' && optimizer.damping.minimum > optimizer.damping.maximum) {
    fault(
      `${place}/damping/minimum`,
      `expected at most the maximum ${optimizer.damping.maximum}, got ${optimizer.damping.minimum}`,
    );
  }
}
