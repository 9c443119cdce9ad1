//! Functions that only programs need.

use crate::simd::{Vector, like, polynomial};

/// xⁿ by squaring, 1/x^|n| for n < 0; x⁰ = 1 for every x. The same products as the reference engine.
#[inline(always)]
pub fn integer_power<V: Vector<Scalar = f64>>(x: V, n: i32) -> V {
    let one = like(x, 1.0);
    let mut power = one;
    let mut square = x;
    let mut rest = n.unsigned_abs();
    while rest > 0 {
        if rest % 2 == 1 {
            power = power * square;
        }
        square = square * square;
        rest /= 2;
    }
    if n < 0 { one / power } else { power }
}

/// xʸ number by number: no vector form keeps its accuracy for large exponents. As in ECMAScript, (±1)^±∞ and 1^NaN are NaN.
///
/// # Safety
/// x and y readable, `result` writable for `count` numbers.
pub unsafe fn power(x: *const f64, y: *const f64, result: *mut f64, count: usize) {
    for i in 0..count {
        // SAFETY: the caller's.
        unsafe {
            let (x, y) = (*x.add(i), *y.add(i));
            let undefined = y.is_nan() || (y.is_infinite() && x.abs() == 1.0);
            // x⁰ = 1 for a signalling NaN too, where libm says NaN.
            *result.add(i) = if undefined {
                f64::NAN
            } else if y == 0.0 {
                1.0
            } else {
                x.powf(y)
            };
        }
    }
}

/// −1, 0, 1, or NaN.
#[inline(always)]
pub fn sign<V: Vector<Scalar = f64>>(x: V) -> V {
    let zero = like(x, 0.0);
    let one = like(x, 1.0);
    V::select(
        zero.lt(x.abs()),
        one.copysign(x),
        V::select(x.eq(zero), zero, x),
    )
}

/// e^|x|/2, which overflows only where cosh does: |x| − 1 is exact for |x| ≥ 1.
#[inline(always)]
fn half_exp<V: Vector<Scalar = f64>>(x: V) -> V {
    (x.abs() - like(x, 1.0)).exp() * like(x, 0.5 * std::f64::consts::E)
}

/// ½eˣ + ½e⁻ˣ.
#[inline(always)]
pub fn cosh<V: Vector<Scalar = f64>>(x: V) -> V {
    let e = half_exp(x);
    e + like(x, 0.25) / e
}

/// Taylor series to order 17 below 1, ½eˣ − ½e⁻ˣ above.
#[inline(always)]
pub fn sinh<V: Vector<Scalar = f64>>(x: V) -> V {
    let a = x.abs();
    let s = a * a;
    let series = polynomial(
        s,
        [
            1.0 / 6.0,
            1.0 / 120.0,
            1.0 / 5040.0,
            1.0 / 362_880.0,
            1.0 / 39_916_800.0,
            1.0 / 6_227_020_800.0,
            1.0 / 1_307_674_368_000.0,
            1.0 / 355_687_428_096_000.0,
        ],
    );
    let e = half_exp(x);
    let large = e - like(x, 0.25) / e;
    V::select(a.lt(like(x, 1.0)), (a * s).mul_add(series, a), large).copysign(x)
}
