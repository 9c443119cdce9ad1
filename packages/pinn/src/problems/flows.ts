import type { CatalogueEntry } from './entry.ts';

/** λ of Kovasznay's flow at the Reynolds number 1/ν: 1/(2ν) − √(1/(4ν²) + 4π²). */
const decay = '(1/(2*nu) - sqrt(1/(4*nu^2) + 4*pi^2))';

const kovasznay: CatalogueEntry = {
  name: 'Kovasznay',
  title: 'Kovasznay flow, Reynolds number 20',
  description:
    'Steady incompressible Navier-Stokes equations behind a grid (Kovasznay 1948) at the Reynolds number 20: velocity u, v and pressure p',
  spec: {
    domain: { x: [-0.5, 1], y: [-0.5, 1.5] },
    unknowns: ['u', 'v', 'p'],
    constants: { nu: 0.05 },
    equations: ['u*u_x + v*u_y + p_x = nu*laplacian(u)', 'u*v_x + v*v_y + p_y = nu*laplacian(v)', 'u_x + v_y = 0'],
    conditions: [
      { on: 'boundary', equation: `u = 1 - exp(${decay}*x)*cos(2*pi*y)` },
      { on: 'boundary', equation: `v = ${decay}/(2*pi)*exp(${decay}*x)*sin(2*pi*y)` },
      { on: 'x = 1', equation: `p = (1 - exp(2*${decay}*x))/2` },
    ],
    exact: {
      u: `1 - exp(${decay}*x)*cos(2*pi*y)`,
      v: `${decay}/(2*pi)*exp(${decay}*x)*sin(2*pi*y)`,
      p: `(1 - exp(2*${decay}*x))/2`,
    },
    network: { hidden: [64] },
    sampling: { interior: 900, conditions: 300 },
  },
};

const taylorGreen: CatalogueEntry = {
  name: 'Taylor-Green',
  title: 'Taylor-Green vortex',
  description:
    'Incompressible Navier-Stokes equations: four vortices that decay in a periodic box, periodic by construction',
  spec: {
    domain: { t: [0, 1], x: [0, 2 * Math.PI], y: [0, 2 * Math.PI] },
    unknowns: ['u', 'v', 'p'],
    constants: { nu: 0.1 },
    equations: [
      'u_t + u*u_x + v*u_y + p_x = nu*laplacian(u)',
      'v_t + u*v_x + v*v_y + p_y = nu*laplacian(v)',
      'u_x + v_y = 0',
    ],
    conditions: [
      { on: 't = 0', equation: 'u = -cos(x)*sin(y)' },
      { on: 't = 0', equation: 'v = sin(x)*cos(y)' },
      { on: 'x = 0', equation: 'p = -(1 + cos(2*y))/4*exp(-4*nu*t)' },
    ],
    exact: {
      u: '-cos(x)*sin(y)*exp(-2*nu*t)',
      v: 'sin(x)*cos(y)*exp(-2*nu*t)',
      p: '-(cos(2*x) + cos(2*y))/4*exp(-4*nu*t)',
    },
    network: { hidden: [48], embedding: { type: 'periodic', coordinates: ['x', 'y'] } },
    sampling: { interior: 1000, conditions: 300 },
  },
};

/** Incompressible flows. */
export const flows: readonly CatalogueEntry[] = [kovasznay, taylorGreen];
