//! Elementary functions of f64 vectors. Coefficients: tanh from Cephes (Moshier), logarithm, sine and cosine from
//! fdlibm (Sun Microsystems), exponential by its Taylor series.

#![allow(clippy::excessive_precision)] // coefficients as published

use super::vector::{Real, Vector, like, polynomial};

const LN2_HIGH: f64 = 6.931_471_803_691_238_164_90e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_700_02e-10;

/// (eʳ, k) with x = k·ln 2 + r, |r| ≤ ½ ln 2; |x| < 2000. The series to order 13 has error 4e-18.
#[inline(always)]
fn exp_reduced<V: Vector<Scalar = f64>>(x: V) -> (V, V) {
    let k = (x * like(x, std::f64::consts::LOG2_E)).round();
    let r = k.neg_mul_add(like(x, LN2_LOW), k.neg_mul_add(like(x, LN2_HIGH), x));
    let tail = polynomial(
        r,
        [
            1.0 / 2.0,
            1.0 / 6.0,
            1.0 / 24.0,
            1.0 / 120.0,
            1.0 / 720.0,
            1.0 / 5040.0,
            1.0 / 40_320.0,
            1.0 / 362_880.0,
            1.0 / 3_628_800.0,
            1.0 / 39_916_800.0,
            1.0 / 479_001_600.0,
            1.0 / 6_227_020_800.0,
        ],
    );
    ((r * r).mul_add(tail, r) + like(x, 1.0), k)
}

#[inline(always)]
pub fn exp<V: Vector<Scalar = f64>>(x: V) -> V {
    // The second operand of min and max survives a NaN.
    let (p, k) = exp_reduced(like(x, -746.0).max(like(x, 710.0).min(x)));
    p.scale(k)
}

#[inline(always)]
pub fn ln<V: Vector<Scalar = f64>>(x: V) -> V {
    let tiny = x.lt(like(x, f64::MIN_POSITIVE));
    let normal = V::select(tiny, x * like(x, 18_014_398_509_481_984.0), x); // 2⁵⁴
    let (m, e) = normal.split();
    let e = V::select(tiny, e - like(x, 54.0), e);
    let f = m - like(x, 1.0);
    let half_square = like(x, 0.5) * f * f;
    let s = f / (like(x, 2.0) + f);
    let z = s * s;
    let r = z * polynomial(
        z,
        [
            6.666_666_666_666_735_130e-1,
            3.999_999_999_940_941_908e-1,
            2.857_142_874_366_239_149e-1,
            2.222_219_843_214_978_396e-1,
            1.818_357_216_161_805_012e-1,
            1.531_383_769_920_937_332e-1,
            1.479_819_860_511_658_591e-1,
        ],
    );
    let small = s.mul_add(half_square + r, e * like(x, LN2_LOW)) - half_square + f;
    finish_ln(
        x,
        e.mul_add(like(x, LN2_HIGH), small),
        f64::NEG_INFINITY,
        f64::INFINITY,
        f64::NAN,
    )
}

/// The logarithm's values at 0, below it, at ∞ and NaN.
#[inline(always)]
pub(super) fn finish_ln<V: Vector>(
    x: V,
    y: V,
    negative: V::Scalar,
    infinity: V::Scalar,
    nan: V::Scalar,
) -> V {
    let zero = like(x, V::Scalar::ZERO);
    let y = V::select(x.lt(like(x, infinity)), y, x);
    let y = V::select(x.eq(zero), like(x, negative), y);
    V::select(x.lt(zero), like(x, nan), y)
}

