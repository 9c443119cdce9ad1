import { useEffect, useState } from 'preact/hooks';
import { cancelRun, problemOf, resumeRun } from '../api/client.ts';
import type { Problem, Run, RunKind } from '../api/types.ts';
import { now } from '../clock.ts';
import { Announcer } from '../components/announcer.tsx';
import { ConfirmDialog } from '../components/confirm-dialog.tsx';
import { ProblemView } from '../components/problem-view.tsx';
import { ProgressBar } from '../components/progress-bar.tsx';
import { KindTag, StatusChip } from '../components/status-chip.tsx';
import { formatAgo, formatCount, formatJson, formatNumber, formatSeconds } from '../format.ts';
import { Link } from '../router.tsx';
import { DistributionPanel } from '../run/distribution-panel.tsx';
import { ExportMenu, hasExports } from '../run/export-menu.tsx';
import { FieldsPanel } from '../run/fields-panel.tsx';
import { headline } from '../run/headline.ts';
import { watchRun } from '../run/live.ts';
import type { LiveRun } from '../run/live.ts';
import { MetricsPanel } from '../run/metrics-panel.tsx';
import { QualityPanel } from '../run/quality-panel.tsx';
import { SlicesPanel } from '../run/slices-panel.tsx';
import { StudyPanel } from '../run/study-panel.tsx';
import { canCancel, isTerminal, progressOf, STATUS } from '../run/status.ts';
import type { ConnectionStatus } from '../stream/connection.ts';
import { usePage } from './page.ts';

/** One run: what it does now, or what it has done. */
export function RunPage({ id }: { id: string }) {
  const [live, setLive] = useState<LiveRun | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    setLive(watchRun(id, abort.signal));
    return () => abort.abort();
  }, [id, attempt]);
  const run = live?.run.value ?? null;
  usePage(run === null ? 'Run' : run.name);
  if (live?.problem.value != null) {
    return (
      <>
        <h1>Run</h1>
        <ProblemView problem={live.problem.value} onRetry={() => setAttempt(attempt + 1)} />
        <p>
          <Link href="/">All runs</Link>
        </p>
      </>
    );
  }
  if (live === null || run === null) return <p class="empty">Reading the run …</p>;
  return <LoadedRun live={live} run={run} />;
}

function LoadedRun({ live, run }: { live: LiveRun; run: Run }) {
  const ended = isTerminal(run.status);
  // A run that has ended has its last snapshot even if this page never saw it being made.
  const snapshot = ended ? Number.MAX_SAFE_INTEGER : live.snapshot.value;
  return (
    <>
      <Header live={live} run={run} />
      <Outcome run={run} />
      <Tiles live={live} run={run} />
      {run.kind === 'study' && <StudyPanel live={live} run={run} />}
      {run.kind === 'hedging' && <DistributionPanel id={run.id} step={snapshot} result={run.result} />}
      {run.kind !== 'study' && (
        <MetricsPanel live={live} kind={run.kind}>
          {run.kind === 'pinn' && <FieldsPanel id={run.id} step={snapshot} />}
        </MetricsPanel>
      )}
      {run.kind === 'pinn' && <SlicesPanel run={run} />}
      {run.kind === 'pinn' && <QualityPanel result={run.result} />}
      <Details live={live} run={run} />
      <Announcer text={announcement(run)} urgent={STATUS[run.status].label} />
    </>
  );
}

/** What a step of a run is: of a study, one of its runs. */
const stepName = (kind: RunKind): string => (kind === 'study' ? 'run' : 'step');

const announcement = (run: Run): string =>
  `${STATUS[run.status].label}, ${stepName(run.kind)} ${run.step}${run.totalSteps === null ? '' : ` of ${run.totalSteps}`}, loss ${formatNumber(run.loss)}`;

function Header({ live, run }: { live: LiveRun; run: Run }) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const act = async (action: (id: string) => Promise<unknown>): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await action(run.id);
      await live.refresh();
    } catch (error) {
      setProblem(problemOf(error));
    }
    setBusy(false);
  };
  return (
    <>
      <header class="page-head">
        <div>
          <p class="crumb">
            <Link href="/">Runs</Link>
          </p>
          <h1>{run.name}</h1>
          <p class="page-meta">
            <StatusChip status={run.status} />
            <KindTag kind={run.kind} />
            <Connection status={live.connection.value} ended={isTerminal(run.status)} />
            <span class="muted" title={run.createdAt}>
              created {formatAgo(run.createdAt, now.value)}
            </span>
          </p>
        </div>
        <div class="actions">
          {canCancel(run.status) && (
            <button type="button" class="button button-danger" disabled={busy} onClick={() => setAsking(true)}>
              Cancel
            </button>
          )}
          {run.status === 'interrupted' && (
            <button type="button" class="button" disabled={busy} onClick={() => void act(resumeRun)}>
              Resume
            </button>
          )}
          {hasExports(run) && <ExportMenu id={run.id} kind={run.kind} />}
          {run.kind === 'pinn' && hasExports(run) && (
            <Link class="button" href={`/new?from=${encodeURIComponent(run.id)}&start=1`}>
              Train on …
            </Link>
          )}
          <Link class="button" href={`/new?from=${encodeURIComponent(run.id)}`}>
            Run again …
          </Link>
        </div>
      </header>
      {problem !== null && <ProblemView problem={problem} />}
      <ConfirmDialog
        open={asking}
        title="Cancel this run?"
        text="Training ends after the current step. What it has reached stays; a cancelled run does not go on later."
        confirm="Cancel the run"
        dismiss="Keep training"
        onConfirm={() => {
          setAsking(false);
          void act(cancelRun);
        }}
        onDismiss={() => setAsking(false)}
      />
    </>
  );
}

