import { type Fault, ParameterLayout, faultsOf, prototypeFaults, specError, specHash } from '@kfac/core';
import { type Ansatzes, inNetwork, parseAnsatz } from './ansatz.ts';
import { remainingConditions } from './ansatz-check.ts';
import { attempt } from './attempt.ts';
import { chooseOptimizer, type OptimizerChoice, phasesOf } from './auto.ts';
import { type Compile, periodicConditions, placeCondition } from './condition-compile.ts';
import { type Condition, type ConditionGroup, type DomainEquation, groupConditions } from './conditions.ts';
import { checkCurriculum } from './curriculum/checks.ts';
import { withCurriculum } from './curriculum/curriculum.ts';
import { type Marching, marchingEquations } from './curriculum/pseudo-time.ts';
import type { Stage } from './curriculum/stage.ts';
import type { TimeWindows } from './curriculum/time-windows.ts';
import { type DataSet, dataSets, dataWarnings } from './data.ts';
import { checkNetworks, checkNetworksUsed } from './network-checks.ts';
import { channelsOf } from './network-columns.ts';
import { type Networks, networkScopes, networksOf } from './networks.ts';
import { type Constraint, compileConstraints } from './constraints.ts';
import { type CompiledEquation, compileResidual } from './equation/compile.ts';
import { ExpressionPool } from './equation/expression.ts';
import { networkVariablesOf } from './equation/expression.ts';
import { parseEquation } from './equation/parse.ts';
import { knowingDependence, requireUnknown } from './equation/dependence.ts';
import type { Scope } from './equation/symbols.ts';
import type { ExactSolution } from './exact.ts';
import { equationLabel, textOf } from './equation-spec.ts';
import { exactSolutions } from './exact-solution.ts';
import { type Box, boxOf } from './geometry/box.ts';
import { buildGeometry } from './geometry/build.ts';
import { knownFunctions } from './known-function.ts';
import { withPlainNetworks } from './known-spec.ts';
import { type BatchSize, adaptiveMemoryOf, knownBytes, memoryOf, pseudoTimeBytes, windowBytes } from './memory.ts';
import { quadraturePoints } from './quadrature.ts';
import { Regions } from './regions/regions.ts';
import type { Subdomain } from './regions/subdomain.ts';
import { checkRegions } from './regions/checks.ts';
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
  readonly equations: readonly DomainEquation[];
  /** The part of the domain in which the equations of each unknown hold; null: everywhere. */
  readonly unknownsWithin: readonly (Subdomain | null)[];
  /** One entry for each equation, of a curriculum in pseudo-time: what is trained in its place, null: it itself. */
  readonly marching?: readonly (Marching | null)[];
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
  /** Where the unknowns come from. */
  readonly networks: Networks;
  /** Numbers to be found along with the unknowns: the last entries of θ. */
  readonly scalars: Scalars;
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
  | 'equations'
  | 'unknownsWithin'
  | 'marching'
  | 'conditions'
  | 'data'
  | 'constraints'
  | 'ansatz'
  | 'exact'
  | 'warnings'
  | 'notes'
>;

/**
 * Checks a specification and compiles its texts. Throws one `KfacError` with every fault in `issues`:
 * `KFAC_SPEC`, `KFAC_EQUATION` or `KFAC_LIMIT`.
 */
