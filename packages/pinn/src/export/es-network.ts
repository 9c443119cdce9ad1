import { LAYERS_OF_BLOCK, layerOutputs, residualBlocks } from '@kfac/core';
import { type NetworkForm, type TrainedNetwork, gatesOf } from '../network.ts';

/** The body of a function of a that returns ψ, ψ′, ψ″, ψ‴, ψ⁗. */
const ACTIVATIONS: Readonly<Record<TrainedNetwork['activation'], string>> = {
  tanh: `const y = Math.tanh(a);
  const p = 1 - y * y;
  return [y, p, -2 * y * p, p * (6 * y * y - 2), p * y * (16 - 24 * y * y)];`,
  sin: `const y = Math.sin(a);
  const p = Math.cos(a);
  return [y, p, -y, -p, y];`,
  silu: `const e = Math.exp(-Math.abs(a));
  const [large, small] = [1 / (1 + e), e / (1 + e)];
  const s = a < 0 ? small : large;
  const t = a < 0 ? large - small : small - large;
  const p = e / (1 + e) ** 2;
  return [a * s, s + a * p, p * (2 + a * t), p * (3 * t + a * (1 - 6 * p)), p * (4 - 24 * p + a * t * (1 - 12 * p))];`,
  // Φ(−|a|) by the series of Φ − ½ near 0, by Laplace's continued fraction farther out.
  gelu: `const x = Math.abs(a);
  const density = Math.exp(-0.5 * a * a) / Math.sqrt(2 * Math.PI);
  let tail;
  if (x < 3) {
    let sum = x;
    for (let n = 3, term = x; sum + term > sum; n += 2) sum += term *= (x * x) / n;
    tail = 0.5 - density * sum;
  } else {
    let fraction = x;
    for (let n = 100; n > 0; n--) fraction = x + n / fraction;
    tail = density / fraction;
  }
  const cdf = a < 0 ? tail : 1 - tail;
  const b = Math.max(-39, Math.min(39, a)); // beyond, the density is 0, and the powers stay finite
  const q = b * b;
  return [a * cdf, cdf + b * density, density * (2 - q), density * b * (q - 4), density * (q * (7 - q) - 4)];`,
  softplus: `const e = Math.exp(-Math.abs(a));
  const [large, small] = [1 / (1 + e), e / (1 + e)];
  const p = e / (1 + e) ** 2;
  const t = a < 0 ? large - small : small - large;
  return [Math.max(a, 0) + Math.log1p(e), a < 0 ? small : large, p, p * t, p * (1 - 6 * p)];`,
  gaussian: `const y = Math.exp(-0.5 * a * a);
  const b = Math.max(-39, Math.min(39, a)); // beyond, y is 0, and the powers stay finite
  const q = b * b;
  return [y, -b * y, (q - 1) * y, b * (3 - q) * y, (q * (q - 6) + 3) * y];`,
};

const LAYERS = 'Layer by layer a matrix [inputs + 1 × outputs], row-major, the bias as the last row.';

/** Chooses the network of a window. */
const OF_WINDOW = `  const t = point[coordinates.indexOf('t')];
  const window = times.filter((time) => time < t).length;
  const layers = networks[window];
`;
/** Chooses what its residual blocks mix in. */
const MIXING_OF_WINDOW = `  const mixing = mixings[window];
`;

const MIXING = 'For each residual block η: η·(what it gives) + (1 − η)·(what it began with) goes on.';

/** The first jets: the coordinates that the network reads. */
const coordinatesText = (read: string): string => `  const input = (axes) =>
    Float64Array.from(${read}, (i) => (axes.length === 0 ? point[i] : axes.length === 1 && axes[0] === i ? 1 : 0));`;

/** The first jets behind an embedding. */
const featuresText = (
  kept: string,
  frequencies: string,
): string => `  const phases = ${frequencies}.map((f) => f.reduce((sum, value, i) => sum + value * point[i], 0));
  const waves = phases.map((phase) => [Math.cos(phase), -Math.sin(phase), -Math.cos(phase), Math.sin(phase)]);
  const input = (axes) => {
    const scales = ${frequencies}.map((f) => axes.reduce((product, i) => product * f[i], 1));
    return Float64Array.from([
      ...${kept}.map((axis) => (axes.length === 0 ? point[axis] : axes.length === 1 && axes[0] === axis ? 1 : 0)),
      ...scales.map((scale, k) => scale * waves[k][axes.length % 4]),
      ...scales.map((scale, k) => scale * waves[k][(axes.length + 3) % 4]),
    ]);
  };`;

/** Two encoders, kept from the first layer on, of which U is what the first block begins with; then the first gate. */
const encode = (sizes: string): string => `    if (l === 0) {
      const part = (k) => jets.map((z) => z.slice(k * ${sizes}[1], (k + 1) * ${sizes}[1]));
      trunk = part(0);
      encoded = part(1);
      differences = trunk.map((z, channel) => z.map((value, k) => value - encoded[channel][k]));
      jets = part(2);
    }
`;

/** What a gated layer gives to the next: V + f·(U − V), by the product rule in the derivatives. */
const GATE = `    const gate = jets;
    jets = encoded.map((z, c) =>
      z.map((value, k) => splits[c].reduce((sum, [left, right]) => sum + gate[left][k] * differences[right][k], value)));
`;

/** What the end of a residual block gives to the next layer. */
const mix = (mixing: string): string => `    if (l % ${LAYERS_OF_BLOCK} === ${LAYERS_OF_BLOCK - 1}) {
      const eta = ${mixing}[(l - ${LAYERS_OF_BLOCK - 1}) / ${LAYERS_OF_BLOCK}];
      trunk = jets = jets.map((z, c) => z.map((value, k) => eta * value + (1 - eta) * trunk[c][k]));
      continue;
    }
`;

