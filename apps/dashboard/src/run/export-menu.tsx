import { useRef } from 'preact/hooks';
import { exportPath } from '../api/client.ts';
import type { Run, RunKind } from '../api/types.ts';

const SOLUTION = [
  { format: 'csv', name: 'CSV', what: 'table of the grid' },
  { format: 'npy', name: 'NumPy', what: 'float64 array' },
  { format: 'vtk', name: 'VTK', what: 'for ParaView' },
  { format: 'js', name: 'ES module', what: 'solution, derivatives' },
  { format: 'json', name: 'Network', what: 'weights, to start from' },
] as const;

const FORMATS: { readonly [kind in RunKind]: readonly { format: string; name: string; what: string }[] } = {
  pinn: SOLUTION,
  hedging: [],
  study: [{ format: 'csv', name: 'CSV', what: 'a row for each run' }],
};

/** True if the service has the solution of the run, or the rows of a study, as files. */
export const hasExports = ({ kind, result }: Pick<Run, 'kind' | 'result'>): boolean =>
  FORMATS[kind].length > 0 && result !== null;

/** What a run leaves as a file: closes with Escape, and when the focus leaves it. */
export function ExportMenu({ id, kind }: Pick<Run, 'id' | 'kind'>) {
  const menu = useRef<HTMLDetailsElement>(null);
  const close = (): void => {
    if (menu.current) menu.current.open = false;
  };
  return (
    <details
      class="menu"
      ref={menu}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        close();
        menu.current?.querySelector('summary')?.focus();
      }}
      onFocusOut={(event) => {
        if (!menu.current?.contains(event.relatedTarget as Node | null)) close();
      }}
    >
      <summary class="button">Download</summary>
      <ul>
        {FORMATS[kind].map(({ format, name, what }) => (
          <li key={format}>
            <a href={exportPath(id, format)} download onClick={close}>
              {name} <span class="muted">{what}</span>
            </a>
          </li>
        ))}
      </ul>
    </details>
  );
}
