// The table of docs/accuracy.md: catalogue problems as they stand, each until its stop rule or `--seconds` (default 60).
// Names pick problems; the rows of the others stay as they were.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Solution, catalogue, solve } from '@kfac/pinn';

const page = fileURLToPath(new URL('../../docs/accuracy.md', import.meta.url));
const [BEGIN, END] = ['<!-- table: written by npm run test:slow -->', '<!-- end of table -->'];
const HEAD = [
  '| problem | hidden layers | parameters | points | optimizer | within | stopped by | steps | RMSE | relative L2 |',
  '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
];

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '60' } },
  allowPositionals: true,
});
const seconds = Number(values.seconds);
if (!(seconds > 0)) throw new Error(`--seconds expects a positive number, got "${values.seconds}"`);
const unknown = positionals.filter((name) => !catalogue.some((entry) => entry.name === name));
if (unknown.length > 0)
  throw new Error(`no such problem: ${unknown.join(', ')}; there are ${catalogue.map(({ name }) => name).join(', ')}`);

const errors = (byUnknown: Readonly<Record<string, number>>): string => {
  const entries = Object.entries(byUnknown);
  const shown = ([name, value]: [string, number]): string =>
    entries.length === 1 ? value.toExponential(1) : `${name} ${value.toExponential(1)}`;
  return entries.map(shown).join(', ');
};

function rowOf(name: string, { spec, network, optimizer, stopReason, steps, rmse, relativeL2 }: Solution): string {
  const { hidden } = spec.network;
  const { interior, conditions } = spec.sampling;
  const cells = [
    name,
    hidden.join(', '),
    `${network.parameters.length}`,
    `${interior} + ${conditions}`,
    optimizer.name,
    `${seconds} s`,
    stopReason,
    `${steps}`,
    errors(rmse),
    errors(relativeL2),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** The rows on the page by problem, and what stands before and after the table. */
function read(): { rows: Map<string, string>; before: string; after: string } {
  const text = readFileSync(page, 'utf8');
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${page} has no place for the table`);
  const lines = text
    .slice(from + BEGIN.length, to)
    .split('\n')
    .filter((line) => line.startsWith('| ') && !HEAD.includes(line));
  return {
    rows: new Map(lines.map((line) => [line.split('|')[1]!.trim(), line])),
    before: text.slice(0, from + BEGIN.length),
    after: text.slice(to),
  };
}

function write(name: string, row: string): void {
  const { rows, before, after } = read();
  rows.set(name, row);
  const ordered = catalogue.flatMap((entry) => rows.get(entry.name) ?? []);
  writeFileSync(page, `${before}\n\n${[...HEAD, ...ordered].join('\n')}\n\n${after}`);
}

for (const { name, spec } of catalogue) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const stop = spec.stop ?? { steps: 1000, loss: 1e-28, relativeL2: 1e-10 };
  const solution = await solve({ ...spec, stop: { ...stop, seconds } });
  const row = rowOf(name, solution);
  process.stderr.write(`${row}\n`);
  write(name, row);
}
