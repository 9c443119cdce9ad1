import {
  type Embedding,
  type Fault,
  type JetShape,
  ParameterLayout,
  faultsOf,
  prototypeFaults,
  specError,
  specHash,
} from '@kfac/core';
import { type Ansatzes, inNetwork, parseAnsatz } from './ansatz.ts';
import { remainingConditions } from './ansatz-check.ts';
import { attempt } from './attempt.ts';
import { chooseOptimizer, type OptimizerChoice, phasesOf } from './auto.ts';
import { type Compile, periodicConditions, placeCondition } from './condition-compile.ts';
import { type Condition, type ConditionGroup, type Equation, groupConditions } from './conditions.ts';
import { checkCurriculum } from './curriculum/checks.ts';
import { withCurriculum } from './curriculum/curriculum.ts';
import type { Stage } from './curriculum/stage.ts';
import type { TimeWindows } from './curriculum/time-windows.ts';
import { type DataSet, dataSets, dataWarnings } from './data.ts';
import { checkEmbedding, embeddingOf, featuresOf } from './embedding.ts';
import { type Constraint, compileConstraints } from './constraints.ts';
import { compileResidual } from './equation/compile.ts';
import { ExpressionPool } from './equation/expression.ts';
import { parseEquation } from './equation/parse.ts';
import type { JetPlan } from './equation/plan.ts';
import type { Scope } from './equation/symbols.ts';
import type { ExactSolution } from './exact.ts';
import { exactSolutions } from './exact-solution.ts';
import { type Box, boxOf } from './geometry/box.ts';
import { buildGeometry } from './geometry/build.ts';
import { type BatchSize, adaptiveMemoryOf, memoryOf, windowBytes } from './memory.ts';
import { gatesOf } from './network.ts';
import { Parametrization } from './parametrization.ts';
import { quadraturePoints } from './quadrature.ts';
import { rejectionBytes } from './sampling/rejection-bytes.ts';
import type { OptimizerSpec } from './optimizer-spec.ts';
import { adaptivityWarnings, checkAdaptivity, freezeOf } from './adaptivity-checks.ts';
import { allocatePoints } from './sampling/allocate.ts';
import { Scalars, checkScalars } from './scalars.ts';
import { checkUsed } from './scalar-use.ts';
import { LIMITS, type ParsedSpec, type PinnSpec, SIZES, pinnSpecSchema } from './spec.ts';
import { checkConsistency, checkErrorsWithin, checkNames } from './spec-checks.ts';

/** A specification that has been checked and compiled: everything that training needs except an engine. */
export interface Problem {
  readonly spec: PinnSpec;
  readonly scope: Scope;
  readonly box: Box;
  readonly equations: readonly Equation[];
  /** Without those that the ansatz satisfies. */
  readonly conditions: readonly Condition[];
  readonly groups: readonly ConditionGroup[];
  readonly data: readonly DataSet[];
  /** One entry for each unknown. */
  readonly ansatz: Ansatzes;
  readonly constraints: readonly Constraint[];
  /** One for each unknown, or none at all. */
  readonly exact: readonly ExactSolution[] | null;
  readonly optimizer: OptimizerChoice;
  /** Of the parameters that are trained. */
  readonly layout: ParameterLayout;
  /** How those of the network give its weights. */
  readonly parametrization: Parametrization;
  /** Numbers to be found along with the unknowns: the last entries of θ. */
  readonly scalars: Scalars;
  /** What the first layer reads in place of the coordinates. */
  readonly embedding: Embedding | undefined;
  /** Widths of the network, input first: coordinates or an embedding's features; one output for each unknown. */
  readonly sizes: readonly number[];
  /** Working memory of training, estimated, in bytes. */
  readonly bytes: number;
  readonly warnings: readonly string[];
  /** What was found out, and is as it should be. */
  readonly notes: readonly string[];
  /** Of the curriculum; absent: the problem is trained as a whole, at once. */
  readonly stages?: readonly Stage[];
  /** The windows of a curriculum that has them: its solution is a network for each. */
  readonly windows?: TimeWindows;
}

/** The texts of a specification, compiled. */
type Texts = Pick<
  Problem,
  'equations' | 'conditions' | 'data' | 'constraints' | 'ansatz' | 'exact' | 'warnings' | 'notes'
>;

/**
 * Checks a specification and compiles its texts. Throws one `KfacError` with every fault in `issues`:
 * `KFAC_SPEC`, `KFAC_EQUATION` or `KFAC_LIMIT`.
 */
