//! J·D for several directions in one pass over a tape. The Jacobian of a path, Σ_t z_t·g_tᵀ, is formed block by block in
//! registers and multiplied with the directions there: n directions cost hardly more than one.
#![allow(clippy::needless_range_loop)] // register blocks are read by their indices

use super::tape::{Panel, Tape};
use super::weights::PANEL;
use super::{Layer, is_wide, tile_paths, with_scratch};
use crate::pool::{self, Disjoint};
use crate::simd::{self, Kernel, Level, Real, SimdLevel, Vector};

/// Bytes of the operands of a block's paths, which should stay in L2.
const CHUNK_BYTES: usize = 1 << 19;

/// out[k·paths + i] += ⟨J_i, V_k⟩ of one layer for the directions V_k [in·out] and the paths of the tiles 0, stride, 2·stride …
pub fn jvp<T: Real>(
    tape: &Tape,
    memory: &[T],
    layer: Layer,
    directions: &[&[f64]],
    stride: usize,
    out: &mut [f64],
) {
    jvp_at(simd::level(), tape, memory, layer, directions, stride, out);
}

pub(super) fn jvp_at<T: Real>(
    level: SimdLevel,
    tape: &Tape,
    memory: &[T],
    layer: Layer,
    directions: &[&[f64]],
    stride: usize,
    out: &mut [f64],
) {
    let (inputs, outputs) = layer.size(&tape.shape);
    let len = inputs * outputs;
    assert!(
        stride > 0
            && out.len() == directions.len() * tape.paths
            && directions.iter().all(|d| d.len() == len)
    );
    if directions.is_empty() {
        return;
    }
    let row = tile_paths::<T>();
    let out = Disjoint::new(out);
    with_scratch::<T, _>(directions.len() * len, |matrices| {
        for (matrix, direction) in matrices.chunks_exact_mut(len).zip(directions) {
            matrix
                .iter_mut()
                .zip(*direction)
                .for_each(|(x, &v)| *x = T::from_f64(v));
        }
        let matrices = &*matrices;
        pool::for_each_block(tape.tiles::<T>().div_ceil(stride), |index| {
            let tile = index * stride;
            let count = tape.count::<T>(tile);
            pool::with_scratch(directions.len() * row, |sums| {
                sums.fill(0.0);
                let (z, g) = tape.pair(memory, layer, tile);
                with_scratch::<T, _>(directions.len() * row, |partial| {
                    simd::dispatch_at(
                        level,
                        Directional {
                            z,
                            g,
                            dates: tape.dates,
                            matrices,
                            sums,
                            partial,
                        },
                    );
                });
                for (k, sums) in sums.chunks_exact(row).enumerate() {
                    let at = k * tape.paths + tile * row;
                    // SAFETY: tiles partition the paths.
                    let out = unsafe { out.range(at, at + count) };
                    for (out, sum) in out.iter_mut().zip(sums) {
                        *out += sum;
                    }
                }
            });
        });
    });
}

/// One tile.
struct Directional<'a, T> {
    z: Panel<'a, T>,
    g: Panel<'a, T>,
    dates: usize,
    /// The directions, [in × out] each.
    matrices: &'a [T],
    /// A row per direction.
    sums: &'a mut [f64],
    /// A row per direction.
    partial: &'a mut [T],
}

impl<T: Real> Kernel for Directional<'_, T> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        // SAFETY: the level is live.
        unsafe {
            if is_wide::<T::Vector<L>>() {
                self.with::<T::Vector<L>, 2>();
            } else {
                self.with::<T::Vector<L>, 1>();
            }
        }
    }
}

