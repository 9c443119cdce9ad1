import { expect, test } from 'vitest';
import { Watchdog } from './watchdog.ts';

test('a training is hung when no step comes for the floor', () => {
  const watchdog = new Watchdog(1000);
  expect(watchdog.isHung(1e9)).toBe(false);
  watchdog.step(0, 0);
  expect(watchdog.isHung(1000)).toBe(false);
  expect(watchdog.isHung(1001)).toBe(true);
  watchdog.step(0, 1500);
  expect(watchdog.isHung(1600)).toBe(true);
  watchdog.step(1, 1600);
  expect(watchdog.isHung(2600)).toBe(false);
});

test('one with slow steps is given twenty of them', () => {
  const watchdog = new Watchdog(1000);
  for (let step = 0; step <= 100; step++) watchdog.step(step, step * 500);
  expect(watchdog.isHung(50_000 + 10_000)).toBe(false);
  expect(watchdog.isHung(50_000 + 10_001)).toBe(true);
});

test('a sign of life inside a long step counts like a step, but not before the first', () => {
  const watchdog = new Watchdog(1000);
  watchdog.alive(0);
  expect(watchdog.isHung(1e9)).toBe(false);
  watchdog.step(0, 0);
  watchdog.alive(900);
  expect(watchdog.isHung(1900)).toBe(false);
  expect(watchdog.isHung(1901)).toBe(true);
});
