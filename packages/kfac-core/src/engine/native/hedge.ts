import type { Hedge } from '../engine.ts';
import { referenceHedge } from '../reference/hedge.ts';

export function nativeHedge(_addon: object): Hedge {
  return referenceHedge();
}
