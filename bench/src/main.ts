import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { selectEngine } from '@kfac/core';
import { PROBLEMS } from './accuracy-problems.ts';
import { ACCURACY_HEADER, accuracyRow } from './accuracy.ts';
import { peer } from './processes.ts';
import { BENCHMARKS } from './rows.ts';
import type { Row } from './rows.ts';

/** Every page that carries a table, between two marks. */
const SPEED = { pages: ['docs/benchmarks.md', 'README.md'], begin: '<!-- table: written by npm run bench -->' };
const ACCURACY = { pages: ['docs/benchmarks.md'], begin: '<!-- table: written by npm run bench -- --accuracy -->' };
const END = '<!-- end of table -->';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    accuracy: { type: 'boolean' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', multiple: true },
  },
});
const effort = values.quick
  ? { rounds: 1, steps: 10, seeds: 1 }
  : { rounds: Number(values.rounds), steps: 200, seeds: 5 };
const isChosen = ({ name }: { readonly name: string }): boolean =>
  values.only === undefined || values.only.includes(name);
const known: readonly { readonly name: string }[] = values.accuracy ? PROBLEMS : BENCHMARKS;
if (!known.some(isChosen)) throw new Error(`no such benchmark; there are ${known.map(({ name }) => name).join(', ')}`);

function markdown(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ workload, reach, ours, peer: them, ratio }) => `| ${workload} | ${ours} | ${them} | ${ratio} | ${reach} |`,
  );
  return ['| workload | ours | PyTorch | ratio | aim |', '|---|---|---|---|---|', ...lines].join('\n');
}

function machine(): string {
  const { simd, version } = selectEngine({ native: 'require' }).describe();
  const processor = cpus()[0]!.model.trim();
  return `Measured on ${new Date().toISOString().slice(0, 10)}: ${processor}, ${cpus().length} cores, ${process.platform} ${process.arch}; engine ${version} with ${simd}, Node ${process.versions.node}`;
}

async function speedReport(): Promise<string> {
  const rows: Row[] = [];
  for (const { name, run } of BENCHMARKS.filter(isChosen)) {
    process.stderr.write(`bench: ${name} …\n`);
    const measured = await run(effort);
    process.stderr.write(`${markdown(measured)}\n`);
    rows.push(...measured);
  }
  const { versions } = (await peer('heston.py', { steps: 1, warmup: 0, paths: 64, compile: 0 })) as unknown as {
    versions: Record<string, string>;
  };
  return `${markdown(rows)}\n\n${machine()}; PyTorch ${versions['torch']}, Python ${versions['python']}. Medians of ${effort.rounds} rounds in which ours and the peer alternate, one process at a time.`;
}

async function accuracyReport(): Promise<string> {
  const rows: string[] = [];
  for (const problem of PROBLEMS.filter(isChosen)) {
    process.stderr.write(`bench: ${problem.name} …\n`);
    rows.push(await accuracyRow(problem, effort.seeds));
    process.stderr.write(`${rows.at(-1)}\n`);
  }
  return `${[ACCURACY_HEADER, ...rows].join('\n')}\n\n${machine()}. Medians of ${effort.seeds} seeds, one process at a time, two threads.`;
}

const report = await (values.accuracy ? accuracyReport() : speedReport());
process.stdout.write(`\n${report}\n`);
if (!values.quick && values.only === undefined) {
  const { pages, begin } = values.accuracy ? ACCURACY : SPEED;
  for (const name of pages) {
    const page = fileURLToPath(new URL(`../../${name}`, import.meta.url));
    const text = readFileSync(page, 'utf8');
    const start = text.indexOf(begin);
    const end = text.indexOf(END, start);
    if (start < 0 || end < start) throw new Error(`${page} has no place for the table`);
    writeFileSync(page, `${text.slice(0, start + begin.length)}\n\n${report}\n\n${text.slice(end)}`);
    process.stderr.write(`bench: written into ${page}\n`);
  }
}