const CONNECTION: { readonly [status in ConnectionStatus]: string } = {
  connecting: 'Connecting …',
  live: 'Live',
  reconnecting: 'Connection lost, trying again …',
  closed: 'Complete',
};

function Connection({ status, ended }: { status: ConnectionStatus; ended: boolean }) {
  const shown = ended && status !== 'connecting' ? 'closed' : status;
  return (
    <span class={`connection connection-${shown}`} data-connection={shown} role="status">
      <span class="connection-dot" aria-hidden="true" />
      {CONNECTION[shown]}
    </span>
  );
}

function Outcome({ run }: { run: Run }) {
  const notes = Array.isArray(run.result?.['notes']) ? run.result['notes'].map(String) : [];
  const bad = run.result?.['badStep'];
  return (
    <>
      {run.status === 'failed' && (
        <div class="notice notice-bad">
          <p class="notice-title">The run failed</p>
          <p>{run.error?.message ?? run.stopReason ?? 'No reason was given.'}</p>
          {run.error !== null && <code>{run.error.code}</code>}
        </div>
      )}
      {run.status === 'diverged' && (
        <div class="notice notice-bad">
          <p class="notice-title">Training diverged{typeof bad === 'number' ? ` at step ${bad}` : ''}</p>
          <p>{run.error?.message ?? run.stopReason ?? 'A value was not finite.'} The last good state is kept.</p>
        </div>
      )}
      {run.status === 'interrupted' && (
        <div class="notice notice-warning">
          <p class="notice-title">Training was interrupted</p>
          <p>
            {run.kind === 'study'
              ? 'Runs that are done stay; the one that was under way begins again.'
              : 'It goes on from its last checkpoint, bit for bit.'}
          </p>
        </div>
      )}
      {notes.map((note) => (
        <div class="notice" key={note}>
          <p>{note}</p>
        </div>
      ))}
    </>
  );
}

function stopSeconds(run: Run): number | null {
  const stop = run.spec['stop'] as { readonly seconds?: unknown } | undefined;
  return typeof stop?.seconds === 'number' ? stop.seconds : null;
}

function Tiles({ live, run }: { live: LiveRun; run: Run }) {
  void live.revision.value;
  const total = run.totalSteps === null ? '' : ` of ${formatCount(run.totalSteps)}`;
  const share = isTerminal(run.status) ? null : progressOf(run.step, run.totalSteps, run.seconds, stopSeconds(run));
  return (
    <dl class="tiles">
      <div class="tile">
        <dt>{run.kind === 'study' ? 'Runs' : 'Step'}</dt>
        <dd>
          {formatCount(run.step)}
          <small>{total}</small>
          <ProgressBar value={share} label="Progress of the run" />
        </dd>
      </div>
      <div class="tile">
        <dt>Time</dt>
        <dd>{formatSeconds(run.seconds)}</dd>
        {run.stopReason !== null && <dd class="tile-note">ended by {run.stopReason}</dd>}
      </div>
      {headline(run, live.series).map((tile) => (
        <div class="tile" key={tile.label}>
          <dt>{tile.label}</dt>
          <dd>{tile.value}</dd>
        </div>
      ))}
      {run.engine !== null && (
        <div class="tile">
          <dt>Engine</dt>
          <dd class="tile-words">{run.engine.kind}</dd>
          <dd class="tile-note">
            {run.engine.simd === 'none' ? 'TypeScript' : run.engine.simd}, {run.engine.threads}{' '}
            {run.engine.threads === 1 ? 'thread' : 'threads'}
          </dd>
        </div>
      )}
    </dl>
  );
}

function Details({ live, run }: { live: LiveRun; run: Run }) {
  const log = live.log.value;
  return (
    <section class="details" aria-labelledby="details-title">
      <h2 id="details-title">Details</h2>
      <details class="card">
        <summary>Problem as JSON</summary>
        <pre tabIndex={0} aria-label="Problem as JSON">
          {formatJson(run.spec)}
        </pre>
      </details>
      <details class="card">
        <summary>
          Log{' '}
          <span class="muted">
            {log.length === 0 ? 'empty' : log.length === 1 ? 'one line' : `${log.length} lines`}
          </span>
        </summary>
        <ol class="log">
          {log.map((line, k) => (
            <li key={k} class={`log-${line.kind}`}>
              {line.text}
            </li>
          ))}
        </ol>
      </details>
      <dl class="facts">
        <dt>Run</dt>
        <dd>
          <code>{run.id}</code>
        </dd>
        <dt>Attempt</dt>
        <dd>{run.attempt}</dd>
        {live.checkpoint.value !== null && (
          <>
            <dt>Last checkpoint</dt>
            <dd>
              {stepName(run.kind)} {formatCount(live.checkpoint.value)}
            </dd>
          </>
        )}
        <dt>JSON</dt>
        <dd>
          <a href={`/v1/runs/${encodeURIComponent(run.id)}`}>run</a>,{' '}
          <a href={`/v1/runs/${encodeURIComponent(run.id)}/metrics`}>metrics</a>
        </dd>
      </dl>
    </section>
  );
}
