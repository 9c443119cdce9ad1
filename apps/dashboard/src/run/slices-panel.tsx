import { useEffect, useState } from 'preact/hooks';
import { getSlice, problemOf } from '../api/client.ts';
import type { Run } from '../api/types.ts';
import { Slider } from '../components/slider.tsx';
import { formatNumber } from '../format.ts';
import { FieldCards } from './field-cards.tsx';
import type { Snapshot } from './field-cards.tsx';
import { inOrder } from './fields.ts';
import { SLICE_STEPS, coordinatesOf, sliceQuery, sliceValue, withAxis } from './slices.ts';

/** Pause after which a moved slider is believed, in milliseconds. */
const SETTLE_MS = 150;

/** Slices through a solution of three and more coordinates: two on the axes, a slider for each other. */
export function SlicesPanel({ run }: { run: Run }) {
  const coordinates = coordinatesOf(run.spec);
  return coordinates.length < 3 || run.status !== 'succeeded' ? null : <Slices run={run} />;
}

function Slices({ run }: { run: Run }) {
  const coordinates = coordinatesOf(run.spec);
  const space = coordinates.filter(({ name }) => name !== 't').map(({ name }) => name);
  const [axes, setAxes] = useState<readonly [string, string]>([space[0]!, space[1]!]);
  const [steps, setSteps] = useState<Readonly<Record<string, number>>>({});
  const { snapshot, fault } = useSlice(run.id, sliceQuery(coordinates, axes, steps));
  return (
    <section aria-labelledby="slices-title">
      <div class="section-head">
        <h2 id="slices-title">Slices</h2>
        <div class="toolbar">
          {([0, 1] as const).map((place) => (
            <div class="inline-field" key={place}>
              <label for={`slice-axis-${place}`}>{place === 0 ? 'Right' : 'Up'}</label>
              <select
                id={`slice-axis-${place}`}
                value={axes[place]}
                onChange={(event) => setAxes(withAxis(axes, place, event.currentTarget.value))}
              >
                {coordinates.map(({ name }) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </select>
            </div>
          ))}
        </div>
      </div>
      {coordinates
        .filter(({ name }) => !axes.includes(name))
        .map((coordinate) => {
          const { name } = coordinate;
          const step = steps[name] ?? SLICE_STEPS / 2;
          return (
            <Slider
              key={name}
              id={`slice-${name}`}
              label={name}
              value={step}
              steps={SLICE_STEPS}
              text={formatNumber(sliceValue(coordinate, step), 4)}
              onChange={(next) => setSteps({ ...steps, [name]: next })}
            />
          );
        })}
      {snapshot === null ? (
        <p class="empty">{fault ?? 'Reading the slice …'}</p>
      ) : (
        <div class="grid grid-fields">
          <FieldCards snapshot={snapshot} />
        </div>
      )}
    </section>
  );
}

/** The slice of a query; the one before stays until the next is there. */
function useSlice(id: string, query: string): { snapshot: Snapshot | null; fault: string | null } {
  const [snapshot, setSnapshot] = useState<Snapshot | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(() => {
      getSlice(id, query, abort.signal).then(
        (fields) => setSnapshot({ step: fields[0]?.step ?? 0, fields: inOrder(fields) }),
        (error: unknown) => {
          if (abort.signal.aborted) return;
          setSnapshot(null);
          setFault(problemOf(error).detail ?? null);
        },
      );
    }, SETTLE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [id, query]);
  return { snapshot, fault };
}
