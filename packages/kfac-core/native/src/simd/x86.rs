//! AVX2 + FMA and AVX-512. Every method is `#[inline(always)]` and so ends in a kernel's `#[target_feature]` function.

use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::{Level, Vector};

pub struct Avx2;
pub struct Avx512;

#[derive(Clone, Copy)]
pub struct F64x4(__m256d);
#[derive(Clone, Copy)]
pub struct F32x8(__m256);
#[derive(Clone, Copy)]
pub struct F64x8(__m512d);
#[derive(Clone, Copy)]
pub struct F32x16(__m512);

// SAFETY of every `unsafe` below that is not said otherwise: the vectors' existence proves that the level is live, or
// the caller of a constructor vouches for it; memory is the caller's affair, as the trait says.

impl Level for Avx2 {
    type F64 = F64x4;
    type F32 = F32x8;
    #[inline(always)]
    fn widen(F32x8(x): F32x8) -> (F64x4, F64x4) {
        unsafe {
            (
                F64x4(_mm256_cvtps_pd(_mm256_castps256_ps128(x))),
                F64x4(_mm256_cvtps_pd(_mm256_extractf128_ps::<1>(x))),
            )
        }
    }
    #[inline(always)]
    fn narrow(F64x4(lower): F64x4, F64x4(upper): F64x4) -> F32x8 {
        unsafe {
            F32x8(_mm256_set_m128(
                _mm256_cvtpd_ps(upper),
                _mm256_cvtpd_ps(lower),
            ))
        }
    }
}

impl Level for Avx512 {
    type F64 = F64x8;
    type F32 = F32x16;
    #[inline(always)]
    fn widen(F32x16(x): F32x16) -> (F64x8, F64x8) {
        unsafe {
            (
                F64x8(_mm512_cvtps_pd(_mm512_castps512_ps256(x))),
                F64x8(_mm512_cvtps_pd(_mm512_extractf32x8_ps::<1>(x))),
            )
        }
    }
    #[inline(always)]
    fn narrow(F64x8(lower): F64x8, F64x8(upper): F64x8) -> F32x16 {
        unsafe {
            F32x16(_mm512_insertf32x8::<1>(
                _mm512_castps256_ps512(_mm512_cvtpd_ps(lower)),
                _mm512_cvtpd_ps(upper),
            ))
        }
    }
}

