// A net of our own, 1–16–1 with tanh, learns sin(3x): forward pass and backpropagation are ours, K-FAC does the rest.
import { KFac, ParameterLayout, PhiloxStream, defaultEngine, denseCapturedLayer, matrix } from '@kfac/core';

const [engine, N, H] = [defaultEngine(), 64, 16];
const hidden = { name: 'hidden', inputs: 2, outputs: H };
const parameters = new ParameterLayout([hidden, { name: 'head', inputs: H + 1, outputs: 1 }]);
const [x, h, gHidden, gHead] = [2, H + 1, H, 1].map((columns) => matrix(N, columns)); // layer inputs, error signals
[h, gHead].forEach(({ data }) => data.fill(1)); // the last column of every layer's input stays 1: its bias
for (let n = 0; n < N; n++) x.data.set([n / 32 - 1, 1], 2 * n);
const layers = [denseCapturedLayer(engine, 'hidden', x, gHidden), denseCapturedLayer(engine, 'head', h, gHead)];

function errors(w) {
  const e = Float64Array.from({ length: N }, (_, n) => w[3 * H] - Math.sin(3 * x.data[2 * n]));
  for (let k = 0; k < N * H; k++) {
    const [n, j] = [Math.floor(k / H), k % H];
    h.data[n + k] = Math.tanh(x.data[2 * n] * w[j] + w[H + j]);
    gHidden.data[k] = w[2 * H + j] * (1 - h.data[n + k] ** 2); // ∂error/∂(pre-activation)
    e[n] += w[2 * H + j] * h.data[n + k];
  }
  return e;
}
const loss = (w) => errors(w).reduce((sum, e) => sum + (e * e) / (2 * N), 0);
function linearize(w) {
  const [residual, curvature] = [errors(w), new Float64Array(N).fill(1 / N)];
  const term = { name: 'fit', residual, slope: residual.map((e) => e / N), curvature, centred: false, layers };
  return { loss: loss(w), terms: [term] };
}
const damping = { policy: 'reject', initial: 1e-3, minimum: 1e-10, maximum: 1e8 };
const recipe = { split: 'same', damping, decay: 0.95, average: 'debiased', refreshEvery: 1, rejection: 'increase' };
const [optimizer, random] = [new KFac(engine, parameters, recipe), new PhiloxStream(1, 0)];
const weights = Float64Array.from({ length: parameters.size }, () => random.uniform() - 0.5);
for (let k = 0; k < 300; k++) optimizer.step({ engine, parameters, loss, linearize, nextBatch() {} }, weights);
console.log(`loss after 300 steps: ${loss(weights)}`);
