import { ProblemError } from '../problem.ts';

/** Every state of a run. */
export const RUN_STATUSES = [
  'queued',
  'claimed',
  'running',
  'cancelling',
  'interrupted',
  'succeeded',
  'failed',
  'diverged',
  'cancelled',
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Everything that can happen to a run. */
export const RUN_EVENTS = [
  'claim', // a supervisor takes the run
  'start', // its child trains
  'succeed',
  'fail',
  'diverge',
  'stop', // the child obeyed a cancel
  'interrupt', // the child or its supervisor is gone
  'requeue', // an interrupted run waits for its next attempt
  'cancel', // a user asks for the end
] as const;
export type RunEvent = (typeof RUN_EVENTS)[number];

/**
 * The whole life of a run. What is not written here is illegal. A run that is being cancelled ends as cancelled whatever
 * its child reports or suffers: the wish to end it was answered first.
 */
const TRANSITIONS: Readonly<Record<RunStatus, Partial<Record<RunEvent, RunStatus>>>> = {
  queued: { claim: 'claimed', cancel: 'cancelled' },
  claimed: { start: 'running', fail: 'failed', interrupt: 'interrupted', cancel: 'cancelling' },
  running: {
    succeed: 'succeeded',
    fail: 'failed',
    diverge: 'diverged',
    interrupt: 'interrupted',
    cancel: 'cancelling',
  },
  cancelling: {
    succeed: 'cancelled',
    fail: 'cancelled',
    diverge: 'cancelled',
    stop: 'cancelled',
    interrupt: 'cancelled',
    cancel: 'cancelling',
  },
  interrupted: { requeue: 'queued', fail: 'failed', cancel: 'cancelled' },
  succeeded: {},
  failed: {},
  diverged: {},
  cancelled: {},
};

/** True if nothing can happen to a run in this state any more. */
export function isTerminal(status: RunStatus): boolean {
  return Object.keys(TRANSITIONS[status]).length === 0;
}

/** The states in which a supervisor owns the run. */
export const OWNED_STATUSES: readonly RunStatus[] = ['claimed', 'running', 'cancelling'];

/** The state that follows, or null if the transition is illegal. */
export function nextStatus(status: RunStatus, event: RunEvent): RunStatus | null {
  return TRANSITIONS[status][event] ?? null;
}

/** The states from which `event` is legal, with the state that follows: what a conditional UPDATE is made of. */
export function transitionsBy(event: RunEvent): readonly { from: RunStatus; to: RunStatus }[] {
  return RUN_STATUSES.flatMap((from) => {
    const to = nextStatus(from, event);
    return to === null ? [] : [{ from, to }];
  });
}

/** Throws the 409 problem for a transition that a client asked for and that is illegal. */
export function illegalTransition(id: string, status: RunStatus, event: RunEvent): never {
  const allowed = transitionsBy(event)
    .map(({ from }) => from)
    .join(', ');
  const wish = event === 'requeue' ? 'resume' : event;
  throw new ProblemError('ILLEGAL_TRANSITION', `Run ${id} is ${status}; ${wish} is possible for: ${allowed}.`, {
    extensions: { currentStatus: status },
  });
}
