import { EXIT } from './exit.ts';

/**
 * A terminal's Ctrl-C reaches the process twice when npm stands above it: once from the terminal, once passed on by npm.
 * Signals closer together than this are one.
 */
const SAME_KEYSTROKE_MS = 400;

/** Calls `onFirst` at the first Ctrl-C (or SIGTERM); a second one ends the process at once. Returns how to stop listening. */
export function onInterrupt(onFirst: () => void): () => void {
  let first: number | undefined;
  const listener = (): void => {
    const now = performance.now();
    if (first === undefined) {
      first = now;
      onFirst();
    } else if (now - first > SAME_KEYSTROKE_MS) {
      process.stderr.write('\n');
      process.exit(EXIT.cancelled);
    }
  };
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  return () => {
    process.off('SIGINT', listener);
    process.off('SIGTERM', listener);
  };
}
