import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../database/connect.ts';
import type { PrismaClient } from '../generated/sqlite/client.ts';
import { SqliteRunStore } from '../runs/store.sqlite.ts';

/** A clock that stands still until it is told otherwise. */
export interface TestClock {
  (): number;
  advance(milliseconds: number): void;
}

export function testClock(start = 1_700_000_000_000): TestClock {
  let now = start;
  return Object.assign(() => now, { advance: (milliseconds: number) => void (now += milliseconds) });
}

/** A folder of its own, removed by `remove`. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'kfac-api-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** A fresh store in a file of its own. */
export async function temporaryStore(clock: () => number): Promise<{
  store: SqliteRunStore;
  client: PrismaClient;
  file: string;
  close(): Promise<void>;
}> {
  const folder = temporaryFolder();
  const file = join(folder.path, 'kfac.db');
  const client = await openDatabase(file, clock);
  const close = async () => {
    await client.$disconnect();
    folder.remove();
  };
  return { store: new SqliteRunStore(client, clock), client, file, close };
}
