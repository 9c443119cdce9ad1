import { layerOutputs } from '@kfac/core';
import type { TrainedNetwork } from '../network.ts';
import type { PinnSpec } from '../spec.ts';

/** The body of a function of a that returns ψ, ψ′, ψ″. */
const ACTIVATIONS: Readonly<Record<TrainedNetwork['activation'], string>> = {
  tanh: `const y = Math.tanh(a);
  const p = 1 - y * y;
  return [y, p, -2 * y * p];`,
  sin: `const y = Math.sin(a);
  return [y, Math.cos(a), -y];`,
  silu: `const e = Math.exp(-Math.abs(a));
  const s = (a < 0 ? e : 1) / (1 + e);
  const p = e / (1 + e) ** 2;
  return [a * s, s + a * p, p * (2 + a * (1 - 2 * s))];`,
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
  return [a * cdf, cdf + a * density, density * (2 - a * a)];`,
  softplus: `const e = Math.exp(-Math.abs(a));
  return [Math.max(a, 0) + Math.log1p(e), (a < 0 ? e : 1) / (1 + e), e / (1 + e) ** 2];`,
  gaussian: `const y = Math.exp(-0.5 * a * a);
  return [y, -a * y, (a * a - 1) * y];`,
};

/** The first jets: the coordinates themselves. */
const COORDINATES = `  let jets = Array.from({ length: 1 + firsts + pairs.length }, () => new Float64Array(d));
  jets[0].set(point);
  for (let i = 0; i < firsts; i++) jets[1 + i][i] = 1;`;

/** The first jets behind an embedding. */
const FEATURES = `  const phases = frequencies.map((f) => f.reduce((sum, value, i) => sum + value * point[i], 0));
  const features = (ofKept, ofCosine, ofSine) =>
    Float64Array.from([
      ...kept.map((axis) => ofKept(axis)),
      ...frequencies.map((f, k) => ofCosine(f, phases[k])),
      ...frequencies.map((f, k) => ofSine(f, phases[k])),
    ]);
  let jets = [
    features((axis) => point[axis], (f, phase) => Math.cos(phase), (f, phase) => Math.sin(phase)),
    ...coordinates.slice(0, firsts).map((_, i) =>
      features((axis) => (axis === i ? 1 : 0), (f, phase) => -f[i] * Math.sin(phase), (f, phase) => f[i] * Math.cos(phase))),
    ...pairs.map(([i, j]) =>
      features(() => 0, (f, phase) => -f[i] * f[j] * Math.cos(phase), (f, phase) => -f[i] * f[j] * Math.sin(phase))),
  ];`;

/** What a gated layer gives to the next: V + f·(U − V), by the product rule in the derivatives. */
const GATE = `    if (l === 0) {
      const part = (k) => jets.map((z) => z.slice(k * sizes[1], (k + 1) * sizes[1]));
      const first = part(0);
      encoded = part(1);
      differences = first.map((z, channel) => z.map((value, k) => value - encoded[channel][k]));
      jets = part(2);
    }
    jets = jets.map((f, channel) =>
      f.map((value, k) => {
        if (channel === 0) return encoded[0][k] + value * differences[0][k];
        const sum = encoded[channel][k] + value * differences[0][k] + jets[0][k] * differences[channel][k];
        if (channel <= firsts) return sum;
        const [i, j] = pairs[channel - 1 - firsts];
        return sum + jets[1 + i][k] * differences[1 + j][k] + jets[1 + j][k] * differences[1 + i][k];
      }));
`;

/**
 * A trained network as an ES module without dependencies: `evaluate(point)` gives every unknown with its first and second
 * derivatives by jets, y = ψ, y_i = ψ′a_i, y_ij = ψ′a_ij + ψ″a_i a_j, in double precision. Weights are written as the
 * shortest decimals that read back as the same doubles.
 */
export function esModule(network: TrainedNetwork, spec: Pick<PinnSpec, 'domain' | 'unknowns' | 'equations'>): string {
  const { type, coordinates, sizes, activation, embedding } = network;
  const { domain, unknowns, equations } = spec;
  const json = JSON.stringify;
  return `// A neural network that solves ${equations.map((text) => json(text)).join(', ')}; written by @kfac/pinn.

/** Names of the coordinates, in the order in which a point holds them. */
export const coordinates = ${json(coordinates)};

/** The intervals on which the network was trained; beyond them it extrapolates. */
export const domain = ${json(domain)};

/** Names of the unknowns. */
export const unknowns = ${json(unknowns)};

/** Layer by layer a matrix [inputs + 1 × outputs], row-major, the bias as the last row. */
const layers = [
${layerTexts(network).join(',\n')},
];

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
}
/** The activation function ${activation} with its first and second derivative. */
function activation(a) {
  ${ACTIVATIONS[activation]}
}

