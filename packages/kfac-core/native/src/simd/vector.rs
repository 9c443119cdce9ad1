use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Level;

/// A vector of `LANES` scalars. Made only inside a kernel (see the module), by the `unsafe` constructors.
pub trait Vector:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    type Scalar: Real;
    type Mask: Copy;
    const LANES: usize;

    /// # Safety
    /// The vector's level is live: the call stands in a kernel. So for every constructor.
    unsafe fn splat(x: Self::Scalar) -> Self;
    /// # Safety
    /// Level live; `p` readable for `LANES` scalars. No alignment is asked for.
    unsafe fn load(p: *const Self::Scalar) -> Self;
    /// Loads `min(n, LANES)` scalars, zeros in the other lanes.
    /// # Safety
    /// Level live; `p` readable for that many.
    unsafe fn load_partial(p: *const Self::Scalar, n: usize) -> Self;
    /// # Safety
    /// `p` writable for `LANES` scalars.
    unsafe fn store(self, p: *mut Self::Scalar);
    /// Stores the first `min(n, LANES)` lanes.
    /// # Safety
    /// `p` writable for that many.
    unsafe fn store_partial(self, p: *mut Self::Scalar, n: usize);

    /// self·b + c, one rounding where the level can.
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// c − self·b.
    fn neg_mul_add(self, b: Self, c: Self) -> Self;
    /// self < b ? self : b, hence b if either is NaN.
    fn min(self, b: Self) -> Self;
    /// self > b ? self : b, hence b if either is NaN.
    fn max(self, b: Self) -> Self;
    fn abs(self) -> Self;
    fn sqrt(self) -> Self;
    /// Exclusive or of the bits.
    fn xor(self, b: Self) -> Self;
    /// |self| with the sign bit of `sign`.
    fn copysign(self, sign: Self) -> Self;
    /// To the nearest integer, ties to even; |x| < 2⁵¹ (f64), 2²² (f32).
    fn round(self) -> Self;
    /// Largest integer ≤ x, same range.
    fn floor(self) -> Self;
    /// 2^self for an integer in the range of normal exponents.
    fn pow2(self) -> Self;
    /// x = m·2ᵉ with m in [√½, √2), for positive normal x: (m, e).
    fn split(self) -> (Self, Self);
    /// ±0 with the sign bit set where the integer self is odd (range of `round`).
    fn parity(self) -> Self;

    fn lt(self, b: Self) -> Self::Mask;
    fn le(self, b: Self) -> Self::Mask;
    fn eq(self, b: Self) -> Self::Mask;
    /// mask ? a : b, lane by lane.
    fn select(mask: Self::Mask, a: Self, b: Self) -> Self;
    fn any(mask: Self::Mask) -> bool;

    /// self·2^k for an integer |k| ≤ 1080 (f64), 260 (f32), with gradual underflow.
    #[inline(always)]
    fn scale(self, k: Self) -> Self {
        let half = (k * like(k, Self::Scalar::HALF)).floor();
        self * half.pow2() * (k - half).pow2()
    }

    /// Sum of the lanes, in an order fixed by the level.
    fn sum(self) -> Self::Scalar;

    /// eˣ, ≤ 1.5 ulp; subnormal results, ±∞ and NaN as in IEEE.
    #[inline(always)]
    fn exp(self) -> Self {
        Self::Scalar::exp(self)
    }
    /// Natural logarithm, ≤ 1.5 ulp; −∞ at ±0, NaN below.
    #[inline(always)]
    fn ln(self) -> Self {
        Self::Scalar::ln(self)
    }
    /// ≤ 2 ulp (f64), 3 ulp (f32).
    #[inline(always)]
    fn tanh(self) -> Self {
        Self::Scalar::tanh(self)
    }
    /// 1/(1 + e⁻ˣ), ≤ 3 ulp over the whole range.
    #[inline(always)]
    fn logistic(self) -> Self {
        Self::Scalar::logistic(self)
    }
    /// ln(1 + x) for 0 ≤ x ≤ 1, ≤ 2 ulp.
    #[inline(always)]
    fn ln_1p(self) -> Self {
        Self::Scalar::ln_1p(self)
    }
    /// e^{−x²/2}, ≤ 2 ulp over the whole range.
    #[inline(always)]
    fn gaussian(self) -> Self {
        Self::Scalar::gaussian(self)
    }
    /// Φ(−|x|)·e^{x²/2}, ≤ 4 ulp: times `gaussian` the tail of the normal distribution.
    #[inline(always)]
    fn scaled_normal_tail(self) -> Self {
        Self::Scalar::scaled_normal_tail(self)
    }
    /// (sin x, cos x) with one shared reduction; f64 ≤ 2 ulp, f32 ≤ 2 ulp of a number of size max(|result|, 2⁻¹⁰).
    #[inline(always)]
    fn sin_cos(self) -> (Self, Self) {
        Self::Scalar::sin_cos(self)
    }
    #[inline(always)]
    fn sin(self) -> Self {
        self.sin_cos().0
    }
    #[inline(always)]
    fn cos(self) -> Self {
        self.sin_cos().1
    }
}

