import { describe, expect, test } from 'vitest';
import { defaultEngine } from '@kfac/core';
import { catalogue, price, train } from '@kfac/hedging';
import type { HedgingSpecInput } from '@kfac/hedging';

/** A busy machine may take minutes for what an idle one does in seconds. */
const TIMEOUT = 600_000;

const native = defaultEngine().describe().kind === 'native';
if (!native)
  console.log(
    'acceptance hedging: skipped, the reference engine would take an hour (build the native engine to run it)',
  );

function named(name: string): HedgingSpecInput {
  const entry = catalogue.find((candidate) => candidate.name === name);
  if (!entry) throw new Error(`no catalogue entry ${name}`);
  return entry.spec;
}

describe.runIf(native)('oracle hedging §13, training: HEDGE-1 by K-FAC, f32, on 100,000 common test paths', () => {
  const hedge = (steps: number) => train({ ...named('HEDGE-1'), stop: { steps } });

  test.each([
    [10, 0.36],
    [25, 0.32],
  ])(
    'after %s steps the entropic risk is below %s',
    async (steps, bound) => {
      expect((await hedge(steps)).policy.entropic).toBeLessThan(bound);
    },
    TIMEOUT,
  );

  test(
    'after 300 steps, averaged, it is below 0.286 and below every baseline',
    async () => {
      const { policy, baselines } = await hedge(300);
      expect(policy.entropic).toBeLessThan(0.286);
      for (const baseline of Object.values(baselines)) expect(policy.entropic).toBeLessThan(baseline.entropic);
    },
    TIMEOUT,
  );
});

test.runIf(native)(
  'oracle hedging §13, exact optimum: the Black–Scholes world is priced within 0.5 % of 2.5249',
  async () => {
    const problem = named('BLACK-SCHOLES');
    const { policy, baselines } = await train({ ...problem, evaluation: { paths: 400_000, seed: 7 } });
    const optimum = 2.5249;
    const claim = price(problem).price;
    expect(claim).toBeCloseTo(2.287151, 6);
    expect(Math.abs(policy.entropic / optimum - 1)).toBeLessThan(0.005);
    expect(Math.abs((policy.entropic - claim) / (optimum - claim) - 1)).toBeLessThan(0.05);
    expect(policy.entropic).toBeLessThan(baselines.whalleyWilmott.entropic);
  },
);
