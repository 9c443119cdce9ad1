//! Elementary functions of f32 vectors. Coefficients: tanh, sine and cosine from Cephes (Moshier), logarithm from
//! fdlibm (Sun Microsystems), exponential by its Taylor series.

#![allow(clippy::excessive_precision)] // coefficients as published

use super::math64::{finish_ln, quadrants};
use super::vector::{Vector, like, polynomial};

/// (eʳ, k) with x = k·ln 2 + r, |r| ≤ ½ ln 2; the series to order 7 has error 5e-9.
#[inline(always)]
fn exp_reduced<V: Vector<Scalar = f32>>(x: V) -> (V, V) {
    let k = (x * like(x, std::f32::consts::LOG2_E)).round();
    let r = k.neg_mul_add(
        like(x, -2.121_944_4e-4),
        k.neg_mul_add(like(x, 0.693_359_375), x),
    );
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
    ((r * r).mul_add(tail, r) + like(x, 1.0), k)
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
    let f = m - like(x, 1.0);
    let half_square = like(x, 0.5) * f * f;
    let s = f / (like(x, 2.0) + f);
    let z = s * s;
    let r = z * polynomial(z, [0.666_666_6, 0.400_009_72, 0.284_987_87, 0.242_790_79]);
    let small = s.mul_add(half_square + r, e * like(x, 9.058_000_6e-6)) - half_square + f;
    finish_ln(
        x,
        e.mul_add(like(x, 0.693_138_1), small),
        f32::NEG_INFINITY,
        f32::INFINITY,
        f32::NAN,
    )
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
