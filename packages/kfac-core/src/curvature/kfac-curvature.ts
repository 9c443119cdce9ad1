import { KfacError } from '../errors.ts';
import type { Engine } from '../engine/engine.ts';
import type { Linearization } from '../linearization.ts';
import type { ParameterBlock, ParameterLayout } from '../parameters.ts';
import { addScaled } from '../vector.ts';
import type { CurvatureBlock } from './block.ts';
import type { DampingSplit } from './damping.ts';
import { ExactBlock } from './exact-block.ts';
import { FactorAverage, type AverageRule } from './factor-average.ts';
import { KroneckerBlock } from './kronecker-block.ts';
import { KroneckerSum } from './kronecker-sum.ts';
import { type Statistics, layersByGroup, statistics } from './statistics.ts';

/** How the curvature of all matrices is averaged and damped. */
export interface KFacCurvatureOptions {
  readonly split: DampingSplit;
  /** ε of the moving averages of the factors, in [0, 1). */
  readonly decay: number;
  readonly average: AverageRule;
  /** Names of matrices that get their exact block instead of a Kronecker one. */
  readonly exactBlocks?: readonly string[];
}

/** One weight matrix: its averaged statistics (one group per kind of loss term, at most two) and the block built on them. */
interface MatrixCurvature {
  readonly parameter: ParameterBlock;
  readonly groups: Statistics[];
  readonly exact: FactorAverage | null;
  readonly block: CurvatureBlock;
}

/**
 * K-FAC's curvature F̂ of the whole parameter vector: one damped block a matrix, their averaged statistics, and the
 * product F̂⁻¹·v. The blocks are built from the first linearisation that `prepare` sees.
 */
export class KFacCurvature {
  /** Statistics that were not finite and inversions that failed, each answered by keeping the last good one. */
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
    for (const { parameter, groups, exact } of this.#matrices!) {
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
      groups.forEach((group, i) => {
        statistics(byGroup[i]!, group);
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
      block.solve(this.#layout.matrix(v, parameter), this.#layout.matrix(out, parameter));
    }
  }

  #build(linearization: Linearization): MatrixCurvature[] {
    const { decay, average, split, exactBlocks } = this.#options;
    const matrices = this.#layout.blocks.map((parameter): MatrixCurvature => {
      const uses = layersByGroup(linearization.terms, parameter.name).map((layers) => layers[0]!.layer.uses);
      const groups = layersByGroup(linearization.terms, parameter.name).map(() => ({
        a: new FactorAverage(parameter.inputs, decay, average),
        g: new FactorAverage(parameter.outputs, decay, average),
      }));
      if (groups.length === 0) {
        throw new KfacError(
          'KFAC_SHAPE',
          `no loss term captured the matrix "${parameter.name}"; every parameter needs a captured layer`,
        );
      }
      if (exactBlocks?.includes(parameter.name)) {
        const exact = new FactorAverage(parameter.inputs * parameter.outputs, decay, average);
        return { parameter, groups: [], exact, block: new ExactBlock(this.#engine, exact.value) };
      }
      // A group that merges several layers carries their scales inside G; its own scale is then 1.
      const terms = groups.map((group, i) => ({
        a: group.a.value,
        g: group.g.value,
        uses: layersByGroup(linearization.terms, parameter.name)[i]!.length > 1 ? 1 : uses[i]!,
      }));
      const block =
        terms.length === 1
          ? new KroneckerBlock(this.#engine, terms[0]!.a, terms[0]!.g, terms[0]!.uses, split)
          : new KroneckerSum(this.#engine, terms[0]!, terms[1]!, split);
      return { parameter, groups, exact: null, block };
    });
    if (this.#pending) restoreInto(matrices, this.#pending);
    this.#pending = null;
    return matrices;
  }

  /** Averages and inverses by the name of their matrix; nothing before the first `prepare`. */
  save(): Record<string, Float64Array> {
    const state: Record<string, Float64Array> = {};
    for (const { parameter, groups, exact, block } of this.#matrices ?? []) {
      state[`${parameter.name}/inverse`] = block.save();
      if (exact) state[`${parameter.name}/exact`] = exact.save();
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
  for (const { parameter, groups, exact, block } of matrices) {
    block.restore(state[`${parameter.name}/inverse`]!);
    exact?.restore(state[`${parameter.name}/exact`]!);
    groups.forEach((group, i) => {
      group.a.restore(state[`${parameter.name}/a${i}`]!);
      group.g.restore(state[`${parameter.name}/g${i}`]!);
    });
  }
}
