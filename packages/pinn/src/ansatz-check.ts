import { checkPoints, conditionCheckPoints } from './check-points.ts';
import type { Condition } from './conditions.ts';
import { evaluatorOf, termsOf } from './equation/evaluate.ts';
import { type Box, placeName } from './geometry/box.ts';
import { madeUpNetworks } from './made-up-network.ts';

/** Residuals, relative to the size of the equation's terms inside the domain, that rounding explains. */
const TOLERANCE = 1e-9;

interface Setting {
  readonly box: Box;
  readonly spec: { readonly seed: number };
}

/** What of the conditions is left for training once an ansatz holds, and what is to be said about it. */
export interface Remaining {
  readonly conditions: readonly Condition[];
  /** Of conditions that the ansatz satisfies. */
  readonly notes: readonly string[];
  /** Of conditions that it contradicts. */
  readonly warnings: readonly string[];
}

/**
 * Tries the conditions on two made-up networks at points of their places. Where the residual is the same for both, the
 * ansatz decides it: if it is zero, the condition holds whatever is trained and is left out there; else it never can hold.
 */
export function remainingConditions(conditions: readonly Condition[], setting: Setting): Remaining {
  const notes: string[] = [];
  const warnings: string[] = [];
  const left = conditions.flatMap((condition) => {
    const trial = trialOf(condition, setting.box.names.length);
    const fields = Array.from({ length: condition.compiled.fields }, () => 1);
    const size = Math.max(...checkPoints(setting).map((point) => trial.size([...point, ...fields])));
    const places = condition.places.filter((place) => {
      const what = `${condition.label} on ${placeName(setting.box, place)}`;
      const rows = conditionCheckPoints(setting, condition, place);
      const residuals = rows.map((row) => trial.residuals(row));
      if (!residuals.every(([one, other]) => Math.abs(one - other) <= TOLERANCE * size)) return true;
      const largest = Math.max(...residuals.map(([one]) => Math.abs(one)));
      if (largest > TOLERANCE * size) {
        warnings.push(`the ansatz contradicts ${what}: residual up to ${largest.toPrecision(3)}, whatever the network`);
        return true;
      }
      notes.push(`the ansatz satisfies ${what}, which is left out of the loss`);
      return false;
    });
    return places.length === 0 ? [] : [{ ...condition, places }];
  });
  return { conditions: left, notes, warnings };
}

/** A condition on made-up networks, different ones at every point of a residual. */
function trialOf({ inNetwork }: Condition, d: number) {
  const value = evaluatorOf(inNetwork);
  const terms = termsOf(inNetwork).map(evaluatorOf);
  const lookupAt = madeUpNetworks([inNetwork], d);
  const residual = (row: readonly number[][], first: number): number =>
    row.reduce((sum, point, k) => sum + value(lookupAt(point, first + 2 * k)), 0);
  return {
    /** Of two networks, over the points of one residual. */
    residuals: (row: readonly number[][]): [number, number] => [residual(row, 0), residual(row, 1)],
    /** The terms' absolute values added up at a point. */
    size: (point: readonly number[]) => terms.reduce((sum, term) => sum + Math.abs(term(lookupAt(point, 0))), 0),
  };
}
