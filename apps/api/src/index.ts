export { startServer } from './start.ts';
export type { Server, ServerOptions } from './start.ts';