/// What the four types share; the rest is in `avx2!` and `avx512!`, as the `own` methods of `Vector`.
macro_rules! vector {
    (
        $name:ident, $t:ident, $lanes:literal, mask $mask:ty, magic $magic:expr, bias $bias:expr,
        $set1:ident $loadu:ident $storeu:ident $add:ident $sub:ident $mul:ident $div:ident $fmadd:ident $fnmadd:ident
        $min:ident $max:ident $sqrt:ident $xor:ident $and:ident $or:ident $andnot:ident
        $to_int:ident $from_int:ident $int_set1:ident $int_and:ident $int_or:ident $int_add:ident $shl:ident<$left:literal, $top:literal> $shr:ident
        bits $bits:ident one $one:literal fraction $fraction:literal root_half $root_half:literal
        { $($own:tt)* }
    ) => {
        impl Add for $name {
            type Output = Self;
            #[inline(always)]
            fn add(self, b: Self) -> Self {
                unsafe { Self($add(self.0, b.0)) }
            }
        }
        impl Sub for $name {
            type Output = Self;
            #[inline(always)]
            fn sub(self, b: Self) -> Self {
                unsafe { Self($sub(self.0, b.0)) }
            }
        }
        impl Mul for $name {
            type Output = Self;
            #[inline(always)]
            fn mul(self, b: Self) -> Self {
                unsafe { Self($mul(self.0, b.0)) }
            }
        }
        impl Div for $name {
            type Output = Self;
            #[inline(always)]
            fn div(self, b: Self) -> Self {
                unsafe { Self($div(self.0, b.0)) }
            }
        }
        impl Neg for $name {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                unsafe { Self($xor(self.0, $set1(-0.0))) }
            }
        }

        impl Vector for $name {
            type Scalar = $t;
            type Mask = $mask;
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn splat(x: $t) -> Self {
                unsafe { Self($set1(x)) }
            }
            #[inline(always)]
            unsafe fn load(p: *const $t) -> Self {
                unsafe { Self($loadu(p)) }
            }
            #[inline(always)]
            unsafe fn store(self, p: *mut $t) {
                unsafe { $storeu(p, self.0) }
            }
            #[inline(always)]
            fn mul_add(self, b: Self, c: Self) -> Self {
                unsafe { Self($fmadd(self.0, b.0, c.0)) }
            }
            #[inline(always)]
            fn neg_mul_add(self, b: Self, c: Self) -> Self {
                unsafe { Self($fnmadd(self.0, b.0, c.0)) }
            }
            #[inline(always)]
            fn min(self, b: Self) -> Self {
                unsafe { Self($min(self.0, b.0)) }
            }
            #[inline(always)]
            fn max(self, b: Self) -> Self {
                unsafe { Self($max(self.0, b.0)) }
            }
            #[inline(always)]
            fn abs(self) -> Self {
                unsafe { Self($andnot($set1(-0.0), self.0)) }
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                unsafe { Self($sqrt(self.0)) }
            }
            #[inline(always)]
            fn xor(self, b: Self) -> Self {
                unsafe { Self($xor(self.0, b.0)) }
            }
            #[inline(always)]
            fn copysign(self, sign: Self) -> Self {
                unsafe { Self($or($andnot($set1(-0.0), self.0), $and($set1(-0.0), sign.0))) }
            }
            #[inline(always)]
            fn pow2(self) -> Self {
                unsafe { Self($from_int($shl::<$left>($to_int($add(self.0, $set1($magic + $bias)))))) }
            }
            #[inline(always)]
            fn split(self) -> (Self, Self) {
                unsafe {
                    let root_half = $int_set1($root_half);
                    let shifted = $int_add($to_int(self.0), $int_set1($one - $root_half));
                    let m = $int_add($int_and(shifted, $int_set1($fraction)), root_half);
                    let e = $int_or($shr::<$left>(shifted), $to_int($set1($magic)));
                    (Self($from_int(m)), Self($sub($from_int(e), $set1($magic + $bias))))
                }
            }
            #[inline(always)]
            fn parity(self) -> Self {
                unsafe { Self($from_int($shl::<$top>($to_int($add(self.0, $set1($magic)))))) }
            }
            $($own)*
        }
    };
}

const MAGIC64: f64 = (3u64 << 51) as f64;
const MAGIC32: f32 = (3u64 << 22) as f32;

/// Masks of 4 × 64 or 8 × 32 bits for partial loads and stores.
static FIRST64: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];
static FIRST32: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

