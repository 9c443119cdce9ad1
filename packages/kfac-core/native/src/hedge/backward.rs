//! One date of a tile back, and the product with transposed weights that carries errors to the date before.
#![allow(clippy::needless_range_loop)] // register blocks and rows are read by their indices

use super::forward::squash_slope;
use super::weights::{PANEL, Weights};
use super::{Shape, is_wide, tile_paths};
use crate::simd::{Real, Vector, like};

/// Memory of one date; every pointer is a row-by-row array of a tile's paths.
pub struct Date<T> {
    /// Gates after their nonlinearities in, errors of their pre-activations out [4H].
    pub gates: *mut T,
    pub tanh_cell: *const T,
    pub cell_before: *const T,
    /// Errors that come from the date after, replaced by what goes to the date before: row 0 that of the position
    /// feature, then those of the recurrent state [1 + H]; those of the cell [H].
    pub carried: *mut T,
    pub cell_error: *mut T,
    /// ∂x/∂(head pre-activation) out [1 row].
    pub head_error: *mut T,
    /// Positions at the dates before, now, after (0 outside the horizon) [1 row each].
    pub position_before: *const T,
    pub position: *const T,
    pub position_after: *const T,
    /// Gain, cost of this date's trade, cost of the next one's [1 row each].
    pub gain: *const T,
    pub cost: *const T,
    pub cost_after: *const T,
}

/// # Safety
/// In a kernel of V's level; the pointers are as `Date` says.
#[inline(always)]
pub unsafe fn backward<V: Vector>(
    shape: &Shape,
    weights: &Weights<V::Scalar>,
    date: &Date<V::Scalar>,
) {
    let row = tile_paths::<V::Scalar>();
    let h = shape.hidden;
    // SAFETY: rows are `row` long, a multiple of the lanes.
    unsafe {
        for p in (0..row).step_by(V::LANES) {
            let now = V::load(date.position.add(p));
            let two = like(now, V::Scalar::ONE + V::Scalar::ONE);
            let charged =
                V::load(date.cost.add(p)) * sign(now - V::load(date.position_before.add(p)));
            let charged_after =
                V::load(date.cost_after.add(p)) * sign(V::load(date.position_after.add(p)) - now);
            let direct = V::load(date.gain.add(p)) - charged + charged_after;
            let error =
                V::load(date.carried.add(p)).mul_add(two, direct) * squash_slope(shape.squash, now);
            error.store(date.head_error.add(p));
        }
        for j in 0..h {
            let head = V::splat(*weights.head.get_unchecked(j));
            for p in (0..row).step_by(V::LANES) {
                let at = |unit: usize| unit * row + p;
                let gate = |k: usize| V::load(date.gates.add(at(k * h + j)));
                let (i, f, g, o) = (gate(0), gate(1), gate(2), gate(3));
                let tanh_cell = V::load(date.tanh_cell.add(at(j)));
                let one = like(i, V::Scalar::ONE);
                let hidden = V::load(date.head_error.add(p))
                    .mul_add(head, V::load(date.carried.add(at(1 + j))));
                let through = hidden * o;
                let cell = tanh_cell
                    .neg_mul_add(tanh_cell, one)
                    .mul_add(through, V::load(date.cell_error.add(at(j))));
                (cell * f).store(date.cell_error.add(at(j)));
                (cell * g * i * (one - i)).store(date.gates.add(at(j)));
                (cell * V::load(date.cell_before.add(at(j))) * f * (one - f))
                    .store(date.gates.add(at(h + j)));
                (cell * i * g.neg_mul_add(g, one)).store(date.gates.add(at(2 * h + j)));
                (through * tanh_cell * (one - o)).store(date.gates.add(at(3 * h + j)));
            }
        }
        rows_times::<V>(
            weights.backward,
            h + 1,
            4 * h,
            date.gates,
            &mut |r, p, value: V| {
                value.store(date.carried.add(r * row + p));
            },
        );
    }
}

/// −1, 0 or 1.
#[inline(always)]
fn sign<V: Vector>(x: V) -> V {
    let (zero, one) = (like(x, V::Scalar::ZERO), like(x, V::Scalar::ONE));
    V::select(zero.lt(x), one, V::select(x.lt(zero), -one, zero))
}

/// Σ_m matrix[r][m]·g[m] for every row r of a matrix packed by `pack_rows`, one vector of paths after the other, handed
/// to `consume(r, first path, value)`. g [cols] rows of a tile's paths.
///
/// # Safety
/// In a kernel of V's level; `packed` holds rows·cols numbers, g its rows.
#[inline(always)]
pub unsafe fn rows_times<V: Vector>(
    packed: &[V::Scalar],
    rows: usize,
    cols: usize,
    g: *const V::Scalar,
    consume: &mut impl FnMut(usize, usize, V),
) {
    debug_assert!(packed.len() == rows * cols);
    for first in (0..rows).step_by(PANEL) {
        // SAFETY: the caller's; panels lie one behind the other.
        unsafe {
            let panel = packed.as_ptr().add(first * cols);
            match PANEL.min(rows - first) {
                6 => panel_times::<V, 6>(panel, first, cols, g, consume),
                5 => panel_times::<V, 5>(panel, first, cols, g, consume),
                4 => panel_times::<V, 4>(panel, first, cols, g, consume),
                3 => panel_times::<V, 3>(panel, first, cols, g, consume),
                2 => panel_times::<V, 2>(panel, first, cols, g, consume),
                _ => panel_times::<V, 1>(panel, first, cols, g, consume),
            }
        }
    }
}

/// # Safety
/// As `rows_times`; `panel` has R rows.
#[inline(always)]
unsafe fn panel_times<V: Vector, const R: usize>(
    panel: *const V::Scalar,
    first: usize,
    cols: usize,
    g: *const V::Scalar,
    consume: &mut impl FnMut(usize, usize, V),
) {
    // SAFETY: the caller's.
    unsafe {
        if is_wide::<V>() {
            panel_block::<V, R, 4>(panel, first, cols, g, consume);
        } else {
            panel_block::<V, R, 2>(panel, first, cols, g, consume);
        }
    }
}

/// # Safety
/// As `panel_times`.
#[inline(always)]
unsafe fn panel_block<V: Vector, const R: usize, const N: usize>(
    panel: *const V::Scalar,
    first: usize,
    cols: usize,
    g: *const V::Scalar,
    consume: &mut impl FnMut(usize, usize, V),
) {
    let row = tile_paths::<V::Scalar>();
    for p in (0..row).step_by(N * V::LANES) {
        // SAFETY: the caller's.
        unsafe {
            let mut sum = [[V::splat(V::Scalar::ZERO); N]; R];
            for m in 0..cols {
                let mut x = [sum[0][0]; N];
                for v in 0..N {
                    x[v] = V::load(g.add(m * row + p + v * V::LANES));
                }
                for r in 0..R {
                    let weight = V::splat(*panel.add(m * R + r));
                    for v in 0..N {
                        sum[r][v] = x[v].mul_add(weight, sum[r][v]);
                    }
                }
            }
            for r in 0..R {
                for v in 0..N {
                    consume(first + r, p + v * V::LANES, sum[r][v]);
                }
            }
        }
    }
}
