import { z } from 'zod';
import { MAX_TEXT } from './equation/gate.ts';
import { IN_DESCRIPTION, MAX_IN } from './regions/region-spec.ts';
import { section } from './section.ts';

const text = z.string().min(1).max(MAX_TEXT);

/** An equation of the domain: its text, alone or with the part of the domain in which it holds. */
export const equationSchema = z.union([
  text,
  section({ equation: text, in: z.string().min(1).max(MAX_IN).describe(IN_DESCRIPTION) }),
]);

export type EquationSpec = z.output<typeof equationSchema>;

/** The text of an equation, wherever it holds. */
export function textOf(equation: EquationSpec): string {
  return typeof equation === 'string' ? equation : equation.equation;
}

/** For messages: the equation "u_xx = 0" in inner. */
export function equationLabel(equation: EquationSpec): string {
  return `the equation "${textOf(equation)}"${typeof equation === 'string' ? '' : ` in ${equation.in}`}`;
}
