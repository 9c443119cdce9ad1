//! Φ⁻¹ by Wichura (1988), algorithm AS 241, routine PPND16.

use crate::simd::{Level, Vector, like, polynomial};

/// z[i] ← Φ⁻¹(u[i]) for u in (0, 1). All elements take the central branch; the 15 % in the tails are gathered, done
/// together and put back. `tail` and `index` are scratch, as long as u.
///
/// # Safety
/// In a kernel of L's level.
#[inline(always)]
pub unsafe fn normal_quantiles<L: Level>(
    u: &[f64],
    z: &mut [f64],
    tail: &mut [f64],
    index: &mut [u32],
) {
    let n = u.len();
    assert!(z.len() == n && tail.len() == n && index.len() == n && n <= u32::MAX as usize);
    let lanes = <L::F64 as Vector>::LANES;
    let mut found = 0;
    for (i, &p) in u.iter().enumerate() {
        index[found] = i as u32;
        tail[found] = if p < 0.5 { p } else { 1.0 - p };
        found += ((p - 0.5).abs() > 0.425) as usize;
    }
    for i in (0..n).step_by(lanes) {
        // SAFETY: the level is live; partial loads and stores stay inside.
        unsafe {
            let p = L::F64::load_partial(u.as_ptr().add(i), n - i);
            central(p).store_partial(z.as_mut_ptr().add(i), n - i);
        }
    }
    for i in (0..found).step_by(lanes) {
        // SAFETY: as above.
        unsafe {
            let p = L::F64::load_partial(tail.as_ptr().add(i), found - i);
            // Idle lanes hold 0; their infinity is not stored.
            outer(p).store_partial(tail.as_mut_ptr().add(i), found - i);
        }
    }
    for (&i, &size) in index[..found].iter().zip(&tail[..found]) {
        z[i as usize] = if u[i as usize] < 0.5 { -size } else { size };
    }
}

#[inline(always)]
fn central<V: Vector<Scalar = f64>>(p: V) -> V {
    let q = p - like(p, 0.5);
    let r = q.neg_mul_add(q, like(p, 0.180_625));
    let numerator = polynomial(
        r,
        [
            3.387_132_872_796_366_5,
            1.331_416_678_917_843_8e2,
            1.971_590_950_306_551_3e3,
            1.373_169_376_550_946e4,
            4.592_195_393_154_987e4,
            6.726_577_092_700_87e4,
            3.343_057_558_358_813e4,
            2.509_080_928_730_122_7e3,
        ],
    );
    let denominator = polynomial(
        r,
        [
            1.0,
            4.231_333_070_160_091e1,
            6.871_870_074_920_579e2,
            5.394_196_021_424_751e3,
            2.121_379_430_158_66e4,
            3.930_789_580_009_271e4,
            2.872_908_573_572_194_3e4,
            5.226_495_278_852_854e3,
        ],
    );
    q * numerator / denominator
}

/// |Φ⁻¹(p)| for a tail probability p ≤ 0.075.
#[inline(always)]
fn outer<V: Vector<Scalar = f64>>(p: V) -> V {
    let r = (-p.ln()).sqrt();
    let near = r - like(p, 1.6);
    let numerator = polynomial(
        near,
        [
            1.423_437_110_749_683_5,
            4.630_337_846_156_546,
            5.769_497_221_460_691,
            3.647_848_324_763_204_5,
            1.270_458_252_452_368_4,
            2.417_807_251_774_506e-1,
            2.272_384_498_926_918_4e-2,
            7.745_450_142_783_414e-4,
        ],
    );
    let denominator = polynomial(
        near,
        [
            1.0,
            2.053_191_626_637_759,
            1.676_384_830_183_803_8,
            6.897_673_349_851e-1,
            1.481_039_764_274_800_8e-1,
            1.519_866_656_361_645_7e-2,
            5.475_938_084_995_345e-4,
            1.050_750_071_644_416_9e-9,
        ],
    );
    let middle = numerator / denominator;
    let is_far = like(p, 5.0).lt(r);
    if !V::any(is_far) {
        return middle;
    }
    V::select(is_far, far(r - like(p, 5.0)), middle)
}

#[inline(always)]
fn far<V: Vector<Scalar = f64>>(r: V) -> V {
    let numerator = polynomial(
        r,
        [
            6.657_904_643_501_103,
            5.463_784_911_164_114,
            1.784_826_539_917_291_3,
            2.965_605_718_285_048_7e-1,
            2.653_218_952_657_612_4e-2,
            1.242_660_947_388_078_4e-3,
            2.711_555_568_743_487_6e-5,
            2.010_334_399_292_288_1e-7,
        ],
    );
    let denominator = polynomial(
        r,
        [
            1.0,
            5.998_322_065_558_88e-1,
            1.369_298_809_227_358e-1,
            1.487_536_129_085_061_5e-2,
            7.868_691_311_456_133e-4,
            1.846_318_317_510_054_8e-5,
            1.421_511_758_316_446e-7,
            2.044_263_103_389_939_8e-15,
        ],
    );
    numerator / denominator
}
