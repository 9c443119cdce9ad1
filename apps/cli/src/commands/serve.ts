import { integer, parseCommandLine } from '../command-line.ts';
import { EXIT, UsageError } from '../exit.ts';
import { onInterrupt } from '../interrupt.ts';

/** The service's door, as @kfac/api exports it: imported only here, for no other command needs a database. */
interface ServiceModule {
  startServer(options: {
    port: number;
    host: string;
    data: string;
    threads?: number;
  }): Promise<{ address: string; close(): Promise<void> }>;
}

const DEFAULT_PORT = 4600;

/** `kfac serve`: the REST service with its dashboard, until Ctrl-C. Resolves to the exit code once it is closed. */
export async function serveCommand(args: readonly string[]): Promise<number> {
  const line = parseCommandLine(args, ['port', 'data', 'host', 'threads']);
  if (line.positionals.length > 0) throw new UsageError(`serve takes no argument, got "${line.positionals[0]}"`);
  const service = '@kfac/api';
  const { startServer } = (await import(service)) as ServiceModule;
  const server = await startServer({
    port: line.port ?? integer('KFAC_PORT', process.env['KFAC_PORT'] || undefined, 0, 65_535) ?? DEFAULT_PORT,
    host: line.host ?? '127.0.0.1',
    data: line.data ?? (process.env['KFAC_DATA'] || 'data'),
    ...(line.threads !== undefined && { threads: line.threads }),
  });
  process.stdout.write(
    `kfac is listening on ${server.address} (dashboard there, API documentation under /docs); Ctrl-C ends it\n`,
  );
  await new Promise<void>((resolve) => onInterrupt(resolve));
  process.stderr.write('closing: runs write their checkpoints and go on when the service is started again\n');
  await server.close();
  return EXIT.finished;
}
