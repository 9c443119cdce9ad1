import { getField, getFields } from '../api/client.ts';
import { FieldCards } from './field-cards.tsx';
import type { Snapshot } from './field-cards.tsx';
import { inOrder } from './fields.ts';
import { ProfileCard } from './profile-card.tsx';
import { useSnapshot } from './snapshots.ts';

async function readFields(id: string, signal: AbortSignal): Promise<Snapshot | null> {
  const list = await getFields(id, signal);
  if (list.fields.length === 0) return null;
  const fields = await Promise.all(inOrder(list.fields).map((info) => getField(id, info, signal)));
  return { step: list.step ?? 0, fields };
}

/** The fields of a solution: heat maps over two coordinates, curves over one. */
export function FieldsPanel({ id, step }: { id: string; step: number | null }) {
  const snapshot = useSnapshot(step, (signal) => readFields(id, signal), id);
  return (
    <section aria-labelledby="fields-title">
      <h2 id="fields-title">Fields {snapshot !== null && <span class="muted h-note">at step {snapshot.step}</span>}</h2>
      {snapshot === null ? (
        <p class="empty">{step === null ? 'Fields appear with the first snapshot.' : 'Reading the fields …'}</p>
      ) : (
        <div class="grid grid-fields">
          <FieldCards snapshot={snapshot} />
          <ProfileCard snapshot={snapshot} />
        </div>
      )}
    </section>
  );
}
