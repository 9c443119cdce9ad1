import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { selectEngine } from '@kfac/core';
import { PROBLEMS } from './accuracy-problems.ts';
import { mergeResults } from './accuracy-table.ts';
import { PEER_NAMES, raceOf } from './accuracy.ts';
import { readBetween, writeBetween } from './marked.ts';
import { readOptions } from './options.ts';
import { peer } from './processes.ts';
import { BENCHMARKS } from './rows.ts';
import type { Row } from './rows.ts';

/** Every page that carries a table, between two marks. */
const SPEED = { pages: ['docs/benchmarks.md', 'README.md'], begin: '<!-- table: written by npm run bench -->' };
const ACCURACY = { page: 'docs/benchmarks.md', begin: '<!-- table: written by npm run bench -- --accuracy -->' };
const END = '<!-- end of table -->';

const options = readOptions(process.argv.slice(2));
const known: readonly { readonly name: string }[] = options.accuracy ? PROBLEMS : BENCHMARKS;
const names = known.map(({ name }) => name);
const unknown = options.only?.filter((name) => !names.includes(name)) ?? [];
if (unknown.length > 0) throw new Error(`no such benchmark: ${unknown.join(', ')}; there are ${names.join(', ')}`);
const isChosen = ({ name }: { readonly name: string }): boolean => options.only?.includes(name) ?? true;

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

/** Puts what `change` makes of the text between the marks of a page in its place. */
function rewrite(name: string, begin: string, change: (before: string) => string): void {
  const file = fileURLToPath(new URL(`../../${name}`, import.meta.url));
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, writeBetween(text, begin, END, change(readBetween(text, begin, END))));
  process.stderr.write(`bench: written into ${file}\n`);
}

async function speed(): Promise<void> {
  const rows: Row[] = [];
  for (const { name, run } of BENCHMARKS.filter(isChosen)) {
    process.stderr.write(`bench: ${name} …\n`);
    const measured = await run(options);
    process.stderr.write(`${markdown(measured)}\n`);
    rows.push(...measured);
  }
  const { versions } = (await peer('heston.py', { steps: 1, warmup: 0, paths: 64, compile: 0 })) as unknown as {
    versions: Record<string, string>;
  };
  const report = `${markdown(rows)}\n\n${machine()}; PyTorch ${versions['torch']}, Python ${versions['python']}. Medians of ${options.rounds} rounds in which ours and the peer alternate, one process at a time.`;
  process.stdout.write(`\n${report}\n`);
  if (options.write) for (const page of SPEED.pages) rewrite(page, SPEED.begin, () => report);
}

/** A problem's rows are written as soon as they are there: what an interruption leaves undone can be made later. */
async function accuracy(): Promise<void> {
  const results = [];
  for (const problem of PROBLEMS.filter(isChosen)) {
    process.stderr.write(`bench: ${problem.name} …\n`);
    const result = await raceOf(problem, options, machine());
    results.push(result);
    process.stderr.write(`${mergeResults('', [result], names, PEER_NAMES)}\n`);
    if (options.write)
      rewrite(ACCURACY.page, ACCURACY.begin, (before) => mergeResults(before, [result], names, PEER_NAMES));
  }
  process.stdout.write(`\n${mergeResults('', results, names, PEER_NAMES)}\n`);
}

await (options.accuracy ? accuracy() : speed());
