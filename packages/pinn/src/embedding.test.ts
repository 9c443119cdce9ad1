import { selectEngine } from '@kfac/core';
import { describe, expect, test } from 'vitest';
import { checkPinn } from './check.ts';
import { type EmbeddingSpec, embeddingOf, embeddingSchema } from './embedding.ts';
import { boxOf } from './geometry/box.ts';
import type { TrainedNetwork } from './network.ts';
import { solve } from './solve.ts';
import type { PinnSpecInput } from './spec.ts';

const box = boxOf({ t: [0, 1], x: [-1, 1], y: [0, 5] });

const advection = {
  domain: { t: [0, 1], x: [0, 2] },
  equations: ['u_t + u_x = 0'],
  conditions: [{ on: 't = 0', equation: 'u = sin(pi*x)' }],
  exact: { u: 'sin(pi*(x - t))' },
  network: { hidden: [10, 10], embedding: { type: 'periodic', coordinates: ['x'] } },
  sampling: { interior: 150, conditions: 30 },
  optimizer: { name: 'gauss-newton' },
  stop: { steps: 120 },
} satisfies PinnSpecInput;

/** u(x) from a network's JSON by nothing but its definition (tanh). */
function evaluate(network: TrainedNetwork, x: readonly number[]): number {
  const { embedding, sizes, parameters } = network;
  const phases = embedding!.frequencies.map((row) => row.reduce((sum, f, i) => sum + f * x[i]!, 0));
  let values = [...embedding!.kept.map((axis) => x[axis]!), ...phases.map(Math.cos), ...phases.map(Math.sin)];
  let offset = 0;
  for (const [l, width] of sizes.slice(1).entries()) {
    const z = [...values, 1];
    const sums = Array.from({ length: width }, (_, j) =>
      z.reduce((sum, value, i) => sum + value * parameters[offset + i * width + j]!, 0),
    );
    values = l + 2 === sizes.length ? sums : sums.map(Math.tanh);
    offset += z.length * width;
  }
  return values[0]!;
}

describe('which features', () => {
  test('periodic: harmonics of the interval, the other coordinates stay', () => {
    const spec = embeddingSchema.parse({ type: 'periodic', coordinates: ['x'], harmonics: 2 });
    const { coordinates, kept, frequencies } = embeddingOf(spec, box, 1);
    expect([coordinates, kept]).toEqual([3, [0, 2]]);
    expect([...frequencies]).toEqual([0, Math.PI, 0, 0, 2 * Math.PI, 0]);
    expect(embeddingSchema.parse({ type: 'periodic', coordinates: ['x'] })).toMatchObject({ harmonics: 1 });
  });

  test('Fourier: normal in radians per half interval, t stays, the seed decides', () => {
    const spec = embeddingSchema.parse({ type: 'fourier', frequencies: 1000, scale: 2 });
    const { kept, frequencies } = embeddingOf(spec, box, 1);
    expect(kept).toEqual([0]);
    const column = (axis: number) => frequencies.filter((_, k) => k % 3 === axis);
    const deviation = (values: Float64Array) => Math.sqrt(values.reduce((sum, f) => sum + f * f, 0) / 1000);
    expect(column(0).every((f) => f === 0)).toBe(true);
    // Four standard errors of a standard deviation from 1000 draws.
    expect(Math.abs(deviation(column(1)) / 2 - 1)).toBeLessThan(0.09);
    expect(Math.abs((deviation(column(2)) * 2.5) / 2 - 1)).toBeLessThan(0.09);
    expect(embeddingOf(spec, box, 1).frequencies).toEqual(frequencies);
    expect(embeddingOf(spec, box, 2).frequencies).not.toEqual(frequencies);
  });

  test('misfits are faults at their place', () => {
    const faults = (embedding: unknown, domain: object = advection.domain): unknown => {
      try {
        return checkPinn({ ...advection, domain, network: { embedding } }).spec;
      } catch (error) {
        return (error as { issues: { pointer: string; detail: string }[] }).issues;
      }
    };
    expect(faults({ type: 'periodic', coordinates: ['x', 'z', 'x'] })).toMatchObject([
      { pointer: '/network/embedding/coordinates/1', detail: 'expected a coordinate (t, x), got "z"' },
      { pointer: '/network/embedding/coordinates/2', detail: '"x" is named twice' },
    ]);
    // Beside the faults of texts that mention x.
    expect(faults({ type: 'fourier' }, { t: [0, 1] })).toContainEqual(
      expect.objectContaining({ pointer: '/network/embedding/type' }),
    );
    expect(faults({ type: 'periodic', coordinates: [] })).toMatchObject([
      { pointer: '/network/embedding/coordinates' },
    ]);
    expect(faults({ type: 'wavelet' })).toMatchObject([{ pointer: '/network/embedding/type' }]);
    expect(faults({ type: 'fourier', scale: 0 })).toMatchObject([{ pointer: '/network/embedding/scale' }]);
  });

  test('an embedding widens the first layer, also in the estimates', () => {
    const plain = checkPinn({ ...advection, network: { hidden: [16] } });
    const check = checkPinn({ ...advection, network: { hidden: [16], embedding: { type: 'fourier' } } });
    expect(check.spec.network.embedding).toEqual({
      type: 'fourier',
      frequencies: 32,
      scale: 1,
    } satisfies EmbeddingSpec);
    expect(check.parameters - plain.parameters).toBe((1 + 64 - 2) * 16);
    expect(check.bytes).toBeGreaterThan(plain.bytes);
    expect(check.hash).not.toBe(plain.hash);
  });
});

