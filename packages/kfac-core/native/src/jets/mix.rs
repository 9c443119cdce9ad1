//! The end of a residual block, for one point: h = η·h_new + (1 − η)·h_old in every channel, SIMD over units.

use super::rows::Rows;
use crate::simd::{Real, Vector};

/// η, and the rows of h_new and h_old.
#[derive(Clone, Copy)]
pub struct Mixed<T> {
    pub eta: T,
    pub new: Rows<*const T>,
    pub old: Rows<*const T>,
}

/// h for `width` units into S rows of width + 1 numbers, the trailing column 1, 0 … 0.
///
/// # Safety
/// In a kernel of V's level; the rows exist, and `out` is none of the others.
#[inline(always)]
pub unsafe fn forward<V: Vector>(
    channels: usize,
    width: usize,
    mixed: Mixed<V::Scalar>,
    out: *mut V::Scalar,
) {
    let rows = Rows {
        start: out,
        stride: width + 1,
    };
    // SAFETY: columns j … j + min(LANES, width − j) of the rows.
    unsafe {
        let mut j = 0;
        while j + V::LANES <= width {
            forward_units::<V, true>(channels, width, mixed, rows, j);
            j += V::LANES;
        }
        if j < width {
            forward_units::<V, false>(channels, width, mixed, rows, j);
        }
        for s in 0..channels {
            *out.add(s * rows.stride + width) = if s == 0 {
                V::Scalar::ONE
            } else {
                V::Scalar::ZERO
            };
        }
    }
}

/// # Safety
/// As `forward`, for the units from j on.
#[inline(always)]
unsafe fn forward_units<V: Vector, const FULL: bool>(
    channels: usize,
    width: usize,
    Mixed { eta, new, old }: Mixed<V::Scalar>,
    out: Rows<*mut V::Scalar>,
    j: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        let n = width - j;
        for s in 0..channels {
            let before = old.get::<V, FULL>(s, j, n);
            let change = new.get::<V, FULL>(s, j, n) - before;
            out.set::<V, FULL>(V::splat(eta).mul_add(change, before), s, j, n);
        }
    }
}

/// Where the transpose reads and writes.
#[derive(Clone, Copy)]
pub struct MixAdjoints<T> {
    /// What the next layer gives to h̄.
    pub outer: Rows<*const T>,
    /// What the block above gives to h̄, replaced by the adjoint of h_old.
    pub trunk: Rows<*mut T>,
    /// The adjoint of h_new, overwritten.
    pub new: Rows<*mut T>,
}

/// The transpose of `forward`; returns Σ h̄·(h_new − h_old), the derivative by η.
///
/// # Safety
/// In a kernel of V's level; the rows exist, those that are written apart from all others.
#[inline(always)]
pub unsafe fn adjoint<V: Vector>(
    channels: usize,
    width: usize,
    mixed: Mixed<V::Scalar>,
    adjoints: MixAdjoints<V::Scalar>,
) -> V::Scalar {
    // SAFETY: columns j … j + min(LANES, width − j) of the rows.
    unsafe {
        let mut slope = V::splat(V::Scalar::ZERO);
        let mut j = 0;
        while j + V::LANES <= width {
            slope = adjoint_units::<V, true>(channels, width, mixed, adjoints, j, slope);
            j += V::LANES;
        }
        if j < width {
            slope = adjoint_units::<V, false>(channels, width, mixed, adjoints, j, slope);
        }
        slope.sum()
    }
}

/// Returns `slope` with what the units from j on give to it.
///
/// # Safety
/// As `adjoint`, for these units.
#[inline(always)]
unsafe fn adjoint_units<V: Vector, const FULL: bool>(
    channels: usize,
    width: usize,
    Mixed { eta, new, old }: Mixed<V::Scalar>,
    to: MixAdjoints<V::Scalar>,
    j: usize,
    mut slope: V,
) -> V {
    // SAFETY: the caller's.
    unsafe {
        let n = width - j;
        for s in 0..channels {
            let above = to.trunk.as_const().get::<V, FULL>(s, j, n);
            let h = to.outer.get::<V, FULL>(s, j, n) + above;
            let change = new.get::<V, FULL>(s, j, n) - old.get::<V, FULL>(s, j, n);
            slope = h.mul_add(change, slope);
            let share = V::splat(eta) * h;
            to.new.set::<V, FULL>(share, s, j, n);
            to.trunk.set::<V, FULL>(h - share, s, j, n);
        }
        slope
    }
}

/// Adds the rows of `from` to those of `to`.
///
/// # Safety
/// In a kernel of V's level; the rows exist and are apart.
#[inline(always)]
pub unsafe fn add<V: Vector>(
    channels: usize,
    width: usize,
    from: Rows<*const V::Scalar>,
    to: Rows<*mut V::Scalar>,
) {
    // SAFETY: columns j … j + min(LANES, width − j) of the rows.
    unsafe {
        let one = V::splat(V::Scalar::ONE);
        for s in 0..channels {
            let mut j = 0;
            while j + V::LANES <= width {
                let x = from.get::<V, true>(s, j, V::LANES);
                to.add::<V, true>(x, one, s, j, V::LANES);
                j += V::LANES;
            }
            if j < width {
                let x = from.get::<V, false>(s, j, width - j);
                to.add::<V, false>(x, one, s, j, width - j);
            }
        }
    }
}
