/** Step lengths 1, ½, …, 2⁻³⁰. */
const HALVINGS = 30;

/**
 * The grid line search of the PINN literature (Müller & Zeinhofer 2023): the true loss at θ + α·δ for α = 1, ½, …, 2⁻³⁰,
 * the α with the smallest one. α = 0 and `loss` if none is below it. `candidate` [P] is working memory and holds θ + α·δ
 * afterwards.
 */
export function gridLineSearch(
  lossAt: (candidate: Float64Array) => number,
  theta: Float64Array,
  delta: Float64Array,
  loss: number,
  candidate: Float64Array,
): { readonly alpha: number; readonly loss: number } {
  const place = (alpha: number): void => {
    for (let i = 0; i < theta.length; i++) candidate[i] = theta[i]! + alpha * delta[i]!;
  };
  let best = { alpha: 0, loss };
  for (let k = 0; k <= HALVINGS; k++) {
    const alpha = 2 ** -k;
    place(alpha);
    const found = lossAt(candidate);
    if (found < best.loss) best = { alpha, loss: found };
  }
  place(best.alpha);
  return best;
}
