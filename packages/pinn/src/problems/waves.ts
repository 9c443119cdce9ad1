import type { CatalogueEntry } from './entry.ts';

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

const convection: CatalogueEntry = {
  name: 'Convection',
  title: 'Convection at the speed 30',
  description:
    'A sine that is carried around a circle at the speed 30, periodic by construction: networks with tanh lose it after a while, those with sin do not',
  spec: {
    domain: { t: [0, 1], x: [0, 2 * Math.PI] },
    equations: ['u_t + 30*u_x = 0'],
    conditions: [{ on: 't = 0', equation: 'u = sin(x)' }],
    exact: { u: 'sin(x - 30*t)' },
    network: {
      hidden: [20, 20],
      activation: 'sin',
      firstLayerScale: 4,
      embedding: { type: 'periodic', coordinates: ['x'] },
    },
    sampling: { interior: 1000, conditions: 60 },
  },
};

const kink = 'tanh((x - t/2)/sqrt(3/2))';

const kleinGordon: CatalogueEntry = {
  name: 'Klein-Gordon',
  title: 'Nonlinear Klein-Gordon equation',
  description:
    'Kink of the phi-4 model, u_tt - u_xx = u - u^3, at half the speed of light, from its initial value and velocity',
  spec: {
    domain: { t: [0, 2], x: [-4, 4] },
    equations: ['u_tt - u_xx = u - u^3'],
    conditions: [
      { on: 't = 0', equation: 'u = tanh(x/sqrt(3/2))' },
      { on: 't = 0', equation: 'u_t = -1/(2*sqrt(3/2))/cosh(x/sqrt(3/2))^2' },
      { on: 'x = -4 or x = 4', equation: `u = ${kink}` },
    ],
    exact: { u: kink },
    network: { hidden: [48] },
    sampling: { interior: 1200, conditions: 240 },
  },
};

const schroedinger: CatalogueEntry = {
  name: 'Schroedinger',
  title: 'Nonlinear Schroedinger equation',
  description: 'Soliton of i h_t + h_xx/2 + |h|^2 h = 0 that moves at the speed 1: h = u + iv as two real unknowns',
  spec: {
    domain: { t: [0, 1], x: [-4, 5] },
    unknowns: ['u', 'v'],
    equations: ['u_t + v_xx/2 + (u^2 + v^2)*v = 0', 'v_t - u_xx/2 - (u^2 + v^2)*u = 0'],
    conditions: [
      { on: 't = 0', equation: 'u = cos(x)/cosh(x)' },
      { on: 't = 0', equation: 'v = sin(x)/cosh(x)' },
      { on: 'x = -4 or x = 5', equation: 'u = cos(x)/cosh(x - t)' },
      { on: 'x = -4 or x = 5', equation: 'v = sin(x)/cosh(x - t)' },
    ],
    exact: { u: 'cos(x)/cosh(x - t)', v: 'sin(x)/cosh(x - t)' },
    network: { hidden: [64] },
    sampling: { interior: 1200, conditions: 300 },
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
    network: { hidden: [20, 20] },
    sampling: { interior: 3000, conditions: 600 },
  },
};

const kdv: CatalogueEntry = {
  name: 'KdV',
  title: 'Korteweg-de Vries equation, Zabusky and Kruskal',
  description:
    'Korteweg-de Vries equation u_t + u u_x + 0.022^2 u_xxx = 0 from cos(pi x), periodic by construction: a front that breaks up into solitons; errors against a Fourier solution',
  spec: {
    domain: { t: [0, 1], x: [-1, 1] },
    equations: ['u_t + u*u_x + 0.022^2*u_xxx = 0'],
    conditions: [{ on: 't = 0', equation: 'u = cos(pi*x)' }],
    exact: { u: { reference: 'korteweg-de-vries' } },
    network: { hidden: [20, 20, 20], embedding: { type: 'periodic', coordinates: ['x'], harmonics: 2 } },
    weights: { interior: 0.1 },
    sampling: { interior: 2000, conditions: 200 },
  },
};

/** Problems in which things travel. */
export const travelling: readonly CatalogueEntry[] = [waves, convection, kleinGordon, schroedinger, solitons, kdv];
