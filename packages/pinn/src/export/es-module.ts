import type { TrainedNetwork } from '../network.ts';
import type { PinnSpec } from '../spec.ts';
import { type WrittenNetwork, networkText, weightsIn } from './es-network.ts';
import { type AnsatzSource, ansatzFunction, ansatzOrder, ansatzStatements } from './es-ansatz.ts';

/**
 * A trained network as an ES module without dependencies: `evaluate(point)` gives every unknown with its derivatives up to
 * order 4 (with an ansatz of many coordinates less) by jets, in double precision. A derivative along the axes i, j, … of ψ(a)
 * is the sum over the partitions π of {i, j, …} into blocks B of ψ⁽|π|⁾·∏ a_B (Faà di Bruno), that of a product the sum over
 * the splits of {i, j, …} in two (Leibniz). Weights are written as the shortest decimals that read back as the same doubles.
 */
export function esModule(network: TrainedNetwork, spec: AnsatzSource & Pick<PinnSpec, 'equations'>): string {
  const { coordinates, windows } = network;
  const written = writtenNetworks(network);
  const { domain, unknowns, equations } = spec;
  const json = JSON.stringify;
  const highest = spec.ansatz ? ansatzOrder(coordinates.length) : 4;
  const orders = `${Array.from({ length: highest }, (_, order) => order).join(', ')} or ${highest}`;
  return `// A neural network that solves ${equations.map((one) => (typeof one === 'string' ? json(one) : `${json(one.equation)} in ${one.in}`)).join(', ')}; written by @kfac/pinn.

/** Names of the coordinates, in the order in which a point holds them. */
export const coordinates = ${json(coordinates)};

/** The intervals on which the network was trained; beyond them it extrapolates. */
export const domain = ${json(domain)};

/** Names of the unknowns. */
export const unknowns = ${json(unknowns)};

${written.map((one) => networkText(one, coordinates, windows)).join('\n')}${productText(network)}${ansatzFunction(spec)}
/** What an unknown holds, by order. */
const names = ['value', 'gradient', 'hessian', 'third', 'fourth'];

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

  const plan = (plans[order] ??= planOf(order));
  const { numberOf, splits } = plan;
${jetsText(network, written, unknowns)}
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

/** The networks to write, with the numbers of each: of a product network its factors, in the place of itself. */
function writtenNetworks({ networks = [], factors, parameters, ...first }: TrainedNetwork): WrittenNetwork[] {
  const forms = [...(factors ?? [first]), ...networks];
  if (forms.length === 1) return [{ form: first, parameters, suffix: '' }];
  let from = 0;
  return forms.map((form, k) => {
    const own = parameters.subarray(from, (from += weightsIn(form)));
    return { form, parameters: own, suffix: `${k + 1}` };
  });
}

/** The statement that takes the outputs of all networks in the order of the unknowns. */
function jetsText(
  { factors, unknowns: shared }: TrainedNetwork,
  written: readonly WrittenNetwork[],
  unknowns: readonly string[],
): string {
  const calls = written.map(({ suffix }) => `outputs${suffix}(point, plan)`);
  const count = factors?.length ?? 1;
  const first = factors ? `product([${calls.slice(0, count).join(', ')}], plan)` : calls[0]!;
  const own = written.slice(count);
  if (own.length === 0) return `  const jets = ${first};`;
  const places = unknowns.map((name) =>
    shared.includes(name)
      ? [0, shared.indexOf(name)]
      : [1 + own.findIndex(({ form }) => form.unknowns.includes(name)), 0],
  );
  return `  const parts = [${[first, ...calls.slice(count)].join(', ')}];
  // Network and output of every unknown.
  const jets = parts[0].map((_, c) => ${JSON.stringify(places)}.map(([network, k]) => parts[network][c][k]));`;
}

/** The function that makes the outputs of a product network of those of its factors; empty where there is none. */
function productText({ factors, rank = 1 }: TrainedNetwork): string {
  if (!factors) return '';
  return `
/** Of each unknown the sum of the products of the factors' outputs, ${rank} for each in turn, by Leibniz' rule. */
function product(factors, { splits }) {
  const products = factors.reduce((a, b) =>
    splits.map((pairs, c) => a[c].map((_, k) => pairs.reduce((sum, [l, r]) => sum + a[l][k] * b[r][k], 0))));
  return products.map((jet) =>
    Array.from({ length: jet.length / ${rank} }, (_, k) =>
      jet.slice(k * ${rank}, (k + 1) * ${rank}).reduce((sum, value) => sum + value, 0) / Math.sqrt(${rank})));
}
`;
}
