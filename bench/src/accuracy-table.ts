/** What the runs of one problem gave. */
export interface ProblemResult {
  readonly name: string;
  /** Levels of the error, falling, each with its seconds. */
  readonly levels: readonly LevelResult[];
  /** How the problem was solved and measured, where and when: one line of Markdown. */
  readonly note: string;
}

/** Seconds until the error is first below a level; `Infinity` where it was not reached, absent where there is no number. */
export interface LevelResult {
  readonly level: number;
  readonly ours: number;
  /** By the name of the peer. */
  readonly peers: Readonly<Record<string, number>>;
  readonly aim?: number | undefined;
  readonly published?: number | undefined;
}

/** Rows and note of one problem as they stand on the page. */
interface Entry {
  readonly rows: readonly string[];
  readonly note: string;
}

const COLUMNS = ['problem', 'error', 'ours'] as const;
const HEAD_END = ['aim', 'published, RTX 6000'] as const;
const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const cellsOf = (row: string): string[] =>
  row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

function seconds(value: number | undefined): string {
  if (value === undefined) return '–';
  return Number.isFinite(value) ? `${Number(value.toPrecision(2))} s` : 'not reached';
}

function entryOf({ name, levels, note }: ProblemResult, peers: readonly string[]): Entry {
  const rows = levels.map(({ level, ours, peers: theirs, aim, published }) =>
    line([
      name,
      level.toExponential(),
      seconds(ours),
      ...peers.map((peer) => seconds(theirs[peer])),
      seconds(aim),
      seconds(published),
    ]),
  );
  return { rows, note: `- ${name}: ${note}` };
}

/**
 * Reads the entries of a table by problem. Throws if its columns are others than `head`, if a line is neither row nor note,
 * or if a problem has rows without a note or a note without rows: what cannot be read is not to be overwritten.
 */
function read(text: string, head: string): Map<string, Entry> {
  const lines = text
    .split('\n')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  if (lines.length === 0) return new Map();
  const found = line(cellsOf(lines[0]!));
  if (found !== head) throw new Error(`expected a table with the columns ${head}, got ${lines[0]}`);
  const rows = new Map<string, string[]>();
  const notes = new Map<string, string>();
  for (const one of lines.slice(2)) {
    const note = /^- (\S+): /.exec(one);
    if (note) notes.set(note[1]!, one);
    else if (one.startsWith('|')) {
      const name = cellsOf(one)[0]!;
      rows.set(name, [...(rows.get(name) ?? []), one]);
    } else throw new Error(`expected a row of the table or a note "- problem: …", got ${one}`);
  }
  for (const name of new Set([...rows.keys(), ...notes.keys()]))
    if (!rows.has(name) || !notes.has(name)) throw new Error(`expected rows and a note of the problem ${name}`);
  return new Map([...rows].map(([name, its]) => [name, { rows: its, note: notes.get(name)! }]));
}

/**
 * The table `text`, which may be empty, with the results in place of those that it had of the same problems: rows and note
 * of a problem always stem from one call. The other problems stay as they were. `order` names the problems that the table
 * may have, in its order; `peers` names its columns.
 */
export function mergeResults(
  text: string,
  results: readonly ProblemResult[],
  order: readonly string[],
  peers: readonly string[],
): string {
  const columns = [...COLUMNS, ...peers, ...HEAD_END];
  const head = line(columns);
  const entries = read(text, head);
  for (const result of results) entries.set(result.name, entryOf(result, peers));
  const kept = order.flatMap((name) => entries.get(name) ?? []);
  const rows = kept.flatMap((entry) => entry.rows);
  return [head, `|${columns.map(() => '---|').join('')}`, ...rows, '', ...kept.map(({ note }) => note)].join('\n');
}
