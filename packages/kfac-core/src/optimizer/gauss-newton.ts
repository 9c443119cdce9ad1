import type { Engine } from '../engine/engine.ts';
import { KfacError } from '../errors.ts';
import type { Linearization, Objective } from '../linearization.ts';
import type { ParameterLayout } from '../parameters.ts';
import { allFinite, norm } from '../vector.ts';
import type { Optimizer, OptimizerState, StepReport } from './optimizer.ts';
import type { DampedStep } from './reduced-system.ts';
import { type Form, type Reduction, SmallerSideReduction } from './reduction.ts';
import { solveSecular } from './secular.ts';

/** Settings of the radius rule. */
export interface GaussNewtonOptions {
  /** γ*: the ratio of actual to predicted reduction at which the radius is chosen; 0.25 is fast, 0.075 goes deep. */
  readonly target: number;
  /** ω: probes lie between Δ/ω and Δ·ω. */
  readonly window: number;
  /** Number of probe radii, at least 2. */
  readonly probes: number;
  readonly initialRadius: number;
  readonly minRadius: number;
  readonly maxRadius: number;
  /** 'gram' and 'qr' force one form; 'auto' uses Gram while λ > 1e-10·σ₁². */
  readonly form?: 'auto' | Form;
}

const GRAM_FLOOR = 1e-10;
const LATE_TARGET = 0.5;
const SWITCH_STEPS = 80;
const SWITCH_WINDOW = 30;

interface Probe {
  readonly radius: number;
  readonly ratio: number;
}

/**
 * Dense Gauss–Newton with the radius rule: all damped steps of one linearisation are available at O(min(N, P)) each, the
 * system being reduced on its smaller side (JᵀJ, or for N < P the kernel JJᵀ); true losses at geometrically spaced radii
 * show where the ratio of actual to predicted reduction falls below γ*, and the step is taken there. Starts aggressively
 * (small γ*) and switches to γ* = ½ once λ of the accepted steps has passed its minimum. Stops with 'radius' when the
 * trust radius collapses. For losses ½‖r‖² (no centred terms).
 */
export class GaussNewton implements Optimizer {
  readonly name: string = 'gauss-newton';
  readonly #options: GaussNewtonOptions;
  readonly #reduction: Reduction;
  readonly #delta: Float64Array;
  readonly #candidate: Float64Array;
  #radius: number;
  #target: number;
  #form: Form;
  #lambdas: number[] = [];
  #accepted = 0;

  /** `reduction`: of each linearisation; by default on its smaller side. */
  constructor(
    engine: Engine,
    layout: ParameterLayout,
    options: GaussNewtonOptions,
    reduction: Reduction = new SmallerSideReduction(engine, layout),
  ) {
    if (!(options.probes >= 2) || !(options.window > 1)) {
      throw new KfacError(
        'KFAC_SPEC',
        `expected at least 2 probes and a window above 1, got ${options.probes} and ${options.window}`,
      );
    }
    this.#options = options;
    this.#reduction = reduction;
    this.#delta = new Float64Array(layout.size);
    this.#candidate = new Float64Array(layout.size);
    this.#radius = options.initialRadius;
    this.#target = options.target;
    this.#form = options.form === 'qr' ? 'qr' : 'gram';
  }

  /** Since γ* has been raised to ½. */
  get isFinishing(): boolean {
    return this.#target !== this.#options.target;
  }

  evaluationPoint(theta: Float64Array): Float64Array {
    return theta;
  }

