import type { CatalogueEntry } from './entry.ts';

const payoff = 'V = (S - 1 + abs(S - 1))/2';

const blackScholes: CatalogueEntry = {
  name: 'Black-Scholes',
  title: 'Black-Scholes equation of a call',
  description:
    'Value of a European call in units of its strike, t being the time to maturity; errors on prices from half to one and a half strikes',
  spec: {
    domain: { t: [0, 1], S: [0, 3] },
    unknowns: ['V'],
    constants: { r: 0.05, sigma: 0.2 },
    equations: ['V_t = sigma^2*S^2*V_SS/2 + r*S*V_S - r*V'],
    conditions: [
      { on: 't = 0', equation: payoff },
      { on: 'S = 0', equation: 'V = 0' },
      { on: 'S = 3', equation: 'V = 3 - exp(-r*t)' },
    ],
    exact: { V: { reference: 'black-scholes', strike: '1', rate: 'r', volatility: 'sigma' } },
    errorsWithin: { S: [0.5, 1.5] },
    network: { hidden: [32], firstLayerScale: 4 },
    sampling: { interior: 1000, conditions: 300 },
  },
};

const heston: CatalogueEntry = {
  name: 'Heston',
  title: 'Heston equation of a call',
  description:
    "Value of a European call under Heston's stochastic variance v in units of its strike, t being the time to maturity: a mixed derivative, a condition that is the equation itself, and errors where the truncated domain does not matter",
  spec: {
    domain: { t: [0, 1], S: [0, 8], v: [0, 5] },
    unknowns: ['V'],
    constants: { r: 0.025, kappa: 1.5, theta: 0.04, sigma: 0.3, rho: -0.9 },
    equations: ['V_t = v*S^2*V_SS/2 + rho*sigma*v*S*V_Sv + sigma^2*v*V_vv/2 + r*S*V_S + kappa*(theta - v)*V_v - r*V'],
    conditions: [
      { on: 't = 0', equation: payoff },
      { on: 'S = 0', equation: 'V = 0' },
      { on: 'S = 8', equation: 'V_S = 1' },
      { on: 'v = 0', equation: 'V_t = r*S*V_S + kappa*theta*V_v - r*V' },
    ],
    exact: {
      V: {
        reference: 'heston',
        strike: '1',
        rate: 'r',
        reversion: 'kappa',
        mean: 'theta',
        volatility: 'sigma',
        correlation: 'rho',
      },
    },
    errorsWithin: { S: [0.5, 1.5], v: [0, 1] },
    network: { hidden: [48], firstLayerScale: 3 },
    sampling: { interior: 2000, conditions: 800 },
  },
};

/** Prices of options. */
export const finance: readonly CatalogueEntry[] = [blackScholes, heston];
