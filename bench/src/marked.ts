/** Where a page's part between two marks begins and ends. */
function marked(page: string, begin: string, end: string): [number, number] {
  const at = page.indexOf(begin);
  const from = at + begin.length;
  const to = page.indexOf(end, from);
  if (at < 0 || to < 0) throw new Error(`expected a place for the table between ${begin} and ${end}`);
  return [from, to];
}

/** The text between two marks, without blank lines around it. */
export function readBetween(page: string, begin: string, end: string): string {
  return page.slice(...marked(page, begin, end)).trim();
}

/** The page with another text between the marks, a blank line on either side. */
export function writeBetween(page: string, begin: string, end: string, text: string): string {
  const [from, to] = marked(page, begin, end);
  return `${page.slice(0, from)}\n\n${text}\n\n${page.slice(to)}`;
}
