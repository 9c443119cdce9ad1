//! Passes over the rows of a matrix whose rows are whole blocks: four rows at a time share the loads of the vectors.

use std::ops::Range;

use super::reduce::BLOCK;
use crate::simd::{Level, Vector};

/// A rank-two update that is still to be applied: A ← A − u·yᵀ − x·vᵀ. Vectors are as long as a padded row.
#[derive(Clone, Copy)]
pub struct Pending<'a> {
    pub u: &'a [f64],
    pub y: &'a [f64],
    pub x: &'a [f64],
    pub v: &'a [f64],
}

const ROWS: usize = 4;

/// Updates the leading m × m part of a symmetric matrix, of which the blocks on and below the diagonal are kept, and
/// forms p ← A·v [m] with the result; v is zero from m on.
/// # Safety
/// The level is live; `a` has m rows of `stride` numbers, a multiple of BLOCK, as have the vectors.
#[inline(always)]
pub unsafe fn symmetric_update<L: Level>(
    m: usize,
    stride: usize,
    a: &mut [f64],
    pending: Pending<'_>,
    v: &[f64],
    p: &mut [f64],
) {
    p.fill(0.0);
    for block in (0..m).step_by(BLOCK) {
        for first in (block..m.min(block + BLOCK)).step_by(ROWS) {
            // SAFETY: rows first … first + height − 1 lie below m.
            unsafe {
                match ROWS.min(m - first) {
                    4 => {
                        symmetric_rows::<L, 4>(first, block, stride, a.as_mut_ptr(), pending, v, p)
                    }
                    3 => {
                        symmetric_rows::<L, 3>(first, block, stride, a.as_mut_ptr(), pending, v, p)
                    }
                    2 => {
                        symmetric_rows::<L, 2>(first, block, stride, a.as_mut_ptr(), pending, v, p)
                    }
                    _ => {
                        symmetric_rows::<L, 1>(first, block, stride, a.as_mut_ptr(), pending, v, p)
                    }
                }
            }
        }
    }
}

/// # Safety
/// As `symmetric_update`; the R rows from `first` on lie in the block of rows that begins at `block`.
#[inline(always)]
unsafe fn symmetric_rows<L: Level, const R: usize>(
    first: usize,
    block: usize,
    stride: usize,
    a: *mut f64,
    pending: Pending<'_>,
    v: &[f64],
    p: &mut [f64],
) {
    let lanes = L::F64::LANES;
    // SAFETY: columns stay below block + BLOCK ≤ stride.
    unsafe {
        let zero = L::F64::splat(0.0);
        let mut sums = [zero; R];
        let (mut us, mut xs, mut vs) = ([zero; R], [zero; R], [zero; R]);
        for r in 0..R {
            us[r] = L::F64::splat(pending.u[first + r]);
            xs[r] = L::F64::splat(pending.x[first + r]);
            vs[r] = L::F64::splat(v[first + r]);
        }
        for j in (0..block + BLOCK).step_by(lanes) {
            let y = L::F64::load(pending.y.as_ptr().add(j));
            let across = L::F64::load(pending.v.as_ptr().add(j));
            let direction = L::F64::load(v.as_ptr().add(j));
            let below = j < block;
            let mut product = L::F64::load(p.as_ptr().add(j));
            for r in 0..R {
                let at = a.add((first + r) * stride + j);
                let entry = xs[r].neg_mul_add(across, us[r].neg_mul_add(y, L::F64::load(at)));
                entry.store(at);
                sums[r] = entry.mul_add(direction, sums[r]);
                if below {
                    product = entry.mul_add(vs[r], product);
                }
            }
            if below {
                product.store(p.as_mut_ptr().add(j));
            }
        }
        for r in 0..R {
            p[first + r] += sums[r].sum();
        }
    }
}

/// Updates the given rows from column `from` on and forms z_j ← Σ_i w_i·a_ij with the result; columns before `from` in
/// its block hold nothing of use, before or after.
/// # Safety
/// The level is live; `a` has rows of `stride` numbers, a multiple of BLOCK, as have the vectors.
#[inline(always)]
pub unsafe fn general_update<L: Level>(
    rows: Range<usize>,
    from: usize,
    stride: usize,
    a: &mut [f64],
    pending: Pending<'_>,
    w: &[f64],
    z: &mut [f64],
) {
    let start = from / BLOCK * BLOCK;
    z.fill(0.0);
    for first in rows.clone().step_by(ROWS) {
        // SAFETY: rows first … first + height − 1 lie below rows.end.
        unsafe {
            match ROWS.min(rows.end - first) {
                4 => general_rows::<L, 4>(first, start, stride, a.as_mut_ptr(), pending, w, z),
                3 => general_rows::<L, 3>(first, start, stride, a.as_mut_ptr(), pending, w, z),
                2 => general_rows::<L, 2>(first, start, stride, a.as_mut_ptr(), pending, w, z),
                _ => general_rows::<L, 1>(first, start, stride, a.as_mut_ptr(), pending, w, z),
            }
        }
    }
}

/// # Safety
/// As `general_update`, for R rows from `first` on and columns from `start`, a multiple of BLOCK.
#[inline(always)]
unsafe fn general_rows<L: Level, const R: usize>(
    first: usize,
    start: usize,
    stride: usize,
    a: *mut f64,
    pending: Pending<'_>,
    w: &[f64],
    z: &mut [f64],
) {
    // SAFETY: columns stay below stride.
    unsafe {
        let zero = L::F64::splat(0.0);
        let (mut us, mut xs, mut ws) = ([zero; R], [zero; R], [zero; R]);
        for r in 0..R {
            us[r] = L::F64::splat(pending.u[first + r]);
            xs[r] = L::F64::splat(pending.x[first + r]);
            ws[r] = L::F64::splat(w[first + r]);
        }
        for j in (start..stride).step_by(L::F64::LANES) {
            let y = L::F64::load(pending.y.as_ptr().add(j));
            let v = L::F64::load(pending.v.as_ptr().add(j));
            let mut sum = L::F64::load(z.as_ptr().add(j));
            for r in 0..R {
                let at = a.add((first + r) * stride + j);
                let entry = xs[r].neg_mul_add(v, us[r].neg_mul_add(y, L::F64::load(at)));
                entry.store(at);
                sum = entry.mul_add(ws[r], sum);
            }
            sum.store(z.as_mut_ptr().add(j));
        }
    }
}

/// out_i ← Σ_j a_ij·v_j for the given rows; v is zero before column `from`.
/// # Safety
/// As `general_update`.
#[inline(always)]
pub unsafe fn dots<L: Level>(
    rows: Range<usize>,
    from: usize,
    stride: usize,
    a: &[f64],
    v: &[f64],
    out: &mut [f64],
) {
    let start = from / BLOCK * BLOCK;
    for first in rows.clone().step_by(ROWS) {
        let height = ROWS.min(rows.end - first);
        // SAFETY: columns stay below stride; rows past the last repeat it.
        unsafe {
            let mut sums = [L::F64::splat(0.0); ROWS];
            for j in (start..stride).step_by(L::F64::LANES) {
                let direction = L::F64::load(v.as_ptr().add(j));
                for (r, sum) in sums.iter_mut().enumerate() {
                    let at = a.as_ptr().add((first + r.min(height - 1)) * stride + j);
                    *sum = L::F64::load(at).mul_add(direction, *sum);
                }
            }
            for r in 0..height {
                out[first + r] = sums[r].sum();
            }
        }
    }
}
