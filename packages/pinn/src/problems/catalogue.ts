import { diffusion } from './diffusion.ts';
import { elliptic } from './elliptic.ts';
import type { CatalogueEntry } from './entry.ts';
import { finance } from './finance.ts';
import { flows } from './flows.ts';
import { interfaces } from './interfaces.ts';
import { ordinary } from './ordinary.ts';
import { plates } from './plates.ts';
import { shapes } from './shapes.ts';
import { travelling } from './waves.ts';
import { inverseProblems } from './inverse.ts';

export type { CatalogueEntry } from './entry.ts';

/** The problems that come with the package, by name. */
export const catalogue: readonly CatalogueEntry[] = [
  ...elliptic,
  ...shapes,
  ...interfaces,
  ...plates,
  ...diffusion,
  ...travelling,
  ...flows,
  ...ordinary,
  ...finance,
  ...inverseProblems,
];
