//! Elementary functions of f32 vectors. Coefficients: tanh, sine and cosine from Cephes (Moshier), logarithm from
//! fdlibm (Sun Microsystems), exponential by its Taylor series.

#![allow(clippy::excessive_precision)] // coefficients as published

use super::math64::{finish_ln, quadrants};
use super::vector::{Vector, like, polynomial};

/// (eʳ, k) with x = k·ln 2 + r, |r| ≤ ½ ln 2.
#[inline(always)]
fn exp_reduced<V: Vector<Scalar = f32>>(x: V) -> (V, V) {
    let (r, k) = reduce(x);
    (exp_series(r), k)
}

/// (r, k) with x = k·ln 2 + r, |r| ≤ ½ ln 2.
#[inline(always)]
fn reduce<V: Vector<Scalar = f32>>(x: V) -> (V, V) {
    let k = (x * like(x, std::f32::consts::LOG2_E)).round();
    let r = k.neg_mul_add(
        like(x, -2.121_944_4e-4),
        k.neg_mul_add(like(x, 0.693_359_375), x),
    );
    (r, k)
}

/// eʳ for |r| ≤ 0.4; the series to order 7 has error 2e-8, for |r| ≤ ½ ln 2 5e-9.
#[inline(always)]
fn exp_series<V: Vector<Scalar = f32>>(r: V) -> V {
    let tail = polynomial(
        r,
        [
            1.0 / 2.0,
            1.0 / 6.0,
            1.0 / 24.0,
            1.0 / 120.0,
            1.0 / 720.0,
            1.0 / 5040.0,
        ],
    );
    (r * r).mul_add(tail, r) + like(r, 1.0)
}

#[inline(always)]
pub fn exp<V: Vector<Scalar = f32>>(x: V) -> V {
    // The second operand of min and max survives a NaN.
    let (p, k) = exp_reduced(like(x, -104.0).max(like(x, 89.0).min(x)));
    p.scale(k)
}

#[inline(always)]
pub fn ln<V: Vector<Scalar = f32>>(x: V) -> V {
    let tiny = x.lt(like(x, f32::MIN_POSITIVE));
    let normal = V::select(tiny, x * like(x, 33_554_432.0), x); // 2²⁵
    let (m, e) = normal.split();
    let e = V::select(tiny, e - like(x, 25.0), e);
    finish_ln(
        x,
        ln_near_one(m - like(x, 1.0), e),
        f32::NEG_INFINITY,
        f32::INFINITY,
        f32::NAN,
    )
}

/// e·ln 2 + ln(1 + f) for √½ ≤ 1 + f ≤ √2.
#[inline(always)]
fn ln_near_one<V: Vector<Scalar = f32>>(f: V, e: V) -> V {
    let half_square = like(f, 0.5) * f * f;
    let s = f / (like(f, 2.0) + f);
    let z = s * s;
    let r = z * polynomial(z, [0.666_666_6, 0.400_009_72, 0.284_987_87, 0.242_790_79]);
    let small = s.mul_add(half_square + r, e * like(f, 9.058_000_6e-6)) - half_square + f;
    e.mul_add(like(f, 0.693_138_1), small)
}

/// ln(1 + x) for 0 ≤ x ≤ 1: 1 + x itself would lose the digits of a small x.
#[inline(always)]
pub fn ln_1p<V: Vector<Scalar = f32>>(x: V) -> V {
    let (zero, one) = (like(x, 0.0), like(x, 1.0));
    // 1 + x = 2ᵉ·(1 + f).
    let large = like(x, std::f32::consts::SQRT_2 - 1.0).lt(x);
    let f = V::select(large, like(x, 0.5) * (x - one), x);
    ln_near_one(f, V::select(large, one, zero))
}

/// An odd polynomial below 0.625, else 1 − 2/(e^{2x} + 1).
#[inline(always)]
pub fn tanh<V: Vector<Scalar = f32>>(x: V) -> V {
    let a = x.abs();
    let s = a * a;
    let p = polynomial(
        s,
        [
            -3.333_328_2e-1,
            1.333_144_2e-1,
            -5.373_971_6e-2,
            2.063_908_9e-2,
            -5.704_988_7e-3,
        ],
    );
    let (e, k) = exp_reduced(like(x, 20.0).min(a + a));
    let one = like(x, 1.0);
    let large = one - like(x, 2.0) / e.mul_add(k.pow2(), one);
    V::select(a.lt(like(x, 0.625)), (a * s).mul_add(p, a), large).copysign(x)
}

