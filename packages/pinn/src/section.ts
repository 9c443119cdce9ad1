import { z } from 'zod';

/** A strict object that names its known fields when an unknown one comes. */
export function section<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `unknown field; known here: ${known}` : undefined),
  });
}
