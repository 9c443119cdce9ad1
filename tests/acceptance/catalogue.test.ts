import { selectEngine } from '@kfac/core';
import { catalogue, solve } from '@kfac/pinn';
import { expect, test } from 'vitest';

const native = selectEngine().describe().kind === 'native';

/** A problem on few points with a small network. */
interface Small {
  readonly steps: number;
  readonly hidden: readonly number[];
  readonly interior: number;
  readonly conditions: number;
  /** Of the relative L2 of every unknown; Adam, the better of the learning rates 1e-3 and 1e-2, is at `adam` after ten times the steps. */
  readonly bound: number;
  readonly adam: number;
}

const small = (
  steps: number,
  hidden: readonly number[],
  interior: number,
  conditions: number,
  bound: number,
  adam: number,
): Small => ({ steps, hidden, interior, conditions, bound, adam });

const SMALL: Readonly<Record<string, Small>> = {
  P2: small(80, [24], 300, 80, 5e-3, 2.2e-1),
  P5: small(60, [32], 500, 200, 1e-2, 3.9e-1),
  P10: small(30, [20], 400, 240, 5e-2, 1.4e-1),
  Laplace: small(60, [16], 200, 80, 1e-2, 4.2e-2),
  Helmholtz: small(120, [48], 800, 160, 2e-1, 1.9),
  Liouville: small(80, [16], 200, 60, 1e-3, 2.1e-2),
  Disk: small(60, [16], 200, 60, 2e-2, 3.4e-2),
  'L-shape': small(60, [16], 200, 80, 2e-2, 1.1e-1),
  Annulus: small(100, [12, 12], 300, 100, 1.5e-1, 2.2e-1),
  BH: small(80, [24], 200, 80, 1e-2, 1.5e-1),
  Beam: small(80, [24], 300, 100, 2e-2, 1.1),
  H1: small(80, [16], 200, 60, 1e-2, 1.5e-1),
  H4: small(60, [24], 500, 200, 2e-2, 8.9e-2),
  'Burgers-0.01/pi': small(160, [12, 12], 1000, 200, 3.2e-1, 4.6e-1),
  'Burgers-0.01': small(80, [12, 12], 1000, 200, 5e-2, 3.4e-1),
  'Allen-Cahn': small(80, [12, 12], 800, 150, 3e-1, 9.9e-1),
  Fisher: small(80, [16], 250, 80, 2e-3, 1.7e-2),
  Waves: small(60, [24], 300, 100, 2e-2, 7.3e-1),
  Convection: small(120, [20, 20], 600, 60, 2e-1, 1),
  'Klein-Gordon': small(120, [24], 300, 90, 1e-4, 3.4e-3),
  Schroedinger: small(80, [32], 400, 120, 5e-3, 1.2e-1),
  'KdV-2': small(120, [20, 20], 1500, 400, 1e-1, 7.7e-1),
  KdV: small(150, [20, 20], 1500, 200, 2.5e-1, 6.6e-1),
  Kovasznay: small(100, [32], 300, 120, 1e-1, 1.1),
  'Taylor-Green': small(80, [24], 400, 150, 5e-2, 1.5e-1),
  Oscillator: small(80, [16], 80, 2, 1e-3, 6.7e-1),
  'Lane-Emden': small(120, [16], 80, 2, 1e-6, 1.4e-4),
  'Boundary-layer': small(100, [32], 300, 2, 1e-2, 8.6e-1),
  'Black-Scholes': small(80, [24], 500, 200, 2e-2, 1.9e-1),
  Heston: small(80, [32], 600, 300, 3e-1, 8.5e-1),
};

test.each(catalogue.flatMap(({ name, spec }) => (native && name in SMALL ? [] : [[name, spec] as const])))(
  '%s starts, and its loss falls',
  async (_, spec) => {
    const sampling = { ...spec.sampling, interior: 100, conditions: 200 };
    const { status, history } = await solve({ ...spec, sampling, stop: { steps: 12 } });
    const loss = (step: number): number => history.find((row) => row['step'] === step)!['loss']!;
    expect(status).toBe('finished');
    expect(loss(12)).toBeLessThan(0.7 * loss(1));
  },
  120_000,
);

test.skipIf(!native).each(Object.entries(SMALL))(
  '%s in few steps below a relative L2 that Adam does not reach in ten times as many',
  async (name, { steps, hidden, interior, conditions, bound, adam }) => {
    expect(bound).toBeLessThan(adam);
    const { spec } = catalogue.find((entry) => entry.name === name)!;
    const solution = await solve({
      ...spec,
      network: { ...spec.network, hidden: [...hidden] },
      sampling: { ...spec.sampling, interior, conditions },
      stop: { steps },
    });
    for (const error of Object.values(solution.relativeL2)) expect(error).toBeLessThan(bound);
  },
  120_000,
);
