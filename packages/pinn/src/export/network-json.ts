import type { TrainedNetwork } from '../network.ts';

/** The network as JSON, its weights exact: a file that training can start from again. */
export function networkJson({ parameters, scales, ...shape }: TrainedNetwork): string {
  return `${JSON.stringify({ ...shape, ...(scales && { scales: [...scales] }), parameters: [...parameters] })}\n`;
}
