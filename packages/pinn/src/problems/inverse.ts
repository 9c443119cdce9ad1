import { burgersObservations } from './burgers-data.ts';
import type { CatalogueEntry } from './entry.ts';

const diffusivity: CatalogueEntry = {
  name: 'Diffusivity',
  title: 'Diffusivity of a rod from one thermometer',
  description:
    'Inverse problem: the diffusivity of a rod with cold ends, found from the temperature in its middle; the true value is 1/4',
  spec: {
    domain: { t: [0, 1], x: [0, 1] },
    parameters: { kappa: { initial: 1, positive: true, exact: 0.25 } },
    equations: ['u_t = kappa*u_xx'],
    conditions: [
      { on: 'x = 0 or x = 1', equation: 'u = 0' },
      { on: 't = 0', equation: 'u = sin(pi*x)' },
      { on: 'x = 0.5', equation: 'u = exp(-pi^2*t/4)' },
    ],
    exact: { u: 'exp(-pi^2*t/4)*sin(pi*x)' },
    network: { hidden: [32] },
    sampling: { interior: 400, conditions: 120 },
  },
};

const conductivity: CatalogueEntry = {
  name: 'Conductivity',
  title: 'Conductivity that varies along a rod',
  description:
    "Inverse problem: the conductivity k(x) in (k u')' = f, found from the temperature u everywhere and k at one end",
  spec: {
    domain: { x: [0, 1] },
    unknowns: ['u', 'k'],
    equations: ['k*u_xx + k_x*u_x = (1 + 2*x + x^2)*exp(x)', 'u = exp(x)'],
    conditions: [{ on: 'x = 0', equation: 'k = 1' }],
    exact: { u: 'exp(x)', k: '1 + x^2' },
    network: { hidden: [24] },
    sampling: { interior: 200, conditions: 1 },
  },
};

/** 0, 0.1, …, 1. */
const tenths = Array.from({ length: 11 }, (_, k) => k / 10);
const readings = tenths.flatMap((t) => tenths.map((x) => ({ t, x })));

const rod: CatalogueEntry = {
  name: 'Rod',
  title: 'Conductivity along a rod from temperatures over time',
  description:
    "Inverse problem: the conductivity k(x) in u_t = (k u')' + f, a network of x alone, found from the temperature u at 11 times in 11 places",
  spec: {
    domain: { t: [0, 1], x: [0, 1] },
    unknowns: ['u', 'k'],
    equations: [
      'u_t = k*u_xx + k_x*u_x + exp(-t)*((1 + x^2/2)*pi^2*sin(pi*x) - x*(pi*cos(pi*x) + 2) - sin(pi*x) - 2*x)',
    ],
    conditions: [
      {
        data: {
          t: readings.map(({ t }) => t),
          x: readings.map(({ x }) => x),
          u: readings.map(({ t, x }) => Math.exp(-t) * (Math.sin(Math.PI * x) + 2 * x)),
        },
      },
    ],
    exact: { u: 'exp(-t)*(sin(pi*x) + 2*x)', k: '1 + x^2/2' },
    network: { hidden: [16, 16] },
    networks: { k: { coordinates: ['x'], hidden: [10] } },
    sampling: { interior: 400 },
  },
};

const overtone: CatalogueEntry = {
  name: 'String-3',
  title: 'Third eigenvalue of a string',
  description:
    "Eigenvalue problem: -u'' = lambda u with u = 0 at both ends; the projection on a trial function chooses the third mode and its size",
  spec: {
    domain: { x: [0, 1] },
    parameters: { lambda: { initial: 80, exact: 88.82643960980423 } },
    equations: ['-u_xx = lambda*u'],
    conditions: [{ on: 'boundary', equation: 'u = 0' }],
    constraints: [{ integral: 'u*sin(3*pi*x)', equals: 0.5 }],
    exact: { u: 'sin(3*pi*x)' },
    network: { hidden: [20] },
    weights: { interior: 1e-4 },
    sampling: { interior: 100, conditions: 2 },
  },
};

let observations: ReturnType<typeof burgersObservations> | undefined;

const burgersInverse: CatalogueEntry = {
  name: 'INV',
  title: "Coefficients of Burgers' equation from data",
  description:
    'Inverse problem: lambda1 = 1 and lambda2 = 0.01/pi in u_t + lambda1 u u_x = lambda2 u_xx, found from 2000 observations of u and nothing else (Raissi, Perdikaris and Karniadakis 2019)',
  /** The observations are computed when they are first asked for. */
  get spec() {
    observations ??= burgersObservations(2000, 0.01 / Math.PI, 0, 7);
    return {
      domain: { t: [0, 1], x: [-1, 1] } satisfies CatalogueEntry['spec']['domain'],
      parameters: {
        lambda1: { initial: 0.5, exact: 1 },
        lambda2: { initial: 0.01, positive: true, exact: 0.01 / Math.PI },
      },
      equations: ['u_t + lambda1*u*u_x = lambda2*u_xx'],
      conditions: [{ data: { ...observations } }],
      exact: { u: { reference: 'burgers-cole-hopf', viscosity: '0.01/pi' } },
      network: { hidden: [20, 20, 20] },
      weights: { interior: 1 },
      sampling: { interior: 2000 },
    } satisfies CatalogueEntry['spec'];
  },
};

/** Problems with unknown numbers or coefficients. */
export const inverseProblems: readonly CatalogueEntry[] = [diffusivity, conductivity, rod, overtone, burgersInverse];
