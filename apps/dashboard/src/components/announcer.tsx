import { useEffect, useRef, useState } from 'preact/hooks';

/** Pause between two announcements of progress, in milliseconds. */
const PAUSE_MS = 15_000;

/** Tells a screen reader how things go: at once when `urgent` changes, otherwise now and then. */
export function Announcer({ text, urgent }: { text: string; urgent: string }) {
  const [said, setSaid] = useState(text);
  const latest = useRef(text);
  latest.current = text;
  useEffect(() => {
    setSaid(latest.current);
    const timer = setInterval(() => setSaid(latest.current), PAUSE_MS);
    return () => clearInterval(timer);
  }, [urgent]);
  return (
    <p class="visually-hidden" aria-live="polite">
      {said}
    </p>
  );
}
