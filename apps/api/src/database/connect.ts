import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3';
import { PrismaClient } from '../generated/sqlite/client.ts';
import { migrate } from './migrate.ts';

/**
 * Opens the SQLite database in `file`, brings its schema up to date and returns the client. Readers never wait for the
 * writer (WAL); a committed transaction survives the death of the process at once and a power cut up to the last
 * checkpoint of the log. Throws if the migrations in the file are not the ones of this version.
 */
export async function openDatabase(file: string, now: () => number): Promise<PrismaClient> {
  const factory = new PrismaBetterSqlite3({ url: `file:${file}` });
  const driver = await factory.connect();
  try {
    await migrate(driver, now);
  } finally {
    await driver.dispose();
  }
  const client = new PrismaClient({ adapter: factory });
  const mode = await client.$queryRawUnsafe<{ journal_mode: string }[]>('PRAGMA journal_mode=WAL');
  await client.$queryRawUnsafe('PRAGMA synchronous=NORMAL');
  const keys = await client.$queryRawUnsafe<{ foreign_keys: bigint | number }[]>('PRAGMA foreign_keys');
  const busy = await client.$queryRawUnsafe<{ timeout: bigint | number }[]>('PRAGMA busy_timeout');
  if (mode[0]?.journal_mode !== 'wal' || Number(keys[0]?.foreign_keys) !== 1 || Number(busy[0]?.timeout) < 1000) {
    await client.$disconnect();
    throw new Error(
      `Expected the database ${file} in WAL mode with foreign keys and a busy timeout, got ${JSON.stringify([mode, keys, busy], (_, v: unknown) => (typeof v === 'bigint' ? Number(v) : v))}.`,
    );
  }
  return client;
}
