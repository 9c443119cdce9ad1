import type { PinnSpecInput } from '../spec.ts';

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

const disk: CatalogueEntry = {
  name: 'Disk',
  title: 'Poisson equation on a disk',
  description: 'Poisson equation -laplacian(u) = 1 on the unit disk with u = 0 at its edge: Poiseuille flow in a pipe',
  spec: {
    domain: { x: [-1, 1], y: [-1, 1] },
    geometry: { type: 'disk', center: [0, 0], radius: 1 },
    equations: ['-laplacian(u) = 1'],
    conditions: [{ on: 'boundary', equation: 'u = 0' }],
    exact: { u: '(1 - x^2 - y^2)/4' },
    network: { hidden: [32] },
    sampling: { interior: 600, conditions: 150 },
  },
};

const lShape: CatalogueEntry = {
  name: 'L-shape',
  title: 'Laplace equation on an L-shaped polygon',
  description:
    'Laplace equation on the square [-1, 1]^2 without its upper right quarter, the values exp(x) sin(y) on its edges',
  spec: {
    domain: { x: [-1, 1], y: [-1, 1] },
    geometry: {
      type: 'polygon',
      vertices: [
        [-1, -1],
        [1, -1],
        [1, 0],
        [0, 0],
        [0, 1],
        [-1, 1],
      ],
    },
    equations: ['laplacian(u) = 0'],
    conditions: [{ on: 'boundary', equation: 'u = exp(x)*sin(y)' }],
    exact: { u: 'exp(x)*sin(y)' },
    network: { hidden: [32] },
    sampling: { interior: 600, conditions: 200 },
  },
};

const annulus: CatalogueEntry = {
  name: 'Annulus',
  title: 'Laplace equation on an annulus',
  description:
    'Potential between a cylinder of radius 1/4 at u = 1 and one of radius 1 at u = 0, a logarithm of the radius',
  spec: {
    domain: { x: [-1, 1], y: [-1, 1] },
    geometry: { type: 'annulus', center: [0, 0], inner: 0.25, outer: 1 },
    equations: ['laplacian(u) = 0'],
    conditions: [
      { on: 'annulus.inner', equation: 'u = 1' },
      { on: 'annulus.outer', equation: 'u = 0' },
    ],
    exact: { u: '-log(x^2 + y^2)/(4*log(2))' },
    network: { hidden: [16, 16] },
    sampling: { interior: 600, conditions: 200 },
  },
};

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

/**
 * Two solitons of u_t + 6u·u_x + u_xxx = 0 with the speeds c₁ = 6 and c₂ = 2, as 2(c₁ − c₂)·n/D² in the phases A = √c₁·a,
 * B = √c₂·b of the moving frames a = x − c₁t + 2 and b = x − c₂t − 2 (docs/math-pinn.md, Reference formulas).
 */
const soliton = ((): { value: string; slope: string } => {
  const [a, b] = ['(sqrt(6)*(x - 6*t + 2))', '(sqrt(2)*(x - 2*t - 2))'];
  const [sum, difference] = [`(${a} + ${b})/2`, `(${a} - ${b})/2`];
  const numerator = `(6*cosh(${b}/2)^2 + 2*sinh(${a}/2)^2)`;
  const root = `((sqrt(6) - sqrt(2))*cosh(${sum}) + (sqrt(6) + sqrt(2))*cosh(${difference}))`;
  const numeratorSlope = `(3*sqrt(2)*sinh(${b}) + sqrt(6)*sinh(${a}))`;
  const rootSlope = `2*(sinh(${sum}) + sinh(${difference}))`;
  return {
    value: `8*${numerator}/${root}^2`,
    slope: `8*(${numeratorSlope} - 2*${numerator}*${rootSlope}/${root})/${root}^2`,
  };
})();

const solitons: CatalogueEntry = {
  name: 'KdV-2',
  title: 'Korteweg-de Vries equation: two solitons',
  description:
    'Korteweg-de Vries equation u_t + 6 u u_x + u_xxx = 0: a fast soliton overtakes a slow one; data from the exact solution at t = 0 and at both ends',
  spec: {
    domain: { t: [0, 5], x: [0, 20] },
    equations: ['u_t + 6*u*u_x + u_xxx = 0'],
    conditions: [
      { on: 't = 0', equation: `u = ${soliton.value}` },
      { on: 'x = 0 or x = 20', equation: `u = ${soliton.value}` },
      { on: 'x = 20', equation: `u_x = ${soliton.slope}` },
    ],
    exact: { u: soliton.value },
    network: { hidden: [30, 30, 30] },
    sampling: { interior: 6000, conditions: 900, method: 'sobol' },
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
  disk,
  lShape,
  annulus,
  biharmonic,
  solitons,
  beam,
];
