//! R of a tall matrix by rows (TSQR, Demmel, Grigori, Hoemmen & Langou 2012): blocks of rows are factored in parallel, then
//! their triangles are joined in pairs, up a tree. Partition and tree depend on the shape alone.

use super::factor::Dense;
use super::transpose::transpose;
use crate::pool::{self, with_scratch_of};

/// Columns that are eliminated at once when two triangles are joined.
const PANEL: usize = kfac_linalg::QR_BLOCK;

/// Rows of a block: half as many again as columns. Joining works on the triangles alone, so that the number of blocks
/// hardly changes the work.
fn block_rows(m: usize, n: usize) -> usize {
    let blocks = (m / (n + n / 2).max(256)).max(1);
    m.div_ceil(blocks).max(1)
}

/// The R factor [n × n] of A [m × n], any m, both row-major; rows from m on are zero.
pub fn qr_factor<T: Dense>(m: usize, n: usize, a: &[T], r: &mut [T]) {
    assert!(a.len() == m * n && r.len() == n * n);
    if n == 0 {
        return;
    }
    let rows = block_rows(m, n);
    let blocks = m.div_ceil(rows).max(1);
    with_scratch_of::<T, _>(blocks * n * n, |triangles| {
        let operations = m.saturating_mul(n).saturating_mul(n);
        pool::for_each_chunk_of(operations, triangles, n * n, |block, triangle| {
            let part = &a[(block * rows * n).min(m * n)..((block + 1) * rows * n).min(m * n)];
            factor_block(part.len() / n, n, part, triangle);
        });
        let mut step = 1;
        while step < blocks {
            pool::for_each_chunk(triangles, 2 * step * n * n, |_, pair| {
                if pair.len() > step * n * n {
                    let (first, second) = pair.split_at_mut(step * n * n);
                    join_triangles(n, &mut first[..n * n], &mut second[..n * n]);
                }
            });
            step *= 2;
        }
        transpose(n, n, &triangles[..n * n], r);
    });
}

/// R of one row-major block, column-major, zero below the diagonal.
fn factor_block<T: Dense>(rows: usize, n: usize, part: &[T], triangle: &mut [T]) {
    with_scratch_of::<T, _>(rows * n + T::qr_coefficients(rows, n), |scratch| {
        let (factored, coefficients) = scratch.split_at_mut(rows * n);
        transpose(rows, n, part, factored);
        T::qr(rows, n, factored, coefficients);
        for (j, column) in triangle.chunks_exact_mut(n).enumerate() {
            let filled = rows.min(j + 1);
            column[..filled].copy_from_slice(&factored[j * rows..j * rows + filled]);
            column[filled..].fill(T::ZERO);
        }
    });
}

/// first ← R of [first; second], all column-major upper triangles; `second` is spent. Panel by panel: the columns
/// [j0, j1) meet the rows j0 … j1 of `first` and 0 … j1 of `second` only, 2/3·n³ operations in all instead of 10/3·n³.
fn join_triangles<T: Dense>(n: usize, first: &mut [T], second: &mut [T]) {
    with_scratch_of::<T, _>((n + PANEL) * n + PANEL * PANEL, |scratch| {
        let (stacked, coefficients) = scratch.split_at_mut((n + PANEL) * n);
        for j0 in (0..n).step_by(PANEL) {
            let j1 = n.min(j0 + PANEL);
            let width = j1 - j0;
            let rows = width + j1;
            let stacked = &mut stacked[..rows * (n - j0)];
            for (column, c) in stacked.chunks_exact_mut(rows).zip(j0..) {
                column[..width].copy_from_slice(&first[c * n + j0..c * n + j1]);
                column[width..].copy_from_slice(&second[c * n..c * n + j1]);
            }
            let (panel, trailing) = stacked.split_at_mut(rows * width);
            T::qr(rows, width, panel, coefficients);
            if j1 < n {
                T::qr_apply_transpose(rows, width, panel, coefficients, n - j1, trailing);
            }
            for (column, c) in stacked.chunks_exact(rows).zip(j0..) {
                let filled = width.min(c - j0 + 1);
                first[c * n + j0..c * n + j0 + filled].copy_from_slice(&column[..filled]);
                second[c * n..c * n + j1].copy_from_slice(&column[width..]);
            }
        }
    });
}
