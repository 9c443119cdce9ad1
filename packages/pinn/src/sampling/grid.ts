import type { PhiloxStream } from '@kfac/core';

/**
 * A grid of exactly `count` points: the first coordinate is cut into round(count^(1/d)) slices, which share the points
 * as evenly as whole numbers allow, and every slice is a grid of the others. A slice is as wide as its share and its
 * points lie at its middle; for count = nᵈ this is the product grid (k + ½)/n. There is one such grid: nothing is drawn.
 */
export function gridPoints(count: number, dimensions: number, _stream: PhiloxStream, out: Float64Array): void {
  fillSlices(out, dimensions, 0, 0, count);
}

/** Sets the coordinates `axis` and later of the points from…from+count−1. */
function fillSlices(out: Float64Array, dimensions: number, axis: number, from: number, count: number): void {
  if (axis === dimensions) return;
  const slices = Math.round(count ** (1 / (dimensions - axis)));
  for (let k = 0; k < slices; k++) {
    const begin = Math.floor((k * count) / slices);
    const end = Math.floor(((k + 1) * count) / slices);
    for (let n = begin; n < end; n++) out[(from + n) * dimensions + axis] = (begin + end) / (2 * count);
    fillSlices(out, dimensions, axis + 1, from + begin, end - begin);
  }
}
