//! Activations ψ with the derivatives that jets of order 2 and their adjoint need. Each is accurate relative to the size
//! of its terms, far out too: tails come from e^{−|a|} or e^{−a²/2}, never from a difference with 1 (but for tanh, whose
//! slope beyond |a| = 18 is round-off).

use crate::simd::{Real, Vector, like};

/// ψ and its derivatives.
pub trait Psi {
    /// ψ, ψ′, ψ″, ψ‴ at a; what is not used costs nothing.
    fn derivatives<V: Vector>(a: V) -> [V; 4];
    /// ψ′, ψ″, ψ‴ at a, where y = ψ(a) is known.
    #[inline(always)]
    fn slopes<V: Vector>(a: V, _y: V) -> [V; 3] {
        let [_, psi1, psi2, psi3] = Self::derivatives(a);
        [psi1, psi2, psi3]
    }
}

pub struct Tanh;
pub struct Sin;
pub struct Silu;
pub struct Gelu;
pub struct Softplus;
pub struct Gaussian;

/// With p = 1 − y²: ψ′ = p, ψ″ = −2yp, ψ‴ = p(6y² − 2).
impl Psi for Tanh {
    #[inline(always)]
    fn derivatives<V: Vector>(a: V) -> [V; 4] {
        let y = a.tanh();
        let [psi1, psi2, psi3] = Self::slopes(a, y);
        [y, psi1, psi2, psi3]
    }
    #[inline(always)]
    fn slopes<V: Vector>(_a: V, y: V) -> [V; 3] {
        let p = y.neg_mul_add(y, like(y, V::Scalar::ONE));
        let yp = y * p;
        let factor = (y * y).mul_add(constant(y, 6.0), constant(y, -2.0));
        [p, -(yp + yp), p * factor]
    }
}

impl Psi for Sin {
    #[inline(always)]
    fn derivatives<V: Vector>(a: V) -> [V; 4] {
        let (sine, cosine) = a.sin_cos();
        [sine, cosine, -sine, -cosine]
    }
    #[inline(always)]
    fn slopes<V: Vector>(a: V, y: V) -> [V; 3] {
        let cosine = a.cos();
        [cosine, -y, -cosine]
    }
}

/// The logistic function s(a) = 1/(1 + e⁻ᵃ), its complement 1 − s, its slope p = s(1 − s), and e^{−|a|}.
pub struct Logistic<V> {
    pub s: V,
    pub complement: V,
    pub p: V,
    pub e: V,
}

#[inline(always)]
pub fn logistic<V: Vector>(a: V) -> Logistic<V> {
    let one = like(a, V::Scalar::ONE);
    let e = (-a.abs()).exp();
    let large = one / (one + e);
    let small = e * large;
    let negative = a.lt(like(a, V::Scalar::ZERO));
    Logistic {
        s: V::select(negative, small, large),
        complement: V::select(negative, large, small),
        p: large * small,
        e,
    }
}

/// ψ = as; with t = 1 − 2s: ψ′ = s + ap, ψ″ = p(2 + at), ψ‴ = p(3t + a(1 − 6p)).
impl Psi for Silu {
    #[inline(always)]
    fn derivatives<V: Vector>(a: V) -> [V; 4] {
        let Logistic {
            s, complement, p, ..
        } = logistic(a);
        let one = like(a, V::Scalar::ONE);
        let t = complement - s;
        let bend = p.neg_mul_add(constant(a, 6.0), one);
        [
            a * s,
            s * a.mul_add(complement, one),
            p * a.mul_add(t, constant(a, 2.0)),
            p * a.mul_add(bend, t * constant(a, 3.0)),
        ]
    }
}

/// ψ = ln(1 + eᵃ) = max(a, 0) + ln(1 + e^{−|a|}), ψ′ = s, ψ″ = p, ψ‴ = p(1 − 2s).
impl Psi for Softplus {
    #[inline(always)]
    fn derivatives<V: Vector>(a: V) -> [V; 4] {
        let Logistic {
            s,
            complement,
            p,
            e,
        } = logistic(a);
        let y = like(a, V::Scalar::ZERO).max(a) + e.ln_1p();
        [y, s, p, p * (complement - s)]
    }
}

/// ψ = aΦ with the normal distribution Φ and its density φ: ψ′ = Φ + aφ, ψ″ = φ(2 − a²), ψ‴ = φa(a² − 4).
impl Psi for Gelu {
    #[inline(always)]
    fn derivatives<V: Vector>(a: V) -> [V; 4] {
        let g = a.gaussian();
        let tail = g * a.scaled_normal_tail();
        let (zero, one) = (like(a, V::Scalar::ZERO), like(a, V::Scalar::ONE));
        let cdf = V::select(a.lt(zero), tail, one - tail);
        let density = g * constant(a, 0.398_942_280_401_432_7);
        let b = bounded(a);
        [
            a * cdf,
            b.mul_add(density, cdf),
            density * b.neg_mul_add(b, constant(a, 2.0)),
            density * b * b.mul_add(b, constant(a, -4.0)),
        ]
    }
}

/// ψ = e^{−a²/2}, ψ′ = −aψ, ψ″ = (a² − 1)ψ, ψ‴ = a(3 − a²)ψ.
impl Psi for Gaussian {
    #[inline(always)]
    fn derivatives<V: Vector>(a: V) -> [V; 4] {
        let y = a.gaussian();
        let [psi1, psi2, psi3] = Self::slopes(a, y);
        [y, psi1, psi2, psi3]
    }
    #[inline(always)]
    fn slopes<V: Vector>(a: V, y: V) -> [V; 3] {
        let b = bounded(a);
        let by = b * y;
        [
            -by,
            y * b.mul_add(b, constant(a, -1.0)),
            by * b.neg_mul_add(b, constant(a, 3.0)),
        ]
    }
}

/// a, within bounds beyond which e^{−a²/2} is 0: else 0 would meet an a² that has overflowed.
#[inline(always)]
pub fn bounded<V: Vector>(a: V) -> V {
    constant(a, 39.0).min(a.abs()).copysign(a)
}

#[inline(always)]
pub fn constant<V: Vector>(a: V, x: f64) -> V {
    like(a, V::Scalar::from_f64(x))
}
