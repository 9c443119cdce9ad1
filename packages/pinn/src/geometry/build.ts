import { type Fault, pointerOf } from '@kfac/core';
import { attempt } from '../attempt.ts';
import { TIME } from '../equation/symbols.ts';
import { annulus } from './annulus.ts';
import { ball } from './ball.ts';
import type { Box } from './box.ts';
import { cloud } from './cloud.ts';
import { combine } from './combine.ts';
import { cuboid } from './cuboid.ts';
import { cylinder } from './cylinder.ts';
import { disk } from './disk.ts';
import { ellipse } from './ellipse.ts';
import { type Geometry, geometryOf } from './geometry.ts';
import { mesh } from './mesh.ts';
import { polygon } from './polygon.ts';
import type { Primitive, Solid } from './shape.ts';
import type { GeometrySpec, ShapeSpec } from './shape-spec.ts';
import { triangle } from './triangle.ts';

type Path = readonly PropertyKey[];
type PrimitiveSpec = Extract<ShapeSpec, { name?: unknown }>;

/** Most primitives of a tree, most levels, most vertices of its polygons together: the work of a check is bounded. */
const MOST_PRIMITIVES = 64;
const MOST_LEVELS = 16;
const MOST_VERTICES = 1000;
/** A shape may reach beyond the domain by this part of an interval: rounding. */
const SLACK = 1e-12;

/**
 * The geometry that a specification means in a domain. What is wrong with a shape goes to `faults` with the pointer of
 * that shape, and null is returned: a dimension other than that of the space coordinates, a primitive that is no body, an
 * empty result, one that leaves the domain.
 */
export function buildGeometry(spec: GeometrySpec, box: Box, faults: Fault[]): Geometry | null {
  const space = box.names.filter((name) => name !== TIME);
  if (spec.type === 'cloud') {
    const given = attempt(faults, '/geometry', () => cloud(spec, space));
    return given && !leavesDomain(given, space, box, faults) ? given : null;
  }
  const shape = buildShape(spec, ['geometry'], space, faults);
  if (!shape || leavesDomain(shape.solid, space, box, faults)) return null;
  return attempt(faults, '/geometry', () => geometryOf(shape.solid, shape.primitives));
}

/** A shape with the primitives that it is put together from, in the order of the tree. */
export interface BuiltShape {
  readonly solid: Solid;
  readonly primitives: readonly Primitive[];
}

/**
 * The shape that a specification at `root` means in some space coordinates. What is wrong with it goes to `faults` with the
 * pointer of the primitive, and null is returned. A single primitive without a name gets `name`, by default its type.
 */
export function buildShape(
  spec: ShapeSpec,
  root: Path,
  space: readonly string[],
  faults: Fault[],
  name?: string,
): BuiltShape | null {
  const labels = automaticNames(spec, name);
  const primitives: Primitive[] = [];
  const visit = (shape: ShapeSpec, path: Path): Solid | null => {
    const pointer = pointerOf(path);
    if ('of' in shape) {
      if (path.length - root.length >= 2 * MOST_LEVELS) {
        faults.push({ code: 'KFAC_LIMIT', pointer, detail: `expected at most ${MOST_LEVELS} levels of shapes` });
        return null;
      }
      const operands = shape.of.map((operand, k) => visit(operand, [...path, 'of', k]));
      return operands.includes(null)
        ? null
        : attempt(faults, pointer, () => combine(shape.type, operands as readonly Solid[]));
    }
    const primitive = attempt(faults, pointer, () => primitiveOf(shape, labels.get(shape)!, space));
    if (!primitive) return null;
    if (primitive.dimensions !== space.length) {
      const has = `${space.length === 1 ? 'one coordinate' : `${space.length} coordinates`} besides ${TIME}`;
      faults.push({
        code: 'KFAC_SPEC',
        pointer,
        detail: `a shape of type ${shape.type} has ${primitive.dimensions} dimensions, but the domain has ${has} (${space.join(', ')})`,
      });
      return null;
    }
    primitives.push(primitive);
    return primitive;
  };
  if (labels.size > MOST_PRIMITIVES) {
    const detail = `expected at most ${MOST_PRIMITIVES} shapes, got ${labels.size}`;
    faults.push({ code: 'KFAC_LIMIT', pointer: pointerOf(root), detail });
    return null;
  }
  const vertices = [...labels.keys()].reduce((sum, leaf) => sum + ('vertices' in leaf ? leaf.vertices.length : 0), 0);
  if (vertices > MOST_VERTICES) {
    const detail = `expected at most ${MOST_VERTICES} vertices of all polygons together, got ${vertices}`;
    faults.push({ code: 'KFAC_LIMIT', pointer: pointerOf(root), detail });
    return null;
  }
  const solid = visit(spec, root);
  return solid && { solid, primitives };
}

function primitiveOf(shape: PrimitiveSpec, name: string, space: readonly string[]): Primitive {
  switch (shape.type) {
    case 'disk':
      return disk(name, shape);
    case 'ellipse':
      return ellipse(name, shape);
    case 'annulus':
      return annulus(name, shape);
    case 'triangle':
      return triangle(name, shape);
    case 'polygon':
      return polygon(name, shape);
    case 'box':
      return cuboid(name, shape, space);
    case 'ball':
      return ball(name, shape);
    case 'cylinder':
      return cylinder(name, shape);
    case 'mesh':
      return mesh(name, shape);
  }
}

/**
 * Names of all primitives: the user's, or the type, numbered in the order of the tree where several have none; of one that is
 * the whole shape `whole`.
 */
function automaticNames(spec: ShapeSpec, whole?: string): Map<PrimitiveSpec, string> {
  const leaves: PrimitiveSpec[] = [];
  const collect = (shape: ShapeSpec): void => {
    if ('of' in shape) shape.of.forEach(collect);
    else leaves.push(shape);
  };
  collect(spec);
  const used = new Map<string, number>();
  return new Map(
    leaves.map((leaf) => {
      const given = leaf.name ?? (leaf === spec ? whole : undefined);
      if (given !== undefined) return [leaf, given];
      const isOne = leaves.filter(({ type, name }) => type === leaf.type && name === undefined).length === 1;
      const number = (used.get(leaf.type) ?? 0) + 1;
      used.set(leaf.type, number);
      return [leaf, isOne ? leaf.type : `${leaf.type}${number}`];
    }),
  );
}

function leavesDomain(
  { lower, upper }: Pick<Solid, 'lower' | 'upper'>,
  space: readonly string[],
  box: Box,
  faults: Fault[],
): boolean {
  const outside = space.flatMap((name, k) => {
    const axis = box.names.indexOf(name);
    const [low, high] = [box.lower[axis]!, box.upper[axis]!];
    const slack = SLACK * (high - low);
    return lower[k]! < low - slack || upper[k]! > high + slack
      ? [`along ${name} it reaches from ${lower[k]} to ${upper[k]}, but the domain from ${low} to ${high}`]
      : [];
  });
  for (const detail of outside)
    faults.push({ code: 'KFAC_SPEC', pointer: '/geometry', detail: `the shape leaves the domain: ${detail}` });
  return outside.length > 0;
}