/** A network to be written: its form, its numbers (of all windows, if there are such), and what its names end with. */
export interface WrittenNetwork {
  readonly form: NetworkForm;
  readonly parameters: Float64Array;
  readonly suffix: string;
}

/**
 * The texts of a network: its constants, and a function `outputs(point, plan)` that gives the outputs' derivatives, a list for
 * each channel of the plan. `coordinates` are those of a point.
 */
export function networkText(
  { form, parameters, suffix }: WrittenNetwork,
  coordinates: readonly string[],
  windows?: readonly number[],
): string {
  const json = JSON.stringify;
  const { type, sizes, activation, embedding, unknowns } = form;
  const read = form.coordinates.map((name) => coordinates.indexOf(name));
  const named = (name: string): string => `${name}${suffix}`;
  const { gated, residual } = gatesOf(type);
  const mixing = windows ? 'mixing' : named('mixing');
  const frequencies = embedding?.frequencies.map((row) => coordinates.map((_, axis) => row[read.indexOf(axis)] ?? 0));
  const first = embedding ? featuresText(named('kept'), named('frequencies')) : coordinatesText(json(read));
  return `${
    windows
      ? windowsText(form, parameters, windows)
      : `/** ${LAYERS} */\nconst ${named('layers')} = [\n${layerTexts(form, parameters).join(',\n')},\n];`
  }${mixingText(form, parameters, windows ? 'mixings' : named('mixing'), windows?.length)}

/** Widths of the layers, input first. */
const ${named('sizes')} = ${json(sizes)};
${
  embedding
    ? `
/** The first layer reads these coordinates, by number, then the cosines and the sines of f·x for each of the frequencies f. */
const ${named('kept')} = ${json(embedding.kept.map((axis) => read[axis]!))};
const ${named('frequencies')} = ${json(frequencies)};
`
    : ''
}
/** The activation function ${activation} with its first four derivatives. */
function ${named('activation')}(a) {
  ${ACTIVATIONS[activation]}
}

/** The network's outputs, of ${unknowns.join(', ')}, by the channels of a plan. */
function ${named('outputs')}(point, { channels, terms, splits }) {
${first}

  let jets = channels.map(input);
  const a = new Float64Array(channels.length);
${gated ? '  let differences, encoded, trunk;\n' : ''}${windows ? OF_WINDOW + (residual ? MIXING_OF_WINDOW : '') : ''}  for (const [l, weights] of ${windows ? 'layers' : named('layers')}.entries()) {
    const inputs = ${named('sizes')}[l];
    const outputs = weights.length / (inputs + 1);
    jets = jets.map((z, channel) => {
      const sums = new Float64Array(outputs);
      for (let i = 0; i < inputs; i++) for (let k = 0; k < outputs; k++) sums[k] += z[i] * weights[i * outputs + k];
      if (channel === 0) for (let k = 0; k < outputs; k++) sums[k] += weights[inputs * outputs + k];
      return sums;
    });
    if (l === ${named('sizes')}.length - 2) break;
    for (let k = 0; k < outputs; k++) {
      for (const [c, jet] of jets.entries()) a[c] = jet[k];
      const derivatives = ${named('activation')}(a[0]);
      for (const [c, jet] of jets.entries()) {
        jet[k] = 0;
        for (const blocks of terms[c]) {
          let term = derivatives[blocks.length];
          for (const block of blocks) term *= a[block];
          jet[k] += term;
        }
      }
    }
${gated ? encode(named('sizes')) + (residual ? mix(mixing) : '') + GATE : ''}  }
  return jets;
}
`;
}

/** The networks of windows, one after the other. */
function windowsText(form: NetworkForm, parameters: Float64Array, times: readonly number[]): string {
  const count = times.length + 1;
  const size = parameters.length / count;
  const networks = Array.from(
    { length: count },
    (_, k) => `[\n${layerTexts(form, parameters.subarray(k * size, (k + 1) * size)).join(',\n')},\n]`,
  );
  return `/** Times at which one network ends and the next begins. */
const times = ${JSON.stringify(times)};

/** The networks in order of time. ${LAYERS} */
const networks = [${networks.join(', ')}];`;
}

/** The layers' matrices as lines of numbers. */
function layerTexts(form: NetworkForm, parameters: Float64Array): string[] {
  let from = 0;
  return layerSizes(form).map((size) => `  [${parameters.subarray(from, (from += size)).join(', ')}]`);
}

/** Entries of the layers' matrices. */
function layerSizes({ type, sizes }: NetworkForm): number[] {
  return layerOutputs({ sizes, ...gatesOf(type) }).map((outputs, l) => (sizes[l]! + 1) * outputs);
}

/** Number of a network's weights. */
export function weightsIn(form: NetworkForm): number {
  return layerSizes(form).reduce((sum, size) => sum + size, blocksIn(form));
}

function blocksIn({ type, sizes }: NetworkForm): number {
  return residualBlocks({ sizes, ...gatesOf(type) });
}

/** The η of the residual blocks, if there are any: of one network, or of those between so many times. */
function mixingText(form: NetworkForm, parameters: Float64Array, name: string, times?: number): string {
  const blocks = blocksIn(form);
  if (blocks === 0) return '';
  const count = (times ?? 0) + 1;
  const size = parameters.length / count;
  const rows = Array.from({ length: count }, (_, k) => [
    ...parameters.subarray((k + 1) * size - blocks, (k + 1) * size),
  ]);
  return `\n\n/** ${MIXING} */\nconst ${name} = ${JSON.stringify(times === undefined ? rows[0] : rows)};`;
}
