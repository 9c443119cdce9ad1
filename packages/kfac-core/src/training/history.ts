/** One row: step, seconds and metrics by key. Non-finite values are left out. */
export type HistoryRow = Record<string, number>;

const CAPACITY = 2000;

/** The telemetry of a run, thinned by halves so that at most 2000 rows stay; which ones depends on step numbers alone. */
export class History {
  rows: HistoryRow[] = [];
  #stride = 1;

  add(row: HistoryRow): void {
    const clean: HistoryRow = {};
    for (const [key, value] of Object.entries(row)) if (Number.isFinite(value)) clean[key] = value;
    // The newest row always stays until the next one comes, so that the end of a run is never lost.
    const last = this.rows[this.rows.length - 1];
    if (last && last['step']! > 1 && last['step']! % this.#stride !== 0) this.rows.pop();
    this.rows.push(clean);
    if (this.rows.length <= CAPACITY) return;
    this.#stride *= 2;
    this.rows = this.rows.filter(
      (kept, i) => kept['step']! === 1 || kept['step']! % this.#stride === 0 || i === this.rows.length - 1,
    );
  }

  /** Column names, joined for the header, and the table [rows × columns] with NaN where a row lacks a key. */
  save(): { columns: string[]; stride: number; table: Float64Array } {
    const columns = [...new Set(this.rows.flatMap((row) => Object.keys(row)))];
    const table = new Float64Array(this.rows.length * columns.length).fill(Number.NaN);
    this.rows.forEach((row, i) => {
      columns.forEach((column, j) => {
        const value = row[column];
        if (value !== undefined) table[i * columns.length + j] = value;
      });
    });
    return { columns, stride: this.#stride, table };
  }

  restore(columns: readonly string[], stride: number, table: Float64Array): void {
    this.#stride = stride;
    this.rows = [];
    for (let i = 0; i < table.length; i += columns.length) {
      const row: HistoryRow = {};
      columns.forEach((column, j) => {
        const value = table[i + j]!;
        if (!Number.isNaN(value)) row[column] = value;
      });
      this.rows.push(row);
    }
  }
}
