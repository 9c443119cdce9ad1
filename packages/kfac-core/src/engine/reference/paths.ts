import { normalQuantile } from '../../normal.ts';
import { keyOfSeed, philox4x32Into, uniformOfWords } from '../../random.ts';
import type { Market, Matrix, PathKey, Paths } from '../engine.ts';
import { checkSimulation } from '../path-checks.ts';
import { eulerStep, hestonStep, quadraticExponentialStep } from './heston.ts';
import type { HestonMarket, HestonState } from './heston.ts';

/** The two uniforms that belong to one (path, date): the spot's and the variance's. */
class Draws {
  spot = 0;
  variance = 0;
  readonly #words = new Uint32Array(4);
  readonly #key: readonly [number, number];
  readonly #purpose: number;
  readonly #step: number;
  readonly #firstPath: number;

  constructor(key: PathKey) {
    this.#key = keyOfSeed(key.seed);
    this.#purpose = key.purpose * 2 ** 24;
    this.#step = key.step;
    this.#firstPath = key.firstPath;
  }

  at(path: number, date: number): void {
    const words = this.#words;
    words[0] = this.#firstPath + path;
    words[1] = date;
    words[2] = this.#purpose;
    words[3] = this.#step;
    philox4x32Into(words, this.#key[0], this.#key[1]);
    this.spot = uniformOfWords(words[1]!, words[0]!);
    this.variance = uniformOfWords(words[3]!, words[2]!);
  }
}

function simulateBlackScholes(
  market: Extract<Market, { model: 'black-scholes' }>,
  interval: number,
  draws: Draws,
  spot: Matrix,
): void {
  const { volatility, drift } = market;
  const trend = (drift - 0.5 * volatility * volatility) * interval;
  const scale = volatility * Math.sqrt(interval);
  for (let i = 0; i < spot.cols; i++) {
    let logReturn = 0;
    spot.data[i] = market.spot;
    for (let t = 0; t + 1 < spot.rows; t++) {
      draws.at(i, t);
      logReturn += trend + scale * normalQuantile(draws.spot);
      spot.data[(t + 1) * spot.cols + i] = market.spot * Math.exp(logReturn);
    }
  }
}

function simulateHeston(market: HestonMarket, interval: number, draws: Draws, spot: Matrix, variance: Matrix): void {
  const step = hestonStep(market, interval);
  const state: HestonState = { logReturn: 0, variance: 0 };
  for (let i = 0; i < spot.cols; i++) {
    state.logReturn = 0;
    state.variance = market.v0;
    spot.data[i] = market.spot;
    variance.data[i] = market.v0;
    for (let t = 0; t + 1 < spot.rows; t++) {
      draws.at(i, t);
      const z = normalQuantile(draws.spot);
      const zVariance = normalQuantile(draws.variance);
      if (market.scheme === 'euler') eulerStep(step, state, z, zVariance);
      else quadraticExponentialStep(step, state, z, zVariance, draws.variance);
      const row = (t + 1) * spot.cols;
      spot.data[row + i] = market.spot * Math.exp(state.logReturn);
      variance.data[row + i] = Math.max(state.variance, 0);
    }
  }
}

/** Market paths in plain TypeScript, one path after the other. Euler's variance rows hold max(V, 0), what drives the spot. */
export function referencePaths(): Paths {
  return {
    simulate(market, interval, key, spot, variance) {
      checkSimulation(market, key, spot, variance);
      const draws = new Draws(key);
      if (market.model === 'black-scholes') simulateBlackScholes(market, interval, draws, spot);
      else if (variance) simulateHeston(market, interval, draws, spot, variance);
    },
  };
}
