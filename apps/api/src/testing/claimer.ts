import { openDatabase } from '../database/connect.ts';
import { SqliteRunStore } from '../runs/store.sqlite.ts';

/** A process that claims runs until none is left and prints their ids: the contract test starts several at once. */
const [file = '', owner = ''] = process.argv.slice(2);
const client = await openDatabase(file, Date.now);
const store = new SqliteRunStore(client, Date.now);
for (;;) {
  const run = await store.claim(owner, 30_000);
  if (run === null) break;
  process.stdout.write(`${run.id} ${run.attempt}\n`);
}
await client.$disconnect();
