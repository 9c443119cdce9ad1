import { LAYERS_OF_BLOCK, layerOutputs, residualBlocks } from '@kfac/core';
import { type TrainedNetwork, gatesOf } from '../network.ts';
import type { PinnSpec } from '../spec.ts';
import { type AnsatzSource, ansatzFunction, ansatzOrder, ansatzStatements } from './es-ansatz.ts';

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

/** The first jets: the coordinates themselves. */
const COORDINATES = `  const input = (axes) =>
    Float64Array.from(point, (x, i) => (axes.length === 0 ? x : axes.length === 1 && axes[0] === i ? 1 : 0));`;

/** The first jets behind an embedding. */
const FEATURES = `  const phases = frequencies.map((f) => f.reduce((sum, value, i) => sum + value * point[i], 0));
  const waves = phases.map((phase) => [Math.cos(phase), -Math.sin(phase), -Math.cos(phase), Math.sin(phase)]);
  const input = (axes) => {
    const scales = frequencies.map((f) => axes.reduce((product, i) => product * f[i], 1));
    return Float64Array.from([
      ...kept.map((axis) => (axes.length === 0 ? point[axis] : axes.length === 1 && axes[0] === axis ? 1 : 0)),
      ...scales.map((scale, k) => scale * waves[k][axes.length % 4]),
      ...scales.map((scale, k) => scale * waves[k][(axes.length + 3) % 4]),
    ]);
  };`;

/** Two encoders, kept from the first layer on, of which U is what the first block begins with; then the first gate. */
const ENCODE = `    if (l === 0) {
      const part = (k) => jets.map((z) => z.slice(k * sizes[1], (k + 1) * sizes[1]));
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
const MIX = `    if (l % ${LAYERS_OF_BLOCK} === ${LAYERS_OF_BLOCK - 1}) {
      const eta = mixing[(l - ${LAYERS_OF_BLOCK - 1}) / ${LAYERS_OF_BLOCK}];
      trunk = jets = jets.map((z, c) => z.map((value, k) => eta * value + (1 - eta) * trunk[c][k]));
      continue;
    }
`;

/** The variables and the end of a layer's work, by type of network. */
const GATES: Readonly<Record<TrainedNetwork['type'], { variables: string; end: string }>> = {
  mlp: { variables: '', end: '' },
  gated: { variables: '  let differences, encoded, trunk;\n', end: ENCODE + GATE },
  'residual-gated': { variables: '  let differences, encoded, trunk;\n', end: ENCODE + MIX + GATE },
};

/**
 * A trained network as an ES module without dependencies: `evaluate(point)` gives every unknown with its derivatives up to
 * order 4 (with an ansatz of many coordinates less) by jets, in double precision. A derivative along the axes i, j, … of ψ(a)
 * is the sum over the partitions π of {i, j, …} into blocks B of ψ⁽|π|⁾·∏ a_B (Faà di Bruno), that of a product the sum over
 * the splits of {i, j, …} in two (Leibniz). Weights are written as the shortest decimals that read back as the same doubles.
 */
export function esModule(network: TrainedNetwork, spec: AnsatzSource & Pick<PinnSpec, 'equations'>): string {
  const { type, coordinates, sizes, activation, embedding, windows } = network;
  const { domain, unknowns, equations } = spec;
  const gates = GATES[type];
  const json = JSON.stringify;
  const highest = spec.ansatz ? ansatzOrder(coordinates.length) : 4;
  const orders = `${Array.from({ length: highest }, (_, order) => order).join(', ')} or ${highest}`;
  return `// A neural network that solves ${equations.map((text) => json(text)).join(', ')}; written by @kfac/pinn.

/** Names of the coordinates, in the order in which a point holds them. */
export const coordinates = ${json(coordinates)};

/** The intervals on which the network was trained; beyond them it extrapolates. */
export const domain = ${json(domain)};

/** Names of the unknowns. */
export const unknowns = ${json(unknowns)};

${windows ? windowsText(network, windows) : `/** ${LAYERS} */\nconst layers = [\n${layerTexts(network, 0).join(',\n')},\n];${mixingText(network)}`}

/** Widths of the layers, input first. */
const sizes = ${json(sizes)};
${
  embedding
    ? `
/** The first layer reads these coordinates, by number, then the cosines and the sines of f·x for each of the frequencies f. */
const kept = ${json(embedding.kept)};
const frequencies = ${json(embedding.frequencies)};
`
    : ''
}${ansatzFunction(spec)}
/** What an unknown holds, by order. */
const names = ['value', 'gradient', 'hessian', 'third', 'fourth'];

/** The activation function ${activation} with its first four derivatives. */
function activation(a) {
  ${ACTIVATIONS[activation]}
}

/** All partitions of a list into blocks. */
function partitions([first, ...rest]) {
  if (first === undefined) return [[]];
  return partitions(rest).flatMap((blocks) => [
    [[first], ...blocks],
    ...blocks.map((_, b) => blocks.map((block, c) => (c === b ? [first, ...block] : block))),
  ]);
}

/**
 * The channels up to an order: the value, then the derivatives along the axes i ≤ j ≤ …; \`numberOf\` finds one by its axes,
 * the terms of each are the blocks of a partition as numbers of channels, its splits the channels of two factors whose product
 * it is one of (Leibniz).
 */