export function compileProblem(json: unknown): Problem {
  const input = withOptimizerName(json);
  const result = pinnSpecSchema.safeParse(input);
  const forbidden = prototypeFaults(json);
  if (!result.success || forbidden.length > 0)
    throw specError([...forbidden, ...faultsOf(result.error?.issues ?? [], input, SIZES)]);
  const parsed = result.data;
  const faults: Fault[] = [];
  const check = <T>(pointer: string, run: () => T): T | null => attempt(faults, pointer, run);

  checkNames(parsed, faults);
  checkScalars(parsed.parameters ?? {}, faults);
  if (faults.length > 0) throw specError(faults);
  const domain = boxOf(parsed.domain);
  const geometry = parsed.geometry && buildGeometry(parsed.geometry, domain, faults);
  if (faults.length > 0) throw specError(faults);
  const box: Box = geometry ? { ...domain, geometry } : domain;
  checkEmbedding(parsed.network.embedding, box, faults);
  const scope: Scope = {
    pool: new ExpressionPool(),
    coordinates: box.names,
    lower: box.lower,
    unknowns: parsed.unknowns,
    constants: new Map(Object.entries(parsed.constants)),
    parameters: Object.keys(parsed.parameters ?? {}),
  };
  const ansatz = parseAnsatz(parsed.ansatz, scope, faults);
  const compile: Compile = (residual, own) => {
    const body = inNetwork(residual, ansatz, own);
    return { residual, inNetwork: body, compiled: compileResidual(body, own) };
  };
  const equations = parsed.equations.flatMap(
    (text, k) => check(`/equations/${k}`, () => compile(parseEquation(text, scope), scope)) ?? [],
  );
  const data: DataSet[] = [];
  const conditions = parsed.conditions.flatMap((given, k) => {
    const pointer = `/conditions/${k}`;
    if ('on' in given) return placeCondition(given, pointer, box, scope, compile, faults);
    if ('periodic' in given) return periodicConditions(given, pointer, equations, box, scope, compile, faults);
    data.push(...dataSets(given, ['conditions', k], box, scope, compile, faults));
    return [];
  });
  const constraints = compileConstraints(parsed.constraints ?? [], scope, compile, faults);
  const known: Scope = { ...scope, unknowns: [], parameters: [] };
  const exact = parsed.exact ? exactSolutions(parsed.exact, parsed.unknowns, known, box, faults) : null;
  const residuals = [...equations, ...conditions, ...data, ...constraints].map(({ residual }) => residual);
  checkUsed(scope, residuals, faults);
  checkErrorsWithin(parsed, faults);
  checkConsistency(parsed, faults);
  checkAdaptivity(parsed, faults);
  checkCurriculum(parsed, box, conditions, faults);
  if (faults.length > 0) throw specError(faults);
  const remaining = parsed.ansatz
    ? remainingConditions(conditions, { box, spec: parsed })
    : { conditions, warnings: [], notes: [] };
  const stopIsGiven = (json as { stop?: unknown }).stop !== undefined;
  const warnings = [...remaining.warnings, ...dataWarnings(data, box)];
  const texts = { equations, data, constraints, ansatz, exact, ...remaining, warnings };
  return withCurriculum(assemble(parsed, scope, box, texts, stopIsGiven), compileProblem);
}

/** An optimizer without a name is `auto`. */
function withOptimizerName(json: unknown): unknown {
  const optimizer = (json as { optimizer?: unknown } | null)?.optimizer;
  if (typeof optimizer !== 'object' || optimizer === null || Array.isArray(optimizer)) return json;
  return { ...(json as object), optimizer: { name: 'auto', ...optimizer } };
}

/** The effective specification of some JSON: checked, every default filled in. Throws like `compileProblem`. */
export function parsePinnSpec(json: unknown): PinnSpec {
  return compileProblem(json).spec;
}