#[inline(always)]
pub fn logistic<V: Vector<Scalar = f32>>(x: V) -> V {
    let e = exp(-x.abs());
    let one = like(x, 1.0);
    V::select(x.lt(like(x, 0.0)), e, one) / (one + e)
}

/// e^{−x²/2}; below the smallest number from |x| = 14.5 on. The rounding of x² would cost x²/2 units in the last place,
/// so x is split into a head of 12 bits, whose square is exact, and a rest.
#[inline(always)]
pub fn gaussian<V: Vector<Scalar = f32>>(x: V) -> V {
    let a = like(x, 14.5).min(x.abs());
    let scaled = a * like(x, 4097.0);
    let head = scaled - (scaled - a);
    let (r, k) = reduce(like(x, -0.5) * head * head);
    let rest = like(x, -0.5) * (a - head) * (a + head);
    exp_series(r + rest).scale(k)
}

/// Φ(−|x|)·e^{x²/2} with the normal distribution function Φ: P(t)/(|x| + 1), t = (|x| − 4)/(|x| + 4), where P is our
/// own Chebyshev fit on |x| ≤ 14.6, nearly constant, of relative error 2e-9.
#[inline(always)]
pub fn scaled_normal_tail<V: Vector<Scalar = f32>>(x: V) -> V {
    let a = like(x, 14.5).min(x.abs());
    let four = like(x, 4.0);
    let p = polynomial(
        (a - four) / (a + four),
        [
            4.720_532_07e-1,
            -9.670_346_69e-2,
            1.399_960_98e-2,
            2.859_998_95e-2,
            -3.219_746_21e-2,
            1.793_999_53e-2,
            -5.003_554_05e-3,
            -3.025_104_94e-4,
            6.920_345_21e-4,
            -6.272_935_69e-5,
            -7.255_784_89e-5,
        ],
    );
    p / (a + like(x, 1.0))
}

/// Beyond this the three-part reduction by π/2 is no longer good.
const SIN_LIMIT: f32 = 8192.0;
const HALF_PI: [f32; 3] = [1.570_312_5, 4.837_513e-4, 7.549_79e-8];

#[inline(always)]
pub fn sin_cos<V: Vector<Scalar = f32>>(x: V) -> (V, V) {
    let a = x.abs();
    let k = (a * like(x, std::f32::consts::FRAC_2_PI)).round();
    let r = k.neg_mul_add(like(x, HALF_PI[1]), k.neg_mul_add(like(x, HALF_PI[0]), a));
    let r = k.neg_mul_add(like(x, HALF_PI[2]), r);
    let z = r * r;
    let sine = polynomial(z, [-1.666_665_5e-1, 8.332_161e-3, -1.951_529_6e-4]);
    let sine = (r * z).mul_add(sine, r);
    let cosine = polynomial(z, [4.166_664_6e-2, -1.388_731_6e-3, 2.443_315_7e-5]);
    let one = like(x, 1.0);
    let cosine = (z * z).mul_add(cosine, z.neg_mul_add(like(x, 0.5), one));
    let (sine, cosine) = quadrants(x, k, sine, cosine, one, like(x, 0.5));
    if V::any(like(x, SIN_LIMIT).lt(a)) {
        return by_lane(x, sine, cosine);
    }
    (sine, cosine)
}

/// Lanes beyond the limit by the scalar functions of f64.
#[inline(always)]
fn by_lane<V: Vector<Scalar = f32>>(x: V, sine: V, cosine: V) -> (V, V) {
    let mut lanes = [[0.0; 16]; 3];
    assert!(V::LANES <= 16);
    // SAFETY: the arrays hold a vector of any level; the level is live, as x shows.
    unsafe {
        x.store(lanes[0].as_mut_ptr());
        sine.store(lanes[1].as_mut_ptr());
        cosine.store(lanes[2].as_mut_ptr());
        replace(&mut lanes);
        (V::load(lanes[1].as_ptr()), V::load(lanes[2].as_ptr()))
    }
}

#[cold]
#[inline(never)]
fn replace([x, sine, cosine]: &mut [[f32; 16]; 3]) {
    for i in 0..16 {
        if x[i].abs() > SIN_LIMIT {
            let (s, c) = (x[i] as f64).sin_cos();
            (sine[i], cosine[i]) = (s as f32, c as f32);
        }
    }
}
