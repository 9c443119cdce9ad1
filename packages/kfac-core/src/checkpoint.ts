import { createHash } from 'node:crypto';
import { KfacError } from './errors.ts';

const MAGIC = 'KFACCKPT';
const VERSION = 1;
const ALIGNMENT = 64;
const HASH_BYTES = 32;
const MAX_BYTES = 4 * 2 ** 30;

/** A checkpoint: a JSON header and named f64 vectors. */
export interface Checkpoint {
  readonly header: Readonly<Record<string, unknown>>;
  readonly tensors: Readonly<Record<string, Float64Array>>;
}

/** JSON with sorted keys and no spaces: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    entries.sort(([x], [y]) => (x < y ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** SHA-256 of a spec's canonical JSON, hexadecimal. */
export function specHash(spec: unknown): string {
  return createHash('sha256').update(canonicalJson(spec)).digest('hex');
}

/**
 * The file format, little-endian: magic KFACCKPT, u32 version, u32 header length, canonical-JSON header (with the table
 * of tensors: name, offset, length), the tensors as f64 on 64-byte boundaries, SHA-256 of all that precedes.
 */
export function encodeCheckpoint({ header, tensors }: Checkpoint): Uint8Array {
  const names = Object.keys(tensors);
  let at = 0;
  const table = names.map((name) => {
    const entry = { name, dtype: 'f64', offset: at, length: tensors[name]!.length };
    at += Math.ceil((entry.length * 8) / ALIGNMENT) * ALIGNMENT;
    return entry;
  });
  const text = new TextEncoder().encode(canonicalJson({ ...header, tensors: table }));
  const start = Math.ceil((16 + text.length) / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(start + at + HASH_BYTES);
  bytes.set(new TextEncoder().encode(MAGIC));
  const view = new DataView(bytes.buffer);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, text.length, true);
  bytes.set(text, 16);
  for (const { name, offset } of table) {
    const tensor = tensors[name]!;
    bytes.set(new Uint8Array(tensor.buffer, tensor.byteOffset, tensor.byteLength), start + offset);
  }
  bytes.set(
    createHash('sha256')
      .update(bytes.subarray(0, start + at))
      .digest(),
    start + at,
  );
  return bytes;
}

/** Reads what `encodeCheckpoint` wrote. Throws `KFAC_CHECKPOINT` on anything else: lengths and hash are checked before use. */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const fail = (what: string, cause?: unknown): never => {
    throw new KfacError('KFAC_CHECKPOINT', `not a usable checkpoint: ${what}`, { cause });
  };
  if (bytes.length < 16 + HASH_BYTES) fail(`expected at least ${16 + HASH_BYTES} bytes, got ${bytes.length}`);
  if (bytes.length > MAX_BYTES) fail(`larger than ${MAX_BYTES} bytes`);
  if (new TextDecoder().decode(bytes.subarray(0, 8)) !== MAGIC) fail(`it does not begin with ${MAGIC}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(8, true);
  if (version !== VERSION) fail(`expected version ${VERSION}, got ${version}`);
  const body = bytes.length - HASH_BYTES;
  const digest = createHash('sha256').update(bytes.subarray(0, body)).digest();
  if (!digest.equals(bytes.subarray(body))) fail('its SHA-256 does not match: the file is truncated or damaged');
  const headerLength = view.getUint32(12, true);
  if (16 + headerLength > body) fail('its header is longer than the file');
  let header: Record<string, unknown> = {};
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(16, 16 + headerLength))) as Record<string, unknown>;
  } catch (error) {
    fail('its header is not JSON', error);
  }
  const start = Math.ceil((16 + headerLength) / ALIGNMENT) * ALIGNMENT;
  const { tensors: table, ...rest } = header;
  if (!Array.isArray(table)) return fail('its header has no table of tensors');
  const tensors: Record<string, Float64Array> = {};
  for (const entry of table as { name: unknown; offset: unknown; length: unknown }[]) {
    const { name, offset, length } = entry;
    if (typeof name !== 'string' || !isCount(offset) || !isCount(length))
      return fail('its table of tensors is malformed');
    if (start + offset + length * 8 > body) return fail(`tensor "${name}" lies outside the file`);
    const from = start + offset;
    // Not bytes.slice: a Buffer's slice is a view, and its memory need not be aligned.
    const copy = new Uint8Array(length * 8);
    copy.set(bytes.subarray(from, from + length * 8));
    tensors[name] = new Float64Array(copy.buffer, 0, length);
  }
  return { header: rest, tensors };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
