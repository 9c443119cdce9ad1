//! Householder reductions to tridiagonal and bidiagonal form. The rank-two update that one reflector leaves is applied in
//! the pass that forms the next product with the matrix (Howell, Demmel, Fulton, Hammarling & Marmol 2008), so that the
//! matrix goes through the cache once or twice a column. Matrices are scaled by a power of two against overflow.

use super::reflect::{Reflector, dot, make_reflector, reflect};
use super::rows::{Pending, dots, general_update, symmetric_update};
use crate::pool::with_scratch;
use crate::simd::{Kernel, Level, dispatch};

/// Rows of the working copy are whole blocks of this many numbers.
pub(super) const BLOCK: usize = 8;

/// Numbers that `tridiagonalize` stores for `apply_tridiagonal`.
pub fn tridiagonal_store(n: usize) -> usize {
    n * n + n
}

/// Numbers that `bidiagonalize` stores for `apply_bidiagonal`.
pub fn bidiagonal_store(n: usize) -> usize {
    2 * n * n + 2 * n
}

/// Powers of two (s, 1/s), s·largest near 1.
fn scales(matrix: &[f64]) -> (f64, f64) {
    let largest = matrix.iter().fold(0.0f64, |most, x| most.max(x.abs()));
    let exponent = if largest > 0.0 {
        largest.log2().round().clamp(-1000.0, 1000.0) as i32
    } else {
        0
    };
    (2f64.powi(-exponent), 2f64.powi(exponent))
}

/// A = Q·T·Qᵀ, A symmetric (lower triangle read): T's diagonals and, in `store`, the reflectors by rows and their factors.
/// Row k, from the last one up, is reduced to its sub-diagonal entry by H_k = I − t·v·vᵀ on the entries before k.
pub fn tridiagonalize(
    n: usize,
    a: &[f64],
    store: &mut [f64],
    diagonal: &mut [f64],
    off_diagonal: &mut [f64],
) {
    assert!(a.len() == n * n && store.len() == tridiagonal_store(n));
    assert!(diagonal.len() == n && off_diagonal.len() + 1 == n.max(1));
    let stride = n.next_multiple_of(BLOCK);
    let (scale, back) = scales(a);
    with_scratch(stride * stride + 5 * stride, |scratch| {
        let (matrix, vectors) = scratch.split_at_mut(stride * stride);
        matrix.fill(0.0);
        for (i, line) in matrix.chunks_exact_mut(stride.max(1)).take(n).enumerate() {
            // Blocks on the diagonal are kept whole.
            for (j, x) in line[..n.min((i / BLOCK + 1) * BLOCK)]
                .iter_mut()
                .enumerate()
            {
                *x = scale * a[i.max(j) * n + i.min(j)];
            }
        }
        let (reflectors, factors) = store.split_at_mut(n * n);
        dispatch(Tridiagonal {
            n,
            stride,
            back,
            matrix,
            vectors,
            reflectors,
            factors,
            diagonal,
            off_diagonal,
        });
    });
}

struct Tridiagonal<'a> {
    n: usize,
    stride: usize,
    back: f64,
    matrix: &'a mut [f64],
    /// Five rows.
    vectors: &'a mut [f64],
    reflectors: &'a mut [f64],
    factors: &'a mut [f64],
    diagonal: &'a mut [f64],
    off_diagonal: &'a mut [f64],
}

impl Kernel for Tridiagonal<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        let Self {
            n,
            stride,
            back,
            matrix,
            vectors,
            reflectors,
            factors,
            diagonal,
            off_diagonal,
        } = self;
        vectors.fill(0.0);
        let (u, rest) = vectors.split_at_mut(stride);
        let (w, rest) = rest.split_at_mut(stride);
        let (v, rest) = rest.split_at_mut(stride);
        let (p, _) = rest.split_at_mut(stride);
        for k in (0..n).rev() {
            let row = &mut matrix[k * stride..(k + 1) * stride];
            for j in 0..=k {
                row[j] -= u[k] * w[j] + w[k] * u[j];
            }
            diagonal[k] = back * row[k];
            if k == 0 {
                break;
            }
            v[k..].fill(0.0);
            // The pivot is the last of the entries before k.
            let Reflector { beta, factor } =
                make_reflector(row[k - 1], &row[..k - 1], &mut v[..k - 1]);
            v[k - 1] = 1.0;
            off_diagonal[k - 1] = back * beta;
            reflectors[k * n..k * n + k].copy_from_slice(&v[..k]);
            factors[k] = factor;
            // SAFETY: the level is live; rows are padded to whole blocks.
            unsafe {
                symmetric_update::<L>(
                    k,
                    stride,
                    matrix,
                    Pending {
                        u,
                        y: w,
                        x: w,
                        v: u,
                    },
                    v,
                    p,
                )
            };
            let half = 0.5 * factor * factor * dot(&p[..k], &v[..k]);
            for j in 0..k {
                w[j] = factor * p[j] - half * v[j];
                u[j] = v[j];
            }
        }
    }
}

/// b ← Q·b, or Qᵀ·b.
pub fn apply_tridiagonal(n: usize, store: &[f64], transposed: bool, b: &mut [f64]) {
    assert!(store.len() == tridiagonal_store(n) && b.len() == n);
    let (reflectors, factors) = store.split_at(n * n);
    dispatch(Reflections {
        count: n,
        transposed: !transposed,
        factors,
        b,
        range: |k| (k * n, 0, k),
        reflectors,
    });
}

