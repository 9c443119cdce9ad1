//! Views of one point's channels.

use super::activation::{load, store};
use crate::simd::Vector;

/// Channel rows of one point: where the first begins, how far apart they are.
#[derive(Clone, Copy)]
pub struct Rows<P> {
    pub start: P,
    pub stride: usize,
}

impl<T> Rows<*const T> {
    /// Columns from j on, of which there are n: all lanes if `FULL`, else fewer.
    ///
    /// # Safety
    /// In a kernel of V's level; columns j … j + min(LANES, n) of row s exist.
    #[inline(always)]
    pub unsafe fn get<V: Vector<Scalar = T>, const FULL: bool>(
        self,
        s: usize,
        j: usize,
        n: usize,
    ) -> V {
        // SAFETY: the caller's.
        unsafe { load::<V, FULL>(self.start.add(s * self.stride + j), n) }
    }
}

impl<T> Rows<*mut T> {
    #[inline(always)]
    pub fn as_const(self) -> Rows<*const T> {
        Rows {
            start: self.start.cast_const(),
            stride: self.stride,
        }
    }

    /// # Safety
    /// As `get`.
    #[inline(always)]
    pub unsafe fn set<V: Vector<Scalar = T>, const FULL: bool>(
        self,
        x: V,
        s: usize,
        j: usize,
        n: usize,
    ) {
        // SAFETY: the caller's.
        unsafe { store::<V, FULL>(x, self.start.add(s * self.stride + j), n) }
    }

    /// Adds a·b to a row.
    ///
    /// # Safety
    /// As `get`.
    #[inline(always)]
    pub unsafe fn add<V: Vector<Scalar = T>, const FULL: bool>(
        self,
        a: V,
        b: V,
        s: usize,
        j: usize,
        n: usize,
    ) {
        // SAFETY: the caller's.
        unsafe {
            let at = self.start.add(s * self.stride + j);
            store::<V, FULL>(a.mul_add(b, load::<V, FULL>(at, n)), at, n);
        }
    }
}
