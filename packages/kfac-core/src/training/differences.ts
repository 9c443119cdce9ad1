import type { Issue } from '../errors.ts';
import { pointerOf } from '../spec-faults.ts';

/** Where two JSON values differ: pointers with both values. */
export function differences(there: unknown, here: unknown): Issue[] {
  const found: Issue[] = [];
  const visit = (a: unknown, b: unknown, path: readonly string[]): void => {
    if (a === b) return;
    if (isObject(a) && isObject(b) && Array.isArray(a) === Array.isArray(b)) {
      for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) visit(a[key], b[key], [...path, key]);
      return;
    }
    found.push({ pointer: pointerOf(path), detail: `${text(a)} there, ${text(b)} here` });
  };
  visit(there, here, []);
  return found;
}

function text(value: unknown): string {
  const json = JSON.stringify(value) ?? 'absent';
  return json.length > 40 ? `${json.slice(0, 37)}…` : json;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
