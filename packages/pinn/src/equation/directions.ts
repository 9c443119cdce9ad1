/** A direction of small numbers, one for each coordinate. */
export type Direction = readonly number[];

/** A homogeneous differential operator on an unknown: the coefficient of u_ij… at 'i,j,…' with i ≤ j ≤ …; all keys have one length. */
export type Operator = ReadonlyMap<string, number>;

/** Key of a derivative: its axes in ascending order, each as often as it is differentiated along. */
export function axesKey(axes: readonly number[]): string {
  return axes.toSorted((a, b) => a - b).join(',');
}

/** The axes of a key. */
export function axesOf(key: string): number[] {
  return key.split(',').map(Number);
}

/** The order of an operator. */
export function orderOfOperator(operator: Operator): number {
  return axesOf([...operator.keys()][0]!).length;
}

/** How far an operator may be missed, relative to its largest coefficient: round-off of a small system. */
const TOLERANCE = 1e-11;

/**
 * Weights c with Σ_r c_r·(v_r·∇)^K = operator, or null if the directions do not span it: least squares over the
 * coefficients of ∇^K by modified Gram–Schmidt, twice; directions that depend on earlier ones get the weight 0.
 */
export function weightsOver(directions: readonly Direction[], operator: Operator): Float64Array | null {
  const order = orderOfOperator(operator);
  const used = [...new Set([...directions.flatMap(supportOf), ...[...operator.keys()].flatMap(axesOf)])];
  const keys = combinations(
    used.toSorted((a, b) => a - b),
    order,
  );
  const target = Float64Array.from(keys, (axes) => operator.get(axesKey(axes)) ?? 0);
  const size = Math.max(...target.map(Math.abs));
  const columns = directions.map((v) =>
    Float64Array.from(keys, (axes) => multinomial(axes) * axes.reduce((product, axis) => product * v[axis]!, 1)),
  );
  const basis: { column: number; q: Float64Array; r: Float64Array; norm: number }[] = [];
  for (const [column, values] of columns.entries()) {
    const q = values.slice();
    const r = removeFrom(q, basis);
    const norm = Math.hypot(...q);
    if (norm <= 1e-10 * Math.hypot(...values)) continue;
    basis.push({ column, q: q.map((value) => value / norm), r, norm });
  }
  const rest = target.slice();
  const weights = removeFrom(rest, basis);
  if (rest.some((value) => Math.abs(value) > TOLERANCE * size)) return null;
  const result = new Float64Array(directions.length);
  for (let k = basis.length - 1; k >= 0; k--) {
    const weight = weights[k]! / basis[k]!.norm;
    for (let j = 0; j < k; j++) weights[j]! -= basis[k]!.r[j]! * weight;
    const whole = Math.round(weight);
    // Whole numbers come out whole: a derivative along one direction is then known for what it is.
    result[basis[k]!.column] = Math.abs(weight - whole) <= 1e-14 * size ? whole : weight;
  }
  return result;
}

/** Takes a vector's parts along an orthonormal basis away, twice over for round-off; returns them. */
function removeFrom(vector: Float64Array, basis: readonly { q: Float64Array }[]): Float64Array {
  const parts = new Float64Array(basis.length);
  for (let pass = 0; pass < 2; pass++) {
    for (const [k, { q }] of basis.entries()) {
      const part = q.reduce((sum, value, i) => sum + value * vector[i]!, 0);
      parts[k]! += part;
      for (let i = 0; i < vector.length; i++) vector[i]! -= part * q[i]!;
    }
  }
  return parts;
}

/** Axes along which a direction points. */
function supportOf(v: Direction): number[] {
  return v.flatMap((value, axis) => (value === 0 ? [] : [axis]));
}

/** Sequences of `length` ascending axes, with repetition. */
function combinations(axes: readonly number[], length: number, from = 0): number[][] {
  if (length === 0) return [[]];
  return axes.slice(from).flatMap((axis, k) => combinations(axes, length - 1, from + k).map((rest) => [axis, ...rest]));
}

