import type { PinnSpecInput } from '../spec.ts';
import { inverseProblems } from './inverse.ts';

/** A named problem that is ready to run. */
export interface CatalogueEntry {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly spec: PinnSpecInput;
}

const poisson2: CatalogueEntry = {
  name: 'P2',
  title: 'Poisson equation in two dimensions',
  description:
    'Poisson equation on the unit square with u = 0 on the boundary and the exact solution sin(pi x) sin(pi y)',
  spec: {
    domain: { x: [0, 1], y: [0, 1] },
    equations: ['-laplacian(u) = 2*pi^2*sin(pi*x)*sin(pi*y)'],
    conditions: [{ on: 'boundary', equation: 'u = 0' }],
    exact: { u: 'sin(pi*x)*sin(pi*y)' },
    network: { hidden: [64] },
    sampling: { interior: 900, conditions: 120, method: 'uniform' },
  },
};

const cosines = [1, 2, 3, 4, 5].map((k) => `cos(pi*x${k})`).join(' + ');

const poisson5: CatalogueEntry = {
  name: 'P5',
  title: 'Poisson equation in five dimensions',
  description:
    'Poisson equation on the unit cube of dimension 5 whose exact solution is a sum of cosines, prescribed on the boundary',
  spec: {
    domain: { x1: [0, 1], x2: [0, 1], x3: [0, 1], x4: [0, 1], x5: [0, 1] },
    equations: [`-laplacian(u) = pi^2*(${cosines})`],
    conditions: [{ on: 'boundary', equation: `u = ${cosines}` }],
    exact: { u: cosines },
    network: { hidden: [64] },
    sampling: { interior: 3000, conditions: 500, method: 'uniform' },
  },
};

const heat1: CatalogueEntry = {
  name: 'H1',
  title: 'Heat equation in one dimension',
  description: 'Heat equation with u = 0 at both ends and sin(pi x) at t = 0, which decays as exp(-pi^2 t/4)',
  spec: {
    domain: { t: [0, 1], x: [0, 1] },
    equations: ['u_t = u_xx/4'],
    conditions: [
      { on: 'x = 0 or x = 1', equation: 'u = 0' },
      { on: 't = 0', equation: 'u = sin(pi*x)' },
    ],
    exact: { u: 'exp(-pi^2*t/4)*sin(pi*x)' },
    network: { hidden: [64] },
    sampling: { interior: 900, conditions: 120, method: 'uniform' },
  },
};

function burgers(name: string, viscosity: number, written: string): CatalogueEntry {
  return {
    name,
    title: `Burgers' equation, viscosity ${written}`,
    description: `Burgers' equation with viscosity ${written} and the datum -sin(pi x), which steepens into a shock at x = 0; errors against the Cole-Hopf solution`,
    spec: {
      domain: { t: [0, 1], x: [-1, 1] },
      constants: { nu: viscosity },
      equations: ['u_t + u*u_x = nu*u_xx'],
      conditions: [
        { on: 't = 0', equation: 'u = -sin(pi*x)' },
        { on: 'x = -1', equation: 'u = 0' },
        { on: 'x = 1', equation: 'u = 0' },
      ],
      exact: { u: { reference: 'burgers-cole-hopf', viscosity: 'nu' } },
      network: { hidden: [20, 20, 20] },
      weights: { interior: 0.01 },
      sampling: { interior: 6000, conditions: 600, method: 'sobol' },
    },
  };
}

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

const waves: CatalogueEntry = {
  name: 'Waves',
  title: 'Wave equation as a system',
  description:
    'Wave equation as a system of first order, u_t = v_x and v_t = u_x: a standing wave between walls where u vanishes',
  spec: {
    domain: { t: [0, 1], x: [0, 1] },
    unknowns: ['u', 'v'],
    equations: ['u_t = v_x', 'v_t = u_x'],
    conditions: [
      { on: 'x = 0 or x = 1', equation: 'u = 0' },
      { on: 't = 0', equation: 'u = sin(pi*x)' },
      { on: 't = 0', equation: 'v = 0' },
    ],
    exact: { u: 'cos(pi*t)*sin(pi*x)', v: 'sin(pi*t)*cos(pi*x)' },
    network: { hidden: [64] },
    sampling: { interior: 900, conditions: 160 },
  },
};

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

/** The problems that come with the package, by name. */
export const catalogue: readonly CatalogueEntry[] = [
  poisson2,
  poisson5,
  heat1,
  burgers('Burgers-0.01/pi', 0.01 / Math.PI, '0.01/pi'),
  burgers('Burgers-0.01', 0.01, '0.01'),
  oscillator,
  waves,
  kovasznay,
  ...inverseProblems,
];
