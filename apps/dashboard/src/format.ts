const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/**
 * A number for reading: `digits` significant digits, mantissa form (1.2e-7) outside 1e-3 … 1e5, '–' for what does not exist.
 */
export function formatNumber(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '-∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e5) return trim(value.toExponential(digits - 1).replace('e+', 'e'));
  if (size >= 10 ** digits) return String(Math.round(value));
  return trim(value.toPrecision(digits));
}

/** 1.50 becomes 1.5, 1.00e-7 becomes 1e-7. */
function trim(text: string): string {
  const [mantissa = '', exponent] = text.split('e');
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  return exponent === undefined ? short : `${short}e${exponent}`;
}

/** A number with a fixed count of decimals, for columns that are compared; mantissa form where nothing would remain. */
export function formatFixed(value: number | null | undefined, decimals: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return formatNumber(value);
  return value !== 0 && Math.abs(value) < 0.5 * 10 ** -decimals ? formatNumber(value) : value.toFixed(decimals);
}

/** 100000 becomes 100,000. */
export function formatCount(value: number): string {
  return grouped.format(value);
}

/** Seconds as '0.42 s', '12.3 s', '3 min 05 s', '1 h 02 min'. */
export function formatSeconds(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '–';
  if (seconds < 59.95) return `${seconds < 9.995 ? seconds.toFixed(2) : seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** An ISO time as seen from `now` (epoch milliseconds): 'now', '5 minutes ago', 'yesterday'. */
export function formatAgo(iso: string | null, now: number): string {
  if (iso === null) return '–';
  const seconds = (Date.parse(iso) - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 45) return 'just now';
  if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (size < 86_400) return relative.format(Math.round(seconds / 3600), 'hour');
  return relative.format(Math.round(seconds / 86_400), 'day');
}

/** JSON with two spaces of indentation and short arrays of numbers or words on one line. */
export function formatJson(value: unknown, indent = ''): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== 'object' || item === null)) {
      const line = `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
      if (line.length <= 60) return line;
    }
    return `[\n${value.map((item) => inner + formatJson(item, inner)).join(',\n')}\n${indent}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    if (entries.length === 0) return '{}';
    return `{\n${entries.map(([key, item]) => `${inner}${JSON.stringify(key)}: ${formatJson(item, inner)}`).join(',\n')}\n${indent}}`;
  }
  return JSON.stringify(value) ?? 'null';
}
