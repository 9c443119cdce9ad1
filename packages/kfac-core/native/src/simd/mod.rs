//! One source for every SIMD level: f64 and f32 vectors of AVX-512, AVX2 + FMA and plain arrays.
//!
//! **Using it.** Put the arguments of a hot loop into a struct and implement [`Kernel`]; write `run` generically over
//! the level `L` and mark it, and everything that it calls, `#[inline(always)]`. [`dispatch`] enters it through a
//! `#[target_feature]` function of the level chosen once for the process. Never call a kernel in any other way, and
//! pass no vectors through functions that are not inlined, nor through closures that might not be.
//!
//! ```
//! use kfac_native::simd::{dispatch, Kernel, Level, Real, Vector};
//!
//! /// y ← tanh(a·x) elementwise.
//! struct Scaled<'a, T: Real> { a: T, x: &'a [T], y: &'a mut [T] }
//!
//! impl<T: Real> Kernel for Scaled<'_, T> {
//!     type Output = ();
//!     #[inline(always)]
//!     unsafe fn run<L: Level>(self) {
//!         let Self { a, x, y } = self;
//!         assert_eq!(x.len(), y.len());
//!         let lanes = T::Vector::<L>::LANES;
//!         // SAFETY: the level is live (contract of `run`); loads and stores stay inside the slices.
//!         unsafe {
//!             let a = T::Vector::<L>::splat(a);
//!             let mut i = 0;
//!             while i + lanes <= x.len() {
//!                 let v = T::Vector::<L>::load(x.as_ptr().add(i));
//!                 (a * v).tanh().store(y.as_mut_ptr().add(i));
//!                 i += lanes;
//!             }
//!             let v = T::Vector::<L>::load_partial(x.as_ptr().add(i), x.len() - i);
//!             (a * v).tanh().store_partial(y.as_mut_ptr().add(i), x.len() - i);
//!         }
//!     }
//! }
//!
//! let (x, mut y) = ([0.5f32; 11], [0f32; 11]);
//! dispatch(Scaled { a: 2.0, x: &x, y: &mut y });
//! assert!((y[10] - 1f32.tanh()).abs() < 1e-6);
//! ```
//!
//! `L::F64` and `L::F32` name the vectors of a level, `T::Vector<L>` the one of a scalar type `T: Real`. `f32` has twice
//! the lanes of `f64`; [`Level::widen`] and [`Level::narrow`] convert between one of the first and two of the second.
//! Vectors have `+ - * /`, `-x`, [`Vector::mul_add`] and friends, masks, and `exp ln tanh logistic sqrt sin cos sin_cos`.
//! Elementwise functions treat every lane alike, so results do not depend on where an element lies in its array.
//! Between levels the last bits differ (only the array form has no fused multiply-add).
//!
//! **Safety.** A vector can only be made by its `unsafe` constructors, inside a kernel; its existence proves that the
//! level is live, which is why all other operations are safe.
//!
//! `KFAC_SIMD=portable|avx2|avx512` overrides the level where the machine supports it.

mod math32;
mod math64;
mod portable;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use vector::{Real, Vector, like, polynomial};

use std::sync::OnceLock;

/// A set of instructions with its vector types.
pub trait Level: 'static {
    type F64: Vector<Scalar = f64>;
    type F32: Vector<Scalar = f32>;
    /// The lower and the upper half of the lanes in f64.
    fn widen(x: Self::F32) -> (Self::F64, Self::F64);
    /// Inverse of `widen`, rounding to nearest.
    fn narrow(lower: Self::F64, upper: Self::F64) -> Self::F32;
}

/// A piece of work that runs at any level; see the module's documentation.
pub trait Kernel {
    type Output;
    /// # Safety
    /// Only inside a function compiled for the features of `L`, on a machine that has them. Mark it `#[inline(always)]`.
    unsafe fn run<L: Level>(self) -> Self::Output;
}

/// The levels, slowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SimdLevel {
    Portable,
    Avx2,
    Avx512,
}

impl SimdLevel {
    /// As `KFAC_SIMD` and `describe()` spell it.
    pub fn name(self) -> &'static str {
        match self {
            SimdLevel::Portable => "portable",
            SimdLevel::Avx2 => "avx2",
            SimdLevel::Avx512 => "avx512",
        }
    }

    /// Whether this machine has the level.
    pub fn supported(self) -> bool {
        match self {
            SimdLevel::Portable => true,
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx512 => {
                SimdLevel::Avx2.supported()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// The levels that this machine has, slowest first.
    pub fn available() -> impl Iterator<Item = SimdLevel> {
        [SimdLevel::Portable, SimdLevel::Avx2, SimdLevel::Avx512]
            .into_iter()
            .filter(|level| level.supported())
    }
}

/// The level of this process: that of `KFAC_SIMD` if the machine has it, else the best. Read once.
pub fn level() -> SimdLevel {
    static LEVEL: OnceLock<SimdLevel> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let wanted = std::env::var("KFAC_SIMD").ok();
        let named = SimdLevel::available().find(|level| wanted.as_deref() == Some(level.name()));
        named
            .or_else(|| SimdLevel::available().last())
            .unwrap_or(SimdLevel::Portable)
    })
}

/// Runs a kernel at the level of the process.
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: `level` returns only supported levels.
    unsafe { enter(level(), kernel) }
}

/// Runs a kernel at a level of one's own choice (for tests); panics if the machine lacks it.
pub fn dispatch_at<K: Kernel>(level: SimdLevel, kernel: K) -> K::Output {
    assert!(level.supported(), "this machine has no {}", level.name());
    // SAFETY: just checked.
    unsafe { enter(level, kernel) }
}

/// # Safety
/// The machine has `level`.
#[inline]
unsafe fn enter<K: Kernel>(level: SimdLevel, kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,fma")]
        unsafe fn avx2<K: Kernel>(kernel: K) -> K::Output {
            // SAFETY: compiled for the features, entered only where they are.
            unsafe { kernel.run::<x86::Avx2>() }
        }
        #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
        unsafe fn avx512<K: Kernel>(kernel: K) -> K::Output {
            // SAFETY: as above.
            unsafe { kernel.run::<x86::Avx512>() }
        }
        // SAFETY: the caller vouches for the level.
        unsafe {
            match level {
                SimdLevel::Avx512 => return avx512(kernel),
                SimdLevel::Avx2 => return avx2(kernel),
                SimdLevel::Portable => {}
            }
        }
    }
    let _ = level;
    // SAFETY: arrays need no features.
    unsafe { kernel.run::<portable::Portable>() }
}

#[cfg(test)]
mod tests;
