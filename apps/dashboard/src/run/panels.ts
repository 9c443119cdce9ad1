import type { RunKind } from '../api/types.ts';

/** One chart of metrics: its series by key, in the order of colours. */
export interface Panel {
  readonly title: string;
  readonly series: readonly { readonly key: string; readonly label: string }[];
  readonly y: 'linear' | 'log' | 'auto';
  readonly group: 'progress' | 'optimizer' | 'other';
}

const LOSS: Panel = {
  title: 'Loss',
  series: [
    { key: 'loss', label: 'loss' },
    { key: 'pinn/interior', label: 'interior' },
    { key: 'pinn/conditions', label: 'conditions' },
    { key: 'pinn/data', label: 'data' },
    { key: 'pinn/constraints', label: 'constraints' },
  ],
  y: 'auto',
  group: 'progress',
};

const PINN: readonly Panel[] = [
  LOSS,
  {
    title: 'Error against the exact solution',
    series: [
      { key: 'pinn/rmse', label: 'RMSE' },
      { key: 'pinn/rel_l2', label: 'relative L2' },
    ],
    y: 'auto',
    group: 'progress',
  },
  {
    title: 'Weights of the loss',
    series: [{ key: 'pinn/weight', label: 'weight' }],
    y: 'log',
    group: 'progress',
  },
  {
    title: 'Unknown parameters',
    series: [{ key: 'pinn/parameter', label: 'value of' }],
    y: 'auto',
    group: 'progress',
  },
  {
    title: 'Relative error of the parameters',
    series: [{ key: 'pinn/parameter_error', label: 'error of' }],
    y: 'auto',
    group: 'progress',
  },
  {
    title: 'Rate of pseudo-time',
    series: [{ key: 'pinn/pseudo_time', label: 'rate' }],
    y: 'auto',
    group: 'progress',
  },
  {
    title: 'Stage of the curriculum',
    series: [{ key: 'pinn/stage', label: 'stage' }],
    y: 'linear',
    group: 'progress',
  },
];

const HEDGING: readonly Panel[] = [
  { ...LOSS, title: 'Training risk', series: [{ key: 'loss', label: 'risk of the batch' }] },
  {
    title: 'Entropic risk, validation',
    series: [{ key: 'hedge/entropic', label: 'entropic risk' }],
    y: 'auto',
    group: 'progress',
  },
  {
    title: 'P&L, validation',
    series: [
      { key: 'hedge/pnl_mean', label: 'mean' },
      { key: 'hedge/pnl_std', label: 'standard deviation' },
      { key: 'hedge/cvar95', label: 'CVaR95' },
    ],
    y: 'linear',
    group: 'progress',
  },
  { title: 'Transaction cost', series: [{ key: 'hedge/cost', label: 'mean cost' }], y: 'linear', group: 'progress' },
];

const OPTIMIZER: readonly Panel[] = [
  { title: 'Damping λ', series: [{ key: 'opt/damping', label: 'λ' }], y: 'auto', group: 'optimizer' },
  { title: 'Reduction ratio ρ', series: [{ key: 'opt/lm_ratio', label: 'ρ' }], y: 'linear', group: 'optimizer' },
  { title: 'Learning rate', series: [{ key: 'opt/lr', label: 'α' }], y: 'auto', group: 'optimizer' },
  { title: 'Momentum', series: [{ key: 'opt/momentum', label: 'μ' }], y: 'linear', group: 'optimizer' },
  {
    title: 'Cosine of step and gradient',
    series: [{ key: 'opt/cos_nat_raw', label: 'cosine' }],
    y: 'linear',
    group: 'optimizer',
  },
  { title: 'Radius', series: [{ key: 'opt/radius', label: 'radius' }], y: 'auto', group: 'optimizer' },
  {
    title: 'Conjugate-gradient iterations',
    series: [
      { key: 'opt/cg_iterations', label: 'taken' },
      { key: 'opt/cg_chosen', label: 'chosen' },
    ],
    y: 'linear',
    group: 'optimizer',
  },
  {
    title: 'Relative residual of the step’s system',
    series: [{ key: 'opt/cg_residual', label: 'residual' }],
    y: 'auto',
    group: 'optimizer',
  },
  {
    title: 'Norms',
    series: [
      { key: 'opt/step_norm', label: 'step' },
      { key: 'opt/grad_norm', label: 'gradient' },
    ],
    y: 'auto',
    group: 'optimizer',
  },
  { title: 'Phase', series: [{ key: 'opt/phase', label: 'phase' }], y: 'linear', group: 'optimizer' },
  { title: 'Rejected steps', series: [{ key: 'opt/rejected', label: 'rejected' }], y: 'linear', group: 'optimizer' },
  {
    title: 'Inverses kept for lack of a new one',
    series: [{ key: 'opt/stale', label: 'stale' }],
    y: 'linear',
    group: 'optimizer',
  },
  { title: 'Seconds per step', series: [{ key: 'time/total', label: 'step' }], y: 'linear', group: 'optimizer' },
];

/** True for a series of the panel's key or of one of its parts: 'pinn/rmse' has 'pinn/rmse/u'. */
const belongs = (key: string, to: string): boolean => key === to || key.startsWith(`${to}/`);

/** The panels that have something to show; metrics that no panel names get one of their own. */
export function panelsOf(kind: RunKind, keys: readonly string[]): readonly Panel[] {
  const known = [...(kind === 'pinn' ? PINN : HEDGING), ...OPTIMIZER];
  const taken = new Set<string>();
  const panels = known.flatMap((panel): Panel[] => {
    const series = panel.series.flatMap(({ key, label }) =>
      keys
        .filter((candidate) => belongs(candidate, key))
        .map((candidate) => ({
          key: candidate,
          label: candidate === key ? label : `${label} ${candidate.slice(key.length + 1)}`,
        })),
    );
    series.forEach((item) => taken.add(item.key));
    return series.length === 0 ? [] : [{ ...panel, series }];
  });
  const rest = keys.filter((key) => !taken.has(key)).toSorted();
  return [
    ...panels,
    ...rest.map((key): Panel => ({ title: key, series: [{ key, label: key }], y: 'auto', group: 'other' })),
  ];
}
