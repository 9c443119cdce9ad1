import { signal } from '@preact/signals';

/** Colours that charts take from the style sheet. */
export interface Theme {
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly surface: string;
  readonly accent: string;
  /** Colours of series, told apart by dashes as well. */
  readonly series: readonly string[];
}

function read(): Theme {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  return {
    ink: colour('--ink'),
    muted: colour('--muted'),
    line: colour('--line'),
    surface: colour('--surface'),
    accent: colour('--accent'),
    series: [1, 2, 3, 4, 5, 6].map((k) => colour(`--series-${k}`)),
  };
}

/** The colours in force; changes with the colour scheme of the system. */
export const theme = signal<Theme>(read());

window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => (theme.value = read()));

/** Dash patterns of series, in the order of the colours. */
export const dashes: readonly (readonly number[])[] = [[], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4], [4, 2]];
