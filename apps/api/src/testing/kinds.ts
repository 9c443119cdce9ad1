import { KfacError } from '@kfac/core';
import { jsonSchema } from '../kinds.ts';
import type { Kinds } from '../kinds.ts';
import { type Orbit, orbitSchema } from './trainer.ts';

/** The kind as the service sees it. */
export const orbitKinds: Kinds = {
  orbit: {
    schema: jsonSchema(orbitSchema),
    steps: (spec) => (spec as Orbit).stop.steps,
    exports: { csv: { file: 'orbit.csv', mediaType: 'text/csv; charset=utf-8' } },
    catalogue: [{ name: 'LOGISTIC', title: 'Logistic map', description: 'x ← 3.99·x·(1 − x)', spec: { start: 0.3 } }],
    parse(spec) {
      const parsed = orbitSchema.safeParse(spec);
      if (parsed.success) return parsed.data;
      const issues = parsed.error.issues.map(({ path, message }) => ({
        pointer: path.map((key) => `/${String(key)}`).join(''),
        detail: message,
      }));
      throw new KfacError('KFAC_SPEC', 'not an orbit', { issues });
    },
  },
};
