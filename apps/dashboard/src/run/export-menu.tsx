import { useRef } from 'preact/hooks';
import { exportPath } from '../api/client.ts';
import type { Run } from '../api/types.ts';

const FORMATS = [
  { format: 'csv', name: 'CSV', what: 'table of the grid' },
  { format: 'npy', name: 'NumPy', what: 'float64 array' },
  { format: 'vtk', name: 'VTK', what: 'for ParaView' },
  { format: 'js', name: 'ES module', what: 'solution, derivatives' },
  { format: 'json', name: 'Network', what: 'weights, to start from' },
] as const;

/** True if the service has the solution of the run as files. */
export const hasExports = ({ kind, result }: Pick<Run, 'kind' | 'result'>): boolean =>
  kind === 'pinn' && result !== null;

/** The solution as a file: closes with Escape, and when the focus leaves it. */
export function ExportMenu({ id }: { id: string }) {
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
        {FORMATS.map(({ format, name, what }) => (
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
