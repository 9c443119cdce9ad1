/** As much of JSON Schema as says which fields an object may have. */
export interface JsonSchema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly additionalProperties?: unknown;
  readonly items?: unknown;
  readonly oneOf?: readonly unknown[];
  readonly anyOf?: readonly unknown[];
  readonly const?: unknown;
}

type Path = readonly string[];
type Fields = Record<string, unknown>;

/**
 * Where overrides moved an object from one alternative of its schema to another (optimizer.name=adam, horizon.years=1),
 * removes the fields that only the former has, in place; gives their paths. Fields that an override gave are never
 * removed, nor are those that no alternative knows: they are faults that validation shall name.
 */
export function dropFormerFields(json: unknown, schema: JsonSchema, overridden: readonly Path[]): string[] {
  return visit(json, schema, overridden, []);
}

/** `overridden` is relative to `value`, which lies at `place`. */
function visit(value: unknown, schema: JsonSchema, overridden: readonly Path[], place: Path): string[] {
  if (typeof value !== 'object' || value === null) return [];
  // An object that was given as a whole has no former fields; neither has one that no override touches.
  if (overridden.length === 0 || overridden.some((path) => path.length === 0)) return [];
  const fields = value as Fields;
  const given = new Set(overridden.map(([key]) => key!));
  const branches = branchesOf(schema);
  const branch = branches.length === 0 ? schema : choose(branches, fields, given);
  if (branch === undefined) return [];
  const dropped = Object.keys(fields).filter(
    (key) => !given.has(key) && !knows(branch, key) && branches.some((other) => knows(other, key)),
  );
  for (const key of dropped) delete fields[key];
  return [
    ...dropped.map((key) => [...place, key].join('.')),
    ...[...given].flatMap((key) => {
      const below = overridden.filter(([first]) => first === key).map(([, ...rest]) => rest);
      return Object.hasOwn(fields, key) ? visit(fields[key], schemaOf(branch, key), below, [...place, key]) : [];
    }),
  ];
}

/** The alternatives of a schema that are objects, also those of a union inside the union. */
function branchesOf(schema: JsonSchema): JsonSchema[] {
  return ((schema.oneOf ?? schema.anyOf ?? []) as JsonSchema[]).flatMap((alternative) =>
    alternative.properties === undefined ? branchesOf(alternative) : [alternative],
  );
}

/** The alternative that has all fields, else the first that has all given ones; constants must agree. */
function choose(branches: readonly JsonSchema[], fields: Fields, given: ReadonlySet<string>): JsonSchema | undefined {
  const possible = branches.filter((branch) =>
    Object.entries(fields).every(([key, value]) => {
      const expected = schemaOf(branch, key).const;
      return expected === undefined || expected === value;
    }),
  );
  const withAll = (keys: Iterable<string>): JsonSchema | undefined =>
    possible.find((branch) => [...keys].every((key) => knows(branch, key)));
  return withAll(Object.keys(fields)) ?? withAll(given);
}

function knows(schema: JsonSchema, key: string): boolean {
  return schema.properties !== undefined && Object.hasOwn(schema.properties, key);
}

/** The schema of a field or of an array's elements; {} if it says nothing about them. */
function schemaOf(schema: JsonSchema, key: string): JsonSchema {
  const found = knows(schema, key) ? schema.properties![key] : (schema.additionalProperties ?? schema.items);
  return typeof found === 'object' && found !== null ? (found as JsonSchema) : {};
}
