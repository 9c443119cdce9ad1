import { computed, signal } from '@preact/signals';
import type { ComponentChildren, TargetedMouseEvent } from 'preact';

const location$ = signal(new URL(window.location.href));

export type Route =
  | { readonly page: 'runs' }
  | { readonly page: 'new' }
  | { readonly page: 'run'; readonly id: string }
  | { readonly page: 'missing' };

/** The page that a path names. */
export function routeOf(pathname: string): Route {
  if (pathname === '/') return { page: 'runs' };
  if (pathname === '/new') return { page: 'new' };
  const run = /^\/runs\/([^/]+)$/.exec(pathname);
  return run?.[1] === undefined ? { page: 'missing' } : { page: 'run', id: decodeURIComponent(run[1]) };
}

export const route = computed(() => routeOf(location$.value.pathname));

export const query = computed(() => location$.value.searchParams);

window.addEventListener('popstate', () => (location$.value = new URL(window.location.href)));

/** Goes to a page of the dashboard. */
export function navigate(path: string): void {
  window.history.pushState(null, '', path);
  location$.value = new URL(window.location.href);
  window.scrollTo(0, 0);
}

/** Changes the query without a new page in the history. */
export function replaceQuery(change: (query: URLSearchParams) => void): void {
  const url = new URL(window.location.href);
  change(url.searchParams);
  window.history.replaceState(null, '', url);
  location$.value = url;
}

interface LinkProps {
  href: string;
  class?: string;
  current?: boolean;
  children: ComponentChildren;
}

/** A link inside the dashboard. */
export function Link({ href, class: name, current, children }: LinkProps) {
  const follow = (event: TargetedMouseEvent<HTMLAnchorElement>): void => {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    event.preventDefault();
    navigate(href);
  };
  return (
    <a href={href} class={name} aria-current={current ? 'page' : undefined} onClick={follow}>
      {children}
    </a>
  );
}
