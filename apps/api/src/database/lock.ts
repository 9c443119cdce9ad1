import Database from 'better-sqlite3';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Holds a data folder for one process. */
export interface DataLock {
  release(): void;
}

/**
 * Takes the folder `data` for this process alone. The lock is an open exclusive transaction on `service.lock`: the
 * operating system drops it when the process ends, however it ends, so a killed service never stands in the way of the
 * next one, and process ids are never compared. Waits up to `waitMs` for a holder that is just ending.
 * Throws if another process still holds the folder.
 */
export async function lockData(data: string, waitMs = 3000): Promise<DataLock> {
  mkdirSync(data, { recursive: true });
  const holder = `${data}/service.pid`;
  const lock = new Database(`${data}/service.lock`, { timeout: 0 });
  for (let waited = 0; ; waited += 50) {
    try {
      lock.exec('BEGIN EXCLUSIVE');
      break;
    } catch (error) {
      if ((error as { code?: string }).code !== 'SQLITE_BUSY' || waited >= waitMs) {
        lock.close();
        throw (error as { code?: string }).code === 'SQLITE_BUSY'
          ? new Error(
              `The folder ${data} is in use by another service (process ${readHolder(holder)}): stop it, or choose another folder.`,
            )
          : error;
      }
    }
    await sleep(50);
  }
  writeFileSync(holder, String(process.pid));
  return { release: () => void lock.close() };
}

function readHolder(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return 'unknown';
  }
}
