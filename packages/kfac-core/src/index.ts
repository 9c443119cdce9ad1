export { columnBlocks, rowsAtOnce } from './blocks.ts';
export { denseCapturedLayer } from './captured-layer.ts';
export { sequenceCapturedLayer } from './captured-sequence.ts';
export { canonicalJson, decodeCheckpoint, encodeCheckpoint, specHash, type Checkpoint } from './checkpoint.ts';
export type { CurvatureBlock } from './curvature/block.ts';
export { splitDamping, type DampingSplit, type SplitDamping } from './curvature/damping.ts';
export { KFacCurvature, type KFacCurvatureOptions, type RecurrentKind } from './curvature/kfac-curvature.ts';
export { ExactBlock } from './curvature/exact-block.ts';
export { FactorAverage, type AverageRule } from './curvature/factor-average.ts';
export { KroneckerBlock } from './curvature/kronecker-block.ts';
export { KroneckerSum, type KroneckerTerm } from './curvature/kronecker-sum.ts';
export { lagCounts } from './curvature/recurrent-lags.ts';
export { RecurrentBlock, type RecurrentMoments, type TemporalKind } from './curvature/recurrent-block.ts';
export { succeeds } from './curvature/succeeds.ts';
export { addTransposedProduct, gaussNewtonForm, gradient, jacobian, jacobianVectorProducts } from './derivatives.ts';
export type * from './engine/engine.ts';
export { ACTIVATIONS, OPCODES } from './engine/engine.ts';
export { hedgeTilePaths } from './engine/hedge-checks.ts';
export { jetChannels, type JetChannel } from './engine/jet-channels.ts';
export { matrix, matrixOver } from './engine/matrix.ts';
export { defaultEngine, selectEngine } from './engine/select.ts';
export { KfacError, type ErrorCode, type Issue } from './errors.ts';
export { GaussNewtonOperator } from './gauss-newton-operator.ts';
export type {
  CapturedLayer,
  CapturedSequence,
  JacobianPart,
  Linearization,
  LossTerm,
  ModelTerm,
  Objective,
  StepStart,
} from './linearization.ts';
export { normalCdf, normalPdf, normalQuantile } from './normal.ts';
export { Adam, type AdamOptions } from './optimizer/adam.ts';
export type { DampingOptions } from './optimizer/damping-policy.ts';
export { ConjugateGradient, type LinearSystem } from './optimizer/conjugate-gradient.ts';
export { Engd, type EngdOptions } from './optimizer/engd.ts';
export { GaussNewton, type GaussNewtonOptions } from './optimizer/gauss-newton.ts';
export { HessianFree, type HessianFreeOptions } from './optimizer/hessian-free.ts';
export { KFac, type KFacOptions } from './optimizer/kfac.ts';
export { KFacPcg, type KFacPcgOptions } from './optimizer/kfac-pcg.ts';
export { LBfgs, type LBfgsOptions } from './optimizer/lbfgs.ts';
export { NystromNewtonCg, type NystromNewtonCgOptions } from './optimizer/nystrom-newton-cg.ts';
export type { Optimizer, OptimizerState, StepReport } from './optimizer/optimizer.ts';
export { Phases, type Phase } from './optimizer/phases.ts';
export { SmallerSideReduction, type Form, type Reduction } from './optimizer/reduction.ts';
export { SketchedGaussNewton, type SketchedGaussNewtonOptions } from './optimizer/sketched-gauss-newton.ts';
export { Soap, type SoapOptions } from './optimizer/soap.ts';
export { Spring, type SpringOptions } from './optimizer/spring.ts';
export { SSBfgs } from './optimizer/ssbfgs.ts';
export { SSBroyden } from './optimizer/ssbroyden.ts';
export { LAYERS_OF_BLOCK, layerOutputs, residualBlocks } from './engine/jet-tape.ts';
export { ParameterLayout, type ParameterBlock } from './parameters.ts';
export { philox4x32, PhiloxStream } from './random.ts';
export { faultsOf, pointerOf, prototypeFaults, specError, type Fault, type ValidationIssue } from './spec-faults.ts';
export { differences } from './training/differences.ts';
export type { HistoryRow } from './training/history.ts';
export { TangentKernel } from './tangent-kernel.ts';
export { runTraining, type TrainingOutcome, type TrainingTask } from './training/loop.ts';
export type * from './training/training.ts';
export { dot } from './vector.ts';
