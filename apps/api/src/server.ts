import closeWithGrace from 'close-with-grace';
import { readConfig } from './config.ts';
import { startServer } from './start.ts';

/** The service as a program: configured by environment variables, ended by SIGTERM or SIGINT. */
try {
  const server = await startServer(readConfig(process.env));
  closeWithGrace({ delay: 20_000 }, async ({ err }) => {
    if (err !== undefined) console.error(err);
    await server.close();
  });
  console.log(`K-FAC service at ${server.address}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
