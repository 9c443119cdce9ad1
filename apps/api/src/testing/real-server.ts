import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Server, startServer } from '../start.ts';
import { Client } from './client.ts';

/** A server with real trainers and a store of its own, as users start it; `folder` is removed with it. */
export async function realServer(): Promise<{
  server: Server;
  client: Client;
  folder: string;
  close(): Promise<void>;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'kfac-server-'));
  const server = await startServer({ port: 0, host: '127.0.0.1', data: join(folder, 'data'), logLevel: 'silent' });
  const close = async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { server, client: new Client(server.address), folder, close };
}