macro_rules! avx2 {
    ($t:ident, $lanes:literal, $first:ident, $maskload:ident $maskstore:ident $round:ident $floor:ident $cmp:ident $blendv:ident $movemask:ident
     $name:ident [$($shared:tt)*] { $($sum:tt)* }) => {
        vector! {
            $name, $t, $lanes, $($shared)* {
                #[inline(always)]
                unsafe fn load_partial(p: *const $t, n: usize) -> Self {
                    // SAFETY: the window of `FIRST…` starts at most `LANES` before its middle.
                    unsafe { Self($maskload(p, _mm256_loadu_si256($first.as_ptr().add($lanes - n.min($lanes)).cast()))) }
                }
                #[inline(always)]
                unsafe fn store_partial(self, p: *mut $t, n: usize) {
                    // SAFETY: as above.
                    unsafe { $maskstore(p, _mm256_loadu_si256($first.as_ptr().add($lanes - n.min($lanes)).cast()), self.0) }
                }
                #[inline(always)]
                fn round(self) -> Self {
                    unsafe { Self($round::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0)) }
                }
                #[inline(always)]
                fn floor(self) -> Self {
                    unsafe { Self($floor(self.0)) }
                }
                #[inline(always)]
                fn lt(self, b: Self) -> Self::Mask {
                    unsafe { $cmp::<_CMP_LT_OQ>(self.0, b.0) }
                }
                #[inline(always)]
                fn le(self, b: Self) -> Self::Mask {
                    unsafe { $cmp::<_CMP_LE_OQ>(self.0, b.0) }
                }
                #[inline(always)]
                fn eq(self, b: Self) -> Self::Mask {
                    unsafe { $cmp::<_CMP_EQ_OQ>(self.0, b.0) }
                }
                #[inline(always)]
                fn select(mask: Self::Mask, a: Self, b: Self) -> Self {
                    unsafe { Self($blendv(b.0, a.0, mask)) }
                }
                #[inline(always)]
                fn any(mask: Self::Mask) -> bool {
                    unsafe { $movemask(mask) != 0 }
                }
                #[inline(always)]
                fn sum(self) -> $t {
                    unsafe { $($sum)*(self.0) }
                }
            }
        }
    };
}

#[inline(always)]
unsafe fn sum_pd(x: __m256d) -> f64 {
    unsafe {
        let pair = _mm_add_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd::<1>(x));
        _mm_cvtsd_f64(_mm_add_sd(pair, _mm_unpackhi_pd(pair, pair)))
    }
}

#[inline(always)]
unsafe fn sum_ps(x: __m256) -> f32 {
    unsafe {
        let four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
    }
}

avx2! {
    f64, 4, FIRST64, _mm256_maskload_pd _mm256_maskstore_pd _mm256_round_pd _mm256_floor_pd _mm256_cmp_pd _mm256_blendv_pd _mm256_movemask_pd
    F64x4 [
        mask __m256d, magic MAGIC64, bias 1023.0,
        _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_div_pd _mm256_fmadd_pd _mm256_fnmadd_pd
        _mm256_min_pd _mm256_max_pd _mm256_sqrt_pd _mm256_xor_pd _mm256_and_pd _mm256_or_pd _mm256_andnot_pd
        _mm256_castpd_si256 _mm256_castsi256_pd _mm256_set1_epi64x _mm256_and_si256 _mm256_or_si256 _mm256_add_epi64 _mm256_slli_epi64<52, 63> _mm256_srli_epi64
        bits i64 one 0x3ff0_0000_0000_0000 fraction 0x000f_ffff_ffff_ffff root_half 0x3fe6_a09e_0000_0000
    ] { sum_pd }
}
avx2! {
    f32, 8, FIRST32, _mm256_maskload_ps _mm256_maskstore_ps _mm256_round_ps _mm256_floor_ps _mm256_cmp_ps _mm256_blendv_ps _mm256_movemask_ps
    F32x8 [
        mask __m256, magic MAGIC32, bias 127.0,
        _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_add_ps _mm256_sub_ps _mm256_mul_ps _mm256_div_ps _mm256_fmadd_ps _mm256_fnmadd_ps
        _mm256_min_ps _mm256_max_ps _mm256_sqrt_ps _mm256_xor_ps _mm256_and_ps _mm256_or_ps _mm256_andnot_ps
        _mm256_castps_si256 _mm256_castsi256_ps _mm256_set1_epi32 _mm256_and_si256 _mm256_or_si256 _mm256_add_epi32 _mm256_slli_epi32<23, 31> _mm256_srli_epi32
        bits i32 one 0x3f80_0000 fraction 0x007f_ffff root_half 0x3f35_04f3
    ] { sum_ps }
}

