import type { PinnSpecInput } from '../spec.ts';

/** −(k·w′)′ = 1 on a rod of conductivity 2 up to x = 0.4, then 1; w = 0 at both ends. */
export const rod: PinnSpecInput = {
  domain: { x: [0, 1] },
  unknowns: ['u', 'v'],
  regions: { inner: { x: [0, 0.4] } },
  equations: [
    { equation: '-2*u_xx = 1', in: 'inner' },
    { equation: '-v_xx = 1', in: 'outside inner' },
  ],
  conditions: [
    { on: 'x = 0', equation: 'u = 0' },
    { on: 'x = 1', equation: 'v = 0' },
    { on: 'inner', equation: 'u = v' },
    { on: 'inner', equation: '2*dn(u) = dn(v)' },
  ],
  network: { hidden: [8, 8] },
  sampling: { interior: 64, conditions: 4 },
};

/** Two layers, the lower one of twice the conductivity, with sources; sides of both materials. */
export const layers: PinnSpecInput = {
  domain: { x: [0, 1], y: [0, 1] },
  unknowns: ['u', 'v'],
  regions: { lower: { y: [0, 0.5] } },
  equations: [
    { equation: '-2*laplacian(u) = pi^2*y*sin(pi*x)', in: 'lower' },
    { equation: '-laplacian(v) = pi^2*(y - 1/4)*sin(pi*x)', in: 'outside lower' },
  ],
  conditions: [
    { on: 'boundary', in: 'lower', equation: 'u = 0' },
    { on: 'x = 0 or x = 1', in: 'outside lower', equation: 'v = 0' },
    { on: 'y = 1', equation: 'dn(v) = sin(pi*x)' },
    { on: 'lower', equation: 'u = v' },
    { on: 'lower', equation: '2*dn(u) = dn(v)' },
  ],
  exact: { u: 'y*sin(pi*x)/2', v: '(y - 1/4)*sin(pi*x)' },
  network: { hidden: [10, 10] },
  sampling: { interior: 100, conditions: 80 },
};

/** Heat in a rod of two materials that cools down evenly. */
export const cooling: PinnSpecInput = {
  domain: { t: [0, 1], x: [0, 1] },
  unknowns: ['u', 'v'],
  regions: { inner: { x: [0, 0.4] } },
  equations: [
    { equation: 'u_t = 2*u_xx - exp(-t)*x', in: 'inner' },
    { equation: 'v_t = v_xx - exp(-t)*(2*x - 0.4)', in: 'outside inner' },
  ],
  conditions: [
    { on: 't = 0', in: 'inner', equation: 'u = x' },
    { on: 't = 0', in: 'outside inner', equation: 'v = 2*x - 0.4' },
    { on: 'x = 0', equation: 'u = 0' },
    { on: 'x = 1', equation: 'v = 1.6*exp(-t)' },
    { on: 'inner', equation: 'u = v' },
    { on: 'inner', equation: '2*dn(u) = dn(v)' },
  ],
  exact: { u: 'exp(-t)*x', v: 'exp(-t)*(2*x - 0.4)' },
  network: { hidden: [8, 8] },
  sampling: { interior: 60, conditions: 40 },
};

/** A disk of another material in a square, that heat leaves in time. */
export const heatedDisk: PinnSpecInput = {
  domain: { x: [-1, 1], t: [0, 2], y: [-1, 1] },
  unknowns: ['u', 'v'],
  regions: { inner: { type: 'disk', center: [0.1, 0], radius: 0.5 } },
  equations: [
    { equation: 'u_t = laplacian(u)', in: 'inner' },
    { equation: 'v_t = laplacian(v)', in: 'outside inner' },
  ],
  conditions: [
    { on: 'boundary', equation: 'v = 0' },
    { on: 't = 0', in: 'inner', equation: 'u = 1' },
    { on: 't = 0', in: 'outside inner', equation: 'v = 1' },
    { on: 'inner', equation: 'u = v' },
    { on: 'inner', equation: '2*dn(u) = dn(v)' },
  ],
  network: { hidden: [8] },
  sampling: { interior: 200, conditions: 200 },
};
