//! Elementary functions of f64 vectors. Coefficients: tanh from Cephes (Moshier), logarithm, sine and cosine from
//! fdlibm (Sun Microsystems), exponential by its Taylor series.

#![allow(clippy::excessive_precision)] // coefficients as published

use super::vector::{Real, Vector, like, polynomial};

const LN2_HIGH: f64 = 6.931_471_803_691_238_164_90e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_700_02e-10;

/// (eʳ, k) with x = k·ln 2 + r, |r| ≤ ½ ln 2; |x| < 2000.
#[inline(always)]
fn exp_reduced<V: Vector<Scalar = f64>>(x: V) -> (V, V) {
    let (r, k) = reduce(x);
    (exp_series(r), k)
}

/// (r, k) with x = k·ln 2 + r, |r| ≤ ½ ln 2; |x| < 2000.
#[inline(always)]
fn reduce<V: Vector<Scalar = f64>>(x: V) -> (V, V) {
    let k = (x * like(x, std::f64::consts::LOG2_E)).round();
    let r = k.neg_mul_add(like(x, LN2_LOW), k.neg_mul_add(like(x, LN2_HIGH), x));
    (r, k)
}

/// eʳ for |r| ≤ ½ ln 2; the series to order 13 has error 4e-18.
#[inline(always)]
fn exp_series<V: Vector<Scalar = f64>>(r: V) -> V {
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
    (r * r).mul_add(tail, r) + like(r, 1.0)
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
    finish_ln(
        x,
        ln_near_one(m - like(x, 1.0), e),
        f64::NEG_INFINITY,
        f64::INFINITY,
        f64::NAN,
    )
}

/// e·ln 2 + ln(1 + f) for √½ ≤ 1 + f ≤ √2.
#[inline(always)]
fn ln_near_one<V: Vector<Scalar = f64>>(f: V, e: V) -> V {
    let half_square = like(f, 0.5) * f * f;
    let s = f / (like(f, 2.0) + f);
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
    let small = s.mul_add(half_square + r, e * like(f, LN2_LOW)) - half_square + f;
    e.mul_add(like(f, LN2_HIGH), small)
}

/// ln(1 + x) for 0 ≤ x ≤ 1: 1 + x itself would lose the digits of a small x.
#[inline(always)]
pub fn ln_1p<V: Vector<Scalar = f64>>(x: V) -> V {
    let (zero, one) = (like(x, 0.0), like(x, 1.0));
    // 1 + x = 2ᵉ·(1 + f).
    let large = like(x, std::f64::consts::SQRT_2 - 1.0).lt(x);
    let f = V::select(large, like(x, 0.5) * (x - one), x);
    ln_near_one(f, V::select(large, one, zero))
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

/// e^{−x²/2}; below the smallest number from |x| = 38.65 on. The rounding of x² would cost x²/2 units in the last place,
/// so x is split into a head of 26 bits, whose square is exact, and a rest.
#[inline(always)]
pub fn gaussian<V: Vector<Scalar = f64>>(x: V) -> V {
    let a = like(x, 38.65).min(x.abs());
    let scaled = a * like(x, 134_217_729.0);
    let head = scaled - (scaled - a);
    let (r, k) = reduce(like(x, -0.5) * head * head);
    let rest = like(x, -0.5) * (a - head) * (a + head);
    exp_series(r + rest).scale(k)
}

/// Φ(−|x|)·e^{x²/2} with the normal distribution function Φ: P(t)/(|x| + 1), t = (|x| − 4)/(|x| + 4), where P is our
/// own Chebyshev fit on |x| ≤ 38.7, nearly constant, of relative error 6e-17.
#[inline(always)]
pub fn scaled_normal_tail<V: Vector<Scalar = f64>>(x: V) -> V {
    let a = like(x, 38.65).min(x.abs());
    let four = like(x, 4.0);
    let p = polynomial(
        (a - four) / (a + four),
        [
            4.720_532_065_098_446_68e-1,
            -9.670_347_732_652_544_19e-2,
            1.399_963_472_442_977_90e-2,
            2.860_036_405_351_164_75e-2,
            -3.219_783_742_832_681_94e-2,
            1.793_609_748_088_822_44e-2,
            -5.002_378_585_756_619_65e-3,
            -2.856_231_149_455_584_28e-4,
            6.948_970_440_323_480_61e-4,
            -9.443_012_640_650_465_66e-5,
            -8.785_277_337_730_192_51e-5,
            2.124_949_289_793_220_31e-5,
            1.362_511_505_898_711_15e-5,
            -3.430_768_469_847_730_45e-6,
            -2.608_046_111_757_886_70e-6,
            4.024_803_864_634_171_48e-7,
            5.432_881_708_964_547_69e-7,
            2.382_632_804_455_361_51e-9,
            -1.012_568_632_046_807_14e-7,
            -1.861_956_027_494_230_16e-8,
            1.146_124_236_336_338_03e-8,
            4.277_568_522_700_500_78e-9,
            1.596_346_131_035_981_90e-10,
        ],
    );
    p / (a + like(x, 1.0))
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
