import type { HedgeBatch, HedgeTask, Matrix } from '../engine.ts';

/** Static features, discounted gains and costs, and premium minus payoff of every path. */
export function prepareBatch(task: HedgeTask, spot: Matrix, variance: Matrix | null, batch: HedgeBatch): void {
  const { paths, dates, staticFeatures, features, gains, costs, base } = batch;
  const interval = task.horizon / dates;
  const carry = Math.exp(task.dividend * interval);
  const scale = Math.sqrt(task.theta);
  const sign = task.liability === 'european-call' ? 1 : -1;
  for (let t = 0; t <= dates; t++) {
    const discount = Math.exp(-task.rate * t * interval);
    const nextDiscount = Math.exp(-task.rate * (t + 1) * interval);
    const charged = t < dates || task.unwind;
    for (let i = 0; i < paths; i++) {
      const s = spot.data[t * paths + i]!;
      costs.data[t * paths + i] = charged ? discount * task.proportionalCost * s : 0;
      if (t === dates) {
        base[i] = task.premium - discount * Math.max(sign * (s - task.strike), 0);
        continue;
      }
      gains.data[t * paths + i] = nextDiscount * carry * spot.data[(t + 1) * paths + i]! - discount * s;
      const row = t * staticFeatures;
      features.data[row * paths + i] = task.logScale * Math.log(s / task.strike);
      if (variance) {
        features.data[(row + 1) * paths + i] = (Math.sqrt(variance.data[t * paths + i]!) - scale) / (0.5 * scale);
      }
      features.data[(row + staticFeatures - 1) * paths + i] = 2 * (1 - t / dates) - 1;
    }
  }
}
