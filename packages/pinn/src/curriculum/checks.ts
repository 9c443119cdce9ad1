import type { Fault } from '@kfac/core';
import { placeText } from '../condition-compile.ts';
import type { Condition } from '../conditions.ts';
import { TIME } from '../equation/symbols.ts';
import type { Box } from '../geometry/box.ts';
import { isProduct } from '../networks.ts';
import type { ParsedSpec } from '../spec.ts';
import type { PseudoTimeSpec } from './pseudo-time.ts';
import { windowTimes } from './time-windows.ts';

/** Checks what a curriculum needs of the other fields. Adds what is wrong to `faults`. */
export function checkCurriculum(parsed: ParsedSpec, box: Box, conditions: readonly Condition[], faults: Fault[]): void {
  const { curriculum, constants, stop } = parsed;
  if (!curriculum) return;
  const fault = (pointer: string, detail: string): void => {
    faults.push({ code: 'KFAC_SPEC', pointer: `/curriculum${pointer}`, detail });
  };
  const { continuation, windows, pseudoTime } = curriculum;
  if (continuation && windows !== undefined) {
    fault('', 'expected either continuation or windows, got both');
    return;
  }
  if (!continuation && windows === undefined && !pseudoTime) {
    fault('', 'expected continuation, windows or pseudoTime, got none of them');
    return;
  }
  if (pseudoTime) checkPseudoTime(parsed, pseudoTime, faults);
  if (windows !== undefined) checkWindows(parsed, windows, box, conditions, faults);
  if (!continuation) return;
  const { constant, values, steps } = continuation;
  if (!Object.hasOwn(constants, constant)) {
    const names = Object.keys(constants);
    fault(
      '/continuation/constant',
      `expected one of the constants, ${names.length === 0 ? 'of which there are none' : names.join(', ')}, got "${constant}"`,
    );
  } else if (values.at(-1) !== constants[constant]) {
    fault(
      `/continuation/values/${values.length - 1}`,
      `expected the last value to be that of the constant, ${constant} = ${constants[constant]}, got ${values.at(-1)}`,
    );
  }
  const before = (values.length - 1) * steps;
  if (stop.steps !== undefined && stop.steps <= before)
    fault(
      '/continuation/steps',
      `expected stop.steps, ${stop.steps}, to leave some for the last value: the ${values.length - 1} before it take ${before}`,
    );
}

function checkPseudoTime({ equations, unknowns }: ParsedSpec, { of }: PseudoTimeSpec, faults: Fault[]): void {
  const pointer = '/curriculum/pseudoTime/of';
  const fault = (at: string, detail: string): void => {
    faults.push({ code: 'KFAC_SPEC', pointer: at, detail });
  };
  if (!of) {
    if (equations.length !== unknowns.length)
      fault(
        pointer,
        `expected the unknown that each equation is solved for: there are ${equations.length} equations and ${unknowns.length} unknowns`,
      );
    return;
  }
  if (of.length !== equations.length)
    fault(pointer, `expected an entry for each of the ${equations.length} equations, got ${of.length}`);
  for (const [k, name] of of.entries())
    if (name !== null && !unknowns.includes(name.replace(/^-/, '')))
      fault(`${pointer}/${k}`, `expected an unknown (${unknowns.join(', ')}), -unknown or null, got "${name}"`);
  if (of.every((name) => name === null)) fault(pointer, 'expected an unknown for one equation at least, got none');
}

function checkWindows(
  { domain, network, networks, stop, parameters, constraints, ansatz, conditions: given }: ParsedSpec,
  windows: number | readonly number[],
  box: Box,
  conditions: readonly Condition[],
  faults: Fault[],
): void {
  const fault = (pointer: string, detail: string): void => {
    faults.push({ code: 'KFAC_SPEC', pointer, detail });
  };
  const time = domain[TIME];
  if (!time) {
    fault('/curriculum/windows', `expected the coordinate ${TIME} in the domain, got ${box.names.join(', ')}`);
    return;
  }
  const times = windowTimes(windows, time);
  const wrong = times.findIndex((end, k) => k > 0 && !(end > times[k - 1]!));
  if (wrong > 0)
    fault(
      '/curriculum/windows',
      `expected ascending times between ${time[0]} and ${time[1]}, got ${times.slice(1, -1).join(', ')}`,
    );
  if ((stop.steps ?? 0) < times.length - 1)
    fault(
      '/stop/steps',
      `expected at least one step for each of the ${times.length - 1} windows, got ${stop.steps ?? 'none'}`,
    );
  for (const [field, plain] of [
    ['weights', 'plain'],
    ['slopes', 'fixed'],
  ] as const) {
    if (network[field] !== plain)
      fault(`/network/${field}`, `expected "${plain}" beside time windows, got "${network[field]}"`);
  }
  if (isProduct(network.type))
    fault('/network/type', `expected "mlp", "gated" or "residual-gated" beside time windows, got "${network.type}"`);
  if (network.embedding?.type === 'periodic' && network.embedding.coordinates.includes(TIME))
    fault('/network/embedding/coordinates', `time windows need a ${TIME} that is not periodic`);

  // What belongs to the solution as a whole has no place in a window.
  for (const [field, value] of Object.entries({ parameters, constraints, ansatz, networks }))
    if (value !== undefined) fault(`/${field}`, `expected no ${field} beside time windows`);
  for (const [k, one] of given.entries()) {
    if ('data' in one) fault(`/conditions/${k}/data`, 'expected no data beside time windows');
    if ('periodic' in one && one.periodic === TIME)
      fault(`/conditions/${k}/periodic`, `time windows need a ${TIME} that is not periodic`);
  }

  const axis = box.names.indexOf(TIME);
  const pointerOf = ({ on, text }: Condition): string =>
    `/conditions/${given.findIndex((one) => 'on' in one && placeText(one) === on && one.equation === text)}/on`;
  const inTime = conditions
    .filter(({ opposite }) => !opposite)
    .map((condition) => ({
      condition,
      values: condition.places.flatMap((place) => (!('part' in place) && place.axis === axis ? [place.value] : [])),
    }));
  for (const { condition, values } of inTime) {
    const other = values.find((value) => value !== time[0]);
    if (other !== undefined)
      fault(
        pointerOf(condition),
        `time windows go forward from ${TIME} = ${time[0]} and know no other conditions in time, got ${TIME} = ${other}`,
      );
  }
  // A faulty condition is missing here.
  if (!inTime.some(({ values }) => values.includes(time[0])) && faults.length === 0)
    fault(
      '/curriculum/windows',
      `expected initial data, a condition on ${TIME} = ${time[0]}, for the first window to begin with, got none`,
    );
}
