import { checkedCaptured } from './captured-checks.ts';
import type { Engine } from './engine.ts';
import { checkedLinalg } from './linalg-checks.ts';
import { referenceCaptured } from './reference/captured.ts';
import { referenceHedge } from './reference/hedge.ts';
import { referenceJets } from './reference/jets.ts';
import { referenceLinalg } from './reference/linalg.ts';
import { referencePaths } from './reference/paths.ts';
import { referencePrograms } from './reference/programs.ts';
import { ENGINE_VERSION } from './version.ts';

/** The reference engine: plain TypeScript, f64, one thread, written to be read; the oracle of the native one. */
export function referenceEngine(reasons: readonly string[] = []): Engine {
  return {
    linalg: checkedLinalg(referenceLinalg()),
    captured: checkedCaptured(referenceCaptured()),
    jets: referenceJets(),
    programs: referencePrograms(),
    paths: referencePaths(),
    hedge: referenceHedge(),
    describe: () => ({ kind: 'reference', simd: 'none', threads: 1, version: ENGINE_VERSION, reasons }),
  };
}
