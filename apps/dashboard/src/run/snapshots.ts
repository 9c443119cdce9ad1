import { useEffect, useRef, useState } from 'preact/hooks';

/** Shortest time between two readings of a snapshot, in milliseconds. */
const READ_MS = 1500;

/**
 * The newest snapshot, read again when `step` changes, never more than one at a time and not more often than every
 * `READ_MS`. Null until something was read; what cannot be read leaves what was there.
 */
export function useSnapshot<T>(step: number | null, read: (signal: AbortSignal) => Promise<T>, key: string): T | null {
  const [value, setValue] = useState<T | null>(null);
  const state = useRef({ wanted: null as number | null, busy: false, abort: new AbortController() });

  useEffect(() => {
    const own = { wanted: null as number | null, busy: false, abort: new AbortController() };
    state.current = own;
    setValue(null);
    return () => own.abort.abort();
  }, [key]);

  useEffect(() => {
    if (step === null) return;
    const own = state.current;
    own.wanted = step;
    if (own.busy) return;
    own.busy = true;
    const next = async (): Promise<void> => {
      while (own.wanted !== null && !own.abort.signal.aborted) {
        own.wanted = null;
        const result = await read(own.abort.signal).catch(() => null);
        if (own.abort.signal.aborted) return;
        if (result !== null) setValue(() => result);
        await new Promise((resolve) => setTimeout(resolve, READ_MS));
      }
      own.busy = false;
    };
    void next();
  }, [step, key]);

  return value;
}
