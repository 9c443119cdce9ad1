import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What the runner needs of a driver: the adapter's own connection, not the client's. */
export interface MigrationDriver {
  executeScript(script: string): Promise<void>;
  queryRaw(query: {
    sql: string;
    args: unknown[];
    argTypes: [];
  }): Promise<{ columnNames: string[]; rows: unknown[][] }>;
}

/** Migrations of this version, beside the schema: `<timestamp>_<name>/migration.sql`. */
export const MIGRATIONS = fileURLToPath(new URL('../../prisma/sqlite/migrations', import.meta.url));

const TABLE = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" TEXT PRIMARY KEY NOT NULL, "checksum" TEXT NOT NULL, "finished_at" DATETIME, "migration_name" TEXT NOT NULL,
  "logs" TEXT, "rolled_back_at" DATETIME, "started_at" DATETIME NOT NULL DEFAULT current_timestamp,
  "applied_steps_count" INTEGER UNSIGNED NOT NULL DEFAULT 0)`;

interface Applied {
  readonly name: string;
  readonly checksum: string;
}

/**
 * Applies every migration of `directory` that the database has not seen, in the order of their names, all in one
 * transaction together with their rows in Prisma's own table, so that `prisma migrate` agrees. The writers of one database
 * exclude each other by the write lock that the transaction takes first. Returns the names applied.
 * Throws, having changed nothing, if an applied migration was edited or is unknown here (a newer version wrote the file).
 */
export async function migrate(driver: MigrationDriver, now: () => number, directory = MIGRATIONS): Promise<string[]> {
  await driver.executeScript('PRAGMA journal_mode=WAL; PRAGMA busy_timeout=5000;');
  const names = readdirSync(directory)
    .filter((name) => existsSync(`${directory}/${name}/migration.sql`))
    .sort();
  const done: string[] = [];
  await driver.executeScript('BEGIN IMMEDIATE');
  try {
    await driver.executeScript(TABLE);
    const applied = await readApplied(driver);
    for (const { name } of applied) {
      if (!names.includes(name)) {
        throw new Error(
          `The database knows the migration ${name}, which this version does not have: it was written by a newer version.`,
        );
      }
    }
    for (const name of names) {
      const sql = readFileSync(`${directory}/${name}/migration.sql`, 'utf8');
      const checksum = createHash('sha256').update(sql).digest('hex');
      const before = applied.find((row) => row.name === name);
      if (before === undefined) {
        await driver.executeScript(`${sql};\n${record(name, checksum, now())}`);
        done.push(name);
      } else if (before.checksum !== checksum) {
        throw new Error(
          `The migration ${name} was applied with checksum ${before.checksum}, its file now has ${checksum}: an applied migration must not be edited.`,
        );
      }
    }
    await driver.executeScript('COMMIT');
  } catch (error) {
    await driver.executeScript('ROLLBACK');
    throw error;
  }
  return done;
}

async function readApplied(driver: MigrationDriver): Promise<Applied[]> {
  const { rows } = await driver.queryRaw({
    sql: 'SELECT "migration_name", "checksum" FROM "_prisma_migrations" WHERE "finished_at" IS NOT NULL ORDER BY 1',
    args: [],
    argTypes: [],
  });
  return rows.map(([name, checksum]) => ({ name: String(name), checksum: String(checksum) }));
}

/** Names come from our own folder and are checked: they may stand in the statement. */
function record(name: string, checksum: string, now: number): string {
  if (!/^\w+$/.test(name))
    throw new Error(`Expected a migration named <timestamp>_<name> in letters and digits, got ${name}.`);
  const time = String(now);
  return `INSERT INTO "_prisma_migrations" ("id","checksum","finished_at","migration_name","started_at","applied_steps_count")
    VALUES ('${randomUUID()}','${checksum}',${time},'${name}',${time},1)`;
}
