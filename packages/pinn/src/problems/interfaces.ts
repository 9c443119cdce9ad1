import type { CatalogueEntry } from './entry.ts';

const outer = 'x*(1 + (1 - k)/(1 + k)/(4*(x^2 + y^2)))';

const inclusion: CatalogueEntry = {
  name: 'Inclusion',
  title: 'Two materials: a conducting cylinder in a uniform field',
  description:
    'Potential u inside a cylinder of five times the conductivity of what surrounds it, v outside, in a field along x: value and flux are continuous on the interface',
  spec: {
    domain: { x: [-1, 1], y: [-1, 1] },
    unknowns: ['u', 'v'],
    constants: { k: 5 },
    regions: { cylinder: { type: 'disk', center: [0, 0], radius: 0.5 } },
    equations: [
      { equation: 'laplacian(u) = 0', in: 'cylinder' },
      { equation: 'laplacian(v) = 0', in: 'outside cylinder' },
    ],
    conditions: [
      { on: 'boundary', equation: `v = ${outer}` },
      { on: 'cylinder', equation: 'u = v' },
      { on: 'cylinder', equation: 'k*dn(u) = dn(v)' },
    ],
    exact: { u: '2*x/(1 + k)', v: outer },
    network: { hidden: [16, 16] },
    sampling: { interior: 500, conditions: 200 },
  },
};

/** Problems with different equations in different parts of the domain. */
export const interfaces: readonly CatalogueEntry[] = [inclusion];
