//! Element-wise stages between two matrices, for one point: SIMD over units, all channels of a unit at once.

use super::Activation;
use super::psi::{Gaussian, Gelu, Psi, Silu, Sin, Softplus, Tanh};
use crate::simd::{Real, Vector};

/// Runs `$run` with the `Psi` of an activation as the type P.
macro_rules! with_psi {
    ($activation:expr, $P:ident => $run:expr) => {
        match $activation {
            Activation::Tanh => {
                type $P = Tanh;
                $run
            }
            Activation::Sin => {
                type $P = Sin;
                $run
            }
            Activation::Silu => {
                type $P = Silu;
                $run
            }
            Activation::Gelu => {
                type $P = Gelu;
                $run
            }
            Activation::Softplus => {
                type $P = Softplus;
                $run
            }
            Activation::Gaussian => {
                type $P = Gaussian;
                $run
            }
        }
    };
}

pub(super) use with_psi;

/// The channels of one point: how many, and the weights of the second-order ones.
#[derive(Clone, Copy)]
pub struct Channels<T> {
    pub firsts: usize,
    pub seconds: usize,
    /// Q × R.
    pub second: *const T,
}

/// y₀ = ψ(a₀), y_r = ψ′a_r, y_q = ψ′a_q + ψ″·Σ_r c_qr·a_r² for `width` units; then the trailing column 1, 0 … 0.
/// `value` is the row a₀, `others` the rows of the other channels one after the other, `out` S rows of width + 1.
///
/// # Safety
/// In a kernel of V's level; the rows exist.
#[inline(always)]
pub unsafe fn forward<V: Vector>(
    activation: Activation,
    channels: Channels<V::Scalar>,
    width: usize,
    value: *const V::Scalar,
    others: *const V::Scalar,
    out: *mut V::Scalar,
) {
    // SAFETY: columns j … j + min(LANES, width − j) of the rows.
    unsafe {
        with_psi!(activation, P => {
            let mut j = 0;
            while j + V::LANES <= width {
                forward_units::<V, P, true>(channels, width, value, others, out, j);
                j += V::LANES;
            }
            if j < width {
                forward_units::<V, P, false>(channels, width, value, others, out, j);
            }
        });
        *out.add(width) = V::Scalar::ONE;
        for s in 1..=channels.firsts + channels.seconds {
            *out.add(s * (width + 1) + width) = V::Scalar::ZERO;
        }
    }
}

/// # Safety
/// As `forward`, for the units from j on.
#[inline(always)]
unsafe fn forward_units<V: Vector, P: Psi, const FULL: bool>(
    Channels {
        firsts,
        seconds,
        second,
    }: Channels<V::Scalar>,
    width: usize,
    value: *const V::Scalar,
    others: *const V::Scalar,
    out: *mut V::Scalar,
    j: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        let n = width - j;
        let [y, psi1, psi2, _] = P::derivatives(load::<V, FULL>(value.add(j), n));
        store::<V, FULL>(y, out.add(j), n);
        let row = |s: usize| out.add(s * (width + 1) + j);
        for r in 0..firsts {
            let a = load::<V, FULL>(others.add(r * width + j), n);
            store::<V, FULL>(psi1 * a, row(1 + r), n);
        }
        for q in 0..seconds {
            let mut squares = V::splat(V::Scalar::ZERO);
            for r in 0..firsts {
                let a = load::<V, FULL>(others.add(r * width + j), n);
                squares = (V::splat(*second.add(q * firsts + r)) * a).mul_add(a, squares);
            }
            let a = load::<V, FULL>(others.add((firsts + q) * width + j), n);
            store::<V, FULL>(psi1.mul_add(a, psi2 * squares), row(1 + firsts + q), n);
        }
    }
}

/// Where the adjoints ȳ of an activation's outputs come from.
#[derive(Clone, Copy)]
pub enum Outer<T> {
    /// They stand in the rows that are to be overwritten.
    Stored,
    /// Below a single output: ȳ_s = seed_s·w_j.
    Head { seeds: *const T, weights: *const T },
}

