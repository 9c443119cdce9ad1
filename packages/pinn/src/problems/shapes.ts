import type { CatalogueEntry } from './entry.ts';

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

/** Problems on domains other than a box. */
export const shapes: readonly CatalogueEntry[] = [disk, lShape, annulus];
