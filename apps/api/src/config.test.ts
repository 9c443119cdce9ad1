import { expect, test } from 'vitest';
import { readConfig } from './config.ts';

test('the service has defaults for everything', () => {
  expect(readConfig({})).toEqual({ port: 4600, host: '127.0.0.1', data: '.kfac-data', logLevel: 'info' });
  expect(
    readConfig({ KFAC_PORT: '0', KFAC_HOST: '::1', KFAC_DATA: '/d', KFAC_THREADS: '2', KFAC_LOG: 'warn', HOME: '/x' }),
  ).toEqual({
    port: 0,
    host: '::1',
    data: '/d',
    threads: 2,
    logLevel: 'warn',
  });
});

test.each([
  [{ KFAC_PORT: '70000' }, /KFAC_PORT: .*65535.*got "70000"/],
  [{ KFAC_PORT: '' }, /KFAC_PORT: Expected an integer, got ""/],
  [{ KFAC_THREADS: '0' }, /KFAC_THREADS/],
  [{ KFAC_DATA: '', KFAC_LOG: 'loud' }, /KFAC_DATA.*; KFAC_LOG/],
])('%o is refused by name', (environment, message) => {
  expect(() => readConfig(environment)).toThrow(message);
});
