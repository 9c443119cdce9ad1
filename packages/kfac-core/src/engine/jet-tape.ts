import type { HigherChannels, JetShape, JetTape, Matrix, RealArray } from './engine.ts';
import { ACTIVATIONS } from './engine.ts';
import { arrayDtype, requireDistinct, requireInteger, requireShape, requireVector } from './check.ts';
import { matrixOver } from './matrix.ts';
import { KfacError } from '../errors.ts';

/** Counts that follow from a `JetShape`. */
export interface JetDimensions {
  /** d, the coordinates. */
  readonly inputs: number;
  /** m, the network's outputs. */
  readonly outputs: number;
  /** R, directions with a first derivative. */
  readonly firsts: number;
  /** Q, second-order channels. */
  readonly seconds: number;
  /** R₂ and R₃, directions whose second and third derivatives are carried too. */
  readonly rawSeconds: number;
  readonly rawThirds: number;
  /** T and F, channels of order 3 and 4. */
  readonly thirds: number;
  readonly fourths: number;
  /** S = 1 + R + Q + R₂ + R₃ + T + F. */
  readonly channels: number;
  /** k, residual blocks. */
  readonly blocks: number;
  /** P, length of θ. */
  readonly parameters: number;
}

/** Limits of one tape; a typed array cannot be longer. */
const MAXIMUM_POINTS = 2 ** 31;
const MAXIMUM_ENTRIES = 2 ** 32;
const MAXIMUM_WIDTH = 2 ** 20;

/** Outputs of every layer: the width after it, of the first layer of a gated network three times that. */
export function layerOutputs({ sizes, gated }: Pick<JetShape, 'sizes' | 'gated'>): number[] {
  return sizes.slice(1).map((size, layer) => (gated && layer === 0 ? 3 * size : size));
}

/** Hidden layers of a residual block: two gates and a plain one. */
export const LAYERS_OF_BLOCK = 3;

/** Number of residual blocks. */
export function residualBlocks({ sizes, residual }: Pick<JetShape, 'sizes' | 'residual'>): number {
  return residual ? (sizes.length - 2) / LAYERS_OF_BLOCK : 0;
}

/** The counts of a shape; throws `KFAC_SHAPE` if it does not describe an MLP and its channels. */
export function jetDimensions(shape: JetShape): JetDimensions {
  const { sizes, directions, second, activation, dtype } = shape;
  if (!ACTIVATIONS.includes(activation)) {
    const known = ACTIVATIONS.join(', ');
    throw new KfacError('KFAC_SHAPE', `jets: expected an activation (${known}), got "${String(activation)}"`);
  }
  if (dtype !== 'f64' && dtype !== 'f32') throw new KfacError('KFAC_DTYPE', `jets: no dtype "${String(dtype)}"`);
  requireVector(directions, directions.length, 'directions');
  requireVector(second, second.length, 'second');
  if (sizes.length < 2 || sizes.some((size) => !Number.isInteger(size) || size < 1 || size > MAXIMUM_WIDTH)) {
    throw new KfacError(
      'KFAC_SHAPE',
      `jets: expected at least two widths in [1, ${MAXIMUM_WIDTH}], got [${sizes.join(', ')}]`,
    );
  }
  if (shape.gated && (sizes.length < 3 || sizes.slice(1, -1).some((size) => size !== sizes[1]))) {
    throw new KfacError(
      'KFAC_SHAPE',
      `jets: expected hidden layers of one width in a gated network, got [${sizes.slice(1, -1).join(', ')}]`,
    );
  }
  const blocks = residualBlocks(shape);
  if (shape.residual && !(shape.gated && Number.isInteger(blocks))) {
    throw new KfacError(
      'KFAC_SHAPE',
      `jets: expected gates and ${LAYERS_OF_BLOCK} hidden layers a block in a residual network, got ${
        shape.gated ? `${sizes.length - 2} hidden layers` : 'no gates'
      }`,
    );
  }
  const inputs = coordinatesOf(shape);
  const outputs = sizes.at(-1)!;
  const firsts = directions.length / inputs;
  if (!Number.isInteger(firsts)) {
    throw new KfacError(
      'KFAC_SHAPE',
      `jets: expected directions of ${inputs} numbers each, got ${directions.length} numbers`,
    );
  }
  const seconds = rowsOf(second, firsts, 'second-order');
  const { rawSeconds, rawThirds, third, fourth } = shape.higher ?? NO_HIGHER;
  requireInteger(rawSeconds, 0, firsts, 'directions with a second derivative');
  requireInteger(rawThirds, 0, rawSeconds, 'directions with a third derivative');
  requireVector(third, third.length, 'third');
  requireVector(fourth, fourth.length, 'fourth');
  const thirds = rowsOf(third, rawSeconds, 'third-order');
  const fourths = rowsOf(fourth, rawThirds, 'fourth-order');
  const parameters = layerOutputs(shape).reduce((sum, width, layer) => sum + (sizes[layer]! + 1) * width, blocks);
  const channels = 1 + firsts + seconds + rawSeconds + rawThirds + thirds + fourths;
  return { inputs, outputs, firsts, seconds, rawSeconds, rawThirds, thirds, fourths, channels, blocks, parameters };
}