  step(objective: Objective, theta: Float64Array): StepReport {
    const linearization = objective.linearize(theta);
    const { loss } = linearization;
    if (!Number.isFinite(loss)) return { loss, accepted: false, newLoss: Number.NaN, metrics: {}, stop: 'non-finite' };
    let form = this.#form;
    let chosen = this.#choose(objective, theta, linearization, form);
    if (
      form === 'gram' &&
      (this.#options.form ?? 'auto') === 'auto' &&
      chosen.step.lambda <= GRAM_FLOOR * chosen.largest
    ) {
      form = 'qr';
      chosen = this.#choose(objective, theta, objective.linearize(theta), form);
    }
    const { step, radius, newLoss, ratio, largest, probes } = chosen;
    const accepted = ratio > 0 && allFinite(this.#candidate);
    const floor = Math.max(this.#radius / this.#options.window, this.#options.minRadius);
    this.#radius = accepted ? radius : floor;
    if (accepted) {
      theta.set(this.#candidate);
      this.#remember(step.lambda);
    }
    if ((this.#options.form ?? 'auto') === 'auto' && accepted) {
      // With room above the floor: a step that falls below it in Gram form is factorised twice.
      this.#form = step.lambda > (form === 'qr' ? 10 : 3) * GRAM_FLOOR * largest ? 'gram' : 'qr';
    }
    const stop = this.#radius < 10 * this.#options.minRadius ? 'radius' : null;
    return {
      loss,
      accepted,
      newLoss,
      stop,
      metrics: {
        'opt/damping': step.lambda,
        'opt/lm_ratio': ratio,
        'opt/radius': this.#radius,
        'opt/target': this.#target,
        'opt/probes': probes,
        'opt/step_norm': accepted ? norm(this.#delta) : 0,
        'opt/rejected': accepted ? 0 : 1,
        'opt/qr_form': form === 'qr' ? 1 : 0,
      },
    };
  }

  /** Probes radii from the last one outwards and returns the step at the radius where the ratio crosses γ*. */
  #choose(objective: Objective, theta: Float64Array, linearization: Linearization, form: Form) {
    const { loss } = linearization;
    const system = this.#reduction.reduce(linearization, form);
    const { window, probes: count, minRadius, maxRadius } = this.#options;
    const low = Math.max(this.#radius / window, minRadius);
    const high = Math.max(low, Math.min(this.#radius * window, maxRadius));
    // The smallest λ that JᵀJ itself does not drown: rounding of the squared form, none in QR form.
    const smallest = form === 'gram' ? 1e-15 * system.largest : 0;
    const radiusOf = (k: number): number => low * (high / low) ** (k / (count - 1));
    const attempt = (
      radius: number,
      lossAt: (candidate: Float64Array) => number,
    ): { step: DampedStep; newLoss: number; ratio: number } => {
      const step = solveSecular(system, radius, smallest);
      system.expand(this.#delta);
      for (let i = 0; i < theta.length; i++) {
        this.#delta[i] = -this.#delta[i]!;
        this.#candidate[i] = theta[i]! + this.#delta[i]!;
      }
      const newLoss = lossAt(this.#candidate);
      const ratio = (loss - newLoss) / step.predicted;
      return { step, newLoss, ratio: Number.isFinite(ratio) ? Math.max(-1, Math.min(1, ratio)) : -1 };
    };
    // From the middle of the window, the last radius: upwards while the ratio holds, downwards until it does.
    const ratioAt = (k: number): Probe => {
      used += 1;
      return { radius: radiusOf(k), ratio: attempt(radiusOf(k), (candidate) => objective.loss(candidate)).ratio };
    };
    let used = 0;
    let k = Math.round(((count - 1) * Math.log(this.#radius / low)) / Math.log(high / low)) || 0;
    let above = ratioAt(k);
    let below: Probe | null = null;
    if (above.ratio >= this.#target) {
      while (below === null && ++k < count) {
        const next = ratioAt(k);
        if (next.ratio < this.#target) below = next;
        else above = next;
      }
    } else {
      while (above.ratio < this.#target && --k >= 0) {
        below = above;
        above = ratioAt(k);
      }
    }
    const radius = below === null ? high : above.ratio < this.#target ? low : crossing(above, below, this.#target);
    // Nearly always accepted, and then the next step's linearisation.
    const chosen = attempt(radius, (candidate) => objective.linearize(candidate).loss);
    return { ...chosen, radius, largest: system.largest, probes: used + 1 };
  }

  /** Keeps λ of accepted steps; switches to γ* = ½ when its trend over the last thirty turns upwards. */
  #remember(lambda: number): void {
    this.#accepted += 1;
    this.#lambdas.push(Math.log10(Math.max(lambda, 1e-40)));
    if (this.#lambdas.length > SWITCH_WINDOW) this.#lambdas.shift();
    if (this.#accepted < SWITCH_STEPS || this.#target >= LATE_TARGET) return;
    const { slope, correlation } = lineFit(this.#lambdas);
    if (slope > 1e-4 && correlation > 0.1) this.#target = LATE_TARGET;
  }

  save(): OptimizerState {
    return {
      scalars: Float64Array.of(this.#radius, this.#target, this.#form === 'qr' ? 1 : 0, this.#accepted),
      lambdas: Float64Array.from(this.#lambdas),
    };
  }

  restore(state: OptimizerState): void {
    const [radius, target, qr, accepted] = state['scalars']!;
    this.#radius = radius!;
    this.#target = target!;
    this.#form = qr === 1 ? 'qr' : 'gram';
    this.#accepted = accepted!;
    this.#lambdas = [...state['lambdas']!];
  }
}

/** Where the ratio crosses γ* between a probe above and one below, linear in log Δ. */
function crossing(above: Probe, below: Probe, target: number): number {
  const share = (above.ratio - target) / (above.ratio - below.ratio);
  return above.radius * (below.radius / above.radius) ** share;
}

/** Least-squares slope per step and correlation of a series. */
function lineFit(y: readonly number[]): { slope: number; correlation: number } {
  const n = y.length;
  const meanX = (n - 1) / 2;
  const meanY = y.reduce((sum, v) => sum + v, 0) / n;
  let xx = 0;
  let xy = 0;
  let yy = 0;
  y.forEach((v, i) => {
    xx += (i - meanX) ** 2;
    xy += (i - meanX) * (v - meanY);
    yy += (v - meanY) ** 2;
  });
  return { slope: xy / xx, correlation: yy > 0 ? xy / Math.sqrt(xx * yy) : 0 };
}
