import { UsageError } from './exit.ts';

/**
 * Applies `--set a.b.c=value` to a problem: the value is JSON where it parses as such, else a string; a number in the
 * path is an array's index; missing objects on the way are made. Whether a field exists is the schema's to say.
 */
export function applyOverrides(json: unknown, overrides: readonly string[]): unknown {
  for (const override of overrides)
    set(json, pathOf(override), parseValue(override.slice(override.indexOf('=') + 1)), override);
  return json;
}

/** The paths that overrides set. */
export function overriddenPaths(overrides: readonly string[]): string[][] {
  return overrides.map(pathOf);
}

function pathOf(override: string): string[] {
  const path = override.slice(0, Math.max(override.indexOf('='), 0)).split('.');
  if (path.some((key) => key === '')) throw new UsageError(`--set expects field.field=value, got "${override}"`);
  if (path.includes('__proto__')) throw new UsageError(`--set cannot set "${path.join('.')}"`);
  return path;
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function set(root: unknown, path: readonly string[], value: unknown, override: string): void {
  let target = root;
  for (const [depth, key] of path.entries()) {
    const place = path.slice(0, depth).join('.') || 'the problem';
    if (typeof target !== 'object' || target === null)
      throw new UsageError(`--set ${override}: ${place} has no fields`);
    if (Array.isArray(target) && !(/^\d+$/.test(key) && Number(key) < target.length)) {
      throw new UsageError(
        `--set ${override}: ${place} is an array of ${target.length}, "${key}" is not an index of it`,
      );
    }
    const fields = target as Record<string, unknown>;
    if (depth === path.length - 1) fields[key] = value;
    else target = Object.hasOwn(fields, key) ? fields[key] : (fields[key] = {});
  }
}
