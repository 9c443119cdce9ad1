// A net of our own, 1–16–1 with tanh, learns sin(3x): we write forward pass and backpropagation, K-FAC does the rest.
import { KFac, ParameterLayout, PhiloxStream, defaultEngine, denseCapturedLayer, matrix } from '@kfac/core';

const [engine, points, width] = [defaultEngine(), 64, 16];
const parameters = new ParameterLayout([
  { name: 'hidden', inputs: 2, outputs: width },
  { name: 'head', inputs: width + 1, outputs: 1 },
]);
const [input, hidden, errorHidden, errorHead] = [2, width + 1, width, 1].map((columns) => matrix(points, columns));
for (let n = 0; n < points; n++) input.data.set([n / 32 - 1, 1], 2 * n); // each layer's input ends with a 1: the bias
errorHead.data.fill(1); // derivative of an example's error by the output

function errors(theta) {
  return Float64Array.from({ length: points }, (_, n) => {
    const [x, h] = [input.data[2 * n], hidden.data.subarray(n * (width + 1), (n + 1) * (width + 1))];
    for (let j = 0; j <= width; j++) h[j] = j === width ? 1 : Math.tanh(x * theta[j] + theta[width + j]);
    return h.reduce((sum, value, j) => sum + value * theta[2 * width + j], 0) - Math.sin(3 * x);
  });
}
const loss = (theta) => errors(theta).reduce((sum, e) => sum + (e * e) / (2 * points), 0);
function linearize(theta) {
  const residual = errors(theta);
  errorHidden.data.forEach(
    (_, k, g) => (g[k] = theta[2 * width + (k % width)] * (1 - hidden.data[k + Math.floor(k / width)] ** 2)),
  );
  const layers = [
    denseCapturedLayer(engine, 'hidden', input, errorHidden),
    denseCapturedLayer(engine, 'head', hidden, errorHead),
  ];
  const [slope, curvature] = [residual.map((e) => e / points), new Float64Array(points).fill(1 / points)];
  return { loss: loss(theta), terms: [{ name: 'fit', residual, slope, curvature, centred: false, layers }] };
}
const damping = { policy: 'reject', initial: 1e-3, minimum: 1e-10, maximum: 1e8 };
const optimizer = new KFac(engine, parameters, {
  split: 'same',
  damping,
  decay: 0.95,
  average: 'debiased',
  refreshEvery: 1,
  rejection: 'increase',
});
const theta = Float64Array.from(
  { length: parameters.size },
  function () {
    return this.uniform() - 0.5;
  },
  new PhiloxStream(1, 0),
);
for (let step = 0; step < 300; step++) optimizer.step({ engine, parameters, loss, linearize, nextBatch() {} }, theta);
console.log(`loss after 300 steps: ${loss(theta)}`);