export function compileProblem(json: unknown): Problem {
  const input = withPlainNetworks(withOptimizerName(json));
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
  const shaped: Box = geometry ? { ...domain, geometry } : domain;
  const regions = new Regions(parsed.regions ?? {}, shaped, faults);
  if (faults.length > 0) throw specError(faults);
  const box: Box = { ...shaped, interfaces: regions.interfaces };
  checkNetworks(parsed, box, faults);
  const known = knownFunctions(parsed.known ?? {}, box, faults);
  if (faults.length > 0) throw specError(faults);
  const scope: Scope = {
    pool: new ExpressionPool(),
    coordinates: box.names,
    lower: box.lower,
    unknowns: parsed.unknowns,
    networks: networkScopes(parsed, box.names),
    constants: new Map(Object.entries(parsed.constants)),
    parameters: Object.keys(parsed.parameters ?? {}),
    known,
  };
  const ansatz = parseAnsatz(parsed.ansatz, scope, faults);
  const compile: Compile = (given, own) => {
    const residual = knowingDependence(given, own, (unknown) => !ansatz[unknown]);
    const outputs = inNetwork(residual, ansatz, own);
    const body = knowingDependence(outputs, own);
    if (residual !== given || body !== outputs) requireUnknown(body, given, own);
    return { residual, inNetwork: body, compiled: compileResidual(body, own) };
  };
  const equations = parsed.equations.flatMap((given, k): DomainEquation[] => {
    const pointer = `/equations/${k}`;
    const isText = typeof given === 'string';
    const equation = check(isText ? pointer : `${pointer}/equation`, () =>
      compile(parseEquation(textOf(given), scope), scope),
    );
    const within = isText ? null : check(`${pointer}/in`, () => regions.subdomain(given.in));
    return equation ? [{ ...equation, within, label: equationLabel(given) }] : [];
  });
  const unknownsWithin = parsed.unknowns.map((_, unknown) =>
    regions.union(
      equations
        .filter(({ residual }) => networkVariablesOf(residual).some((variable) => variable.unknown === unknown))
        .map(({ within }) => within),
    ),
  );
  const data: DataSet[] = [];
  const conditions = parsed.conditions.flatMap((given, k) => {
    const pointer = `/conditions/${k}`;
    if ('on' in given) return placeCondition(given, pointer, box, regions, scope, compile, faults);
    if ('periodic' in given) return periodicConditions(given, pointer, equations, box, scope, compile, faults);
    data.push(...dataSets(given, ['conditions', k], box, scope, compile, faults));
    return [];
  });
  const constraints = compileConstraints(parsed.constraints ?? [], scope, compile, faults);
  const inCoordinates: Scope = { ...scope, unknowns: [], parameters: [], known: [] };
  const exact = parsed.exact ? exactSolutions(parsed.exact, parsed.unknowns, inCoordinates, box, faults) : null;
  const residuals = [...equations, ...conditions, ...data, ...constraints].map(({ residual }) => residual);
  checkUsed(scope, residuals, faults);
  checkRegions(parsed, equations, unknownsWithin, constraints, faults);
  checkNetworksUsed(parsed, residuals, faults);
  checkErrorsWithin(parsed, faults);
  checkConsistency(parsed, faults);
  checkAdaptivity(parsed, faults);
  checkCurriculum(parsed, box, conditions, faults);
  if (faults.length > 0) throw specError(faults);
  const remaining = parsed.ansatz
    ? remainingConditions(conditions, { box, spec: parsed }, scope)
    : { conditions, warnings: [], notes: [] };
  const stopIsGiven = (json as { stop?: unknown }).stop !== undefined;
  const warnings = [...remaining.warnings, ...dataWarnings(data, box, unknownsWithin)];
  const { pseudoTime } = parsed.curriculum ?? {};
  const marching = pseudoTime
    ? check('/curriculum/pseudoTime', () =>
        marchingEquations(equations, pseudoTime.of ?? scope.unknowns, scope, compile),
      )
    : null;
  if (faults.length > 0) throw specError(faults);
  const texts = {
    equations,
    unknownsWithin,
    data,
    constraints,
    ansatz,
    exact,
    ...remaining,
    warnings,
    ...(marching && { marching }),
  };
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
  const networks = networksOf(parsed, scope.networks!, box);
  const scalars = new Scalars(parsed.parameters ?? {});
  const layout = new ParameterLayout([...networks.layout.blocks, ...scalars.blocks]);
  const groups = groupConditions(
    conditions,
    allocatePoints(
      parsed.sampling.conditions,
      conditions.flatMap(({ places }) => places),
    ),
  );
  const batches: BatchSize[] = [
    ...equations.map(({ compiled }) => batchSize(networks, parsed.sampling.interior, compiled)),
    ...groups.map(({ points, segments }) => batchSize(networks, points, segments[0]!.compiled)),
    ...data.map(({ values, compiled }) => batchSize(networks, values.length, compiled)),
    ...constraints.map(({ compiled }) => ({
      ...batchSize(networks, quadraturePoints(box, parsed.sampling.interior), compiled),
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
    ...phasesOf(parsed.optimizer, optimizer).map((one) => memoryOf(networks, layout, scalars.count, one, batches)),
  );
  const bytes =
    training +
    networks.bytes(batches) +
    adaptiveMemoryOf(spec, batches, new Set(equations.map(({ within }) => within)).size) +
    knownBytes(parsed.known, batches) +
    rejectionBytes(
      box,
      [...equations.map(({ within }) => within), ...texts.unknownsWithin],
      spec.sampling.interior,
      groups,
    ) +
    windowBytes(spec.curriculum?.windows, layout.size) +
    pseudoTimeBytes(
      texts.marching ? batches.slice(0, equations.length) : [],
      parsed.unknowns.length,
      box.names.length,
      layout.size,
    );
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
    networks,
    scalars,
    bytes,
    warnings: [...warnings, ...texts.warnings],
  };
}

function batchSize(networks: Networks, points: number, { plans, rows, known }: CompiledEquation): BatchSize {
  return {
    points,
    channels: networks.all.flatMap((network, k) => channelsOf(network, plans[k]!)),
    rows,
    ...(known && { known }),
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
