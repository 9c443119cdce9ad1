use super::contract::{Extent, Operand, Tile, Weights, contract};
use crate::pool::Disjoint;
use crate::simd::Real;

/// C ← α·op(A)·op(B) + β·C, C [m × n], `inner` terms; with β = 0 the old C is not read.
pub fn gemm<T: Real>(
    (m, n, inner): (usize, usize, usize),
    alpha: f64,
    a: &[T],
    transpose_a: bool,
    b: &[T],
    transpose_b: bool,
    beta: f64,
    c: &mut [T],
) {
    assert!(a.len() == m * inner && b.len() == inner * n && c.len() == m * n);
    let left = if transpose_a {
        Operand {
            data: a,
            outer: 1,
            inner: m,
        }
    } else {
        Operand {
            data: a,
            outer: inner,
            inner: 1,
        }
    };
    let right = if transpose_b {
        Operand {
            data: b,
            outer: inner,
            inner: 1,
        }
    } else {
        Operand {
            data: b,
            outer: 1,
            inner: n,
        }
    };
    let c = Disjoint::new(c);
    let extent = Extent {
        rows: m,
        cols: n,
        inner,
        symmetric: false,
    };
    contract(extent, left, None, right, |tile| {
        for i in 0..tile.rows {
            let start = (tile.row + i) * n + tile.col;
            // SAFETY: tiles do not overlap.
            let target = unsafe { c.range(start, start + tile.cols) };
            scale_into(
                alpha,
                &tile.values[i * tile.stride..][..tile.cols],
                beta,
                target,
            );
        }
    });
}

/// target ← α·values + β·target.
fn scale_into<T: Real>(alpha: f64, values: &[f64], beta: f64, target: &mut [T]) {
    if beta == 0.0 {
        target
            .iter_mut()
            .zip(values)
            .for_each(|(x, v)| *x = T::from_f64(alpha * v));
    } else {
        target
            .iter_mut()
            .zip(values)
            .for_each(|(x, v)| *x = T::from_f64(alpha * v + beta * x.to_f64()));
    }
}

/// C ← α·Zᵀ·diag(w)·Z + β·C, both triangles, from C's lower one; Z [rows × n], weight i for rows i·uses ….
pub fn gram<T: Real, S: Real>(
    n: usize,
    alpha: f64,
    z: &[T],
    weights: Option<&[f64]>,
    uses: usize,
    beta: f64,
    c: &mut [S],
) {
    assert!(c.len() == n * n);
    if n == 0 {
        return;
    }
    let inner = z.len() / n;
    assert!(z.len() == inner * n && weights.is_none_or(|w| w.len() * uses == inner));
    let operand = Operand {
        data: z,
        outer: 1,
        inner: n,
    };
    let weights = weights.map(|weights| Weights { weights, uses });
    let shared = Disjoint::new(c);
    let extent = Extent {
        rows: n,
        cols: n,
        inner,
        symmetric: true,
    };
    contract(extent, operand, weights, operand, |tile| {
        finish_gram(tile, n, alpha, beta, &shared)
    });
}

/// Writes the lower triangle's part of a tile and its mirror image.
fn finish_gram<S: Real>(tile: Tile<'_>, n: usize, alpha: f64, beta: f64, c: &Disjoint<'_, S>) {
    let lower = |i: usize| {
        if tile.row == tile.col {
            i + 1
        } else {
            tile.cols
        }
    };
    for i in 0..tile.rows {
        let start = (tile.row + i) * n + tile.col;
        // SAFETY: tiles and their mirror images do not overlap.
        let target = unsafe { c.range(start, start + lower(i)) };
        scale_into(
            alpha,
            &tile.values[i * tile.stride..][..lower(i)],
            beta,
            target,
        );
    }
    const BLOCK: usize = 16;
    for i0 in (0..tile.rows).step_by(BLOCK) {
        for j in 0..tile.cols {
            for i in i0..tile.rows.min(i0 + BLOCK) {
                if j >= lower(i) {
                    continue;
                }
                let (from, to) = (
                    (tile.row + i) * n + tile.col + j,
                    (tile.col + j) * n + tile.row + i,
                );
                // SAFETY: as above; on the diagonal both ranges are the same one number, used one after the other.
                unsafe {
                    let value = c.range(from, from + 1)[0];
                    c.range(to, to + 1)[0] = value;
                }
            }
        }
    }
}
