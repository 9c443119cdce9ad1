import { describe, expect, test } from 'vitest';
import { SeriesStore } from './series.ts';

const at = (step: number, value: number) => ({ step, seconds: step / 10, metrics: { loss: value } });

describe('SeriesStore', () => {
  test('history and live points overlap without doubles, in order', () => {
    const store = new SeriesStore();
    store.addEvent({ points: [at(3, 0.3), at(4, 0.2)] });
    store.addSeries({
      loss: [1, 2, 3].map((step) => ({ step, seconds: step / 10, value: step === 3 ? 0.3 : 1 / step })),
    });
    store.addEvent({ points: [at(4, 0.2), at(5, 0.1)] });
    expect(store.get('loss').map((point) => point.step)).toEqual([1, 2, 3, 4, 5]);
    expect(store.latest('loss')?.value).toBe(0.1);
  });

  test('a later value of a step replaces the earlier one', () => {
    const store = new SeriesStore();
    store.addEvent({ points: [at(1, 1), at(2, 2), at(1, 7)] });
    expect(store.get('loss').map((point) => point.value)).toEqual([7, 2]);
  });

  test('rewind takes back what follows a step', () => {
    const store = new SeriesStore();
    store.addEvent({ points: [1, 2, 3, 4].map((step) => at(step, step)) });
    const revision = store.revision;
    store.rewind(2);
    expect(store.get('loss').map((point) => point.step)).toEqual([1, 2]);
    expect(store.revision).toBeGreaterThan(revision);
  });

  test('non-finite values keep their meaning', () => {
    const store = new SeriesStore();
    store.addEvent({
      points: [
        { step: 1, seconds: 0, metrics: { a: null, b: null, c: null }, nonfinite: { a: 'NaN', b: '+Inf', c: '-Inf' } },
      ],
    });
    expect(['a', 'b', 'c'].map((key) => store.latest(key)?.value)).toEqual([NaN, Infinity, -Infinity]);
  });
});
