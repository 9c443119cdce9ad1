import type { Fault } from '@kfac/core';
import type { OptimizerSpec } from './optimizer-spec.ts';
import type { ParsedSpec } from './spec.ts';

/** Checks what weights and points that follow the training need of each other. Adds what is wrong to `faults`. */
export function checkAdaptivity({ domain, sampling, weights }: ParsedSpec, faults: Fault[]): void {
  const fault = (pointer: string, detail: string): void => {
    faults.push({ code: 'KFAC_SPEC', pointer, detail });
  };
  const { adaptive, interior, resampleEvery } = sampling;
  if (adaptive && resampleEvery > 0)
    fault(
      '/sampling/resampleEvery',
      `expected 0 beside adaptive points, which change by themselves, got ${resampleEvery}`,
    );
  if (adaptive?.name === 'rad' && adaptive.pool < interior)
    fault('/sampling/adaptive/pool', `expected at least the ${interior} points inside, got ${adaptive.pool}`);
  if (adaptive?.name === 'rar') {
    const { add, share, pool } = adaptive;
    if (add > share) fault('/sampling/adaptive/add', `expected at most the share of ${share}, got ${add}`);
    const count = Math.ceil(add * interior);
    if (pool < count)
      fault('/sampling/adaptive/pool', `expected at least the ${count} points that come in at a time, got ${pool}`);
  }
  if (sampling.freezeAfter !== undefined && !adaptive && resampleEvery === 0)
    fault(
      '/sampling/freezeAfter',
      'the points never change: expected sampling.adaptive or sampling.resampleEvery beside it',
    );

  const { pointwise } = weights;
  if (pointwise?.name === 'causal') {
    if (!Object.hasOwn(domain, 't'))
      fault('/weights/pointwise', `causal weights need the coordinate t, got ${Object.keys(domain).join(', ')}`);
    if (pointwise.chunks > interior)
      fault('/weights/pointwise/chunks', `expected at most the ${interior} points inside, got ${pointwise.chunks}`);
    const { epsilon } = pointwise;
    if (typeof epsilon !== 'number' && epsilon.some((value, k) => k > 0 && value <= epsilon[k - 1]!))
      fault('/weights/pointwise/epsilon', `expected ascending values, got ${epsilon.join(', ')}`);
  } else if (pointwise && (adaptive || resampleEvery > 0)) {
    const name = adaptive ? `sampling.adaptive "${adaptive.name}"` : `sampling.resampleEvery ${resampleEvery}`;
    fault(
      '/weights/pointwise',
      `"${pointwise.name}" gives every point a memory and needs points that stay, got ${name}`,
    );
  }
  if (weights.freezeAfter !== undefined && !weights.adaptive && !pointwise)
    fault('/weights/freezeAfter', 'the weights never change: expected weights.adaptive or weights.pointwise beside it');
}

/** Self-adaptive weights rise against a first-order method only: in a chain up to the end of its first Adam phases. */
export function freezeOf(pointwise: string | undefined, optimizer: OptimizerSpec): number | undefined {
  if (pointwise !== 'sa' || optimizer.name !== 'phases') return undefined;
  let steps = 0;
  for (const phase of optimizer.phases) {
    if (phase.optimizer.name !== 'adam') break;
    if (phase.steps === undefined) return undefined;
    steps += phase.steps;
  }
  return steps > 0 ? steps : undefined;
}

/** Changes of weights that come so often that L-BFGS never has a history. */
export function adaptivityWarnings(
  { weights, curriculum }: Pick<ParsedSpec, 'weights' | 'curriculum'>,
  optimizers: readonly { readonly name: string }[],
): string[] {
  if (!optimizers.some(({ name }) => name === 'lbfgs')) return [];
  const marches = curriculum?.pseudoTime && curriculum.pseudoTime.steps === undefined;
  const ofSteps = marches
    ? [
        'lbfgs forgets its history whenever the loss changes, and in pseudo-time it changes every step: set curriculum.pseudoTime.steps, or choose ssbroyden',
      ]
    : [];
  if (weights.freezeAfter !== undefined) return ofSteps;
  const ofWeights = (['adaptive', 'pointwise'] as const).flatMap((kind) => {
    const rule = weights[kind];
    return rule && rule.every < 10
      ? [
          `lbfgs forgets its history whenever weights change, and weights.${kind} changes them every ${rule.every === 1 ? 'step' : `${rule.every} steps`}: raise weights.${kind}.every or set weights.freezeAfter`,
        ]
      : [];
  });
  return [...ofSteps, ...ofWeights];
}
