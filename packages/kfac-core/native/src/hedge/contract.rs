//! Sums of products over dates and paths, Σ_{t,p} w_p·L[t][r][p]·R[t][c][p]: the gradient, A and G.
#![allow(clippy::needless_range_loop)] // register blocks and rows are read by their indices

use super::tape::Panel;
use super::{is_wide, tile_paths};
use super::weights::PANEL;
use crate::simd::{Kernel, Level, Real, Vector};

/// Bytes of the operands of one chunk of dates, which should stay in L2.
const CHUNK_BYTES: usize = 1 << 18;
/// Terms that a lane adds up in T before its sum goes on in f64.
const TERMS: usize = 512;

/// out [left.rows × right.rows] += the sums of one tile; with `triangle` only the columns up to the row's number.
pub struct Contraction<'a, T> {
    pub left: Panel<'a, T>,
    pub right: Panel<'a, T>,
    pub dates: usize,
    /// One weight per path of the tile [1 row].
    pub weights: &'a [T],
    pub triangle: bool,
    pub out: &'a mut [f64],
    /// As many numbers as `scratch_len` says.
    pub scratch: &'a mut [T],
}

fn chunk_dates<T>(rows: usize, cols: usize, dates: usize) -> usize {
    (CHUNK_BYTES / ((rows + cols) * tile_paths::<T>() * size_of::<T>())).clamp(1, dates.max(1))
}

/// The scaled left operand of a chunk, and one vector (at most a quarter of a row) per result.
pub fn scratch_len<T>(rows: usize, cols: usize, dates: usize) -> usize {
    (chunk_dates::<T>(rows, cols, dates) * rows + (rows * cols).div_ceil(4)) * tile_paths::<T>()
}

impl<T: Real> Kernel for Contraction<'_, T> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        // SAFETY: the level is live.
        unsafe { self.with::<T::Vector<L>>() }
    }
}

impl<T: Real> Contraction<'_, T> {
    /// # Safety
    /// In a kernel of V's level.
    #[inline(always)]
    unsafe fn with<V: Vector<Scalar = T>>(self) {
        let Self { left, right, dates, weights, triangle, out, scratch } = self;
        let row = tile_paths::<T>();
        let (rows, cols) = (left.rows, right.rows);
        assert!(out.len() == rows * cols && weights.len() == row && scratch.len() >= scratch_len::<T>(rows, cols, dates));
        let chunk = chunk_dates::<T>(rows, cols, dates);
        let (scaled, sums) = scratch.split_at_mut(chunk * rows * row);
        let mut terms = 0;
        let mut t = 0;
        while t < dates {
            let count = chunk.min(dates - t);
            for d in 0..count {
                let from = left.date(t + d);
                for (source, target) in from.chunks_exact(row).zip(scaled[d * rows * row..].chunks_exact_mut(row)) {
                    for ((target, &x), &w) in target.iter_mut().zip(source).zip(weights) {
                        *target = x * w;
                    }
                }
            }
            let from_right = right.date(t);
            assert!(t + count <= dates && from_right.len() == cols * row);
            let operands = Operands {
                left: scaled.as_ptr(),
                left_stride: rows * row,
                right: from_right.as_ptr(),
                right_stride: right.stride,
                dates: count,
                fresh: terms == 0,
                sums: sums.as_mut_ptr(),
                cols,
            };
            // SAFETY: `right.date(t + count − 1)` exists; rows and sums have the lengths asserted above.
            unsafe { operands.all::<V>(rows, triangle) };
            terms += count * (row / V::LANES);
            t += count;
            if t == dates || terms + count * (row / V::LANES) > TERMS {
                terms = 0;
                for r in 0..rows {
                    for c in 0..if triangle { r + 1 } else { cols } {
                        // SAFETY: one vector per result.
                        let sum = unsafe { V::load(sums.as_ptr().add((r * cols + c) * V::LANES)) };
                        out[r * cols + c] += sum.sum().to_f64();
                    }
                }
            }
        }
    }
}

struct Operands<T> {
    left: *const T,
    left_stride: usize,
    right: *const T,
    right_stride: usize,
    dates: usize,
    /// Sums begin at zero.
    fresh: bool,
    sums: *mut T,
    cols: usize,
}

impl<T: Real> Operands<T> {
    /// # Safety
    /// In a kernel of V's level; the pointers hold `dates` dates, and a vector per result.
    #[inline(always)]
    unsafe fn all<V: Vector<Scalar = T>>(&self, rows: usize, triangle: bool) {
        for r in (0..rows).step_by(PANEL) {
            let height = PANEL.min(rows - r);
            let cols = if triangle { self.cols.min(r + height) } else { self.cols };
            // Four columns where there are 32 registers, else two.
            let width = if is_wide::<V>() { 4 } else { 2 };
            let mut c = 0;
            while c < cols {
                // SAFETY: the caller's; r + height ≤ rows, c + width ≤ cols.
                unsafe {
                    match width.min(cols - c) {
                        4 => self.panel::<V, 4>(height, r, c),
                        3 => self.panel::<V, 3>(height, r, c),
                        2 => self.panel::<V, 2>(height, r, c),
                        _ => self.panel::<V, 1>(height, r, c),
                    }
                }
                c += width;
            }
        }
    }

    /// # Safety
    /// As `all`; `height` rows from r on, at most PANEL, and columns c … c + C − 1 exist.
    #[inline(always)]
    unsafe fn panel<V: Vector<Scalar = T>, const C: usize>(&self, height: usize, r: usize, c: usize) {
        // SAFETY: the caller's.
        unsafe {
            match height {
                6 => self.block::<V, 6, C>(r, c),
                5 => self.block::<V, 5, C>(r, c),
                4 => self.block::<V, 4, C>(r, c),
                3 => self.block::<V, 3, C>(r, c),
                2 => self.block::<V, 2, C>(r, c),
                _ => self.block::<V, 1, C>(r, c),
            }
        }
    }

    /// # Safety
    /// As `all`; rows r … r + R − 1 and columns c … c + C − 1 exist.
    #[inline(always)]
    unsafe fn block<V: Vector<Scalar = T>, const R: usize, const C: usize>(&self, r: usize, c: usize) {
        let row = tile_paths::<T>();
        // SAFETY: the caller's.
        unsafe {
            let at = |i: usize, j: usize| self.sums.add(((r + i) * self.cols + c + j) * V::LANES);
            let mut sum = [[V::splat(T::ZERO); C]; R];
            if !self.fresh {
                for i in 0..R {
                    for j in 0..C {
                        sum[i][j] = V::load(at(i, j));
                    }
                }
            }
            for d in 0..self.dates {
                let left = self.left.add(d * self.left_stride + r * row);
                let right = self.right.add(d * self.right_stride + c * row);
                for p in (0..row).step_by(V::LANES) {
                    let mut y = [sum[0][0]; C];
                    for j in 0..C {
                        y[j] = V::load(right.add(j * row + p));
                    }
                    for i in 0..R {
                        let x = V::load(left.add(i * row + p));
                        for j in 0..C {
                            sum[i][j] = x.mul_add(y[j], sum[i][j]);
                        }
                    }
                }
            }
            for i in 0..R {
                for j in 0..C {
                    sum[i][j].store(at(i, j));
                }
            }
        }
    }
}
