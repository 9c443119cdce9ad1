/** The piece k with cumulative[k] ≤ value < cumulative[k + 1], of a table that grows from 0; the last one beyond it. */
export function pieceOf(cumulative: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (cumulative[middle]! <= value) low = middle;
    else high = middle;
  }
  return low;
}