describe('solving', () => {
  test('a periodic problem without conditions at its ends: value and derivatives agree there', async () => {
    const solution = await solve(advection);
    expect(solution.relativeL2['u']).toBeLessThan(1e-5);
    const names = ['u_x', 'u_t', 'u_xx', 'u_tx'];
    const values = solution.evaluate(
      [0.3, 0.8].flatMap((t) => [
        [t, 0],
        [t, 2],
      ]),
      names,
    );
    for (const name of ['u', ...names]) {
      const [a, b, c, d] = values[name]!;
      expect(Math.abs(a! - b!) + Math.abs(c! - d!)).toBeLessThan(1e-12 * (1 + Math.abs(a!) + Math.abs(c!)));
    }
    const network = JSON.parse(JSON.stringify({ ...solution.network, parameters: [...solution.network.parameters] }));
    const points = [
      [0.2, 0.7],
      [0.9, 1.6],
    ];
    solution.evaluate(points)['u']!.forEach((u, n) => expect(evaluate(network, points[n]!)).toBeCloseTo(u, 12));
  });

  test('Fourier features carry a frequency that the plain network of the same steps does not', async () => {
    const spec = {
      domain: { x: [0, 1] },
      equations: ['u_xx = -(12*pi)^2*sin(12*pi*x)'],
      conditions: [{ on: 'boundary', equation: 'u = 0' }],
      exact: { u: 'sin(12*pi*x)' },
      sampling: { interior: 200, conditions: 2 },
      optimizer: { name: 'gauss-newton' },
      stop: { steps: 80 },
    } satisfies PinnSpecInput;
    const error = async (network: PinnSpecInput['network']) => (await solve({ ...spec, network })).relativeL2['u']!;
    expect(await error({ hidden: [24], embedding: { type: 'fourier', frequencies: 16, scale: 15 } })).toBeLessThan(
      1e-3,
    );
    expect(await error({ hidden: [24] })).toBeGreaterThan(0.1);
  });

  test('resume is bit for bit', async () => {
    const whole = await solve({ ...advection, stop: { steps: 20 } }, { engine: selectEngine({ threads: 1 }) });
    const controller = new AbortController();
    let checkpoint: Uint8Array | undefined;
    await solve(
      { ...advection, stop: { steps: 20 } },
      {
        signal: controller.signal,
        onProgress: ({ step }) => step === 9 && controller.abort(),
        onCheckpoint: (bytes) => (checkpoint = bytes),
      },
    );
    const options = { resume: checkpoint!, engine: selectEngine({ threads: 2 }) };
    const resumed = await solve({ ...advection, stop: { steps: 20 } }, options);
    expect(resumed.network).toEqual(whole.network);
  });
});
