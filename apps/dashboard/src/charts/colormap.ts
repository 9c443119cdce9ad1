/** One colour as three bytes. */
export type Rgb = readonly [number, number, number];

/** Anchors of viridis (Smith and van der Walt 2015, CC0), equally spaced. */
const VIRIDIS: readonly Rgb[] = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 73, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [110, 206, 88],
  [181, 222, 43],
  [253, 231, 37],
];

/** Blue over near-white to red, equally dark at both ends. */
const DIVERGING: readonly Rgb[] = [
  [5, 60, 120],
  [33, 113, 181],
  [107, 174, 214],
  [198, 219, 239],
  [247, 247, 247],
  [253, 212, 190],
  [244, 150, 110],
  [203, 65, 52],
  [130, 10, 30],
];

/** How values become colours: `viridis` for magnitudes, `diverging` for signed values around zero. */
export interface ColourScale {
  readonly map: 'viridis' | 'diverging';
  readonly min: number;
  readonly max: number;
}

/** The scale of a field: symmetric about zero where its sign matters. A constant field gets a range of its own. */
export function colourScale(range: readonly [number, number], signed: boolean): ColourScale {
  if (signed) {
    const size = Math.max(Math.abs(range[0]), Math.abs(range[1])) || 1;
    return { map: 'diverging', min: -size, max: size };
  }
  const [min, max] = range[0] < range[1] ? range : [range[0] - 0.5, range[0] + 0.5];
  return { map: 'viridis', min, max };
}

/** The colour at `t` between 0 and 1, clamped; between two anchors linear. */
export function colourAt(map: ColourScale['map'], t: number): Rgb {
  const anchors = map === 'viridis' ? VIRIDIS : DIVERGING;
  const position = Math.min(1, Math.max(0, t)) * (anchors.length - 1);
  const k = Math.min(anchors.length - 2, Math.floor(position));
  const part = position - k;
  const [a, b] = [anchors[k]!, anchors[k + 1]!];
  const mix = (c: 0 | 1 | 2): number => Math.round(a[c] + (b[c] - a[c]) * part);
  return [mix(0), mix(1), mix(2)];
}

const LEVELS = 1024;
const tables = new Map<ColourScale['map'], Uint8ClampedArray>();

/** `LEVELS` colours of a map, three bytes each. */
function table(map: ColourScale['map']): Uint8ClampedArray {
  let bytes = tables.get(map);
  if (bytes === undefined) {
    bytes = new Uint8ClampedArray(3 * LEVELS);
    for (let k = 0; k < LEVELS; k++) bytes.set(colourAt(map, k / (LEVELS - 1)), 3 * k);
    tables.set(map, bytes);
  }
  return bytes;
}

/**
 * Pixels (RGBA) of a plane of values [nx × ny], C order: x runs to the right, y upwards, so the first row of pixels shows
 * the largest y. What is not finite stays transparent.
 */
export function paint(
  values: ArrayLike<number>,
  nx: number,
  ny: number,
  scale: ColourScale,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * nx * ny);
  const colours = table(scale.map);
  const factor = (LEVELS - 1) / (scale.max - scale.min);
  for (let i = 0; i < nx; i++) {
    for (let j = 0; j < ny; j++) {
      const value = values[i * ny + j]!;
      if (!Number.isFinite(value)) continue;
      const level = Math.min(LEVELS - 1, Math.max(0, Math.round((value - scale.min) * factor)));
      const at = 4 * ((ny - 1 - j) * nx + i);
      pixels[at] = colours[3 * level]!;
      pixels[at + 1] = colours[3 * level + 1]!;
      pixels[at + 2] = colours[3 * level + 2]!;
      pixels[at + 3] = 255;
    }
  }
  return pixels;
}

/** A CSS gradient of the map, from low to high. */
export function gradient(map: ColourScale['map'], direction: string): string {
  const stops = Array.from({ length: 17 }, (_, k) => `rgb(${colourAt(map, k / 16).join(' ')})`);
  return `linear-gradient(${direction}, ${stops.join(', ')})`;
}
