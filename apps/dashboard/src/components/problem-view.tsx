import type { Problem } from '../api/types.ts';

interface ProblemViewProps {
  readonly problem: Problem;
  readonly onRetry?: () => void;
}

/** A refusal of the service, said to the user. */
export function ProblemView({ problem, onRetry }: ProblemViewProps) {
  return (
    <div class="notice notice-bad" role="alert">
      <p class="notice-title">{problem.title}</p>
      {problem.detail !== undefined && problem.detail !== problem.title && <p>{problem.detail}</p>}
      {problem.code !== undefined && (
        <p class="muted">
          <code>{problem.code}</code>
        </p>
      )}
      {onRetry && (
        <button type="button" class="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