function planOf(order) {
  const channels = [[]];
  for (const axes of channels) {
    if (axes.length === order) break;
    for (let i = axes.at(-1) ?? 0; i < coordinates.length; i++) channels.push([...axes, i]);
  }
  const numbers = new Map(channels.map((axes, c) => [axes.join(), c]));
  const numberOf = (axes) => numbers.get([...axes].sort((i, j) => i - j).join());
  const terms = channels.map((axes) => partitions(axes).map((blocks) => blocks.map(numberOf)));
  const splits = channels.map((axes) =>
    Array.from({ length: 2 ** axes.length }, (_, subset) =>
      [1, 0].map((bit) => numberOf(axes.filter((__, p) => ((subset >> p) & 1) === bit)))));
  return { channels, numberOf, terms, splits };
}

const plans = [];

/**
 * The solution at a point: by unknown { value, gradient, hessian } with gradient[i] = ∂u/∂x_i and
 * hessian[i][j] = ∂²u/∂x_i∂x_j, from order 3 on \`third\`[i][j][k], from order 4 on \`fourth\`[i][j][k][l]. A lower \`order\`
 * leaves out what is above it.
 */
export function evaluate(point, order = 2) {
  const d = coordinates.length;
  if (point?.length !== d || !Array.from(point).every(Number.isFinite)) {
    throw new RangeError(\`expected \${d} finite coordinates (\${coordinates.join(', ')}), got \${JSON.stringify(point)}\`);
  }
  if (names[order] === undefined || order > ${highest})
    throw new RangeError(\`expected an order of ${orders}, got \${order}\`);

  const { channels, numberOf, terms, splits } = (plans[order] ??= planOf(order));
${embedding ? FEATURES : COORDINATES}

  let jets = channels.map(input);
  const a = new Float64Array(channels.length);
${gates.variables}${windows ? OF_WINDOW + (type === 'residual-gated' ? MIXING_OF_WINDOW : '') : ''}  for (const [l, weights] of layers.entries()) {
    const inputs = sizes[l];
    const outputs = weights.length / (inputs + 1);
    jets = jets.map((z, channel) => {
      const sums = new Float64Array(outputs);
      for (let i = 0; i < inputs; i++) for (let k = 0; k < outputs; k++) sums[k] += z[i] * weights[i * outputs + k];
      if (channel === 0) for (let k = 0; k < outputs; k++) sums[k] += weights[inputs * outputs + k];
      return sums;
    });
    if (l === layers.length - 1) break;
    for (let k = 0; k < outputs; k++) {
      for (const [c, jet] of jets.entries()) a[c] = jet[k];
      const derivatives = activation(a[0]);
      for (const [c, jet] of jets.entries()) {
        jet[k] = 0;
        for (const blocks of terms[c]) {
          let term = derivatives[blocks.length];
          for (const block of blocks) term *= a[block];
          jet[k] += term;
        }
      }
    }
${gates.end}  }
${ansatzStatements(spec)}
  const solution = {};
  for (const [k, unknown] of unknowns.entries()) {
    const nested = (rank, axes = []) =>
      rank === 0 ? jets[numberOf(axes)][k] : coordinates.map((_, i) => nested(rank - 1, [...axes, i]));
    solution[unknown] = Object.fromEntries(names.slice(0, order + 1).map((name, rank) => [name, nested(rank)]));
  }
  return solution;
}
`;
}

/** The networks of windows, one after the other. */
function windowsText(network: TrainedNetwork, times: readonly number[]): string {
  const count = times.length + 1;
  const size = network.parameters.length / count;
  const networks = Array.from({ length: count }, (_, k) => `[\n${layerTexts(network, k * size).join(',\n')},\n]`);
  return `/** Times at which one network ends and the next begins. */
const times = ${JSON.stringify(times)};

/** The networks in order of time. ${LAYERS} */
const networks = [${networks.join(', ')}];${mixingText(network, count)}`;
}

/** The η of the residual blocks, if there are any: of one network, or of those of so many windows. */
function mixingText({ type, sizes, parameters }: TrainedNetwork, windows?: number): string {
  const blocks = residualBlocks({ sizes, ...gatesOf(type) });
  if (blocks === 0) return '';
  const size = parameters.length / (windows ?? 1);
  const rows = Array.from({ length: windows ?? 1 }, (_, k) => [
    ...parameters.subarray((k + 1) * size - blocks, (k + 1) * size),
  ]);
  const constant = windows === undefined ? `mixing = ${JSON.stringify(rows[0])}` : `mixings = ${JSON.stringify(rows)}`;
  return `\n\n/** ${MIXING} */\nconst ${constant};`;
}

/** The layers' matrices as lines of numbers, of the network whose parameters begin there. */
function layerTexts({ type, sizes, parameters }: TrainedNetwork, from: number): string[] {
  return layerOutputs({ sizes, ...gatesOf(type) }).map((outputs, l) => {
    const matrix = parameters.subarray(from, (from += (sizes[l]! + 1) * outputs));
    return `  [${matrix.join(', ')}]`;
  });
}