macro_rules! avx512 {
    ($t:ident, $lanes:literal, $mask:ident, $maskload:ident $maskstore:ident $round:ident $cmp:ident $blend:ident $reduce:ident
     $name:ident [$($shared:tt)*]) => {
        vector! {
            $name, $t, $lanes, mask $mask, $($shared)* {
                #[inline(always)]
                unsafe fn load_partial(p: *const $t, n: usize) -> Self {
                    unsafe { Self($maskload(((1u32 << n.min($lanes)) - 1) as $mask, p)) }
                }
                #[inline(always)]
                unsafe fn store_partial(self, p: *mut $t, n: usize) {
                    unsafe { $maskstore(p, ((1u32 << n.min($lanes)) - 1) as $mask, self.0) }
                }
                #[inline(always)]
                fn round(self) -> Self {
                    unsafe { Self($round::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0)) }
                }
                #[inline(always)]
                fn floor(self) -> Self {
                    unsafe { Self($round::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(self.0)) }
                }
                #[inline(always)]
                fn lt(self, b: Self) -> Self::Mask {
                    unsafe { $cmp::<_CMP_LT_OQ>(self.0, b.0) }
                }
                #[inline(always)]
                fn le(self, b: Self) -> Self::Mask {
                    unsafe { $cmp::<_CMP_LE_OQ>(self.0, b.0) }
                }
                #[inline(always)]
                fn eq(self, b: Self) -> Self::Mask {
                    unsafe { $cmp::<_CMP_EQ_OQ>(self.0, b.0) }
                }
                #[inline(always)]
                fn select(mask: Self::Mask, a: Self, b: Self) -> Self {
                    unsafe { Self($blend(mask, b.0, a.0)) }
                }
                #[inline(always)]
                fn any(mask: Self::Mask) -> bool {
                    mask != 0
                }
                #[inline(always)]
                fn sum(self) -> $t {
                    unsafe { $reduce(self.0) }
                }
            }
        }
    };
}

avx512! {
    f64, 8, __mmask8, _mm512_maskz_loadu_pd _mm512_mask_storeu_pd _mm512_roundscale_pd _mm512_cmp_pd_mask _mm512_mask_blend_pd _mm512_reduce_add_pd
    F64x8 [
        magic MAGIC64, bias 1023.0,
        _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_div_pd _mm512_fmadd_pd _mm512_fnmadd_pd
        _mm512_min_pd _mm512_max_pd _mm512_sqrt_pd _mm512_xor_pd _mm512_and_pd _mm512_or_pd _mm512_andnot_pd
        _mm512_castpd_si512 _mm512_castsi512_pd _mm512_set1_epi64 _mm512_and_si512 _mm512_or_si512 _mm512_add_epi64 _mm512_slli_epi64<52, 63> _mm512_srli_epi64
        bits i64 one 0x3ff0_0000_0000_0000 fraction 0x000f_ffff_ffff_ffff root_half 0x3fe6_a09e_0000_0000
    ]
}
avx512! {
    f32, 16, __mmask16, _mm512_maskz_loadu_ps _mm512_mask_storeu_ps _mm512_roundscale_ps _mm512_cmp_ps_mask _mm512_mask_blend_ps _mm512_reduce_add_ps
    F32x16 [
        magic MAGIC32, bias 127.0,
        _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_add_ps _mm512_sub_ps _mm512_mul_ps _mm512_div_ps _mm512_fmadd_ps _mm512_fnmadd_ps
        _mm512_min_ps _mm512_max_ps _mm512_sqrt_ps _mm512_xor_ps _mm512_and_ps _mm512_or_ps _mm512_andnot_ps
        _mm512_castps_si512 _mm512_castsi512_ps _mm512_set1_epi32 _mm512_and_si512 _mm512_or_si512 _mm512_add_epi32 _mm512_slli_epi32<23, 31> _mm512_srli_epi32
        bits i32 one 0x3f80_0000 fraction 0x007f_ffff root_half 0x3f35_04f3
    ]
}
