import { useEffect } from 'preact/hooks';

/** Names the page for the window. */
export function usePage(title: string): void {
  useEffect(() => {
    document.title = `${title} · K-FAC`;
  }, [title]);
}
