import { matrix } from '@kfac/core';
import type { Engine, Matrix } from '@kfac/core';

/** An engine that simulates every path of a batch twice. */
export function duplicating(on: Engine): Engine {
  const simulateTwice: Engine['paths'] = {
    simulate(market, interval, key, spot, variance) {
      const half = spot.cols / 2;
      const room = (m: Matrix): Matrix => matrix(m.rows, half);
      const s = room(spot);
      const v = variance && room(variance);
      on.paths.simulate(market, interval, key, s, v);
      for (const [from, to] of [
        [s, spot],
        [v, variance],
      ] as const) {
        if (!from || !to) continue;
        for (let t = 0; t < to.rows; t++) {
          const row = from.data.subarray(t * half, (t + 1) * half);
          to.data.set(row, t * to.cols);
          to.data.set(row, t * to.cols + half);
        }
      }
    },
  };
  return {
    linalg: on.linalg,
    captured: on.captured,
    jets: on.jets,
    programs: on.programs,
    hedge: on.hedge,
    paths: simulateTwice,
    describe: () => on.describe(),
  };
}
