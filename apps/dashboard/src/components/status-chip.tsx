import type { RunKind, RunStatus } from '../api/types.ts';
import { STATUS } from '../run/status.ts';

/** The state of a run: a mark, a word, a colour. */
export function StatusChip({ status }: { status: RunStatus }) {
  const { label, tone, mark } = STATUS[status];
  return (
    <span class={`chip chip-${tone}`} data-status={status}>
      <span class="chip-mark" aria-hidden="true">
        {mark}
      </span>
      {label}
    </span>
  );
}

const KINDS: { readonly [kind in RunKind]: string } = { pinn: 'Equation', hedging: 'Hedge', study: 'Study' };

/** What a run solves. */
export function KindTag({ kind }: { kind: RunKind }) {
  return <span class="tag">{KINDS[kind]}</span>;
}
