export { denseCapturedLayer } from './captured-layer.ts';
export { canonicalJson, decodeCheckpoint, encodeCheckpoint, specHash, type Checkpoint } from './checkpoint.ts';
export type { CurvatureBlock } from './curvature/block.ts';
export { splitDamping, type DampingSplit, type SplitDamping } from './curvature/damping.ts';
export { ExactBlock } from './curvature/exact-block.ts';
export { FactorAverage, type AverageRule } from './curvature/factor-average.ts';
export { KroneckerBlock } from './curvature/kronecker-block.ts';
export { KroneckerSum, type KroneckerTerm } from './curvature/kronecker-sum.ts';
export {
  addTransposedProduct,
  gaussNewtonForm,
  gradient,
  jacobian,
  jacobianVectorProducts,
  kernel,
} from './derivatives.ts';
export type * from './engine/engine.ts';
export { OPCODES } from './engine/engine.ts';
export { matrix, matrixOver } from './engine/matrix.ts';
export { defaultEngine, selectEngine } from './engine/select.ts';
export { KfacError, type ErrorCode, type Issue } from './errors.ts';
export type { CapturedLayer, Linearization, LossTerm, Objective } from './linearization.ts';
export { normalCdf, normalPdf, normalQuantile } from './normal.ts';
export { Adam, type AdamOptions } from './optimizer/adam.ts';
export type { DampingOptions } from './optimizer/damping-policy.ts';
export { GaussNewton, type GaussNewtonOptions } from './optimizer/gauss-newton.ts';
export { KFac, type KFacOptions } from './optimizer/kfac.ts';
export type { Optimizer, OptimizerState, StepReport } from './optimizer/optimizer.ts';
export { ParameterLayout, type ParameterBlock } from './parameters.ts';
export { philox4x32, PhiloxStream } from './random.ts';
export { faultsOf, pointerOf, prototypeFaults, specError, type Fault, type ValidationIssue } from './spec-faults.ts';
export type { HistoryRow } from './training/history.ts';
export { runTraining, type TrainingOutcome, type TrainingTask } from './training/loop.ts';
export type * from './training/training.ts';
