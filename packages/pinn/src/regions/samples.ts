import type { DomainEquation } from '../conditions.ts';
import type { Subdomain } from './subdomain.ts';

/** Equations that hold in the same part of the domain, and have the same points there. */
export interface InteriorSample {
  /** Null: the whole domain. */
  readonly within: Subdomain | null;
  /** Numbers of the equations, ascending. */
  readonly members: readonly number[];
}

/** The equations by the part of the domain in which they hold, in the order in which these occur. */
export function interiorSamples(equations: readonly Pick<DomainEquation, 'within'>[]): InteriorSample[] {
  const parts = [...new Set(equations.map(({ within }) => within))];
  return parts.map((part) => ({
    within: part,
    members: equations.flatMap(({ within }, k) => (within === part ? [k] : [])),
  }));
}

/** The number of a part among the streams of a purpose; the whole domain has the first. */
export function streamNumber(within: Subdomain | null): number {
  return within?.number ?? 0;
}
