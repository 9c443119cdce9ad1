import { signal } from '@preact/signals';

/** Epoch milliseconds, renewed every half minute: for times told as '5 minutes ago'. */
export const now = signal(Date.now());

setInterval(() => (now.value = Date.now()), 30_000);
