import type { CatalogueEntry } from './entry.ts';

const oscillator: CatalogueEntry = {
  name: 'Oscillator',
  title: 'Harmonic oscillator as a system',
  description:
    "Harmonic oscillator as a system of first order, u' = v and v' = -u, over one period: position and velocity",
  spec: {
    domain: { t: [0, 6.283185307179586] },
    unknowns: ['u', 'v'],
    equations: ['u_t = v', 'v_t = -u'],
    conditions: [
      { on: 't = 0', equation: 'u = 1' },
      { on: 't = 0', equation: 'v = 0' },
    ],
    exact: { u: 'cos(t)', v: '-sin(t)' },
    network: { hidden: [32] },
    sampling: { interior: 200, conditions: 2 },
  },
};

const laneEmden: CatalogueEntry = {
  name: 'Lane-Emden',
  title: 'Lane-Emden equation of index 5',
  description: 'Density of a star in equilibrium: singular at the centre, so that the equation is multiplied by x',
  spec: {
    domain: { x: [0, 5] },
    equations: ['x*u_xx + 2*u_x + x*u^5 = 0'],
    conditions: [
      { on: 'x = 0', equation: 'u = 1' },
      { on: 'x = 0', equation: 'u_x = 0' },
    ],
    exact: { u: '1/sqrt(1 + x^2/3)' },
    network: { hidden: [24] },
    sampling: { interior: 150, conditions: 2 },
  },
};

const boundaryLayer: CatalogueEntry = {
  name: 'Boundary-layer',
  title: 'Advection and diffusion with a boundary layer',
  description: 'A flow against a wall, u_x - eps u_xx = 1 with eps = 0.02: a layer as thin as eps at x = 1',
  spec: {
    domain: { x: [0, 1] },
    constants: { eps: 0.02 },
    equations: ['u_x - eps*u_xx = 1'],
    conditions: [{ on: 'x = 0 or x = 1', equation: 'u = 0' }],
    exact: { u: 'x - (exp((x - 1)/eps) - exp(-1/eps))/(1 - exp(-1/eps))' },
    network: { hidden: [32], firstLayerScale: 8 },
    sampling: { interior: 300, conditions: 2 },
  },
};

const oscillators: CatalogueEntry = {
  name: 'Oscillators',
  title: 'A family of oscillators, by a deeponet',
  description:
    "u'' = -k^2 u with u = 0 and u' = k at the start, for all frequencies k from 1 to 4 at once: a trunk that reads x and a branch that reads k",
  spec: {
    domain: { x: [0, 1], k: [1, 4] },
    equations: ['u_xx = -k^2*u'],
    conditions: [
      { on: 'x = 0', equation: 'u = 0' },
      { on: 'x = 0', equation: 'u_x = k' },
    ],
    exact: { u: 'sin(k*x)' },
    network: { type: 'deeponet', branch: ['k'], rank: 8, hidden: [12] },
    sampling: { interior: 400, conditions: 100 },
  },
};

/** Problems with one coordinate, and a family of such. */
export const ordinary: readonly CatalogueEntry[] = [oscillator, oscillators, laneEmden, boundaryLayer];
