import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Prisma } from '../generated/sqlite/client.ts';
import { temporaryFolder } from '../testing/database.ts';
import { openDatabase } from './connect.ts';
import { MIGRATIONS, migrate } from './migrate.ts';

let folder: ReturnType<typeof temporaryFolder>;
let directory: string;
let file: string;
const now = () => 1_700_000_000_000;

beforeEach(() => {
  folder = temporaryFolder();
  directory = join(folder.path, 'migrations');
  file = join(folder.path, 'test.db');
  write('20260101000000_first', 'CREATE TABLE "a" ("x" INTEGER);\n-- a comment at the end');
});
afterEach(() => folder.remove());

function write(name: string, sql: string): void {
  mkdirSync(join(directory, name), { recursive: true });
  writeFileSync(join(directory, name, 'migration.sql'), sql);
}

async function run(): Promise<string[]> {
  const driver = await new PrismaBetterSqlite3({ url: `file:${file}` }).connect();
  try {
    return await migrate(driver, now, directory);
  } finally {
    await driver.dispose();
  }
}

function query(sql: string): unknown[] {
  const database = new Database(file, { readonly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

describe('migrations', () => {
  test('are applied once, in order, with the rows that Prisma itself would write', async () => {
    write('20260102000000_second', 'ALTER TABLE "a" ADD COLUMN "y" TEXT; CREATE INDEX "i" ON "a"("y");');
    expect(await run()).toEqual(['20260101000000_first', '20260102000000_second']);
    expect(await run()).toEqual([]);
    write('20260103000000_third', 'CREATE TABLE "b" ("z" INTEGER)');
    expect(await run()).toEqual(['20260103000000_third']);
    const rows = query(
      'SELECT migration_name, checksum, finished_at, applied_steps_count FROM _prisma_migrations ORDER BY 1',
    ) as { migration_name: string; checksum: string }[];
    expect(rows).toHaveLength(3);
    for (const row of rows) {
      const sql = readFileSync(join(directory, row.migration_name, 'migration.sql'));
      expect(row).toMatchObject({
        checksum: createHash('sha256').update(sql).digest('hex'),
        finished_at: now(),
        applied_steps_count: 1,
      });
    }
  });

  test('that fail leave nothing behind', async () => {
    write('20260102000000_bad', 'CREATE TABLE "b" ("z" INTEGER); CREATE TABLE "a" ("x" INTEGER);');
    await expect(run()).rejects.toThrow(/already exists/);
    expect(query(`SELECT name FROM sqlite_master WHERE type = 'table'`)).toEqual([]);
    write('20260102000000_bad', 'CREATE TABLE "b" ("z" INTEGER);');
    expect(await run()).toHaveLength(2);
  });

  test('that were edited after they were applied are refused', async () => {
    await run();
    write('20260101000000_first', 'CREATE TABLE "a" ("x" TEXT);');
    await expect(run()).rejects.toThrow(/must not be edited/);
  });

  test('of a newer version are refused', async () => {
    write('20270101000000_future', 'CREATE TABLE "c" ("x" TEXT);');
    await run();
    directory = join(folder.path, 'older');
    write('20260101000000_first', 'CREATE TABLE "a" ("x" INTEGER);\n-- a comment at the end');
    await expect(run()).rejects.toThrow(/newer version/);
  });

  test('of several processes at once are applied once', async () => {
    const program = fileURLToPath(new URL('../testing/claimer.ts', import.meta.url));
    const open = () =>
      promisify(execFile)(process.execPath, ['--import', 'tsx', '--conditions=@kfac/source', program, file, 'me']);
    await Promise.all([open(), open(), open()]);
    expect(query('SELECT migration_name FROM _prisma_migrations')).toHaveLength(readdirSync(MIGRATIONS).length);
  });

  test('of this version make exactly the columns that the schema names', async () => {
    const client = await openDatabase(file, now);
    const fields = {
      Run: Prisma.RunScalarFieldEnum,
      Attempt: Prisma.AttemptScalarFieldEnum,
      Checkpoint: Prisma.CheckpointScalarFieldEnum,
      MetricPoint: Prisma.MetricPointScalarFieldEnum,
      Event: Prisma.EventScalarFieldEnum,
    };
    expect(Object.keys(fields).sort()).toEqual(Object.keys(Prisma.ModelName).sort());
    for (const [table, columns] of Object.entries(fields)) {
      const found = (query(`SELECT name FROM pragma_table_info('${table}')`) as { name: string }[]).map(
        ({ name }) => name,
      );
      expect(found, table).toEqual(Object.keys(columns));
    }
    expect(
      await client.run.findMany({ include: { attempts: true, checkpoints: true, points: true, events: true } }),
    ).toEqual([]);
    await client.$disconnect();
    expect(readdirSync(MIGRATIONS).length).toBeGreaterThan(0);
  });

  test('leave a database that does not wait for its readers', async () => {
    const client = await openDatabase(file, now);
    expect(query('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
    await client.$disconnect();
  });
});