/// A constant in every lane; `x` shows that the level is live.
#[inline(always)]
pub fn like<V: Vector>(_x: V, constant: V::Scalar) -> V {
    // SAFETY: a vector of this type exists.
    unsafe { V::splat(constant) }
}

/// Σ_k c_k·xᵏ as two interleaved Horner chains in x².
#[inline(always)]
pub fn polynomial<V: Vector, const N: usize>(x: V, c: [V::Scalar; N]) -> V {
    let square = x * x;
    let (mut even, mut odd) = (like(x, V::Scalar::ZERO), like(x, V::Scalar::ZERO));
    for k in (0..N).rev() {
        if k % 2 == 0 {
            even = if k + 2 < N {
                even.mul_add(square, like(x, c[k]))
            } else {
                like(x, c[k])
            };
        } else {
            odd = if k + 2 < N {
                odd.mul_add(square, like(x, c[k]))
            } else {
                like(x, c[k])
            };
        }
    }
    odd.mul_add(x, even)
}

/// f64 and f32: the scalars that kernels are generic over.
pub trait Real:
    Copy
    + Default
    + PartialOrd
    + Send
    + Sync
    + 'static
    + std::fmt::Debug
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// The vector of this scalar at a level.
    type Vector<L: Level>: Vector<Scalar = Self>;
    const ZERO: Self;
    const HALF: Self;
    const ONE: Self;

    fn from_f64(x: f64) -> Self;
    fn to_f64(self) -> f64;

    #[doc(hidden)]
    fn exp<V: Vector<Scalar = Self>>(x: V) -> V;
    #[doc(hidden)]
    fn ln<V: Vector<Scalar = Self>>(x: V) -> V;
    #[doc(hidden)]
    fn tanh<V: Vector<Scalar = Self>>(x: V) -> V;
    #[doc(hidden)]
    fn logistic<V: Vector<Scalar = Self>>(x: V) -> V;
    #[doc(hidden)]
    fn ln_1p<V: Vector<Scalar = Self>>(x: V) -> V;
    #[doc(hidden)]
    fn gaussian<V: Vector<Scalar = Self>>(x: V) -> V;
    #[doc(hidden)]
    fn scaled_normal_tail<V: Vector<Scalar = Self>>(x: V) -> V;
    #[doc(hidden)]
    fn sin_cos<V: Vector<Scalar = Self>>(x: V) -> (V, V);
}

macro_rules! real {
    ($t:ident, $level:ident, $math:ident) => {
        impl Real for $t {
            type Vector<L: Level> = L::$level;
            const ZERO: Self = 0.0;
            const HALF: Self = 0.5;
            const ONE: Self = 1.0;
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn exp<V: Vector<Scalar = Self>>(x: V) -> V {
                super::$math::exp(x)
            }
            #[inline(always)]
            fn ln<V: Vector<Scalar = Self>>(x: V) -> V {
                super::$math::ln(x)
            }
            #[inline(always)]
            fn tanh<V: Vector<Scalar = Self>>(x: V) -> V {
                super::$math::tanh(x)
            }
            #[inline(always)]
            fn logistic<V: Vector<Scalar = Self>>(x: V) -> V {
                super::$math::logistic(x)
            }
            #[inline(always)]
            fn ln_1p<V: Vector<Scalar = Self>>(x: V) -> V {
                super::$math::ln_1p(x)
            }
            #[inline(always)]
            fn gaussian<V: Vector<Scalar = Self>>(x: V) -> V {
                super::$math::gaussian(x)
            }
            #[inline(always)]
            fn scaled_normal_tail<V: Vector<Scalar = Self>>(x: V) -> V {
                super::$math::scaled_normal_tail(x)
            }
            #[inline(always)]
            fn sin_cos<V: Vector<Scalar = Self>>(x: V) -> (V, V) {
                super::$math::sin_cos(x)
            }
        }
    };
}
real!(f64, F64, math64);
real!(f32, F32, math32);