/**
 * The solution at a point: by unknown { value, gradient, hessian } with gradient[i] = ∂u/∂x_i and
 * hessian[i][j] = ∂²u/∂x_i∂x_j. \`order\` 1 leaves the Hessian out, 0 the gradient too.
 */
export function evaluate(point, order = 2) {
  const d = coordinates.length;
  if (point?.length !== d || !Array.from(point).every(Number.isFinite)) {
    throw new RangeError(\`expected \${d} finite coordinates (\${coordinates.join(', ')}), got \${JSON.stringify(point)}\`);
  }
  if (order !== 0 && order !== 1 && order !== 2) throw new RangeError(\`expected an order of 0, 1 or 2, got \${order}\`);

  // Channels: the value, the first derivatives, the second derivatives of the pairs i ≤ j.
  const firsts = order > 0 ? d : 0;
  const pairs = [];
  for (let i = 0; order > 1 && i < d; i++) for (let j = i; j < d; j++) pairs.push([i, j]);
${embedding ? FEATURES : COORDINATES}
${type === 'gated' ? '  let differences, encoded;\n' : ''}
  for (const [l, weights] of layers.entries()) {
    const inputs = sizes[l];
    const outputs = weights.length / (inputs + 1);
    jets = jets.map((z, channel) => {
      const a = new Float64Array(outputs);
      for (let i = 0; i < inputs; i++) for (let k = 0; k < outputs; k++) a[k] += z[i] * weights[i * outputs + k];
      if (channel === 0) for (let k = 0; k < outputs; k++) a[k] += weights[inputs * outputs + k];
      return a;
    });
    if (l === layers.length - 1) break;
    for (let k = 0; k < outputs; k++) {
      const [y, first, second] = activation(jets[0][k]);
      for (const [q, [i, j]] of pairs.entries()) {
        const a = jets[1 + firsts + q];
        a[k] = first * a[k] + second * jets[1 + i][k] * jets[1 + j][k];
      }
      for (let i = 0; i < firsts; i++) jets[1 + i][k] *= first;
      jets[0][k] = y;
    }
${type === 'gated' ? GATE : ''}  }

  const solution = {};
  for (const [k, unknown] of unknowns.entries()) {
    solution[unknown] = { value: jets[0][k] };
    if (order > 0) solution[unknown].gradient = jets.slice(1, 1 + d).map((channel) => channel[k]);
    if (order < 2) continue;
    const hessian = Array.from({ length: d }, () => new Array(d));
    for (const [q, [i, j]] of pairs.entries()) hessian[i][j] = hessian[j][i] = jets[1 + d + q][k];
    solution[unknown].hessian = hessian;
  }
  return solution;
}
`;
}

/** The layers' matrices as lines of numbers. */
function layerTexts({ type, sizes, parameters }: TrainedNetwork): string[] {
  let from = 0;
  return layerOutputs({ sizes, gated: type === 'gated' }).map((outputs, l) => {
    const matrix = parameters.subarray(from, (from += (sizes[l]! + 1) * outputs));
    return `  [${matrix.join(', ')}]`;
  });
}
