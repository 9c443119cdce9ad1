import type { CatalogueEntry } from './entry.ts';

const biharmonic: CatalogueEntry = {
  name: 'BH',
  title: 'Biharmonic equation: a plate, simply supported',
  description:
    'Biharmonic equation for the deflection of a square plate under the load 4 pi^4 sin(pi x) sin(pi y), with u = 0 and laplacian(u) = 0 on the boundary',
  spec: {
    domain: { x: [0, 1], y: [0, 1] },
    equations: ['biharmonic(u) = 4*pi^4*sin(pi*x)*sin(pi*y)'],
    conditions: [
      { on: 'boundary', equation: 'u = 0' },
      { on: 'boundary', equation: 'laplacian(u) = 0' },
    ],
    exact: { u: 'sin(pi*x)*sin(pi*y)' },
    network: { hidden: [64] },
    weights: { interior: 0.001 },
    sampling: { interior: 900, conditions: 240 },
  },
};

const beam: CatalogueEntry = {
  name: 'Beam',
  title: 'Euler-Bernoulli beam',
  description:
    'Vibration of a simply supported beam, u_tt + u_xxxx = 0: the standing wave cos(pi^2 t) sin(pi x), released at rest',
  spec: {
    domain: { t: [0, 0.5], x: [0, 1] },
    equations: ['u_tt + u_xxxx = 0'],
    conditions: [
      { on: 'x = 0 or x = 1', equation: 'u = 0' },
      { on: 'x = 0 or x = 1', equation: 'u_xx = 0' },
      { on: 't = 0', equation: 'u = sin(pi*x)' },
      { on: 't = 0', equation: 'u_t = 0' },
    ],
    exact: { u: 'cos(pi^2*t)*sin(pi*x)' },
    network: { hidden: [64] },
    weights: { interior: 0.01 },
    sampling: { interior: 900, conditions: 300 },
  },
};

/** Bending: equations of order 4. */
export const plates: readonly CatalogueEntry[] = [biharmonic, beam];
