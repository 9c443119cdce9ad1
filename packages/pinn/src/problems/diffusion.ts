import { type CatalogueEntry, cube } from './entry.ts';

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

const cube4 = cube(4, 0, 1);
const sines = cube4.sum((x) => `sin(2*${x})`);

const heat4: CatalogueEntry = {
  name: 'H4',
  title: 'Heat equation in four dimensions',
  description: 'Heat equation on the unit cube of dimension 4 with a sum of sines that decays as exp(-t)',
  spec: {
    domain: { t: [0, 1], ...cube4.domain },
    equations: ['u_t = laplacian(u)/4'],
    conditions: [
      { on: 'boundary', equation: `u = exp(-t)*(${sines})` },
      { on: 't = 0', equation: `u = ${sines}` },
    ],
    exact: { u: `exp(-t)*(${sines})` },
    network: { hidden: [64] },
    sampling: { interior: 3000, conditions: 500, method: 'uniform' },
  },
};

const cube9 = cube(9, -5, 5);
const density = (time: string): string =>
  `-(${cube9.sum((x) => `${x}^2`)})/(2*(2 - exp(-${time}))) - 9/2*log(2*pi*(2 - exp(-${time})))`;

const fokkerPlanck9: CatalogueEntry = {
  name: 'FP9',
  title: 'Fokker-Planck equation in nine dimensions',
  description:
    'Logarithm of the density of an Ornstein-Uhlenbeck process in nine dimensions, from the initial density alone',
  spec: {
    domain: { t: [0, 1], ...cube9.domain },
    unknowns: ['q'],
    equations: [
      `q_t - 9/2 - (${cube9.sum((x) => `${x}*q_${x}`)})/2 - (${cube9.sum((x) => `q_${x}^2`)}) - laplacian(q) = 0`,
    ],
    conditions: [{ on: 't = 0', equation: `q = -(${cube9.sum((x) => `${x}^2`)})/2 - 9/2*log(2*pi)` }],
    exact: { q: density('t') },
    network: { hidden: [64] },
    sampling: { interior: 3000, conditions: 1000, method: 'uniform' },
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

const allenCahn: CatalogueEntry = {
  name: 'Allen-Cahn',
  title: 'Allen-Cahn equation',
  description:
    'Allen-Cahn equation, periodic by construction: phases separate and the layers between them become steep; errors against a Fourier solution',
  spec: {
    domain: { t: [0, 1], x: [-1, 1] },
    equations: ['u_t = 1e-4*u_xx + 5*(u - u^3)'],
    conditions: [{ on: 't = 0', equation: 'u = x^2*cos(pi*x)' }],
    exact: { u: { reference: 'allen-cahn' } },
    network: { hidden: [20, 20, 20], embedding: { type: 'periodic', coordinates: ['x'], harmonics: 2 } },
    sampling: { interior: 6000, conditions: 600 },
  },
};

const fisher: CatalogueEntry = {
  name: 'Fisher',
  title: 'Fisher-KPP equation',
  description: 'Travelling front of a population that spreads and grows, u_t = u_xx + u(1 - u), at the speed 5/sqrt(6)',
  spec: {
    domain: { t: [0, 2], x: [-5, 10] },
    equations: ['u_t = u_xx + u*(1 - u)'],
    conditions: [
      { on: 't = 0', equation: 'u = (1 + exp(x/sqrt(6)))^(-2)' },
      { on: 'x = -5 or x = 10', equation: 'u = (1 + exp((x - 5*t/sqrt(6))/sqrt(6)))^(-2)' },
    ],
    exact: { u: '(1 + exp((x - 5*t/sqrt(6))/sqrt(6)))^(-2)' },
    network: { hidden: [32] },
    sampling: { interior: 900, conditions: 150 },
  },
};

/** Problems with diffusion in time. */
export const diffusion: readonly CatalogueEntry[] = [
  heat1,
  heat4,
  fokkerPlanck9,
  burgers('Burgers-0.01/pi', 0.01 / Math.PI, '0.01/pi'),
  burgers('Burgers-0.01', 0.01, '0.01'),
  allenCahn,
  fisher,
];