/** K!/∏ α_i! of K ascending axes. */
function multinomial(axes: readonly number[]): number {
  let result = 1;
  let run = 0;
  for (const [k, axis] of axes.entries()) {
    run = k > 0 && axes[k - 1] === axis ? run + 1 : 1;
    result = (result * (k + 1)) / run;
  }
  return result;
}

/** The direction with these entries. */
export function directionOf(
  dimensions: number,
  entries: readonly (readonly [axis: number, value: number])[],
): Direction {
  const direction = Array.from({ length: dimensions }, () => 0);
  for (const [axis, value] of entries) direction[axis] = value;
  return direction;
}

/**
 * Directions whose fourth derivatives combine to Δ² over some axes: one axis itself; in 2-D unit vectors at 0°, 60°, 120°;
 * in 3-D the six axes of an icosahedron; else e_i and e_i ± e_j (in 4-D without e_i).
 */
function biharmonicDirections(dimensions: number, axes: readonly number[]): Direction[] {
  const unit = (...entries: [axis: number, value: number][]): Direction => directionOf(dimensions, entries);
  const [i, j, k] = axes as [number, number, number];
  if (axes.length === 1) return [unit([i, 1])];
  if (axes.length === 2) {
    const height = Math.sqrt(3) / 2;
    return [unit([i, 1]), unit([i, 0.5], [j, height]), unit([i, -0.5], [j, height])];
  }
  if (axes.length === 3) {
    // (0, 1, φ) and its cyclic turns with φ the golden ratio, to unit length.
    const short = 1 / Math.sqrt(1 + ((1 + Math.sqrt(5)) / 2) ** 2);
    const long = Math.sqrt(1 - short ** 2);
    return [
      [i, j],
      [j, k],
      [k, i],
    ].flatMap(([a, b]) => [unit([a!, short], [b!, long]), unit([a!, -short], [b!, long])]);
  }
  return [
    ...(axes.length === 4 ? [] : axes.map((axis) => unit([axis, 1]))),
    ...pairsOf(axes).flatMap(([a, b]) => [unit([a, 1], [b, 1]), unit([a, 1], [b, -1])]),
  ];
}

function pairsOf(axes: readonly number[]): [number, number][] {
  return axes.flatMap((a, k) => axes.slice(k + 1).map((b): [number, number] => [a, b]));
}

/** The axes over which an operator is a multiple of Δ², or null. */
function biharmonicAxes(operator: Operator): number[] | null {
  const axes = [...new Set([...operator.keys()].flatMap(axesOf))].toSorted((a, b) => a - b);
  const unit = operator.get(axesKey([axes[0]!, axes[0]!, axes[0]!, axes[0]!]));
  const plain = biharmonicOver(axes);
  const isMultiple =
    unit !== undefined &&
    operator.size === plain.size &&
    [...plain].every(([key, weight]) => Math.abs((operator.get(key) ?? NaN) - weight * unit) <= 1e-14 * Math.abs(unit));
  return isMultiple ? axes : null;
}

/** Δ² over some axes. */
export function biharmonicOver(axes: readonly number[]): Operator {
  return new Map([
    ...axes.map((i) => [axesKey([i, i, i, i]), 1] as const),
    ...pairsOf(axes).map(([i, j]) => [axesKey([i, i, j, j]), 2] as const),
  ]);
}

/** The parts of an operator whose axes do not meet: each is resolved on its own. */
function partsOf(operator: Operator): Operator[] {
  let groups: { axes: Set<number>; terms: [string, number][] }[] = [];
  for (const term of operator) {
    const axes = new Set(axesOf(term[0]));
    const met = groups.filter((group) => [...axes].some((axis) => group.axes.has(axis)));
    groups = [
      ...groups.filter((group) => !met.includes(group)),
      {
        axes: new Set([...axes, ...met.flatMap((group) => [...group.axes])]),
        terms: [...met.flatMap((group) => group.terms), term],
      },
    ];
  }
  return groups.map(({ terms }) => new Map(terms));
}

/**
 * Directions that could serve an operator, simplest first: axes; e_i ± e_j of axes that meet in a term; of three or four
 * that meet, all signs; 2e_i ± e_j and e_i ± 2e_j where a term of order 4 is odd in both.
 */
