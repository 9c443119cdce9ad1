import { useEffect, useRef, useState } from 'preact/hooks';
import { getCapabilities } from './api/client.ts';
import type { Capabilities } from './api/types.ts';
import { NewRunPage } from './pages/new.tsx';
import { usePage } from './pages/page.ts';
import { RunPage } from './pages/run.tsx';
import { RunsPage } from './pages/runs.tsx';
import { Link, route } from './router.tsx';

/** The frame around every page. */
export function App() {
  const main = useRef<HTMLElement>(null);
  const at = route.value;
  const key = at.page === 'run' ? `run ${at.id}` : at.page;
  const first = useRef(true);
  useEffect(() => {
    // A new page begins at its beginning, for those who read by ear and by keyboard, too.
    if (first.current) first.current = false;
    else main.current?.focus({ preventScroll: true });
  }, [key]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <header class="top">
        <div class="top-inner">
          <Link href="/" class="brand">
            <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
              <rect class="brand-tile" width="32" height="32" rx="8" />
              <path class="brand-curve" d="M6 8c3 11 8 16 20 16" />
              <path class="brand-slow" d="M6 12c5 5 10 7 20 8" />
              <circle class="brand-dot" cx="26" cy="24" r="2.6" />
            </svg>
            <span>K-FAC</span>
          </Link>
          <nav aria-label="Main">
            <Link href="/" current={at.page === 'runs'}>
              Runs
            </Link>
            <Link href="/new" current={at.page === 'new'}>
              New run
            </Link>
            <a href="/docs">API</a>
          </nav>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1} key={key}>
        {at.page === 'runs' && <RunsPage />}
        {at.page === 'new' && <NewRunPage />}
        {at.page === 'run' && <RunPage id={at.id} />}
        {at.page === 'missing' && <MissingPage />}
      </main>
      <Footer />
    </>
  );
}

function MissingPage() {
  usePage('Not found');
  return (
    <div class="welcome card">
      <h1>There is nothing here</h1>
      <p>
        <Link href="/">All runs</Link>
      </p>
    </div>
  );
}

function Footer() {
  const [capabilities, setCapabilities] = useState<Capabilities | null>(null);
  useEffect(() => {
    // The footer is a courtesy: where the service does not answer, the page says so.
    getCapabilities().then(setCapabilities, () => undefined);
  }, []);
  if (capabilities === null) return <footer class="bottom" />;
  const { engine, version, cores, threadsPerRun, concurrency } = capabilities;
  return (
    <footer class="bottom">
      <p>
        Version {version} · {engine.kind} engine{engine.simd === 'none' ? '' : `, ${engine.simd}`} · {concurrency}{' '}
        {concurrency === 1 ? 'run' : 'runs'} at a time, {threadsPerRun} {threadsPerRun === 1 ? 'thread' : 'threads'}{' '}
        each, on {cores} {cores === 1 ? 'core' : 'cores'}
      </p>
      {engine.reasons.map((reason) => (
        <p key={reason}>A faster engine was not chosen: {reason}</p>
      ))}
    </footer>
  );
}
