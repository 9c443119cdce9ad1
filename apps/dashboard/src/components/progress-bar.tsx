interface ProgressBarProps {
  /** 0 … 1, null if unknown. */
  readonly value: number | null;
  readonly label: string;
}

/** How far a run is. */
export function ProgressBar({ value, label }: ProgressBarProps) {
  return value === null ? null : <progress class="progress" max={1} value={value} aria-label={label} />;
}
