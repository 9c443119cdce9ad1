import { signal } from '@preact/signals';
import type { Signal } from '@preact/signals';
import { eventsPath, getMetrics, getRun, problemOf } from '../api/client.ts';
import type { Problem, Run, RunStatus } from '../api/types.ts';
import { follow } from '../stream/connection.ts';
import type { ConnectionStatus } from '../stream/connection.ts';
import type { StreamEvent } from '../stream/parser.ts';
import { isTerminal } from './status.ts';
import { SeriesStore } from './series.ts';
import type { MetricsEvent } from './series.ts';

/** Shortest time between two announcements of new points, in milliseconds. */
const ANNOUNCE_MS = 250;

export interface LogLine {
  readonly kind: 'log' | 'checkpoint' | 'rewind' | 'diverged' | 'state';
  readonly text: string;
}

/** A run as it is now, kept so by its event stream. */
export interface LiveRun {
  readonly run: Signal<Run | null>;
  readonly problem: Signal<Problem | null>;
  readonly connection: Signal<ConnectionStatus>;
  readonly series: SeriesStore;
  /** Follows the revision of `series`, a few times a second at most. */
  readonly revision: Signal<number>;
  /** Step of the last snapshot of fields and distributions, null if there is none. */
  readonly snapshot: Signal<number | null>;
  readonly log: Signal<readonly LogLine[]>;
  /** Step of the last checkpoint, null if there is none. */
  readonly checkpoint: Signal<number | null>;
  /** Reads the run again. */
  refresh(): Promise<void>;
}

/** Opens a run and follows it until the signal is raised. */
export function watchRun(id: string, abort: AbortSignal): LiveRun {
  const live: LiveRun = {
    run: signal<Run | null>(null),
    problem: signal<Problem | null>(null),
    connection: signal<ConnectionStatus>('connecting'),
    series: new SeriesStore(),
    revision: signal(0),
    snapshot: signal<number | null>(null),
    log: signal<readonly LogLine[]>([]),
    checkpoint: signal<number | null>(null),
    refresh: async () => {
      try {
        live.run.value = await getRun(id, abort);
        live.problem.value = null;
      } catch (error) {
        // A page that shows something keeps showing it: the connection's state tells the rest.
        if (!abort.aborted && live.run.value === null) live.problem.value = problemOf(error);
      }
    },
  };
  void start(id, live, abort);
  return live;
}

async function start(id: string, live: LiveRun, abort: AbortSignal): Promise<void> {
  await live.refresh();
  if (live.run.value === null || abort.aborted) return;
  const announce = throttle(() => {
    live.revision.value = live.series.revision;
    live.run.value = advanced(live.run.peek(), live.series);
  }, ANNOUNCE_MS);
  abort.addEventListener('abort', announce.cancel);
  let loaded = false;
  const history = async (): Promise<void> => {
    if (loaded) return;
    loaded = true;
    try {
      live.series.addSeries((await getMetrics(id, { maxPoints: 1000, signal: abort })).series);
      announce.call();
    } catch {
      loaded = false;
    }
  };
  const handlers = {
    onEvent: (event: StreamEvent) => {
      apply(event, live);
      announce.call();
    },
    onStatus: (status: ConnectionStatus) => {
      const before = live.connection.peek();
      live.connection.value = status;
      if (status !== 'live') return;
      // The stream is open first, so nothing falls between it and what is read now.
      void history();
      if (before === 'reconnecting') void live.refresh();
    },
    finished: () => live.run.peek() !== null && isTerminal(live.run.peek()!.status),
  };
  await follow(eventsPath(id), handlers, { signal: abort });
}

function apply(event: StreamEvent, live: LiveRun): void {
  const data = JSON.parse(event.data) as Record<string, unknown>;
  const step = typeof data['step'] === 'number' ? data['step'] : 0;
  const note = (kind: LogLine['kind'], text: string): void => {
    live.log.value = [...live.log.peek().slice(-199), { kind, text }];
  };
  switch (event.event) {
    case 'state': {
      const status = data['status'] as RunStatus;
      note('state', status);
      const run = live.run.peek();
      if (run !== null && !isTerminal(run.status)) live.run.value = { ...run, status };
      void live.refresh();
      break;
    }
    case 'metrics':
      live.series.addEvent(data as unknown as MetricsEvent);
      break;
    case 'snapshot':
      live.snapshot.value = step;
      break;
    case 'checkpoint':
      live.checkpoint.value = step;
      break;
    case 'rewind':
      live.series.rewind(step);
      note('rewind', `training goes on from step ${step}`);
      break;
    case 'diverged':
      note('diverged', `${String(data['metric'] ?? 'loss')} is not finite at step ${step}`);
      break;
    case 'log':
      note('log', String(data['message'] ?? ''));
      break;
  }
}

/** The run with step, seconds and loss of its newest point, until its end is known from the service. */
function advanced(run: Run | null, series: SeriesStore): Run | null {
  const last = series.latest('loss');
  if (run === null || last === undefined || isTerminal(run.status)) return run;
  return { ...run, step: last.step, seconds: last.seconds, loss: Number.isFinite(last.value) ? last.value : run.loss };
}

/** Calls at once, then at most every `ms`, the last time after the last wish. */
function throttle(action: () => void, ms: number): { call(): void; cancel(): void } {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let again = false;
  const call = (): void => {
    if (timer !== null) {
      again = true;
      return;
    }
    action();
    timer = setTimeout(() => {
      timer = null;
      if (again) {
        again = false;
        call();
      }
    }, ms);
  };
  return { call, cancel: () => timer !== null && clearTimeout(timer) };
}
