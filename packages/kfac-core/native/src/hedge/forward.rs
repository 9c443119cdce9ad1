//! One date of a tile forward.
#![allow(clippy::needless_range_loop)] // register blocks and rows are read by their indices

use super::weights::Weights;
use super::{Shape, Squash, is_wide, tile_paths};
use crate::simd::{Real, Vector, like};

/// Memory of one date; every pointer is a row-by-row array of a tile's paths.
pub struct Date<T> {
    /// ã of this date [inputs].
    pub input: *const T,
    /// Where the new recurrent state goes [H].
    pub hidden: *mut T,
    /// c before and after [H]; may be the same memory.
    pub cell_before: *const T,
    pub cell: *mut T,
    /// With KEEP: the gates i, f, g, o after their nonlinearities [4H], and tanh c [H].
    pub gates: *mut T,
    pub tanh_cell: *mut T,
    /// The position [1 row].
    pub position: *mut T,
}

/// # Safety
/// In a kernel of V's level; the pointers are as `Date` says.
#[inline(always)]
pub unsafe fn forward<V: Vector, const KEEP: bool>(
    shape: &Shape,
    weights: &Weights<V::Scalar>,
    date: &Date<V::Scalar>,
) {
    // SAFETY: the caller's.
    unsafe {
        if is_wide::<V>() {
            block::<V, KEEP, 4>(shape, weights, date);
        } else {
            block::<V, KEEP, 2>(shape, weights, date);
        }
    }
}

/// N vectors of paths at a time: four gates × N accumulators, the nonlinearities on the registers.
///
/// # Safety
/// As `forward`.
#[inline(always)]
unsafe fn block<V: Vector, const KEEP: bool, const N: usize>(
    shape: &Shape,
    weights: &Weights<V::Scalar>,
    date: &Date<V::Scalar>,
) {
    let row = tile_paths::<V::Scalar>();
    let (h, inputs) = (shape.hidden, shape.inputs());
    for p in (0..row).step_by(N * V::LANES) {
        // SAFETY: rows are `row` long and p + N·LANES ≤ row; weights are as packed.
        unsafe {
            let at = |unit: usize, v: usize| unit * row + p + v * V::LANES;
            let mut u = [V::splat(*weights.head.get_unchecked(h)); N];
            for j in 0..h {
                let w = weights.forward.as_ptr().add(j * inputs * 4);
                let bias = w.add((inputs - 1) * 4);
                let mut s: [[V; N]; 4] = [
                    [V::splat(*bias); N],
                    [V::splat(*bias.add(1)); N],
                    [V::splat(*bias.add(2)); N],
                    [V::splat(*bias.add(3)); N],
                ];
                for k in 0..inputs - 1 {
                    let mut x = [u[0]; N];
                    for v in 0..N {
                        x[v] = V::load(date.input.add(at(k, v)));
                    }
                    for gate in 0..4 {
                        let weight = V::splat(*w.add(k * 4 + gate));
                        for v in 0..N {
                            s[gate][v] = x[v].mul_add(weight, s[gate][v]);
                        }
                    }
                }
                // A copy for the loop below, which LLVM does not unroll: the sums themselves must stay in registers.
                let mut done = [[u[0]; N]; 4];
                for gate in 0..4 {
                    for v in 0..N {
                        done[gate][v] = s[gate][v];
                    }
                }
                let head = V::splat(*weights.head.get_unchecked(j));
                for v in 0..N {
                    let (i, f, g, o) = (
                        done[0][v].logistic(),
                        done[1][v].logistic(),
                        done[2][v].tanh(),
                        done[3][v].logistic(),
                    );
                    let cell = f.mul_add(V::load(date.cell_before.add(at(j, v))), i * g);
                    let tanh_cell = cell.tanh();
                    let hidden = o * tanh_cell;
                    cell.store(date.cell.add(at(j, v)));
                    hidden.store(date.hidden.add(at(j, v)));
                    if KEEP {
                        i.store(date.gates.add(at(j, v)));
                        f.store(date.gates.add(at(h + j, v)));
                        g.store(date.gates.add(at(2 * h + j, v)));
                        o.store(date.gates.add(at(3 * h + j, v)));
                        tanh_cell.store(date.tanh_cell.add(at(j, v)));
                    }
                    u[v] = hidden.mul_add(head, u[v]);
                }
            }
            for (v, &u) in u.iter().enumerate() {
                squash(shape.squash, u).store(date.position.add(at(0, v)));
            }
        }
    }
}

#[inline(always)]
fn squash<V: Vector>(kind: Squash, u: V) -> V {
    match kind {
        Squash::Tanh => u.tanh(),
        Squash::Logistic => u.logistic(),
        Squash::Identity => u,
    }
}

/// ∂position/∂u, from the position.
#[inline(always)]
pub fn squash_slope<V: Vector>(kind: Squash, position: V) -> V {
    let one = like(position, V::Scalar::ONE);
    match kind {
        Squash::Tanh => position.neg_mul_add(position, one),
        Squash::Logistic => position * (one - position),
        Squash::Identity => one,
    }
}
