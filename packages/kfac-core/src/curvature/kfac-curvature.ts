import { KfacError } from '../errors.ts';
import type { Engine } from '../engine/engine.ts';
import type { CapturedSequence, Linearization } from '../linearization.ts';
import type { ParameterBlock, ParameterLayout } from '../parameters.ts';
import { addScaled } from '../vector.ts';
import type { CurvatureBlock } from './block.ts';
import type { DampingSplit } from './damping.ts';
import { ExactBlock } from './exact-block.ts';
import { FactorAverage, type AverageRule } from './factor-average.ts';
import { KroneckerBlock } from './kronecker-block.ts';
import { KroneckerSum } from './kronecker-sum.ts';
import { RecurrentAverages } from './recurrent-averages.ts';
import { RecurrentBlock, type TemporalKind } from './recurrent-block.ts';
import { type Statistics, type TermLayer, layersByGroup, sequenceOf, statistics } from './statistics.ts';

/**
 * What is assumed of the uses of one matrix in time. 'independent': uncorrelated; 'reduce': the input the same at every step;
 * 'option1', 'option2', 'complete': a chain of first order, taken for symmetric in time, for endless, and as it is.
 */
export type RecurrentKind = 'independent' | 'reduce' | TemporalKind;

/** How the curvature of all matrices is averaged and damped. */
export interface KFacCurvatureOptions {
  readonly split: DampingSplit;
  /** ε of the moving averages of the factors, in [0, 1). */
  readonly decay: number;
  readonly average: AverageRule;
  /** Names of matrices that get their exact block instead of a Kronecker one. */
  readonly exactBlocks?: readonly string[];
  /**
   * Matrices that are used more than once, exact blocks apart: 'independent' by default. The others need layers with
   * statistics over time (`CapturedLayer.sequence`), one for each matrix.
   */
  readonly recurrent?: RecurrentKind;
}

/** One weight matrix: its averaged statistics (one group per kind of loss term, at most two) and the block built on them. */
interface MatrixCurvature {
  readonly parameter: ParameterBlock;
  readonly groups: Statistics[];
  readonly exact: FactorAverage | null;
  /** Moments over time of a recurrent matrix; `groups` is then empty. */
  readonly moments: RecurrentAverages | null;
  /** The one group holds sums and means over time. */
  readonly isReduced: boolean;
  readonly block: CurvatureBlock;
}

/**
 * K-FAC's curvature F̂ of the whole parameter vector: one damped block a matrix, their averaged statistics, and the
 * product F̂⁻¹·v. The blocks are built from the first linearisation that `prepare` sees.
 */
export class KFacCurvature {
  /**
   * Statistics that were not finite and inversions that failed, each answered by keeping the last good one, and solves for
   * which a closed form stood in.
   */
  stale = 0;
  readonly #engine: Engine;
  readonly #layout: ParameterLayout;
  readonly #options: KFacCurvatureOptions;
  #matrices: MatrixCurvature[] | null = null;
  #pending: Readonly<Record<string, Float64Array>> | null = null;

  constructor(engine: Engine, layout: ParameterLayout, options: KFacCurvatureOptions) {
    this.#engine = engine;
    this.#layout = layout;
    this.#options = options;
    for (const name of options.exactBlocks ?? []) layout.block(name);
  }

  /** Builds the blocks if there are none yet. */
  prepare(linearization: Linearization): void {
    this.#matrices ??= this.#build(linearization);
  }

  /** Takes the batch's statistics in as if they had come in each of the `steps` that they stand for. */
  update(linearization: Linearization, steps = 1): void {
    for (const { parameter, groups, exact, moments, isReduced } of this.#matrices!) {
      const byGroup = layersByGroup(linearization.terms, parameter.name);
      if (exact) {
        exact.batch.data.fill(0);
        for (const { term, layer } of byGroup.flat()) {
          const part = byGroup.flat().length === 1 ? exact.batch : new FactorAverage(exact.batch.rows, 0, 'warm').batch;
          layer.exactBlock(term.curvature, part);
          if (part !== exact.batch) addScaled(exact.batch.data as Float64Array, 1, part.data as Float64Array);
        }
        if (exact.batchIsFinite()) exact.commit(steps);
        else this.stale += 1;
        continue;
      }
      if (moments) {
        const { term, layer } = byGroup[0]![0]!;
        if (!moments.update(layer.sequence!, term.curvature, steps)) this.stale += 1;
        continue;
      }
      groups.forEach((group, i) => {
        if (isReduced) reducedStatistics(byGroup[i]![0]!, group);
        else statistics(byGroup[i]!, group);
        if (group.a.batchIsFinite() && group.g.batchIsFinite()) {
          group.a.commit(steps);
          group.g.commit(steps);
        } else {
          this.stale += 1;
        }
      });
    }
  }

