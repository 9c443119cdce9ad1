import { randomBytes } from 'node:crypto';

/**
 * A UUID of version 7 (RFC 9562): 48 bits of `milliseconds`, then random bits. Ids sort by time of creation; within one
 * millisecond a counter in the 12 bits after the version keeps the order of the calls.
 */
export function uuidv7(milliseconds: number): string {
  if (milliseconds > last) [last, count] = [milliseconds, 0];
  else if (++count > 0xfff) [last, count] = [last + 1, 0];
  const bytes = randomBytes(16);
  bytes.writeUIntBE(last, 0, 6);
  bytes.writeUInt16BE(0x7000 | count, 6);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

let last = 0;
let count = 0;

export const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
