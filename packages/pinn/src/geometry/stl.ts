import { KfacError } from '@kfac/core';

/** Triangles of a surface: nine numbers each, three vertices one after the other. */
export type Triangles = Float64Array;

const BINARY = 'base64:';
/** Bytes before the first triangle of a binary file, and of each triangle. */
const HEADER = 84;
const RECORD = 50;
/** Most triangles of a mesh. */
const MOST_TRIANGLES = 100_000;

/**
 * The triangles of an STL file: the text of an ASCII one, or `base64:` followed by the bytes of a binary one. Normals in
 * the file are not read: the order of the vertices gives them. Throws `KFAC_SPEC` with the line or the facet at fault.
 */
export function readStl(content: string): Triangles {
  const triangles = content.startsWith(BINARY)
    ? readBinary(content.slice(BINARY.length))
    : readAscii(content.split(/\r\n|\n|\r/));
  const count = triangles.length / 9;
  if (count === 0) throw new KfacError('KFAC_SPEC', 'the STL file has no facet');
  if (count > MOST_TRIANGLES)
    throw new KfacError('KFAC_LIMIT', `expected at most ${MOST_TRIANGLES} facets, got ${count}`);
  return triangles;
}

function readAscii(lines: readonly string[]): Triangles {
  const vertices: number[] = [];
  /** Vertices of the facet that is open; −1 between facets. */
  let inFacet = -1;
  const fault = (line: number, expected: string): KfacError =>
    new KfacError('KFAC_SPEC', `line ${line + 1} of the STL file: expected ${expected}, got "${lines[line]!.trim()}"`);
  for (const [k, line] of lines.entries()) {
    const words = line.trim().split(/\s+/);
    const word = words[0]!.toLowerCase();
    if (word === 'vertex') {
      const point = words.slice(1).map(Number);
      if (inFacet < 0) throw fault(k, '"facet" before a vertex');
      if (words.length !== 4 || !point.every(Number.isFinite)) throw fault(k, '"vertex" and three finite numbers');
      vertices.push(...point);
      inFacet++;
    } else if (word === 'facet') {
      if (inFacet >= 0) throw fault(k, '"endfacet" before the next facet');
      inFacet = 0;
    } else if (word === 'endfacet') {
      if (inFacet !== 3) throw fault(k, `three vertices before the end of a facet, not ${Math.max(0, inFacet)}`);
      inFacet = -1;
    } else if (!['', 'solid', 'endsolid', 'outer', 'endloop'].includes(word)) {
      throw fault(k, 'a line of an ASCII STL file (solid, facet, outer loop, vertex, endloop, endfacet, endsolid)');
    }
  }
  if (inFacet >= 0) throw new KfacError('KFAC_SPEC', 'the STL file ends inside a facet');
  return Float64Array.from(vertices);
}

function readBinary(base64: string): Triangles {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length < HEADER)
    throw new KfacError('KFAC_SPEC', `expected a binary STL file of at least ${HEADER} bytes, got ${bytes.length}`);
  const count = bytes.readUInt32LE(HEADER - 4);
  if (bytes.length !== HEADER + RECORD * count) {
    throw new KfacError(
      'KFAC_SPEC',
      `expected ${HEADER + RECORD * count} bytes for the ${count} facets that the STL file announces, got ${bytes.length}`,
    );
  }
  const triangles = new Float64Array(9 * count);
  for (let facet = 0; facet < count; facet++) {
    for (let k = 0; k < 9; k++) {
      const value = bytes.readFloatLE(HEADER + RECORD * facet + 12 + 4 * k);
      if (!Number.isFinite(value))
        throw new KfacError(
          'KFAC_SPEC',
          `facet ${facet + 1} of the STL file: expected finite coordinates, got ${value}`,
        );
      triangles[9 * facet + k] = value;
    }
  }
  return triangles;
}
