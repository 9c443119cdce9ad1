import type { RunStatus } from '../api/types.ts';

const TERMINAL: ReadonlySet<RunStatus> = new Set(['succeeded', 'failed', 'diverged', 'cancelled']);

/** True if nothing can happen to the run any more. */
export const isTerminal = (status: RunStatus): boolean => TERMINAL.has(status);

/** True if asking for the end of the run makes sense. */
export const canCancel = (status: RunStatus): boolean => !isTerminal(status) && status !== 'cancelling';

/** How a state looks and reads; shape and text tell it without colour. */
export const STATUS: {
  readonly [status in RunStatus]: { readonly label: string; readonly tone: Tone; readonly mark: string };
} = {
  queued: { label: 'Queued', tone: 'quiet', mark: '○' },
  claimed: { label: 'Starting', tone: 'active', mark: '◔' },
  running: { label: 'Running', tone: 'active', mark: '●' },
  cancelling: { label: 'Cancelling', tone: 'warning', mark: '◌' },
  interrupted: { label: 'Interrupted', tone: 'warning', mark: '‖' },
  succeeded: { label: 'Succeeded', tone: 'good', mark: '✓' },
  failed: { label: 'Failed', tone: 'bad', mark: '✕' },
  diverged: { label: 'Diverged', tone: 'bad', mark: '↗' },
  cancelled: { label: 'Cancelled', tone: 'quiet', mark: '–' },
};

export type Tone = 'quiet' | 'active' | 'good' | 'warning' | 'bad';

/** Share of the work that is done, 0 … 1, by whichever stop rule is nearest; null where no rule tells. */
export function progressOf(
  step: number,
  totalSteps: number | null,
  seconds: number,
  totalSeconds: number | null,
): number | null {
  const parts = [
    ...(totalSteps === null ? [] : [step / totalSteps]),
    ...(totalSeconds === null ? [] : [seconds / totalSeconds]),
  ];
  return parts.length === 0 ? null : Math.min(1, Math.max(...parts));
}
