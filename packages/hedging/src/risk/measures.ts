import type { RiskSpec } from '../spec.ts';
import { entropicRisk } from './entropic.ts';
import { meanVarianceRisk } from './mean-variance.ts';
import { quadraticRisk } from './quadratic.ts';
import type { Risk } from './risk.ts';

/** The risk that a problem names. */
export function createRisk(risk: RiskSpec): Risk {
  switch (risk.measure) {
    case 'entropic':
      return entropicRisk(risk.aversion);
    case 'mean-variance':
      return meanVarianceRisk(risk.gamma);
    case 'quadratic':
      return quadraticRisk(risk.target);
  }
}

/**
 * The risk aversion in 1/currency at which entropic risk is reported and the Whalley–Wilmott band is set: that of an
 * entropic risk, γ of a mean–variance risk (its second-order equal), 1 for a quadratic loss, which has none.
 */
export function riskAversion(risk: RiskSpec): number {
  switch (risk.measure) {
    case 'entropic':
      return risk.aversion;
    case 'mean-variance':
      return risk.gamma;
    case 'quadratic':
      return 1;
  }
}