function candidatesFor(dimensions: number, operators: readonly Operator[]): Direction[] {
  const found = new Map<string, Direction>();
  const add = (axes: readonly number[], values: readonly number[]): void => {
    const direction = directionOf(
      dimensions,
      axes.map((axis, k) => [axis, values[k]!]),
    );
    found.set(direction.join(','), direction);
  };
  for (const key of operators.flatMap((operator) => [...operator.keys()])) {
    const all = axesOf(key);
    const axes = [...new Set(all)];
    for (let subset = 1; subset < 2 ** axes.length; subset++) {
      const chosen = axes.filter((_, k) => (subset >> k) & 1);
      for (let signs = 0; signs < 2 ** (chosen.length - 1); signs++)
        add(
          chosen,
          chosen.map((_, k) => (k > 0 && (signs >> (k - 1)) & 1 ? -1 : 1)),
        );
    }
    if (axes.length === 2 && all.length === 4 && all.filter((axis) => axis === axes[0]).length !== 2)
      for (const values of [
        [2, 1],
        [2, -1],
        [1, 2],
        [1, -2],
      ])
        add(axes, values);
  }
  const length = (v: Direction): number => v.reduce((sum, value) => sum + value * value, 0);
  return [...found.values()].toSorted((a, b) => length(a) - length(b));
}

/** Most subsets of candidates that are tried one by one for the smallest: all up to 6 of 13. */
const MAX_SUBSETS = 4096;

/**
 * The fewest candidates that with the given directions span all operators: subset after subset, smallest first, while
 * these are few; beyond, candidates are dropped, the longest first, as long as the rest still spans.
 */
function fewest(
  given: readonly Direction[],
  candidates: readonly Direction[],
  operators: readonly Operator[],
): Direction[] {
  const spans = (chosen: readonly Direction[]): boolean =>
    operators.every((operator) => weightsOver([...given, ...chosen], operator) !== null);
  const search = (size: number, from: number, chosen: readonly Direction[]): Direction[] | null => {
    if (size === 0) return spans(chosen) ? [...chosen] : null;
    for (let k = from; k + size <= candidates.length; k++) {
      const result = search(size - 1, k + 1, [...chosen, candidates[k]!]);
      if (result) return result;
    }
    return null;
  };
  // Subsets of one size, and of all sizes so far.
  let [subsets, tried] = [1, 1];
  for (let size = 0; size <= candidates.length && tried <= MAX_SUBSETS; size++) {
    const result = search(size, 0, []);
    if (result) return result;
    subsets = (subsets * (candidates.length - size)) / (size + 1);
    tried += subsets;
  }
  let kept = [...candidates];
  for (const candidate of candidates.toReversed()) {
    const rest = kept.filter((other) => other !== candidate);
    if (spans(rest)) kept = rest;
  }
  return kept;
}

/**
 * Directions to add to the given ones so that all operators (of one order) are combinations of their derivatives. Parts
 * that are multiples of Δ² bring directions of their own where that takes fewer.
 */
export function directionsFor(
  dimensions: number,
  given: readonly Direction[],
  operators: readonly Operator[],
): Direction[] {
  const parts = operators.flatMap(partsOf).filter((part) => !weightsOver(given, part));
  if (parts.length === 0) return [];
  const special: Direction[] = [];
  for (const part of parts) {
    const axes = orderOfOperator(part) === 4 ? biharmonicAxes(part) : null;
    if (axes && !weightsOver([...given, ...special], part)) special.push(...biharmonicDirections(dimensions, axes));
  }
  const rest = parts.filter((part) => !weightsOver([...given, ...special], part));
  const withSpecial = [...special, ...fewest([...given, ...special], candidatesFor(dimensions, rest), rest)];
  if (special.length === 0 || special.length > 6 || rest.length === 0) return withSpecial;
  const plain = fewest(given, candidatesFor(dimensions, parts), parts);
  return plain.length < withSpecial.length ? plain : withSpecial;
}