const NO_HIGHER: HigherChannels = {
  rawSeconds: 0,
  rawThirds: 0,
  third: new Float64Array(0),
  fourth: new Float64Array(0),
};

/** Rows of some channels' weights over so many directions; throws `KFAC_SHAPE` if they do not come out. */
function rowsOf(weights: Float64Array, directions: number, order: string): number {
  const rows = directions === 0 ? 0 : weights.length / directions;
  if (!Number.isInteger(rows) || rows * directions !== weights.length) {
    throw new KfacError(
      'KFAC_SHAPE',
      `jets: expected ${order} rows of ${directions} numbers each, got ${weights.length} numbers`,
    );
  }
  return rows;
}

/** d; throws `KFAC_SHAPE` if an embedding does not give what the first layer reads. */
function coordinatesOf({ sizes, embedding }: JetShape): number {
  if (!embedding) return sizes[0]!;
  const { coordinates, kept, frequencies } = embedding;
  requireInteger(coordinates, 1, MAXIMUM_WIDTH, 'coordinates of an embedding');
  for (const axis of kept) requireInteger(axis, 0, coordinates - 1, 'kept coordinate of an embedding');
  requireVector(frequencies, frequencies.length, 'frequencies');
  const features = kept.length + (2 * frequencies.length) / coordinates;
  if (features !== sizes[0] || frequencies.length % coordinates !== 0) {
    const given = `${kept.length} kept coordinates and ${frequencies.length} frequencies`;
    throw new KfacError(
      'KFAC_SHAPE',
      `jets: expected an embedding of ${coordinates} coordinates into ${sizes[0]} features, got ${given}`,
    );
  }
  return coordinates;
}

/** A zeroed tape: all inputs, all pre-activations, all gradients, layer by layer, in one buffer. */
export function layoutTape(shape: JetShape, points: number): JetTape {
  requireInteger(points, 0, MAXIMUM_POINTS, 'points of a tape');
  const { sizes } = shape;
  const { channels, blocks } = jetDimensions(shape);
  const rows = points * channels;
  const widths = {
    inputs: sizes.slice(0, -1).map((size) => size + 1),
    hidden: layerOutputs(shape).slice(0, -1),
    outputs: layerOutputs(shape),
  };
  const entries = [...widths.inputs, ...widths.hidden, ...widths.outputs].reduce(
    (sum, width) => sum + rows * width,
    points * blocks,
  );
  if (entries > MAXIMUM_ENTRIES) throw new KfacError('KFAC_LIMIT', `jets: a tape of ${entries} numbers is too large`);
  const buffer: RealArray = shape.dtype === 'f64' ? new Float64Array(entries) : new Float32Array(entries);
  let offset = 0;
  const view = (cols: number): Matrix => {
    const data = buffer.subarray(offset, offset + rows * cols);
    offset += rows * cols;
    return matrixOver(rows, cols, data);
  };
  return {
    points,
    buffer,
    inputs: widths.inputs.map(view),
    preactivations: widths.hidden.map(view),
    gradients: widths.outputs.map(view),
    mixing: matrixOver(points, blocks, buffer.subarray(offset)),
  };
}

