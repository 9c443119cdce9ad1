import type { Json, JsonObject } from '../api/types.ts';

interface Common {
  readonly description?: string;
  /** What the service takes where the field is missing. */
  readonly fallback?: Json;
}

/** What a form shows for one place of a JSON Schema. */
export type FormNode = Common &
  (
    | {
        readonly type: 'object';
        readonly fields: readonly { readonly key: string; readonly node: FormNode; readonly required: boolean }[];
      }
    | { readonly type: 'record'; readonly value: FormNode }
    | { readonly type: 'list'; readonly item: FormNode; readonly min: number; readonly max: number }
    | { readonly type: 'tuple'; readonly items: readonly FormNode[] }
    | { readonly type: 'numbers' }
    | { readonly type: 'choice'; readonly variants: readonly { readonly label: string; readonly node: FormNode }[] }
    | { readonly type: 'enum'; readonly values: readonly string[] }
    | { readonly type: 'const'; readonly value: Json }
    | { readonly type: 'number' }
    | { readonly type: 'boolean' }
    | { readonly type: 'text' }
    | { readonly type: 'json' }
  );

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

/** The form of a JSON Schema (2020-12, as far as problems use it); what it does not know is edited as JSON. */
export function formOf(schema: JsonObject, root: JsonObject = schema, open: readonly string[] = []): FormNode {
  const ref = schema['$ref'];
  // What contains itself, a tree of shapes, is edited as JSON below its first level.
  if (typeof ref === 'string')
    return open.includes(ref) ? { type: 'json' } : formOf(resolve(root, ref), root, [...open, ref]);
  const description = schema['description'];
  const common: Common = {
    ...(typeof description === 'string' && { description }),
    ...(schema['default'] !== undefined && { fallback: schema['default'] }),
  };
  if (schema['const'] !== undefined) return { ...common, type: 'const', value: schema['const'] };
  const values = schema['enum'];
  if (isList(values)) {
    if (values.length === 1) return { ...common, type: 'const', value: values[0]! };
    return { ...common, type: 'enum', values: values.map(String) };
  }
  const union = schema['oneOf'] ?? schema['anyOf'];
  if (isList(union)) {
    const nodes = union.filter(isObject).map((item) => formOf(item, root, open));
    // A union inside a union is one choice.
    const variants = nodes.flatMap((node) =>
      node.type === 'choice' ? node.variants : [{ label: labelOf(node), node }],
    );
    return { ...common, type: 'choice', variants };
  }
  switch (schema['type']) {
    case 'object':
      return { ...common, ...objectOf(schema, root, open) };
    case 'array':
      return { ...common, ...arrayOf(schema, root, open) };
    case 'number':
    case 'integer':
      return { ...common, type: 'number' };
    case 'boolean':
      return { ...common, type: 'boolean' };
    case 'string':
      return { ...common, type: 'text' };
    default:
      return { ...common, type: 'json' };
  }
}

function objectOf(schema: JsonObject, root: JsonObject, open: readonly string[]): FormNode {
  const properties = schema['properties'];
  const rest = schema['additionalProperties'];
  if (!isObject(properties) && isObject(rest)) return { type: 'record', value: formOf(rest, root, open) };
  const required = isList(schema['required']) ? schema['required'] : [];
  const fields = Object.entries(isObject(properties) ? properties : {}).flatMap(([key, value]) =>
    isObject(value) ? [{ key, node: formOf(value, root, open), required: required.includes(key) }] : [],
  );
  return { type: 'object', fields };
}

function arrayOf(schema: JsonObject, root: JsonObject, open: readonly string[]): FormNode {
  const tuple = schema['prefixItems'];
  if (isList(tuple)) return { type: 'tuple', items: tuple.filter(isObject).map((item) => formOf(item, root, open)) };
  const item = isObject(schema['items']) ? formOf(schema['items'], root, open) : { type: 'json' as const };
  if (item.type === 'number') return { type: 'numbers' };
  const bound = (name: string, otherwise: number): number =>
    typeof schema[name] === 'number' ? schema[name] : otherwise;
  return { type: 'list', item, min: bound('minItems', 0), max: bound('maxItems', Infinity) };
}