/// x + x·s·P(s)/Q(s), s = x², below 0.625, else 1 − 2/(e^{2x} + 1), with one division for both.
#[inline(always)]
pub fn tanh<V: Vector<Scalar = f64>>(x: V) -> V {
    let a = x.abs();
    let s = a * a;
    let p = polynomial(
        s,
        [
            -1.614_687_684_417_084_479_52e3,
            -9.928_772_310_019_185_865_64e1,
            -9.643_991_794_250_522_386_28e-1,
        ],
    );
    let q = polynomial(
        s,
        [
            4.844_063_053_251_254_860_48e3,
            2.235_488_390_601_004_485_83e3,
            1.128_116_784_916_329_314_02e2,
            1.0,
        ],
    );
    let (e, k) = exp_reduced(like(x, 40.0).min(a + a));
    let one = like(x, 1.0);
    let small = a.lt(like(x, 0.625));
    let ratio =
        V::select(small, s * p, like(x, -2.0)) / V::select(small, q, e.mul_add(k.pow2(), one));
    V::select(small, a.mul_add(ratio, a), one + ratio).copysign(x)
}

#[inline(always)]
pub fn logistic<V: Vector<Scalar = f64>>(x: V) -> V {
    let e = exp(-x.abs());
    let one = like(x, 1.0);
    V::select(x.lt(like(x, 0.0)), e, one) / (one + e)
}

/// Beyond this the three-part reduction by π/2 is no longer exact.
const SIN_LIMIT: f64 = 1e6;
const HALF_PI: [f64; 3] = [
    1.570_796_326_734_125_614_17,
    6.077_100_506_303_965_976_60e-11,
    2.022_266_248_795_950_631_54e-21,
];

#[inline(always)]
pub fn sin_cos<V: Vector<Scalar = f64>>(x: V) -> (V, V) {
    let a = x.abs();
    let k = (a * like(x, std::f64::consts::FRAC_2_PI)).round();
    let r = k.neg_mul_add(like(x, HALF_PI[1]), k.neg_mul_add(like(x, HALF_PI[0]), a));
    let r = k.neg_mul_add(like(x, HALF_PI[2]), r);
    let z = r * r;
    let sine = polynomial(
        z,
        [
            -1.666_666_666_666_663_243_48e-1,
            8.333_333_333_322_489_461_24e-3,
            -1.984_126_982_985_794_931_34e-4,
            2.755_731_370_707_006_767_89e-6,
            -2.505_076_025_340_686_341_95e-8,
            1.589_690_995_211_550_102_21e-10,
        ],
    );
    let sine = (r * z).mul_add(sine, r);
    let cosine = polynomial(
        z,
        [
            4.166_666_666_666_660_190_37e-2,
            -1.388_888_888_887_410_957_49e-3,
            2.480_158_728_947_672_941_78e-5,
            -2.755_731_435_139_066_330_35e-7,
            2.087_572_321_298_174_827_90e-9,
            -1.135_964_755_778_819_482_65e-11,
        ],
    );
    let one = like(x, 1.0);
    let half = like(x, 0.5) * z;
    let head = one - half;
    let cosine = head + (z * z).mul_add(cosine, (one - head) - half);
    let (sine, cosine) = quadrants(x, k, sine, cosine, one, like(x, 0.5));
    if V::any(like(x, SIN_LIMIT).lt(a)) {
        return by_lane(x, sine, cosine);
    }
    (sine, cosine)
}

/// (sin x, cos x) from those of |x| − k·π/2.
#[inline(always)]
pub(super) fn quadrants<V: Vector>(x: V, k: V, sine: V, cosine: V, one: V, half: V) -> (V, V) {
    let zero = like(x, V::Scalar::ZERO);
    let odd = one.copysign(k.parity()).lt(zero);
    let sign = (k * half).floor().parity().xor(zero.copysign(x));
    let next = ((k + one) * half).floor().parity();
    (
        V::select(odd, cosine, sine).xor(sign),
        V::select(odd, sine, cosine).xor(next),
    )
}

/// Lanes beyond the limit by the scalar functions, which reduce exactly.
#[inline(always)]
fn by_lane<V: Vector<Scalar = f64>>(x: V, sine: V, cosine: V) -> (V, V) {
    let mut lanes = [[0.0; 8]; 3];
    assert!(V::LANES <= 8);
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
fn replace([x, sine, cosine]: &mut [[f64; 8]; 3]) {
    for i in 0..8 {
        if x[i].abs() > SIN_LIMIT {
            (sine[i], cosine[i]) = x[i].sin_cos();
        }
    }
}
