//! The closed hedging loop with an LSTM policy, forward and through time back, in tiles of paths: all dates of a tile
//! before the next tile, SIMD over paths, arrays [date][unit][path]. Conventions: `docs/math.md`, Hedging.
//!
//! A tile's border depends on the scalar type alone, and sums over tiles are combined in an order that the number of
//! tiles fixes: no bit depends on the number of threads.

mod backward;
mod contract;
mod directional;
mod forward;
mod prepare;
mod statistics;
mod sweep;
mod tape;
mod temporal;
#[cfg(test)]
mod tests;
mod weights;

pub use directional::jvp;
pub use prepare::{Task, prepare};
pub use statistics::{capture, factors, gradient, head_block};
pub use temporal::{Lags, lag_factors, reduced_factors};
pub use sweep::{Outcome, linearize, rollout};
pub use tape::Tape;

use crate::pool;
use crate::simd::{Real, Vector};

/// Bytes of a row of a tile: 64 paths of f32, 32 of f64.
const ROW_BYTES: usize = 256;

/// Paths of a tile.
pub const fn tile_paths<T>() -> usize {
    ROW_BYTES / size_of::<T>()
}

/// Vectors of a row that share a register block: 4 where a row is 4 vectors long (AVX-512), else 2.
const fn is_wide<V: Vector>() -> bool {
    V::LANES * size_of::<V::Scalar>() * 4 == ROW_BYTES
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Squash {
    Tanh,
    Logistic,
    Identity,
}

/// The policy: ã = [static features; 2δ − 1; h; 1], gates i, f, g, o, position = squash(head).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub features: usize,
    pub hidden: usize,
    pub squash: Squash,
}

impl Shape {
    /// Rows of the gate matrix.
    pub fn inputs(&self) -> usize {
        self.features + self.hidden + 2
    }

    /// Columns of the gate matrix.
    pub fn gates(&self) -> usize {
        4 * self.hidden
    }

    /// Length of θ.
    pub fn parameters(&self) -> usize {
        self.inputs() * self.gates() + self.hidden + 1
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    Gates,
    Head,
}

impl Layer {
    /// Inputs and outputs of the layer's weight matrix.
    pub fn size(self, shape: &Shape) -> (usize, usize) {
        match self {
            Layer::Gates => (shape.inputs(), shape.gates()),
            Layer::Head => (shape.hidden + 1, 1),
        }
    }
}

/// A prepared batch; matrices are row-major with a row of `paths` numbers.
#[derive(Clone, Copy)]
pub struct Batch<'a, T> {
    pub paths: usize,
    pub dates: usize,
    /// [dates·features].
    pub features: &'a [T],
    /// [dates].
    pub gains: &'a [T],
    /// [dates + 1].
    pub costs: &'a [T],
    pub base: &'a [f64],
}

/// Lends scratch memory of this thread as `len` numbers of T that begin on a cache line.
fn with_scratch<T: Real, R>(len: usize, work: impl FnOnce(&mut [T]) -> R) -> R {
    const { assert!(align_of::<T>() <= align_of::<f64>() && 8 % size_of::<T>() == 0) };
    pool::with_scratch((len * size_of::<T>()).div_ceil(8) + LINE / 8, |buffer| {
        // SAFETY: any bits are a T, whose size divides that of f64 and whose alignment is no larger.
        let all = unsafe {
            std::slice::from_raw_parts_mut(buffer.as_mut_ptr().cast::<T>(), buffer.len() * 8 / size_of::<T>())
        };
        let skip = line_offset(all);
        work(&mut all[skip..skip + len])
    })
}

/// Bytes of a cache line.
const LINE: usize = 64;

/// Elements before the first one on a cache line.
fn line_offset<T>(memory: &[T]) -> usize {
    (memory.as_ptr() as usize).wrapping_neg() % LINE / size_of::<T>()
}

/// Copies `row` into a tile's row, zeros behind it.
fn fill_row<T: Real>(row: &[T], out: &mut [T]) {
    out[..row.len()].copy_from_slice(row);
    out[row.len()..].fill(T::ZERO);
}