function resolve(root: JsonObject, ref: string): JsonObject {
  let at: Json | undefined = root;
  for (const part of ref.replace(/^#\/?/, '').split('/').filter(Boolean)) at = isObject(at) ? at[part] : undefined;
  return isObject(at) ? at : {};
}

/** A variant by its constant, or else by what it is made of. */
function labelOf(node: FormNode): string {
  switch (node.type) {
    case 'const':
      return String(node.value);
    case 'object': {
      const constant = node.fields.find((field) => field.node.type === 'const')?.node;
      if (constant?.type === 'const') return String(constant.value);
      return node.fields.map((field) => field.key).join(', ');
    }
    case 'text':
      return 'expression';
    default:
      return node.type;
  }
}

/** The smallest value of a node: constants, and what is required without having a default. */
export function blank(node: FormNode): Json {
  if (node.fallback !== undefined) return node.fallback;
  switch (node.type) {
    case 'object':
      return Object.fromEntries(
        node.fields
          .filter((field) => field.required || field.node.type === 'const')
          .map((field) => [field.key, blank(field.node)]),
      );
    case 'record':
      return {};
    case 'list':
      return Array.from({ length: node.min }, () => blank(node.item));
    case 'tuple':
      return node.items.map((_, k) => k);
    case 'numbers':
      return [];
    case 'choice':
      return node.variants[0] === undefined ? null : blank(node.variants[0].node);
    case 'enum':
      return node.values[0] ?? null;
    case 'const':
      return node.value;
    case 'number':
      return 0;
    case 'boolean':
      return false;
    case 'text':
      return '';
    case 'json':
      return null;
  }
}

/** How well a value fits a node: 0 not at all, more for every constant and known key. */
function fit(node: FormNode, value: Json): number {
  switch (node.type) {
    case 'const':
      return value === node.value ? 3 : 0;
    case 'number':
      return typeof value === 'number' ? 2 : 0;
    case 'boolean':
      return typeof value === 'boolean' ? 2 : 0;
    case 'text':
    case 'enum':
      return typeof value === 'string' ? 1 : 0;
    case 'list':
    case 'tuple':
    case 'numbers':
      return Array.isArray(value) ? 1 : 0;
    case 'object': {
      if (!isObject(value)) return 0;
      let score = 1;
      for (const { key, node: inner } of node.fields) {
        if (inner.type === 'const') {
          if (value[key] === inner.value) score += 100;
          else if (value[key] !== undefined) return 0.5;
        } else if (value[key] !== undefined) score += 1;
      }
      return score;
    }
    default:
      return isObject(value) ? 1 : 0;
  }
}

/** The variant of a choice that a value belongs to; that of the default where there is no value. */
export function variantOf(node: FormNode & { type: 'choice' }, value: Json | undefined): number {
  const shown = value ?? node.fallback;
  if (shown === undefined) return 0;
  const scores = node.variants.map((variant) => fit(variant.node, shown));
  const best = Math.max(...scores);
  return best === 0 ? 0 : scores.indexOf(best);
}

/** A field's name for reading: 'resampleEvery' becomes 'Resample every'. */
export function humanise(key: string): string {
  const words = key
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .split(' ')
    .map((word) => (/^[A-Z]+\d*$/.test(word) ? word : word.toLowerCase()))
    .join(' ');
  return /^[a-z]\d$/.test(key) ? key : words[0]!.toUpperCase() + words.slice(1);
}

/** One step of a JSON pointer (RFC 6901). */
export const pointerTo = (pointer: string, key: string | number): string =>
  `${pointer}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** A field's value after a change of one key; undefined removes the key, and an object that is empty then. */
export function withKey(value: Json | undefined, key: string, next: Json | undefined): JsonObject | undefined {
  const { [key]: _old, ...others } = isObject(value) ? value : {};
  if (next === undefined) return Object.keys(others).length === 0 ? undefined : others;
  // A key that is there already keeps its place.
  return isObject(value) && key in value
    ? Object.fromEntries(Object.entries(value).map(([name, old]) => [name, name === key ? next : old]))
    : { ...others, [key]: next };
}

/** What was typed into a field of numbers: the number, nothing, or the text for the service to refuse. */
export function parseNumber(text: string): Json | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const number = Number(trimmed);
  return Number.isFinite(number) ? number : trimmed;
}

/** Numbers separated by commas or spaces. */
export function parseNumbers(text: string): Json | undefined {
  const parts = text.split(/[\s,;]+/).filter(Boolean);
  return parts.length === 0 ? undefined : parts.map((part) => parseNumber(part)!);
}