/** Throws unless the arguments of `Jets.forward` fit together; returns the shape's counts. */
export function checkForward(
  shape: JetShape,
  theta: Float64Array,
  columns: Matrix,
  tape: JetTape | null,
): JetDimensions {
  const dimensions = jetDimensions(shape);
  requireVector(theta, dimensions.parameters, 'θ');
  requireShape(columns, dimensions.inputs + dimensions.outputs * dimensions.channels, columns.cols, 'columns', 'f64');
  if (tape) checkTape(shape, dimensions, tape, columns.cols);
  const read = [theta, ...weightsOf(shape), ...(shape.embedding ? [shape.embedding.frequencies] : [])];
  requireDistinct(columns.data, 'columns', read);
  if (tape) requireDistinct(tape.buffer, 'tape', [columns.data, ...read]);
  return dimensions;
}

/** Throws unless the arguments of `Jets.adjoint` fit together; returns the shape's counts. */
export function checkAdjoint(shape: JetShape, theta: Float64Array, seeds: Matrix, tape: JetTape): JetDimensions {
  const dimensions = jetDimensions(shape);
  requireVector(theta, dimensions.parameters, 'θ');
  requireShape(seeds, dimensions.outputs * dimensions.channels, seeds.cols, 'seeds', 'f64');
  checkTape(shape, dimensions, tape, seeds.cols);
  requireDistinct(tape.buffer, 'tape', [seeds.data, theta, ...weightsOf(shape)]);
  return dimensions;
}

function weightsOf({ directions, second, higher }: JetShape): Float64Array[] {
  return [directions, second, ...(higher ? [higher.third, higher.fourth] : [])];
}

function checkTape(shape: JetShape, { channels, blocks }: JetDimensions, tape: JetTape, points: number): void {
  if (tape.points !== points)
    throw new KfacError('KFAC_SHAPE', `jets: expected a tape of ${points} points, got one of ${tape.points}`);
  const dtype = arrayDtype(tape.buffer, 'tape');
  if (dtype !== shape.dtype) throw new KfacError('KFAC_DTYPE', `jets: expected a tape in ${shape.dtype}, got ${dtype}`);
  const { sizes } = shape;
  const layers = sizes.length - 1;
  const outputs = layerOutputs(shape);
  let entries = 0;
  const follows = ({ rows, cols, data }: Matrix, height: number, width: number): boolean => {
    const at = tape.buffer.byteOffset + entries * data.BYTES_PER_ELEMENT;
    entries += height * width;
    const fits = rows === height && cols === width && data.length === height * width;
    return fits && data.buffer === tape.buffer.buffer && data.byteOffset === at;
  };
  const fit = (parts: readonly Matrix[], count: number, width: (layer: number) => number): boolean =>
    parts.length === count && parts.every((part, layer) => follows(part, points * channels, width(layer)));
  const whole =
    fit(tape.inputs, layers, (layer) => sizes[layer]! + 1) &&
    fit(tape.preactivations, layers - 1, (layer) => outputs[layer]!) &&
    fit(tape.gradients, layers, (layer) => outputs[layer]!) &&
    follows(tape.mixing, points, blocks) &&
    entries === tape.buffer.length;
  if (!whole)
    throw new KfacError(
      'KFAC_SHAPE',
      `jets: the tape was not made for widths [${sizes.join(', ')}] and ${channels} channels`,
    );
}
