import { describe, expect, test } from 'vitest';
import { ProblemError } from '../problem.ts';
import {
  OWNED_STATUSES,
  RUN_EVENTS,
  RUN_STATUSES,
  illegalTransition,
  isTerminal,
  nextStatus,
  transitionsBy,
} from './state.ts';
import type { RunEvent, RunStatus } from './state.ts';

/** Written down a second time, as arrows: every pair that is not here must be illegal. */
const ARROWS: Record<string, RunStatus> = {
  'queued claim': 'claimed',
  'queued cancel': 'cancelled',
  'claimed start': 'running',
  'claimed fail': 'failed',
  'claimed interrupt': 'interrupted',
  'claimed cancel': 'cancelling',
  'running succeed': 'succeeded',
  'running fail': 'failed',
  'running diverge': 'diverged',
  'running interrupt': 'interrupted',
  'running cancel': 'cancelling',
  'cancelling succeed': 'cancelled',
  'cancelling fail': 'cancelled',
  'cancelling diverge': 'cancelled',
  'cancelling stop': 'cancelled',
  'cancelling interrupt': 'cancelled',
  'cancelling cancel': 'cancelling',
  'interrupted requeue': 'queued',
  'interrupted fail': 'failed',
  'interrupted cancel': 'cancelled',
};

describe('the life of a run', () => {
  const pairs = RUN_STATUSES.flatMap((status) => RUN_EVENTS.map((event): [RunStatus, RunEvent] => [status, event]));

  test.each(pairs)('%s + %s', (status, event) => {
    expect(nextStatus(status, event)).toBe(ARROWS[`${status} ${event}`] ?? null);
  });

  test('exactly four states are terminal', () => {
    expect(RUN_STATUSES.filter(isTerminal)).toEqual(['succeeded', 'failed', 'diverged', 'cancelled']);
  });

  test('every state can be reached from queued and every unfinished one can be ended', () => {
    const reached = new Set<RunStatus>(['queued']);
    for (let size = 0; size !== reached.size;) {
      size = reached.size;
      for (const status of [...reached])
        for (const event of RUN_EVENTS) reached.add(nextStatus(status, event) ?? status);
    }
    expect([...reached].sort()).toEqual([...RUN_STATUSES].sort());
    for (const status of RUN_STATUSES.filter((s) => !isTerminal(s)))
      expect(nextStatus(status, 'cancel')).not.toBeNull();
  });

  test('the states that a supervisor owns are those that an interruption can end', () => {
    expect([...OWNED_STATUSES].sort()).toEqual(
      transitionsBy('interrupt')
        .map(({ from }) => from)
        .sort(),
    );
  });

  test('an illegal wish is a 409 that names the state', () => {
    let problem: unknown;
    try {
      illegalTransition('r', 'succeeded', 'cancel');
    } catch (error) {
      problem = error;
    }
    expect(problem).toBeInstanceOf(ProblemError);
    expect(problem).toMatchObject({ code: 'ILLEGAL_TRANSITION', extensions: { currentStatus: 'succeeded' } });
    expect((problem as Error).message).toContain('queued, claimed, running, cancelling, interrupted');
  });
});
