import { type OptimizerSpec, type SingleOptimizerSpec, optimizerSchema } from './optimizer-spec.ts';

/** Most parameters for which `auto` chooses Gauss-Newton in their space, whose step costs N·P² + 4/3·P³ operations. */
export const GAUSS_NEWTON_PARAMETERS = 3000;
/** Most parameters and points for which it chooses Gauss-Newton in the space of the points: 2·N²·P + 4/3·N³ operations. */
const KERNEL_PARAMETERS = 30_000;
const KERNEL_POINTS = 2000;

/** What `auto` chooses by. */
export interface ProblemSize {
  readonly parameters: number;
  /** Rows of the residual: points inside, once for every equation, of all conditions and of the data, and the integrals. */
  readonly examples: number;
  /** Whether the points stay the same. */
  readonly isFixed: boolean;
}

export interface OptimizerChoice {
  readonly name: Exclude<OptimizerSpec['name'], 'auto'>;
  /** Why: for the user. */
  readonly reason: string;
}

/** The optimizer that a specification means for a problem of that size. */
export function chooseOptimizer(name: OptimizerSpec['name'], size: ProblemSize): OptimizerChoice {
  if (name !== 'auto') return { name, reason: 'chosen in the specification' };
  const { parameters, examples, isFixed } = size;
  if (parameters <= GAUSS_NEWTON_PARAMETERS) {
    return {
      name: 'gauss-newton',
      reason: `auto: ${parameters} parameters, at most ${GAUSS_NEWTON_PARAMETERS}, so the whole Gauss-Newton matrix is affordable`,
    };
  }
  const many = `auto: ${parameters} parameters, more than ${GAUSS_NEWTON_PARAMETERS}`;
  if (parameters <= KERNEL_PARAMETERS && examples <= KERNEL_POINTS && isFixed) {
    return {
      name: 'gauss-newton',
      reason: `${many}, but only ${examples} fixed points, at most ${KERNEL_POINTS}, so the kernel of the points takes the place of the Gauss-Newton matrix`,
    };
  }
  const why = !isFixed
    ? 'points that change'
    : examples > KERNEL_POINTS
      ? `${examples} points, more than ${KERNEL_POINTS}`
      : `of these more than ${KERNEL_PARAMETERS}`;
  return {
    name: 'kfac',
    reason: `${many}, and ${why}, so the Gauss-Newton matrix is approximated by Kronecker factors`,
  };
}

/** The optimizers that a training goes through: the phases of a chain, or the one that was chosen. */
export function phasesOf(optimizer: OptimizerSpec, choice: OptimizerChoice): readonly SingleOptimizerSpec[] {
  switch (optimizer.name) {
    case 'phases':
      return optimizer.phases.map((phase) => phase.optimizer);
    case 'auto':
      return phasesOf(optimizerSchema.parse({ name: choice.name }), choice);
    default:
      return [optimizer];
  }
}
