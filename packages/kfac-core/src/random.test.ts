import { describe, expect, test } from 'vitest';
import { KfacError } from './errors.ts';
import { philox4x32, PhiloxStream, uniformOfWords } from './random.ts';

describe('philox4x32', () => {
  const ones = 0xffffffff;
  test('oracle hedging §13: Philox known answers', () => {
    expect(philox4x32([0, 0, 0, 0], [0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    expect(philox4x32([ones, ones, ones, ones], [ones, ones])).toEqual([
      0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd,
    ]);
    expect(philox4x32([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toEqual([
      0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
    ]);
  });

  test('uniforms lie strictly inside (0, 1) and keep 52 bits', () => {
    expect(uniformOfWords(0, 0)).toBe(2 ** -53);
    expect(uniformOfWords(0, 0xfff)).toBe(2 ** -53);
    expect(uniformOfWords(0, 0x1000)).toBe(3 * 2 ** -53);
    expect(uniformOfWords(ones, ones)).toBe(1 - 2 ** -53);
    expect(uniformOfWords(0x80000000, 0)).toBe(0.5 + 2 ** -53);
  });
});

describe('PhiloxStream', () => {
  test('a number is a function of (seed, stream, index) alone', () => {
    const stream = new PhiloxStream(2 ** 40 + 7, 3);
    const sequence = Array.from({ length: 9 }, () => stream.uniform());
    for (const index of [8, 0, 3, 2, 7, 3]) expect(stream.uniformAt(index)).toBe(sequence[index]);
    expect(stream.position).toBe(9);
    // Number 4 is the first half of block 2: counter (2, 0, stream, tag), key (seed's low word, rest).
    const words = philox4x32([2, 0, 3, 0xffffffff], [7, 256]);
    expect(sequence[4]).toBe(uniformOfWords(words[1], words[0]));
    expect(sequence[5]).toBe(uniformOfWords(words[3], words[2]));
  });

  test.each([0, 1])('many at once are those one by one, from position %i on', (from) => {
    const [one, many] = [new PhiloxStream(7, 3, from), new PhiloxStream(7, 3, from)];
    for (const count of [1, 2, 5, 0, 8]) {
      const out = new Float64Array(count);
      many.uniforms(out);
      expect([...out]).toEqual(Array.from({ length: count }, () => one.uniform()));
      expect(many.position).toBe(one.position);
    }
  });

  test('a saved position continues the stream bit for bit', () => {
    const stream = new PhiloxStream(5, 1);
    for (let k = 0; k < 7; k++) stream.normal();
    const resumed = new PhiloxStream(5, 1, stream.position);
    for (let k = 0; k < 7; k++) expect(resumed.normal()).toBe(stream.normal());
  });

  test('moments and independence: mean, variance, lag correlation, streams and seeds uncorrelated', () => {
    const n = 200_000;
    const streams = [new PhiloxStream(1, 0), new PhiloxStream(1, 1), new PhiloxStream(2, 0)];
    const draws = streams.map((stream) => Float64Array.from({ length: n }, () => stream.normal()));
    const correlation = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, k) => sum + x * b[k]!, 0) / n;
    for (const x of draws) {
      expect(Math.abs(x.reduce((sum, v) => sum + v, 0) / n)).toBeLessThan(0.01);
      expect(Math.abs(correlation(x, x) - 1)).toBeLessThan(0.012);
      for (let lag = 1; lag <= 4; lag++) {
        expect(Math.abs(correlation(x.subarray(lag), x.subarray(0, n - lag)))).toBeLessThan(0.01);
      }
    }
    for (const [a, b] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      expect(Math.abs(correlation(draws[a]!, draws[b]!))).toBeLessThan(0.01);
    }
  });

  test('refuses seeds, streams and positions out of range', () => {
    for (const seed of [-1, 0.5, 2 ** 53, Number.NaN]) expect(() => new PhiloxStream(seed, 0)).toThrow(KfacError);
    for (const stream of [-1, 0.5, 2 ** 32]) expect(() => new PhiloxStream(1, stream)).toThrow('stream number');
    expect(() => new PhiloxStream(1, 0, -1)).toThrow('position');
  });
});
