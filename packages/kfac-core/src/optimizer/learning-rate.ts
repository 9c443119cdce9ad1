/** A learning rate over the steps of a training or of its phase. */
export interface LearningRate {
  readonly learningRate: number;
  /** 'cosine': from `learningRate` to 0 over `steps`. */
  readonly schedule: 'constant' | 'cosine';
  readonly steps: number;
}

/** The rate of a step, 1, 2, … */
export function rateAt({ learningRate, schedule, steps }: LearningRate, step: number): number {
  return schedule === 'constant'
    ? learningRate
    : (learningRate * (1 + Math.cos((Math.PI * Math.min(step - 1, steps)) / steps))) / 2;
}
