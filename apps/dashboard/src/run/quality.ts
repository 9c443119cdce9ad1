import type { Curve } from '../charts/line-config.ts';
import { formatNumber } from '../format.ts';

/** What a report says about a solution of which nothing exact need be known; null in place of what is not finite. */
export interface Quality {
  readonly residuals: Readonly<Record<string, { readonly training: number | null; readonly fresh: number | null }>>;
  readonly conditions: readonly Misfit[];
  /** Singular values of J, descending. */
  readonly spectrum?: { readonly terms: Readonly<Record<string, readonly number[]>>; readonly all: readonly number[] };
}

interface Misfit {
  readonly on: string;
  readonly equation: string;
  readonly rms: number | null;
  readonly max: number | null;
  readonly profiles?: readonly {
    readonly place: string;
    readonly along: string | null;
    readonly at: readonly number[];
    readonly residual: readonly (number | null)[];
  }[];
}

interface Rows {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Residuals on the points of training and on fresh ones, by term. */
export function residualRows({ residuals }: Quality): Rows {
  return {
    head: ['RMS residual', 'training points', 'fresh points', 'ratio'],
    rows: Object.entries(residuals).map(([name, { training, fresh }]) => [
      name,
      formatNumber(training),
      formatNumber(fresh),
      formatNumber(training === null || fresh === null ? null : fresh / training),
    ]),
  };
}

/** The misfit of every condition. */
export function misfitRows({ conditions }: Quality): Rows {
  return {
    head: ['condition', 'RMS', 'largest'],
    rows: conditions.map(({ on, equation, rms, max }) => [
      `${equation} on ${on}`,
      formatNumber(rms),
      formatNumber(max),
    ]),
  };
}

/** Curves of misfit over the boundary, for each coordinate that runs along a part of it. */
export function misfitCurves({ conditions }: Quality): readonly { along: string; curves: readonly Curve[] }[] {
  const several = conditions.length > 1;
  const profiles = conditions.flatMap(({ equation, profiles: own = [] }) =>
    own.map((profile) => ({ ...profile, label: several ? `${equation} on ${profile.place}` : profile.place })),
  );
  const axes = [...new Set(profiles.flatMap(({ along }) => (along === null ? [] : [along])))];
  return axes.map((along) => ({
    along,
    curves: profiles
      .filter((profile) => profile.along === along)
      .map(({ label, at, residual }, colour) => ({
        label,
        colour,
        points: at.map((x, k) => ({ x, y: residual[k] ?? NaN })),
      })),
  }));
}

/** Singular values by their number, of all rows together and of each term. */
export function spectrumCurves({ spectrum }: Quality): readonly Curve[] {
  if (spectrum === undefined) return [];
  return Object.entries({ all: spectrum.all, ...spectrum.terms }).map(([label, values], colour) => ({
    label,
    colour,
    points: values.map((y, k) => ({ x: k + 1, y })),
  }));
}
