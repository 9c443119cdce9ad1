import { type CatalogueEntry, cube } from './entry.ts';

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

const cube5 = cube(5, 0, 1);
const cosines = cube5.sum((x) => `cos(pi*${x})`);

const poisson5: CatalogueEntry = {
  name: 'P5',
  title: 'Poisson equation in five dimensions',
  description:
    'Poisson equation on the unit cube of dimension 5 whose exact solution is a sum of cosines, prescribed on the boundary',
  spec: {
    domain: cube5.domain,
    equations: [`-laplacian(u) = pi^2*(${cosines})`],
    conditions: [{ on: 'boundary', equation: `u = ${cosines}` }],
    exact: { u: cosines },
    network: { hidden: [64] },
    sampling: { interior: 3000, conditions: 500, method: 'uniform' },
  },
};

const cosineProduct = Array.from({ length: 5 }, (_, k) => `cos(x${k + 1})`).join('*');

const productPoisson: CatalogueEntry = {
  name: 'P5-product',
  title: 'Poisson equation in five dimensions, by a separable network',
  description:
    'Poisson equation on the unit cube of dimension 5 whose exact solution is a product of cosines, which two products of networks of one coordinate each represent',
  spec: {
    domain: cube5.domain,
    equations: [`-laplacian(u) = 5*${cosineProduct}`],
    conditions: [{ on: 'boundary', equation: `u = ${cosineProduct}` }],
    exact: { u: cosineProduct },
    network: { type: 'separable', rank: 2, hidden: [10] },
    sampling: { interior: 400, conditions: 300 },
  },
};

const products = `(${[1, 3, 5, 7, 9].map((k) => `x${k}*x${k + 1}`).join(' + ')})/1.34`;

const poisson10: CatalogueEntry = {
  name: 'P10',
  title: 'Laplace equation in ten dimensions',
  description:
    'Harmonic function on the unit cube of dimension 10, a sum of products of two coordinates, prescribed on the boundary',
  spec: {
    domain: cube(10, 0, 1).domain,
    equations: ['-laplacian(u) = 0'],
    conditions: [{ on: 'boundary', equation: `u = ${products}` }],
    exact: { u: products },
    network: { hidden: [64] },
    sampling: { interior: 3000, conditions: 1000, method: 'uniform' },
  },
};

const cube100 = cube(100, 0, 1);
const squares = `(${cube100.sum((x) => `${x}^2`)})/33.47`;

const poisson100: CatalogueEntry = {
  name: 'P100',
  title: 'Poisson equation in a hundred dimensions',
  description:
    'Poisson equation on the unit cube of dimension 100 whose exact solution is the squared distance from a corner',
  spec: {
    domain: cube100.domain,
    equations: ['-laplacian(u) = -200/33.47'],
    conditions: [{ on: 'boundary', equation: `u = ${squares}` }],
    exact: { u: squares },
    network: { hidden: [128, 64] },
    sampling: { interior: 150, conditions: 600, method: 'uniform', resampleEvery: 1 },
  },
};

const laplace: CatalogueEntry = {
  name: 'Laplace',
  title: 'Laplace equation with three kinds of conditions',
  description:
    'Harmonic function exp(x) cos(y) on the unit square: a value, two normal derivatives, and on one side a combination',
  spec: {
    domain: { x: [0, 1], y: [0, 1] },
    equations: ['laplacian(u) = 0'],
    conditions: [
      { on: 'x = 0', equation: 'u = cos(y)' },
      { on: 'x = 1', equation: 'u_x + u = 2*e*cos(y)' },
      { on: 'y = 0', equation: 'u_y = 0' },
      { on: 'y = 1', equation: 'u_y = -sin(1)*exp(x)' },
    ],
    exact: { u: 'exp(x)*cos(y)' },
    network: { hidden: [32] },
    sampling: { interior: 600, conditions: 200 },
  },
};

const helmholtz: CatalogueEntry = {
  name: 'Helmholtz',
  title: 'Helmholtz equation',
  description: 'Helmholtz equation on a square with u = 0 on the boundary: one period of a sine along x, four along y',
  spec: {
    domain: { x: [-1, 1], y: [-1, 1] },
    equations: ['laplacian(u) + u = (1 - 17*pi^2)*sin(pi*x)*sin(4*pi*y)'],
    conditions: [{ on: 'boundary', equation: 'u = 0' }],
    exact: { u: 'sin(pi*x)*sin(4*pi*y)' },
    network: { hidden: [96], firstLayerScale: 3 },
    sampling: { interior: 2000, conditions: 300 },
  },
};

const liouville: CatalogueEntry = {
  name: 'Liouville',
  title: "Liouville's equation",
  description:
    'Metric of the sphere in the plane, laplacian(u) + exp(u) = 0: an equation with exp of the unknown, on a square so small that its solution is the lower one of two',
  spec: {
    domain: { x: [-0.5, 0.5], y: [-0.5, 0.5] },
    equations: ['laplacian(u) + exp(u) = 0'],
    conditions: [{ on: 'boundary', equation: 'u = log(8/(1 + x^2 + y^2)^2)' }],
    exact: { u: 'log(8/(1 + x^2 + y^2)^2)' },
    network: { hidden: [48] },
    sampling: { interior: 900, conditions: 200 },
  },
};

/** Steady problems. */
export const elliptic: readonly CatalogueEntry[] = [
  poisson2,
  poisson5,
  productPoisson,
  poisson10,
  poisson100,
  laplace,
  helmholtz,
  liouville,
];
