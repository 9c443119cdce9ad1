//! Plain arrays: the fallback of every machine and the oracle of the other levels. No fused multiply-add (outside a
//! `#[target_feature]` function `mul_add` is a call of libm), no call that would keep LLVM from vectorising.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::{Level, Vector};

pub struct Portable;

#[derive(Clone, Copy)]
pub struct F64x4([f64; 4]);
#[derive(Clone, Copy)]
pub struct F32x8([f32; 8]);

impl Level for Portable {
    type F64 = F64x4;
    type F32 = F32x8;
    #[inline(always)]
    fn widen(F32x8(x): F32x8) -> (F64x4, F64x4) {
        (
            F64x4(std::array::from_fn(|i| x[i] as f64)),
            F64x4(std::array::from_fn(|i| x[4 + i] as f64)),
        )
    }
    #[inline(always)]
    fn narrow(F64x4(lower): F64x4, F64x4(upper): F64x4) -> F32x8 {
        F32x8(std::array::from_fn(|i| {
            if i < 4 {
                lower[i] as f32
            } else {
                upper[i - 4] as f32
            }
        }))
    }
}

macro_rules! portable {
    ($name:ident, $t:ident, $bits:ident, $lanes:literal, $mantissa:literal, $bias:literal, $root_half:literal) => {
        impl $name {
            /// 1.5·2^mantissa: adding it leaves an integer in the low bits of the mantissa.
            const MAGIC: $t = (3u64 << ($mantissa - 1)) as $t;

            #[inline(always)]
            fn map(self, f: impl Fn($t) -> $t) -> Self {
                Self(std::array::from_fn(|i| f(self.0[i])))
            }
            #[inline(always)]
            fn zip(self, b: Self, f: impl Fn($t, $t) -> $t) -> Self {
                Self(std::array::from_fn(|i| f(self.0[i], b.0[i])))
            }
        }

        impl Add for $name {
            type Output = Self;
            #[inline(always)]
            fn add(self, b: Self) -> Self {
                self.zip(b, |a, b| a + b)
            }
        }
        impl Sub for $name {
            type Output = Self;
            #[inline(always)]
            fn sub(self, b: Self) -> Self {
                self.zip(b, |a, b| a - b)
            }
        }
        impl Mul for $name {
            type Output = Self;
            #[inline(always)]
            fn mul(self, b: Self) -> Self {
                self.zip(b, |a, b| a * b)
            }
        }
        impl Div for $name {
            type Output = Self;
            #[inline(always)]
            fn div(self, b: Self) -> Self {
                self.zip(b, |a, b| a / b)
            }
        }
        impl Neg for $name {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                self.map(|a| -a)
            }
        }

        impl Vector for $name {
            type Scalar = $t;
            type Mask = [bool; $lanes];
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn splat(x: $t) -> Self {
                Self([x; $lanes])
            }
            #[inline(always)]
            unsafe fn load(p: *const $t) -> Self {
                // SAFETY: the caller's; an array of scalars has their alignment.
                Self(unsafe { p.cast::<[$t; $lanes]>().read() })
            }
            #[inline(always)]
            unsafe fn load_partial(p: *const $t, n: usize) -> Self {
                let mut x = [0.0; $lanes];
                for (i, lane) in x.iter_mut().enumerate().take(n) {
                    // SAFETY: i < n.
                    *lane = unsafe { *p.add(i) };
                }
                Self(x)
            }
            #[inline(always)]
            unsafe fn store(self, p: *mut $t) {
                // SAFETY: the caller's.
                unsafe { p.cast::<[$t; $lanes]>().write(self.0) }
            }
            #[inline(always)]
            unsafe fn store_partial(self, p: *mut $t, n: usize) {
                for (i, lane) in self.0.into_iter().enumerate().take(n) {
                    // SAFETY: i < n.
                    unsafe { *p.add(i) = lane };
                }
            }

            #[inline(always)]
            fn mul_add(self, b: Self, c: Self) -> Self {
                self * b + c
            }
            #[inline(always)]
            fn neg_mul_add(self, b: Self, c: Self) -> Self {
                c - self * b
            }
            #[inline(always)]
            fn min(self, b: Self) -> Self {
                self.zip(b, |a, b| if a < b { a } else { b })
            }
            #[inline(always)]
            fn max(self, b: Self) -> Self {
                self.zip(b, |a, b| if a > b { a } else { b })
            }
            #[inline(always)]
            fn abs(self) -> Self {
                self.map(|a| a.abs())
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                self.map(|a| a.sqrt())
            }
            #[inline(always)]
            fn xor(self, b: Self) -> Self {
                self.zip(b, |a, b| $t::from_bits(a.to_bits() ^ b.to_bits()))
            }
            #[inline(always)]
            fn copysign(self, sign: Self) -> Self {
                self.zip(sign, |a, b| a.copysign(b))
            }
            #[inline(always)]
            fn round(self) -> Self {
                self.map(|a| (a + Self::MAGIC) - Self::MAGIC)
            }
            #[inline(always)]
            fn floor(self) -> Self {
                self.zip(self.round(), |a, r| if r > a { r - 1.0 } else { r })
            }
            #[inline(always)]
            fn pow2(self) -> Self {
                self.map(|a| {
                    $t::from_bits((a + (Self::MAGIC + $bias as $t)).to_bits() << $mantissa)
                })
            }
            #[inline(always)]
            fn split(self) -> (Self, Self) {
                let one = ($bias as $bits) << $mantissa;
                let fraction = ((1 as $bits) << $mantissa) - 1;
                let shifted = self.0.map(|a| a.to_bits().wrapping_add(one - $root_half));
                (
                    Self(shifted.map(|b| $t::from_bits((b & fraction) + $root_half))),
                    Self(shifted.map(|b| {
                        let magic = Self::MAGIC.to_bits();
                        $t::from_bits((b >> $mantissa) | magic) - (Self::MAGIC + $bias as $t)
                    })),
                )
            }
            #[inline(always)]
            fn parity(self) -> Self {
                self.map(|a| $t::from_bits((a + Self::MAGIC).to_bits() << ($bits::BITS - 1)))
            }

            #[inline(always)]
            fn lt(self, b: Self) -> Self::Mask {
                std::array::from_fn(|i| self.0[i] < b.0[i])
            }
            #[inline(always)]
            fn le(self, b: Self) -> Self::Mask {
                std::array::from_fn(|i| self.0[i] <= b.0[i])
            }
            #[inline(always)]
            fn eq(self, b: Self) -> Self::Mask {
                std::array::from_fn(|i| self.0[i] == b.0[i])
            }
            #[inline(always)]
            fn select(mask: Self::Mask, a: Self, b: Self) -> Self {
                Self(std::array::from_fn(
                    |i| if mask[i] { a.0[i] } else { b.0[i] },
                ))
            }
            #[inline(always)]
            fn any(mask: Self::Mask) -> bool {
                mask.into_iter().fold(false, |any, lane| any | lane)
            }
            #[inline(always)]
            fn sum(self) -> $t {
                let mut x = self.0;
                let mut half = $lanes / 2;
                while half > 0 {
                    for i in 0..half {
                        x[i] += x[i + half];
                    }
                    half /= 2;
                }
                x[0]
            }
        }
    };
}

// The last literal is the bit pattern of about √½, the lower end of `split`'s mantissas.
portable!(F64x4, f64, u64, 4, 52, 1023, 0x3fe6_a09e_0000_0000);
portable!(F32x8, f32, u32, 8, 23, 127, 0x3f35_04f3);
