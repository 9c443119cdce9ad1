import { checkedCaptured } from './captured-checks.ts';
import type { Engine } from './engine.ts';
import { checkedLinalg } from './linalg-checks.ts';
import { type Addon, type AddonCore, boundAddon } from './native/addon.ts';
import { nativeCaptured } from './native/captured.ts';
import { nativeHedge } from './native/hedge.ts';
import { nativeJets } from './native/jets.ts';
import { nativeLinalg } from './native/linalg.ts';
import { nativePaths } from './native/paths.ts';
import { nativePrograms } from './native/programs.ts';

/** What each room expects of the addon. */
type Rooms = Parameters<typeof nativeLinalg>[0] &
  Parameters<typeof nativeCaptured>[0] &
  Parameters<typeof nativeJets>[0] &
  Parameters<typeof nativePrograms>[0] &
  Parameters<typeof nativePaths>[0] &
  Parameters<typeof nativeHedge>[0];

/** The native engine over a loaded addon with its own number of threads (1 … 256). */
export function nativeEngine(addon: Addon, threads: number): Engine {
  const rooms = boundAddon(addon, threads) as unknown as Rooms;
  const { simd, version } = (addon as unknown as AddonCore).describe();
  return {
    linalg: checkedLinalg(nativeLinalg(rooms)),
    captured: checkedCaptured(nativeCaptured(rooms)),
    jets: nativeJets(rooms),
    programs: nativePrograms(rooms),
    paths: nativePaths(rooms),
    hedge: nativeHedge(rooms),
    describe: () => ({ kind: 'native', simd, threads, version, reasons: [] }),
  };
}
