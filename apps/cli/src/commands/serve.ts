import { integer, parseCommandLine } from '../command-line.ts';
import { EXIT, UsageError } from '../exit.ts';
import { onInterrupt } from '../interrupt.ts';

/** The service's door, as @kfac/api exports it: imported only here, for no other command needs a database. */
interface ServiceModule {
  startServer(options: ServiceOptions): Promise<Service>;
}

interface ServiceOptions {
  readonly port: number;
  readonly host: string;
  readonly data: string;
  readonly threads?: number;
}

interface Service {
  readonly address: string;
  close(): Promise<void>;
}

const DEFAULT_PORT = 4600;

/** `kfac serve`: the REST service with its dashboard, until Ctrl-C. Resolves to the exit code once it is closed. */
export async function serveCommand(args: readonly string[]): Promise<number> {
  const line = parseCommandLine(args, ['port', 'data', 'host', 'threads']);
  if (line.positionals.length > 0) throw new UsageError(`serve takes no argument, got "${line.positionals[0]}"`);
  if (line.data === '') throw new UsageError('--data expects a folder, got ""');
  const server = await started({
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

async function started(options: ServiceOptions): Promise<Service> {
  const service = '@kfac/api';
  const { startServer } = (await import(service)) as ServiceModule;
  try {
    return await startServer(options);
  } catch (error) {
    // What the service refuses (an open address, a folder in use) and what the system does (a port, a path) are plain
    // errors whose message says it all; a bug has a class of its own and keeps its stack.
    throw error instanceof Error && error.constructor === Error ? new UsageError(error.message) : error;
  }
}
