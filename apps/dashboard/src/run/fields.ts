/** What is needed of a field to name and scale it. */
interface Named {
  readonly name: string;
  readonly values: Float32Array;
}

/** True for fields whose sign matters: they are differences. */
export function isSigned(name: string): boolean {
  return /(^|[^a-z])(error|residual)/i.test(name);
}

/** Smallest and largest finite value; [0, 0] if there is none. */
export function rangeOf(values: ArrayLike<number>): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (let k = 0; k < values.length; k++) {
    const value = values[k]!;
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 0];
}

/** The unknown that a field is about: 'u' of 'u' and of 'exact_u'; '' of the one reference 'exact'. */
function unknownOf(name: string): string {
  return name === 'exact' ? '' : name.replace(/^exact_/, '');
}

/** The common range of an unknown's solution and its reference; `name` is one of the two. */
export function sharedRange(fields: readonly Named[], name: string): [number, number] {
  const isOne = fields.some((field) => field.name === 'exact');
  const ranges = fields
    .filter((field) => !isSigned(field.name) && (isOne || unknownOf(field.name) === unknownOf(name)))
    .map((field) => rangeOf(field.values));
  if (ranges.length === 0) return [0, 0];
  return [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))];
}

/** Fields by their names: 'Solution u', 'Error', 'Error v', 'u and exact'. */
export function titleOf(fields: readonly { readonly name: string }[]): string {
  const names = fields.map(({ name }) => {
    const words = name.replace('_', ' ');
    if (fields.length > 1) return words;
    if (/^(exact|error|residual)\b/i.test(words)) return words[0]!.toUpperCase() + words.slice(1);
    return `Solution ${words}`;
  });
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** Solution, reference, error, residual: the order of reading. */
export function inOrder<T extends { readonly name: string }>(fields: readonly T[]): readonly T[] {
  const place = (name: string): number => ['exact', 'error', 'residual'].findIndex((word) => name.includes(word));
  return fields.toSorted((a, b) => place(a.name) - place(b.name));
}