function assemble(parsed: ParsedSpec, scope: Scope, box: Box, texts: Texts, stopIsGiven: boolean): Problem {
  const { equations, conditions, data, constraints } = texts;
  const { embedding: form } = parsed.network;
  const embedding = form && embeddingOf(form, box, parsed.seed);
  const inputs = embedding ? featuresOf(embedding) : box.names.length;
  const sizes = [inputs, ...parsed.network.hidden, parsed.unknowns.length];
  const parametrization = new Parametrization(sizes, parsed.network);
  const scalars = new Scalars(parsed.parameters ?? {});
  const layout = new ParameterLayout([...parametrization.layout.blocks, ...scalars.blocks]);
  const groups = groupConditions(
    conditions,
    allocatePoints(
      parsed.sampling.conditions,
      conditions.flatMap(({ places }) => places),
    ),
  );
  const batches: BatchSize[] = [
    ...equations.map(({ compiled }) => ({ points: parsed.sampling.interior, channels: compiled.plan.channels })),
    ...groups.map(({ points, segments }) => ({ points, channels: segments[0]!.compiled.plan.channels })),
    ...data.map(({ values, compiled }) => ({ points: values.length, channels: compiled.plan.channels })),
    ...constraints.map(({ compiled }) => ({
      points: quadraturePoints(box, parsed.sampling.interior),
      channels: compiled.plan.channels,
      examples: 1,
    })),
  ];
  const optimizer = chooseOptimizer(parsed.optimizer.name, {
    parameters: layout.size,
    examples: batches.reduce((sum, { points, examples = points }) => sum + examples, 0),
    isFixed: parsed.sampling.resampleEvery === 0 && !parsed.sampling.adaptive,
  });
  const { spec, warnings } = effectiveSpec(parsed, optimizer, texts, stopIsGiven);
  // Of a chain, one phase at a time is in memory.
  const training = Math.max(
    ...phasesOf(parsed.optimizer, optimizer).map((one) =>
      memoryOf(parametrization.network, layout, scalars.count, one, batches),
    ),
  );
  const bytes =
    training +
    parametrization.bytes(batches) +
    adaptiveMemoryOf(spec, batches) +
    rejectionBytes(box, spec.sampling.interior, groups) +
    windowBytes(spec.curriculum?.windows, layout.size);
  if (bytes > LIMITS.bytes) {
    const needs = `${(bytes / 2 ** 30).toFixed(1)} GiB of working memory; at most ${LIMITS.bytes / 2 ** 30} GiB are allowed`;
    throw specError([
      { code: 'KFAC_LIMIT', pointer: '', detail: `${layout.size} parameters with ${optimizer.name} need ${needs}` },
    ]);
  }
  return {
    ...texts,
    spec,
    scope,
    box,
    groups,
    optimizer,
    layout,
    parametrization,
    scalars,
    embedding,
    sizes,
    bytes,
    warnings: [...warnings, ...texts.warnings],
  };
}

/** Fills the defaults that depend on other fields. Applied to its own result it changes nothing. */
function effectiveSpec(
  parsed: ParsedSpec,
  choice: OptimizerChoice,
  { exact, data }: Texts,
  stopIsGiven: boolean,
): { spec: PinnSpec; warnings: string[] } {
  const warnings: string[] = [];
  const stop = { ...parsed.stop };
  if (!exact && stop.relativeL2 !== undefined) {
    delete stop.relativeL2;
    if (stopIsGiven) warnings.push('stop.relativeL2 is not applied: it needs an exact solution');
  }
  const optimizer = withSchedule(parsed.optimizer, stop.steps);
  const isGaussNewton = phasesOf(parsed.optimizer, choice).some(
    ({ name }) => name === 'gauss-newton' || name === 'sketched-gauss-newton',
  );
  const freezeAfter = parsed.weights.freezeAfter ?? freezeOf(parsed.weights.pointwise?.name, parsed.optimizer);
  const weights = {
    ...parsed.weights,
    interior: parsed.weights.interior ?? (isGaussNewton ? 0.1 : 1),
    ...(data.length > 0 ? { data: parsed.weights.data ?? 1 } : {}),
    ...(freezeAfter === undefined ? {} : { freezeAfter }),
  };
  if (data.length === 0 && parsed.weights.data !== undefined) {
    delete weights.data;
    warnings.push('weights.data is not applied: no condition gives data');
  }
  warnings.push(...adaptivityWarnings(parsed, phasesOf(parsed.optimizer, choice)));
  return { spec: { ...parsed, stop, optimizer, weights }, warnings };
}

/** The schedule of Adam or SOAP filled in: over the steps of the training, or of the phase. */
function withSchedule<T extends OptimizerSpec>(optimizer: T, steps: number | undefined): T {
  if (optimizer.name === 'adam' || optimizer.name === 'soap') {
    return { ...optimizer, schedule: optimizer.schedule ?? (steps === undefined ? 'constant' : 'cosine') };
  }
  if (optimizer.name !== 'phases') return optimizer;
  const phases = optimizer.phases.map((phase) => ({ ...phase, optimizer: withSchedule(phase.optimizer, phase.steps) }));
  return { ...optimizer, phases };
}

/** Hash of an effective specification; unlike its JSON it depends on the order of the coordinates, which is the network's. */
export function hashOf(spec: PinnSpec): string {
  return specHash({ ...spec, domain: Object.entries(spec.domain) });
}

/** The shape of the network's jets for a plan, in the precision of the specification. */
export function jetShape(
  problem: Pick<Problem, 'sizes' | 'embedding' | 'spec'>,
  plan: Pick<JetPlan, 'directions' | 'second' | 'higher'>,
): JetShape {
  const { network, precision } = problem.spec;
  return {
    sizes: problem.sizes,
    ...gatesOf(network.type),
    embedding: problem.embedding,
    activation: network.activation,
    directions: plan.directions,
    second: plan.second,
    higher: plan.higher,
    dtype: precision,
  };
}
