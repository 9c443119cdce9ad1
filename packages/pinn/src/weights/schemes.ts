import type { Problem } from '../problem.ts';
import { streamOf } from '../sampling/sample.ts';
import { balanced } from './balanced.ts';
import { Causal } from './causal.ts';
import { gradNorm } from './grad-norm.ts';
import { ntk } from './ntk.ts';
import type { PartScheme } from './part-scheme.ts';
import type { PointScheme } from './point-scheme.ts';
import { Relobralo } from './relobralo.ts';
import { residualBased } from './residual-based.ts';
import { SelfAdaptive } from './self-adaptive.ts';

/** The rule for the weights of the parts of the loss; null: they stay. */
export function partSchemeOf({ spec }: Problem): PartScheme | null {
  const options = spec.weights.adaptive;
  switch (options?.name) {
    case undefined:
      return null;
    case 'grad-norm':
      return gradNorm(options);
    case 'ntk':
      return ntk(options);
    case 'balanced':
      return balanced(options);
    case 'relobralo':
      return new Relobralo(options, streamOf({ seed: spec.seed, purpose: 'weights', place: 0, refresh: 0 }));
  }
}

/** The rule for the weights of the points; null: all are alike. */
export function pointSchemeOf({ spec, box }: Problem): PointScheme | null {
  const options = spec.weights.pointwise;
  switch (options?.name) {
    case undefined:
      return null;
    case 'sa':
      return new SelfAdaptive(options);
    case 'rba':
      return residualBased(options);
    case 'causal':
      return new Causal(options, box.names.indexOf('t'));
  }
}
