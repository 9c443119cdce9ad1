import { z } from 'zod';
import type { ServerOptions } from './start.ts';

const integer = (minimum: number, maximum: number) =>
  z.string().regex(/^\d+$/, 'Expected an integer').transform(Number).pipe(z.number().min(minimum).max(maximum));

const schema = z.object({
  KFAC_PORT: integer(0, 65_535).default(4600),
  KFAC_HOST: z.string().min(1).default('127.0.0.1'),
  KFAC_DATA: z.string().min(1).default('.kfac-data'),
  KFAC_THREADS: integer(1, 1024).optional(),
  KFAC_LOG: z.enum(['silent', 'error', 'warn', 'info']).default('info'),
});

/** The options of the service from environment variables. Throws one line that names every variable that is wrong. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): ServerOptions {
  const parsed = schema.safeParse(environment);
  if (!parsed.success) {
    throw new Error(
      parsed.error.issues
        .map(
          ({ path, message }) => `${path.join('.')}: ${message}, got ${JSON.stringify(environment[String(path[0])])}`,
        )
        .join('; '),
    );
  }
  const { KFAC_PORT: port, KFAC_HOST: host, KFAC_DATA: data, KFAC_THREADS: threads, KFAC_LOG: logLevel } = parsed.data;
  return { port, host, data, logLevel, ...(threads === undefined ? {} : { threads }) };
}