impl<T: Real> Directional<'_, T> {
    /// # Safety
    /// In a kernel of V's level.
    #[inline(always)]
    unsafe fn with<V: Vector<Scalar = T>, const N: usize>(mut self) {
        let row = tile_paths::<T>();
        let (inputs, outputs) = (self.z.rows, self.g.rows);
        let paths = N * V::LANES;
        let most = (CHUNK_BYTES / ((inputs + outputs) * paths * size_of::<T>())).max(1);
        let chunk = self.dates.div_ceil(self.dates.div_ceil(most).max(1)).max(1);
        for t in (0..self.dates).step_by(chunk) {
            let count = chunk.min(self.dates - t);
            for p in (0..row).step_by(paths) {
                for r in (0..inputs).step_by(PANEL) {
                    self.partial.fill(T::ZERO);
                    // SAFETY: the caller's; rows r … r + height − 1 exist.
                    unsafe {
                        match PANEL.min(inputs - r) {
                            6 => self.panel::<V, 6, N>(t, count, p, r),
                            5 => self.panel::<V, 5, N>(t, count, p, r),
                            4 => self.panel::<V, 4, N>(t, count, p, r),
                            3 => self.panel::<V, 3, N>(t, count, p, r),
                            2 => self.panel::<V, 2, N>(t, count, p, r),
                            _ => self.panel::<V, 1, N>(t, count, p, r),
                        }
                    }
                    for (sums, partial) in self
                        .sums
                        .chunks_exact_mut(row)
                        .zip(self.partial.chunks_exact(row))
                    {
                        for (sum, partial) in sums[p..p + paths].iter_mut().zip(partial) {
                            *sum += partial.to_f64();
                        }
                    }
                }
            }
        }
    }

    /// Rows r … r + R − 1 of the Jacobian of the paths from p on, all columns.
    ///
    /// # Safety
    /// In a kernel of V's level; the rows, `count` dates from t on and N vectors of paths from p on exist.
    #[inline(always)]
    unsafe fn panel<V: Vector<Scalar = T>, const R: usize, const N: usize>(
        &mut self,
        t: usize,
        count: usize,
        p: usize,
        r: usize,
    ) {
        let outputs = self.g.rows;
        // SAFETY: the caller's; columns stay below `outputs`.
        unsafe {
            for c in (0..outputs / 2 * 2).step_by(2) {
                self.block::<V, R, 2, N>(t, count, p, r, c);
            }
            if outputs % 2 == 1 {
                self.block::<V, R, 1, N>(t, count, p, r, outputs - 1);
            }
        }
    }

    /// # Safety
    /// As `panel`; columns c … c + C − 1 exist.
    #[inline(always)]
    unsafe fn block<V: Vector<Scalar = T>, const R: usize, const C: usize, const N: usize>(
        &mut self,
        t: usize,
        count: usize,
        p: usize,
        r: usize,
        c: usize,
    ) {
        let row = tile_paths::<T>();
        let (inputs, outputs) = (self.z.rows, self.g.rows);
        // SAFETY: the caller's.
        unsafe {
            let zero = V::splat(T::ZERO);
            let mut jacobian = [[[zero; N]; C]; R];
            let mut left = self.z.date(t).as_ptr().add(r * row + p);
            let mut right = self.g.date(t).as_ptr().add(c * row + p);
            for _ in 0..count {
                let mut y = [[zero; N]; C];
                for j in 0..C {
                    for v in 0..N {
                        y[j][v] = V::load(right.add(j * row + v * V::LANES));
                    }
                }
                for i in 0..R {
                    for v in 0..N {
                        let x = V::load(left.add(i * row + v * V::LANES));
                        for j in 0..C {
                            jacobian[i][j][v] = x.mul_add(y[j][v], jacobian[i][j][v]);
                        }
                    }
                }
                left = left.wrapping_add(self.z.stride);
                right = right.wrapping_add(self.g.stride);
            }
            for (matrix, partial) in self
                .matrices
                .chunks_exact(inputs * outputs)
                .zip(self.partial.chunks_exact_mut(row))
            {
                let mut sums = [[zero; N]; C];
                for i in 0..R {
                    for j in 0..C {
                        let weight = V::splat(*matrix.get_unchecked((r + i) * outputs + c + j));
                        for v in 0..N {
                            sums[j][v] = jacobian[i][j][v].mul_add(weight, sums[j][v]);
                        }
                    }
                }
                for v in 0..N {
                    let at = partial.as_mut_ptr().add(v * V::LANES);
                    let mut sum = V::load(at);
                    for j in 0..C {
                        sum = sum + sums[j][v];
                    }
                    sum.store(at);
                }
            }
        }
    }
}
