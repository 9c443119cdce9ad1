import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { selectEngine } from '@kfac/core';
import { peer } from './processes.ts';
import { BENCHMARKS } from './rows.ts';
import type { Row } from './rows.ts';

/** Every page that carries the table, between the two marks. */
const pages = ['docs/benchmarks.md', 'README.md'].map((name) =>
  fileURLToPath(new URL(`../../${name}`, import.meta.url)),
);
const [BEGIN, END] = ['<!-- table: written by npm run bench -->', '<!-- end of table -->'];

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', multiple: true },
  },
});
const effort = values.quick
  ? { rounds: 1, steps: 10, seeds: 1 }
  : { rounds: Number(values.rounds), steps: 200, seeds: 5 };
const chosen = BENCHMARKS.filter(({ name }) => values.only === undefined || values.only.includes(name));
if (chosen.length === 0)
  throw new Error(`no such benchmark; there are ${BENCHMARKS.map(({ name }) => name).join(', ')}`);

function markdown(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ workload, reach, ours, peer: them, ratio }) => `| ${workload} | ${ours} | ${them} | ${ratio} | ${reach} |`,
  );
  return ['| workload | ours | PyTorch | ratio | aim |', '|---|---|---|---|---|', ...lines].join('\n');
}

async function provenance(): Promise<string> {
  const { simd, version } = selectEngine({ native: 'require' }).describe();
  const { versions, threads: _threads } = (await peer('heston.py', {
    steps: 1,
    warmup: 0,
    paths: 64,
    compile: 0,
  })) as unknown as { versions: Record<string, string>; threads: number };
  const processor = cpus()[0]!.model.trim();
  const node = process.versions.node;
  return `Measured on ${new Date().toISOString().slice(0, 10)}: ${processor}, ${cpus().length} cores, ${process.platform} ${process.arch}; engine ${version} with ${simd}, Node ${node}; PyTorch ${versions['torch']}, Python ${versions['python']}. Medians of ${effort.rounds} rounds in which ours and the peer alternate, one process at a time.`;
}

const rows: Row[] = [];
for (const { name, run } of chosen) {
  process.stderr.write(`bench: ${name} …\n`);
  const measured = await run(effort);
  process.stderr.write(`${markdown(measured)}\n`);
  rows.push(...measured);
}
const report = `${markdown(rows)}\n\n${await provenance()}`;
process.stdout.write(`\n${report}\n`);
if (!values.quick && values.only === undefined) {
  for (const page of pages) {
    const text = readFileSync(page, 'utf8');
    const [start, end] = [text.indexOf(BEGIN), text.indexOf(END)];
    if (start < 0 || end < start) throw new Error(`${page} has no place for the table`);
    writeFileSync(page, `${text.slice(0, start + BEGIN.length)}\n\n${report}\n\n${text.slice(end)}`);
    process.stderr.write(`bench: written into ${page}\n`);
  }
}
