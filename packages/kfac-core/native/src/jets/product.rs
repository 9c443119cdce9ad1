//! Panel × matrix. The matrix is packed into strips of two vectors (the last may be one): strip by strip, row by row,
//! padded with zeros to whole vectors. A tile of up to 6 × 2 vectors is kept in registers.

use crate::simd::{Real, Vector};

const ROWS: usize = 6;

/// Numbers of a packed [rows × cols] matrix.
pub fn packed_len(rows: usize, cols: usize, lanes: usize) -> usize {
    rows * cols.next_multiple_of(lanes)
}

/// Packs the matrix whose entries `entry(row, col)` gives.
pub fn pack<T: Real>(
    rows: usize,
    cols: usize,
    lanes: usize,
    entry: impl Fn(usize, usize) -> T,
    packed: &mut [T],
) {
    let mut at = 0;
    let mut first = 0;
    while first < cols {
        let strip = if cols - first > lanes {
            2 * lanes
        } else {
            lanes
        };
        for row in 0..rows {
            for col in first..first + strip {
                packed[at] = if col < cols { entry(row, col) } else { T::ZERO };
                at += 1;
            }
        }
        first += strip;
    }
}

/// out[m, 0…cols) = Σ_k panel[m, k]·matrix[k, ·] for m < rows; rows of the panel and of `out` start `lda` and `ldc`
/// numbers apart.
///
/// # Safety
/// In a kernel of V's level; panel readable for (rows − 1)·lda + inner numbers, out writable for (rows − 1)·ldc + cols,
/// `packed` a matrix [inner × cols] packed for V.
#[inline(always)]
pub unsafe fn multiply<V: Vector>(
    panel: *const V::Scalar,
    lda: usize,
    rows: usize,
    packed: &[V::Scalar],
    inner: usize,
    out: *mut V::Scalar,
    ldc: usize,
    cols: usize,
) {
    debug_assert_eq!(packed.len(), packed_len(inner, cols, V::LANES));
    // SAFETY: tiles partition rows × cols.
    unsafe {
        let mut strip = packed.as_ptr();
        let mut col = 0;
        while col < cols {
            let left = cols - col;
            let two = left > V::LANES;
            let mut row = 0;
            while row < rows {
                let (panel, out) = (panel.add(row * lda), out.add(row * ldc + col));
                let height = (rows - row).min(ROWS);
                match (height, two) {
                    (6, true) => tile::<V, 6, 2>(panel, lda, strip, inner, out, ldc, left),
                    (6, false) => tile::<V, 6, 1>(panel, lda, strip, inner, out, ldc, left),
                    (5, true) => tile::<V, 5, 2>(panel, lda, strip, inner, out, ldc, left),
                    (5, false) => tile::<V, 5, 1>(panel, lda, strip, inner, out, ldc, left),
                    (4, true) => tile::<V, 4, 2>(panel, lda, strip, inner, out, ldc, left),
                    (4, false) => tile::<V, 4, 1>(panel, lda, strip, inner, out, ldc, left),
                    (3, true) => tile::<V, 3, 2>(panel, lda, strip, inner, out, ldc, left),
                    (3, false) => tile::<V, 3, 1>(panel, lda, strip, inner, out, ldc, left),
                    (2, true) => tile::<V, 2, 2>(panel, lda, strip, inner, out, ldc, left),
                    (2, false) => tile::<V, 2, 1>(panel, lda, strip, inner, out, ldc, left),
                    (_, true) => tile::<V, 1, 2>(panel, lda, strip, inner, out, ldc, left),
                    (_, false) => tile::<V, 1, 1>(panel, lda, strip, inner, out, ldc, left),
                }
                row += height;
            }
            let width = if two { 2 * V::LANES } else { V::LANES };
            strip = strip.add(inner * width);
            col += width;
        }
    }
}

/// # Safety
/// As `multiply`, for M rows and N vectors, of which the first `left` lanes exist.
#[inline(always)]
unsafe fn tile<V: Vector, const M: usize, const N: usize>(
    panel: *const V::Scalar,
    lda: usize,
    strip: *const V::Scalar,
    inner: usize,
    out: *mut V::Scalar,
    ldc: usize,
    left: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        let mut sums = [[V::splat(V::Scalar::ZERO); N]; M];
        for k in 0..inner {
            let row = strip.add(k * N * V::LANES);
            let mut b = [V::splat(V::Scalar::ZERO); N];
            for (n, b) in b.iter_mut().enumerate() {
                *b = V::load(row.add(n * V::LANES));
            }
            for (m, sums) in sums.iter_mut().enumerate() {
                let a = V::splat(*panel.add(m * lda + k));
                for n in 0..N {
                    sums[n] = a.mul_add(b[n], sums[n]);
                }
            }
        }
        for (m, sums) in sums.iter().enumerate() {
            for (n, sum) in sums.iter().enumerate() {
                let at = out.add(m * ldc + n * V::LANES);
                if left >= (n + 1) * V::LANES {
                    sum.store(at);
                } else {
                    sum.store_partial(at, left - n * V::LANES);
                }
            }
        }
    }
}