  /** Damps the averages with λ and inverts them. */
  refresh(lambda: number): void {
    for (const { block } of this.#matrices!) if (!block.refresh(lambda)) this.stale += 1;
  }

  /** out ← F̂⁻¹·v, both [P]. */
  solve(v: Float64Array, out: Float64Array): void {
    for (const { parameter, block } of this.#matrices!) {
      if (!block.solve(this.#layout.matrix(v, parameter), this.#layout.matrix(out, parameter))) this.stale += 1;
    }
  }

  #build(linearization: Linearization): MatrixCurvature[] {
    const { decay, average, split, exactBlocks, recurrent = 'independent' } = this.#options;
    const matrices = this.#layout.blocks.map((parameter): MatrixCurvature => {
      const byGroup = layersByGroup(linearization.terms, parameter.name);
      if (byGroup.length === 0) {
        throw new KfacError(
          'KFAC_SHAPE',
          `no loss term captured the matrix "${parameter.name}"; every parameter needs a captured layer`,
        );
      }
      if (exactBlocks?.includes(parameter.name)) {
        const exact = new FactorAverage(parameter.inputs * parameter.outputs, decay, average);
        const block = new ExactBlock(this.#engine, exact.value);
        return { parameter, groups: [], exact, moments: null, isReduced: false, block };
      }
      const sequence = recurrent === 'independent' ? null : sequenceOf(byGroup, recurrent);
      if (sequence && recurrent !== 'independent' && recurrent !== 'reduce')
        return this.#recurrent(parameter, sequence, recurrent);
      const groups = byGroup.map(() => ({
        a: new FactorAverage(parameter.inputs, decay, average),
        g: new FactorAverage(parameter.outputs, decay, average),
      }));
      // A group that merges several layers carries their scales inside G, one that is reduced has none; its own is then 1.
      const terms = groups.map((group, i) => ({
        a: group.a.value,
        g: group.g.value,
        uses: sequence || byGroup[i]!.length > 1 ? 1 : byGroup[i]![0]!.layer.uses,
      }));
      const block =
        terms.length === 1
          ? new KroneckerBlock(this.#engine, terms[0]!.a, terms[0]!.g, terms[0]!.uses, split)
          : new KroneckerSum(this.#engine, terms[0]!, terms[1]!, split);
      return { parameter, groups, exact: null, moments: null, isReduced: sequence !== null, block };
    });
    if (this.#pending) restoreInto(matrices, this.#pending);
    this.#pending = null;
    return matrices;
  }

  #recurrent(parameter: ParameterBlock, { counts }: CapturedSequence, kind: TemporalKind): MatrixCurvature {
    const { decay, average, split } = this.#options;
    const moments = new RecurrentAverages(parameter.inputs, parameter.outputs, counts.length, decay, average);
    const block = new RecurrentBlock(this.#engine, moments.moments, split, kind);
    return { parameter, groups: [], exact: null, moments, isReduced: false, block };
  }

  /** Averages and inverses by the name of their matrix; nothing before the first `prepare`. */
  save(): Record<string, Float64Array> {
    const state: Record<string, Float64Array> = {};
    for (const { parameter, groups, exact, moments, block } of this.#matrices ?? []) {
      state[`${parameter.name}/inverse`] = block.save();
      if (exact) state[`${parameter.name}/exact`] = exact.save();
      if (moments) state[`${parameter.name}/moments`] = moments.save();
      groups.forEach((group, i) => {
        state[`${parameter.name}/a${i}`] = group.a.save();
        state[`${parameter.name}/g${i}`] = group.g.save();
      });
    }
    return state;
  }

  /** Goes on from what `save` gave; other keys are ignored. */
  restore(state: Readonly<Record<string, Float64Array>>): void {
    const isBuilt = this.#layout.blocks.every(({ name }) => state[`${name}/inverse`] !== undefined);
    if (!isBuilt) this.#matrices = null;
    if (this.#matrices) restoreInto(this.#matrices, state);
    else this.#pending = isBuilt ? state : null;
  }
}

function restoreInto(matrices: readonly MatrixCurvature[], state: Readonly<Record<string, Float64Array>>): void {
  for (const { parameter, groups, exact, moments, block } of matrices) {
    block.restore(state[`${parameter.name}/inverse`]!);
    exact?.restore(state[`${parameter.name}/exact`]!);
    moments?.restore(state[`${parameter.name}/moments`]!);
    groups.forEach((group, i) => {
      group.a.restore(state[`${parameter.name}/a${i}`]!);
      group.g.restore(state[`${parameter.name}/g${i}`]!);
    });
  }
}

/** Batch statistics of a layer whose uses are summed first. */
function reducedStatistics({ term, layer }: TermLayer, { a, g }: Statistics): void {
  layer.sequence!.reduced(term.curvature, a.batch, g.batch);
}