/// The transpose of `forward` for `width` units: with κ_r = Σ_q c_qr·ȳ_q, ā_r = ψ′ȳ_r + 2ψ″a_rκ_r, ā_q = ψ′ȳ_q,
/// ā₀ = ψ′ȳ₀ + ψ″·(Σ_r a_rȳ_r + Σ_q a_qȳ_q) + ψ‴·Σ_r a_r²κ_r. `gradients`: S rows of `width`; `activated`: the row y₀.
///
/// # Safety
/// In a kernel of V's level; the rows exist.
#[inline(always)]
pub unsafe fn adjoint<V: Vector>(
    activation: Activation,
    channels: Channels<V::Scalar>,
    width: usize,
    value: *const V::Scalar,
    others: *const V::Scalar,
    activated: *const V::Scalar,
    outer: Outer<V::Scalar>,
    gradients: *mut V::Scalar,
) {
    // SAFETY: columns j … j + min(LANES, width − j) of the rows.
    unsafe {
        with_psi!(activation, P => {
            let mut j = 0;
            while j + V::LANES <= width {
                adjoint_units::<V, P, true>(
                    channels, width, value, others, activated, outer, gradients, j,
                );
                j += V::LANES;
            }
            if j < width {
                adjoint_units::<V, P, false>(
                    channels, width, value, others, activated, outer, gradients, j,
                );
            }
        });
    }
}

/// # Safety
/// As `adjoint`, for the units from j on.
#[inline(always)]
unsafe fn adjoint_units<V: Vector, P: Psi, const FULL: bool>(
    Channels {
        firsts,
        seconds,
        second,
    }: Channels<V::Scalar>,
    width: usize,
    value: *const V::Scalar,
    others: *const V::Scalar,
    activated: *const V::Scalar,
    outer: Outer<V::Scalar>,
    gradients: *mut V::Scalar,
    j: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        let n = width - j;
        let zero = V::splat(V::Scalar::ZERO);
        let weight = match outer {
            Outer::Stored => zero,
            Outer::Head { weights, .. } => load::<V, FULL>(weights.add(j), n),
        };
        let [psi1, psi2, psi3] = P::slopes(
            load::<V, FULL>(value.add(j), n),
            load::<V, FULL>(activated.add(j), n),
        );
        let twice = psi2 + psi2;
        let (mut first, mut square) = (zero, zero);
        for r in 0..firsts {
            let mut kappa = zero;
            for q in 0..seconds {
                let y = incoming::<V, FULL>(outer, weight, gradients, width, 1 + firsts + q, j, n);
                kappa = V::splat(*second.add(q * firsts + r)).mul_add(y, kappa);
            }
            let a = load::<V, FULL>(others.add(r * width + j), n);
            let y = incoming::<V, FULL>(outer, weight, gradients, width, 1 + r, j, n);
            let product = a * kappa;
            first = a.mul_add(y, first);
            square = a.mul_add(product, square);
            store::<V, FULL>(
                psi1.mul_add(y, twice * product),
                gradients.add((1 + r) * width + j),
                n,
            );
        }
        for q in 0..seconds {
            let a = load::<V, FULL>(others.add((firsts + q) * width + j), n);
            let y = incoming::<V, FULL>(outer, weight, gradients, width, 1 + firsts + q, j, n);
            first = a.mul_add(y, first);
            store::<V, FULL>(psi1 * y, gradients.add((1 + firsts + q) * width + j), n);
        }
        let y = incoming::<V, FULL>(outer, weight, gradients, width, 0, j, n);
        store::<V, FULL>(
            psi1.mul_add(y, psi2.mul_add(first, psi3 * square)),
            gradients.add(j),
            n,
        );
    }
}

/// # Safety
/// As `adjoint`.
#[inline(always)]
unsafe fn incoming<V: Vector, const FULL: bool>(
    outer: Outer<V::Scalar>,
    weight: V,
    gradients: *const V::Scalar,
    width: usize,
    s: usize,
    j: usize,
    n: usize,
) -> V {
    // SAFETY: the caller's.
    unsafe {
        match outer {
            Outer::Stored => load::<V, FULL>(gradients.add(s * width + j), n),
            Outer::Head { seeds, .. } => V::splat(*seeds.add(s)) * weight,
        }
    }
}

/// # Safety
/// As `Vector::load` or, unless FULL, `load_partial`.
#[inline(always)]
pub(super) unsafe fn load<V: Vector, const FULL: bool>(p: *const V::Scalar, n: usize) -> V {
    // SAFETY: the caller's.
    unsafe {
        if FULL {
            V::load(p)
        } else {
            V::load_partial(p, n)
        }
    }
}

/// # Safety
/// As `Vector::store` or, unless FULL, `store_partial`.
#[inline(always)]
pub(super) unsafe fn store<V: Vector, const FULL: bool>(x: V, p: *mut V::Scalar, n: usize) {
    // SAFETY: the caller's.
    unsafe {
        if FULL {
            x.store(p)
        } else {
            x.store_partial(p, n)
        }
    }
}
