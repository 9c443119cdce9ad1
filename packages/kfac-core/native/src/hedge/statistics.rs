//! What a tape gives: gradients, Kronecker factors, the head's exact block, and the pairs themselves.

use super::contract::{Contraction, scratch_len};
use super::tape::{Panel, Tape};
use super::{Layer, tile_paths, with_scratch};
use crate::pool;
use crate::simd::{self, Kernel, Level, Real, SimdLevel, Vector};

/// Most partial sums that wait to be combined.
const PARTS: usize = 64;

/// Runs `add(tile, part)` on every tile and hands the sum of all parts [len] to `take`. Tiles go in runs, the parts of the
/// runs are combined pairwise; runs and tree depend on the number of tiles alone.
pub(super) fn sum_over_tiles(
    tiles: usize,
    len: usize,
    add: impl Fn(usize, &mut [f64]) + Sync,
    take: impl FnOnce(&[f64]),
) {
    let run = tiles.div_ceil(PARTS).max(1);
    let parts = tiles.div_ceil(run).max(1);
    pool::with_scratch(parts * len, |sums| {
        pool::for_each_chunk(sums, len, |part, sum| {
            sum.fill(0.0);
            for tile in part * run..tiles.min((part + 1) * run) {
                add(tile, sum);
            }
        });
        let mut step = 1;
        while step < parts {
            for part in (0..parts - step).step_by(2 * step) {
                let (left, right) = sums.split_at_mut((part + step) * len);
                for (a, b) in left[part * len..][..len].iter_mut().zip(right) {
                    *a += *b;
                }
            }
            step *= 2;
        }
        take(&sums[..len]);
    });
}

/// A tile's weights as a row, zeros behind the last path.
pub(super) fn tile_weights<T: Real>(tape: &Tape, tile: usize, weight: impl Fn(usize) -> f64, out: &mut [T]) {
    let (first, count) = (tile * tile_paths::<T>(), tape.count::<T>(tile));
    for (i, out) in out.iter_mut().enumerate() {
        *out = if i < count { T::from_f64(weight(first + i)) } else { T::ZERO };
    }
}

/// out += Σ over the tile of weight·left·rightᵀ.
pub(super) fn contract<T: Real>(
    level: SimdLevel,
    left: Panel<T>,
    right: Panel<T>,
    dates: usize,
    weights: impl Fn(&mut [T]),
    triangle: bool,
    out: &mut [f64],
) {
    let row = tile_paths::<T>();
    with_scratch(row + scratch_len::<T>(left.rows, right.rows, dates), |scratch| {
        let (weight_row, scratch) = scratch.split_at_mut(row);
        weights(weight_row);
        simd::dispatch_at(level, Contraction { left, right, dates, weights: weight_row, triangle, out, scratch });
    });
}

/// out ← the full symmetric matrix of a lower triangle times `scale`.
pub(super) fn mirror(triangle: &[f64], n: usize, scale: f64, out: &mut [f64]) {
    for r in 0..n {
        for c in 0..=r {
            let value = scale * triangle[r * n + c];
            out[r * n + c] = value;
            out[c * n + r] = value;
        }
    }
}

/// out += Σ_i w_i·J_i of one layer, out [in·out].
pub fn gradient<T: Real>(tape: &Tape, memory: &[T], layer: Layer, weights: &[f64], out: &mut [f64]) {
    gradient_at(simd::level(), tape, memory, layer, weights, out);
}

pub(super) fn gradient_at<T: Real>(
    level: SimdLevel,
    tape: &Tape,
    memory: &[T],
    layer: Layer,
    weights: &[f64],
    out: &mut [f64],
) {
    assert!(weights.len() == tape.paths);
    let add = |tile: usize, sum: &mut [f64]| {
        let (z, g) = tape.pair(memory, layer, tile);
        contract(level, z, g, tape.dates, |row| tile_weights(tape, tile, |i| weights[i], row), false, sum);
    };
    sum_over_tiles(tape.tiles::<T>(), out.len(), add, |sum| {
        for (out, sum) in out.iter_mut().zip(sum) {
            *out += sum;
        }
    });
}

/// The tiles 0, stride, 2·stride …: how many, and the factors that make their sums over paths and dates means of A and of G,
/// ω scaled so that the sampled weights add up to all of them.
pub(super) struct Sample {
    pub tiles: usize,
    pub a: f64,
    pub g: f64,
}

impl Sample {
    pub fn new<T: Real>(tape: &Tape, weights: &[f64], stride: usize) -> Self {
        assert!(weights.len() == tape.paths && stride > 0);
        let tiles = tape.tiles::<T>();
        let (mut paths, mut weight) = (0, 0.0);
        for tile in (0..tiles).step_by(stride) {
            let (first, count) = (tile * tile_paths::<T>(), tape.count::<T>(tile));
            paths += count;
            for w in &weights[first..first + count] {
                weight += w;
            }
        }
        let total: f64 = weights.iter().sum();
        let dates = tape.dates as f64;
        Self {
            tiles: tiles.div_ceil(stride),
            a: if paths > 0 { 1.0 / (paths as f64 * dates) } else { 0.0 },
            g: if weight > 0.0 { total / weight / dates } else { 0.0 },
        }
    }
}