/// R = U·B·Vᵀ: B's diagonals and, in `store`, the left reflectors by columns, the right ones by rows, and their factors.
pub fn bidiagonalize(
    n: usize,
    r: &[f64],
    store: &mut [f64],
    diagonal: &mut [f64],
    super_diagonal: &mut [f64],
) {
    assert!(r.len() == n * n && store.len() == bidiagonal_store(n));
    assert!(diagonal.len() == n && super_diagonal.len() + 1 == n.max(1));
    let stride = n.next_multiple_of(BLOCK);
    let (scale, back) = scales(r);
    with_scratch(n * stride + 8 * stride, |scratch| {
        let (matrix, vectors) = scratch.split_at_mut(n * stride);
        matrix.fill(0.0);
        for (line, from) in matrix
            .chunks_exact_mut(stride.max(1))
            .zip(r.chunks_exact(n.max(1)))
        {
            line.iter_mut().zip(from).for_each(|(x, y)| *x = scale * y);
        }
        let (left, rest) = store.split_at_mut(n * n);
        let (right, factors) = rest.split_at_mut(n * n);
        dispatch(Bidiagonal {
            n,
            stride,
            back,
            matrix,
            vectors,
            left,
            right,
            factors,
            diagonal,
            super_diagonal,
        });
    });
}

struct Bidiagonal<'a> {
    n: usize,
    stride: usize,
    back: f64,
    matrix: &'a mut [f64],
    /// Eight rows.
    vectors: &'a mut [f64],
    left: &'a mut [f64],
    right: &'a mut [f64],
    /// Those of the left reflectors, then of the right ones.
    factors: &'a mut [f64],
    diagonal: &'a mut [f64],
    super_diagonal: &'a mut [f64],
}

impl Kernel for Bidiagonal<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        let Self {
            n,
            stride,
            back,
            matrix,
            vectors,
            left,
            right,
            factors,
            diagonal,
            super_diagonal,
        } = self;
        vectors.fill(0.0);
        let (u, rest) = vectors.split_at_mut(stride);
        let (y, rest) = rest.split_at_mut(stride);
        let (x, rest) = rest.split_at_mut(stride);
        let (v, rest) = rest.split_at_mut(stride);
        let (next_u, rest) = rest.split_at_mut(stride);
        let (z, rest) = rest.split_at_mut(stride);
        let (column, row) = rest.split_at_mut(stride);
        for k in 0..n {
            for i in k..n {
                column[i] = matrix[i * stride + k] - (u[i] * y[k] + x[i] * v[k]);
            }
            let (head, tail) = next_u.split_at_mut(k + 1);
            let Reflector { beta, factor } =
                make_reflector(column[k], &column[k + 1..n], &mut tail[..n - k - 1]);
            head.fill(0.0);
            head[k] = 1.0;
            diagonal[k] = back * beta;
            left[k * n + k..(k + 1) * n].copy_from_slice(&next_u[k..n]);
            factors[k] = factor;
            if k + 1 == n {
                break;
            }
            // SAFETY: the level is live; rows are padded to whole blocks. So below.
            unsafe {
                general_update::<L>(
                    k..n,
                    k + 1,
                    stride,
                    matrix,
                    Pending { u, y, x, v },
                    next_u,
                    z,
                )
            };
            y[..=k].fill(0.0);
            for j in k + 1..n {
                y[j] = factor * z[j];
                row[j] = matrix[k * stride + j] - y[j];
            }
            v[..=k].fill(0.0);
            let Reflector { beta, factor } =
                make_reflector(row[k + 1], &row[k + 2..n], &mut v[k + 2..n]);
            v[k + 1] = 1.0;
            super_diagonal[k] = back * beta;
            right[k * n + k + 1..(k + 1) * n].copy_from_slice(&v[k + 1..n]);
            factors[n + k] = factor;
            unsafe { dots::<L>(k + 1..n, k + 1, stride, matrix, v, x) };
            let along = dot(&y[k + 1..n], &v[k + 1..n]);
            for i in k + 1..n {
                x[i] = factor * (x[i] - next_u[i] * along);
            }
            u[..n].copy_from_slice(&next_u[..n]);
        }
    }
}

/// b ← U·b or Uᵀ·b, or with `right` V·b or Vᵀ·b.
pub fn apply_bidiagonal(n: usize, store: &[f64], right: bool, transposed: bool, b: &mut [f64]) {
    assert!(store.len() == bidiagonal_store(n) && b.len() == n);
    let (count, shift) = if right {
        (n.saturating_sub(1), 1)
    } else {
        (n, 0)
    };
    let (reflectors, factors) = store[if right { n * n } else { 0 }..].split_at(n * n);
    let factors = if right {
        &factors[n..]
    } else {
        &factors[n * n..]
    };
    let range = |k: usize| (k * n + k + shift, k + shift, n - k - shift);
    dispatch(Reflections {
        count,
        transposed,
        factors,
        b,
        range,
        reflectors,
    });
}

/// Products with H_k = I − t_k·v_k·v_kᵀ, k < count; H₀ comes last, or first when transposed.
struct Reflections<'a, F> {
    count: usize,
    transposed: bool,
    reflectors: &'a [f64],
    factors: &'a [f64],
    b: &'a mut [f64],
    /// Of k: where v_k begins, the first entry of b that it acts on, and how many.
    range: F,
}

impl<F: Fn(usize) -> (usize, usize, usize)> Kernel for Reflections<'_, F> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        for step in 0..self.count {
            let k = if self.transposed {
                step
            } else {
                self.count - 1 - step
            };
            let (start, first, len) = (self.range)(k);
            let v = &self.reflectors[start..start + len];
            // SAFETY: the level is live; both slices have one length.
            unsafe { reflect::<L>(v, self.factors[k], &mut self.b[first..first + len]) };
        }
    }
}
