//! Activations ψ with the derivatives up to the fifth, which jets of order 4 and their adjoint need, as accurate as `psi`.

use super::psi::{Gaussian, Gelu, Psi, Silu, Sin, Softplus, Tanh, bounded, constant, logistic};
use crate::simd::{Real, Vector, like};

/// ψ and five derivatives.
pub trait HigherPsi: Psi {
    /// ψ⁗ and the fifth derivative at a, where y = ψ(a) is known; what is not used costs nothing.
    fn fourth_and_fifth<V: Vector>(a: V, y: V) -> [V; 2];
}

/// With p = 1 − y²: p(16y − 24y³), p(16 − 120y² + 120y⁴).
impl HigherPsi for Tanh {
    #[inline(always)]
    fn fourth_and_fifth<V: Vector>(_a: V, y: V) -> [V; 2] {
        let square = y * y;
        let p = y.neg_mul_add(y, like(y, V::Scalar::ONE));
        let fourth = square.neg_mul_add(constant(y, 24.0), constant(y, 16.0));
        let fifth = square.mul_add(constant(y, 120.0), constant(y, -120.0));
        [p * y * fourth, p * square.mul_add(fifth, constant(y, 16.0))]
    }
}

impl HigherPsi for Sin {
    #[inline(always)]
    fn fourth_and_fifth<V: Vector>(a: V, y: V) -> [V; 2] {
        [y, a.cos()]
    }
}

/// With t = 1 − 2s: p(4(1 − 6p) + at(1 − 12p)), p(5t(1 − 12p) + a(1 − 30p + 120p²)).
impl HigherPsi for Silu {
    #[inline(always)]
    fn fourth_and_fifth<V: Vector>(a: V, _y: V) -> [V; 2] {
        let logistic = logistic(a);
        let p = logistic.p;
        let one = like(a, V::Scalar::ONE);
        let bend = (logistic.complement - logistic.s) * p.neg_mul_add(constant(a, 12.0), one);
        let slope = p.neg_mul_add(constant(a, 24.0), constant(a, 4.0));
        let last = p.mul_add(constant(a, 120.0), constant(a, -30.0));
        [
            p * a.mul_add(bend, slope),
            p * a.mul_add(p.mul_add(last, one), bend * constant(a, 5.0)),
        ]
    }
}

/// φ(−a⁴ + 7a² − 4), φ(a⁵ − 11a³ + 18a).
impl HigherPsi for Gelu {
    #[inline(always)]
    fn fourth_and_fifth<V: Vector>(a: V, _y: V) -> [V; 2] {
        let density = a.gaussian() * constant(a, 0.398_942_280_401_432_7);
        let b = bounded(a);
        let square = b * b;
        let fourth = constant(a, 7.0) - square;
        let fifth = square + constant(a, -11.0);
        [
            density * square.mul_add(fourth, constant(a, -4.0)),
            density * b * square.mul_add(fifth, constant(a, 18.0)),
        ]
    }
}

/// p(1 − 6p), p(1 − 2s)(1 − 12p).
impl HigherPsi for Softplus {
    #[inline(always)]
    fn fourth_and_fifth<V: Vector>(a: V, _y: V) -> [V; 2] {
        let logistic = logistic(a);
        let p = logistic.p;
        let one = like(a, V::Scalar::ONE);
        [
            p * p.neg_mul_add(constant(a, 6.0), one),
            p * (logistic.complement - logistic.s) * p.neg_mul_add(constant(a, 12.0), one),
        ]
    }
}

/// (a⁴ − 6a² + 3)ψ, −(a⁵ − 10a³ + 15a)ψ.
impl HigherPsi for Gaussian {
    #[inline(always)]
    fn fourth_and_fifth<V: Vector>(a: V, y: V) -> [V; 2] {
        let b = bounded(a);
        let square = b * b;
        let fourth = square + constant(a, -6.0);
        let fifth = square + constant(a, -10.0);
        [
            y * square.mul_add(fourth, constant(a, 3.0)),
            -(b * y) * square.mul_add(fifth, constant(a, 15.0)),
        ]
    }
}