/// a ← mean over paths and dates of z zᵀ, g ← Σ_i ω_i·(mean over dates of g gᵀ), both over the tiles 0, stride, 2·stride …;
/// ω is scaled so that the sampled weights add up to all of them.
pub fn factors<T: Real>(
    tape: &Tape,
    memory: &[T],
    layer: Layer,
    weights: &[f64],
    stride: usize,
    a: &mut [f64],
    g: &mut [f64],
) {
    factors_at(simd::level(), tape, memory, layer, weights, stride, a, g);
}

pub(super) fn factors_at<T: Real>(
    level: SimdLevel,
    tape: &Tape,
    memory: &[T],
    layer: Layer,
    weights: &[f64],
    stride: usize,
    a: &mut [f64],
    g: &mut [f64],
) {
    let Sample { tiles, a: a_scale, g: g_scale } = Sample::new::<T>(tape, weights, stride);
    let (inputs, outputs) = layer.size(&tape.shape);

    let add = |index: usize, sum: &mut [f64]| {
        let tile = index * stride;
        let (z, _) = tape.pair(memory, layer, tile);
        contract(level, z, z, tape.dates, |row| tile_weights(tape, tile, |_| 1.0, row), true, sum);
    };
    sum_over_tiles(tiles, a.len(), add, |sum| mirror(sum, inputs, a_scale, a));

    let add = |index: usize, sum: &mut [f64]| {
        let tile = index * stride;
        let (_, errors) = tape.pair(memory, layer, tile);
        contract(level, errors, errors, tape.dates, |row| tile_weights(tape, tile, |i| weights[i], row), true, sum);
    };
    sum_over_tiles(tiles, g.len(), add, |sum| mirror(sum, outputs, g_scale, g));
}

/// out ← Σ_i ω_i·J_i·J_iᵀ of the head, [H+1 × H+1].
pub fn head_block<T: Real>(tape: &Tape, memory: &[T], weights: &[f64], out: &mut [f64]) {
    head_block_at(simd::level(), tape, memory, weights, out);
}

pub(super) fn head_block_at<T: Real>(level: SimdLevel, tape: &Tape, memory: &[T], weights: &[f64], out: &mut [f64]) {
    assert!(weights.len() == tape.paths);
    let n = tape.shape.hidden + 1;
    let row = tile_paths::<T>();
    let add = |tile: usize, sum: &mut [f64]| {
        let (z, e) = tape.pair(memory, Layer::Head, tile);
        with_scratch(n * row, |jacobian| {
            simd::dispatch_at(level, HeadJacobian { z, e, dates: tape.dates, out: jacobian });
            let jacobian = Panel::new(jacobian, n * row, n, 1);
            contract(level, jacobian, jacobian, 1, |row| tile_weights(tape, tile, |i| weights[i], row), true, sum);
        });
    };
    sum_over_tiles(tape.tiles::<T>(), out.len(), add, |sum| mirror(sum, n, 1.0, out));
}

/// J_i of the head for every path of a tile, out [H+1] rows.
struct HeadJacobian<'a, T> {
    z: Panel<'a, T>,
    e: Panel<'a, T>,
    dates: usize,
    out: &'a mut [T],
}

impl<T: Real> Kernel for HeadJacobian<'_, T> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        let row = tile_paths::<T>();
        self.out.fill(T::ZERO);
        for t in 0..self.dates {
            let e = self.e.date(t);
            for (out, z) in self.out.chunks_exact_mut(row).zip(self.z.date(t).chunks_exact(row)) {
                for p in (0..row).step_by(T::Vector::<L>::LANES) {
                    // SAFETY: the level is live; rows are `row` long, a multiple of the lanes.
                    unsafe {
                        let sum = T::Vector::<L>::load(out.as_ptr().add(p));
                        let z = T::Vector::<L>::load(z.as_ptr().add(p));
                        z.mul_add(T::Vector::<L>::load(e.as_ptr().add(p)), sum).store(out.as_mut_ptr().add(p));
                    }
                }
            }
        }
    }
}

/// Copies a layer's pairs, row i·dates + t: z [paths·dates × in], g [paths·dates × out].
pub fn capture<T: Real>(tape: &Tape, memory: &[T], layer: Layer, z: &mut [T], g: &mut [T]) {
    let row = tile_paths::<T>();
    let (inputs, outputs) = layer.size(&tape.shape);
    assert!(z.len() == tape.paths * tape.dates * inputs && g.len() == tape.paths * tape.dates * outputs);
    for tile in 0..tape.tiles::<T>() {
        let (from_z, from_g) = tape.pair(memory, layer, tile);
        for i in 0..tape.count::<T>(tile) {
            for t in 0..tape.dates {
                let at = (tile * row + i) * tape.dates + t;
                for (k, out) in z[at * inputs..][..inputs].iter_mut().enumerate() {
                    *out = from_z.date(t)[k * row + i];
                }
                for (k, out) in g[at * outputs..][..outputs].iter_mut().enumerate() {
                    *out = from_g.date(t)[k * row + i];
                }
            }
        }
    }
}
