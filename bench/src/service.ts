import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { catalogue } from '@kfac/hedging';

interface Service {
  startServer(options: {
    port: number;
    host: string;
    data: string;
    threads?: number;
  }): Promise<{ address: string; close(): Promise<void> }>;
}

/** Reads a run's event stream until its first metrics frame. */
async function firstMetrics(address: string, id: string): Promise<void> {
  const abort = new AbortController();
  const response = await fetch(`${address}/v1/runs/${id}/events`, { signal: abort.signal });
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body!) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (/^event: ?metrics$/m.test(text)) break;
  }
  abort.abort();
}

async function launch(address: string, spec: unknown): Promise<string> {
  const response = await fetch(`${address}/v1/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'hedging', spec }),
  });
  if (!response.ok) throw new Error(`POST /v1/runs: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { id: string }).id;
}

/** Seconds from `POST /v1/runs` to the first metric event of that run, while another run trains; one for each repetition. */
export async function firstMetricSeconds(repetitions: number): Promise<number[]> {
  // The service is a program, not a library of the workspace's: it is imported where it was built.
  const built = fileURLToPath(new URL('../../apps/api/dist/index.js', import.meta.url));
  const { startServer } = (await import(pathToFileURL(built).href)) as Service;
  const data = mkdtempSync(join(tmpdir(), 'kfac-bench-'));
  const server = await startServer({ port: 0, host: '127.0.0.1', data, threads: 1 });
  const spec = catalogue.find(({ name }) => name === 'HEDGE-1')!.spec;
  try {
    const busy = await launch(server.address, { ...spec, stop: { steps: 1_000_000 } });
    await firstMetrics(server.address, busy);
    const seconds: number[] = [];
    for (let k = 0; k < repetitions; k++) {
      const start = performance.now();
      const id = await launch(server.address, { ...spec, stop: { steps: 1_000_000 }, seed: k + 2 });
      await firstMetrics(server.address, id);
      seconds.push((performance.now() - start) / 1000);
      await fetch(`${server.address}/v1/runs/${id}/cancel`, { method: 'POST' });
      await ended(server.address, id);
    }
    return seconds;
  } finally {
    await server.close();
    rmSync(data, { recursive: true, force: true });
  }
}

async function ended(address: string, id: string): Promise<void> {
  for (;;) {
    const run = (await (await fetch(`${address}/v1/runs/${id}`)).json()) as { status: string };
    if (run.status === 'cancelled' || run.status === 'failed') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
