import {
  type Embedding,
  type Fault,
  type JetShape,
  type ParameterLayout,
  faultsOf,
  prototypeFaults,
  specError,
  specHash,
} from '@kfac/core';
import { attempt } from './attempt.ts';
import { chooseOptimizer, type OptimizerChoice, phasesOf } from './auto.ts';
import { type Condition, type ConditionGroup, type Equation, groupConditions } from './conditions.ts';
import { checkEmbedding, embeddingOf, featuresOf } from './embedding.ts';
import { compileResidual } from './equation/compile.ts';
import { ExpressionPool } from './equation/expression.ts';
import { parseEquation } from './equation/parse.ts';
import type { JetPlan } from './equation/plan.ts';
import type { Scope } from './equation/symbols.ts';
import type { ExactSolution } from './exact.ts';
import { exactSolutions } from './exact-solution.ts';
import { type Box, boxOf } from './geometry/box.ts';
import { buildGeometry } from './geometry/build.ts';
import { parsePlaces } from './geometry/on.ts';
import { adaptiveMemoryOf, memoryOf } from './memory.ts';
import { Parametrization } from './parametrization.ts';
import { rejectionBytes } from './sampling/rejection-bytes.ts';
import type { OptimizerSpec } from './optimizer-spec.ts';
import { adaptivityWarnings, checkAdaptivity, freezeOf } from './adaptivity-checks.ts';
import { allocatePoints } from './sampling/allocate.ts';
import { LIMITS, type ParsedSpec, type PinnSpec, SIZES, pinnSpecSchema } from './spec.ts';
import { checkConsistency, checkErrorsWithin, checkNames } from './spec-checks.ts';

/** A specification that has been checked and compiled: everything that training needs except an engine. */
export interface Problem {
  readonly spec: PinnSpec;
  readonly scope: Scope;
  readonly box: Box;
  readonly equations: readonly Equation[];
  readonly conditions: readonly Condition[];
  readonly groups: readonly ConditionGroup[];
  /** One for each unknown, or none at all. */
  readonly exact: readonly ExactSolution[] | null;
  readonly optimizer: OptimizerChoice;
  /** Of the parameters that are trained. */
  readonly layout: ParameterLayout;
  /** How they give the network's weights. */
  readonly parametrization: Parametrization;
  /** What the first layer reads in place of the coordinates. */
  readonly embedding: Embedding | undefined;
  /** Widths of the network, input first: coordinates or an embedding's features; one output for each unknown. */
  readonly sizes: readonly number[];
  /** Working memory of training, estimated, in bytes. */
  readonly bytes: number;
  readonly warnings: readonly string[];
}

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
  };
  const equations = parsed.equations.map((text, k) => check(`/equations/${k}`, () => compileText(text, scope)));
  const conditions = parsed.conditions.map(({ on, equation }, k) => {
    const places = check(`/conditions/${k}/on`, () => parsePlaces(on, box));
    const compiled = check(`/conditions/${k}/equation`, () => compileText(equation, scope));
    return places && compiled ? { ...compiled, places } : null;
  });
  const exact = parsed.exact
    ? exactSolutions(parsed.exact, parsed.unknowns, { ...scope, unknowns: [] }, box, faults)
    : null;
  checkErrorsWithin(parsed, faults);
  checkConsistency(parsed, faults);
  checkAdaptivity(parsed, faults);
  if (faults.length > 0) throw specError(faults);
  const stopIsGiven = (json as { stop?: unknown }).stop !== undefined;
  return assemble(parsed, scope, box, equations as Equation[], conditions as Condition[], exact, stopIsGiven);
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

function compileText(text: string, scope: Scope): Equation {
  const residual = parseEquation(text, scope);
  return { residual, compiled: compileResidual(residual, scope) };
}

function assemble(
  parsed: ParsedSpec,
  scope: Scope,
  box: Box,
  equations: readonly Equation[],
  conditions: readonly Condition[],
  exact: readonly ExactSolution[] | null,
  stopIsGiven: boolean,
): Problem {
  const { embedding: form } = parsed.network;
  const embedding = form && embeddingOf(form, box, parsed.seed);
  const inputs = embedding ? featuresOf(embedding) : box.names.length;
  const sizes = [inputs, ...parsed.network.hidden, parsed.unknowns.length];
  const parametrization = new Parametrization(sizes, parsed.network);
  const { layout } = parametrization;
  const groups = groupConditions(
    conditions,
    allocatePoints(
      parsed.sampling.conditions,
      conditions.flatMap(({ places }) => places),
    ),
  );
  const batches = [
    ...equations.map(({ compiled }) => ({ points: parsed.sampling.interior, channels: compiled.plan.channels })),
    ...groups.map(({ points, segments }) => ({ points, channels: segments[0]!.compiled.plan.channels })),
  ];
  const optimizer = chooseOptimizer(parsed.optimizer.name, {
    parameters: layout.size,
    examples: batches.reduce((sum, { points }) => sum + points, 0),
    isFixed: parsed.sampling.resampleEvery === 0 && !parsed.sampling.adaptive,
  });
  const { spec, warnings } = effectiveSpec(parsed, optimizer, exact !== null, stopIsGiven);
  // Of a chain, one phase at a time is in memory.
  const training = Math.max(
    ...phasesOf(parsed.optimizer, optimizer).map((one) => memoryOf(parametrization, one, batches)),
  );
  const bytes =
    training +
    parametrization.bytes(batches) +
    adaptiveMemoryOf(spec, batches) +
    rejectionBytes(box, spec.sampling.interior, groups);
  if (bytes > LIMITS.bytes) {
    const needs = `${(bytes / 2 ** 30).toFixed(1)} GiB of working memory; at most ${LIMITS.bytes / 2 ** 30} GiB are allowed`;
    throw specError([
      { code: 'KFAC_LIMIT', pointer: '', detail: `${layout.size} parameters with ${optimizer.name} need ${needs}` },
    ]);
  }
  return {
    spec,
    scope,
    box,
    equations,
    conditions,
    groups,
    exact,
    optimizer,
    layout,
    parametrization,
    embedding,
    sizes,
    bytes,
    warnings,
  };
}

/** Fills the defaults that depend on other fields. Applied to its own result it changes nothing. */
function effectiveSpec(
  parsed: ParsedSpec,
  choice: OptimizerChoice,
  hasExact: boolean,
  stopIsGiven: boolean,
): { spec: PinnSpec; warnings: string[] } {
  const warnings: string[] = [];
  const stop = { ...parsed.stop };
  if (!hasExact && stop.relativeL2 !== undefined) {
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
    ...(freezeAfter === undefined ? {} : { freezeAfter }),
  };
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
    gated: network.type === 'gated',
    embedding: problem.embedding,
    activation: network.activation,
    directions: plan.directions,
    second: plan.second,
    higher: plan.higher,
    dtype: precision,
  };
}
