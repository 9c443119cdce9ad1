import type { OptimizerSpec, SingleOptimizerSpec } from './optimizer-spec.ts';

/** Most parameters for which `auto` chooses Gauss-Newton, whose step costs N·P² + 4/3·P³ operations. */
export const GAUSS_NEWTON_PARAMETERS = 3000;

export interface OptimizerChoice {
  readonly name: Exclude<OptimizerSpec['name'], 'auto'>;
  /** Why: for the user. */
  readonly reason: string;
}

/** The optimizer that a specification means for a network with that many parameters. */
export function chooseOptimizer(name: OptimizerSpec['name'], parameters: number): OptimizerChoice {
  if (name !== 'auto') return { name, reason: 'chosen in the specification' };
  return parameters <= GAUSS_NEWTON_PARAMETERS
    ? {
        name: 'gauss-newton',
        reason: `auto: ${parameters} parameters, at most ${GAUSS_NEWTON_PARAMETERS}, so the whole Gauss-Newton matrix is affordable`,
      }
    : {
        name: 'kfac',
        reason: `auto: ${parameters} parameters, more than ${GAUSS_NEWTON_PARAMETERS}, so the Gauss-Newton matrix is approximated by Kronecker factors`,
      };
}

/** The optimizers that a training goes through: the phases of a chain, or the one that was chosen. */
export function phasesOf(
  optimizer: OptimizerSpec,
  choice: OptimizerChoice,
): readonly (SingleOptimizerSpec | { readonly name: 'gauss-newton' | 'kfac' })[] {
  switch (optimizer.name) {
    case 'phases':
      return optimizer.phases.map((phase) => phase.optimizer);
    case 'auto':
      return [{ name: choice.name === 'kfac' ? 'kfac' : 'gauss-newton' }];
    default:
      return [optimizer];
  }
}
