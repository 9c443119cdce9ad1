//! C = A·diag(w)·B, tile by tile: the one kernel behind gemm, Gram matrices, Kronecker factors and gradients.
//!
//! Output tiles of at most about 144 × 144 are independent pieces of work; when there are few of them and the inner
//! dimension is long, it is cut into slabs as well, whose partial tiles are added in order. Both cuts depend on the shape
//! alone. Within a piece the inner dimension goes in chunks of KC: both operands of a chunk are packed into panels
//! (MR rows of A, two vectors of B, zero-padded), so that every product of panels is one register block of MR × 2
//! vectors, MR = 6 on AVX2 and plain arrays, 8 on AVX-512, 4 for the flattest tiles; MR × 1 where the second vector is
//! not wanted. An unweighted Gram matrix reads both sides from B's panels where MR divides them. The sum of a chunk is
//! formed in the operands' own precision and added to the tile in f64.

use crate::pool::{self, Disjoint};
use crate::simd::{Kernel, Level, Real, Vector, dispatch};

/// Inner dimension of a chunk: an f32 partial sum covers no more rows than this.
const KC: usize = 192;
/// Largest side of a tile before rounding up.
const TILE: usize = 144;
/// A multiple of every register block's sides (8, 6 and 4; 8, 16 and 32).
const ROUND: usize = 96;
/// Shortest slab of the inner dimension.
const SLAB: usize = 4 * KC;
/// Pieces of work that are enough for the threads to share.
const PIECES: usize = 8;

/// A matrix in memory by its strides: element (i, k) at `data[i·outer + k·inner]`; i is the output's index, k is
/// contracted.
#[derive(Clone, Copy)]
pub struct Operand<'a, T> {
    pub data: &'a [T],
    pub outer: usize,
    pub inner: usize,
}

/// Weight of every contracted index k: `weights[k / uses]`.
#[derive(Clone, Copy)]
pub struct Weights<'a> {
    pub weights: &'a [f64],
    pub uses: usize,
}

/// Sizes of a contraction: C is rows × cols, `inner` indices are summed; `symmetric`: only tiles that meet the lower
/// triangle are computed.
#[derive(Clone, Copy)]
pub struct Extent {
    pub rows: usize,
    pub cols: usize,
    pub inner: usize,
    pub symmetric: bool,
}

/// A finished tile: rows [row, row + rows), columns [col, col + cols) of C; element (i, j) at `values[i·stride + j]`.
pub struct Tile<'a> {
    pub row: usize,
    pub rows: usize,
    pub col: usize,
    pub cols: usize,
    pub stride: usize,
    pub values: &'a [f64],
}

/// Sides of the tiles along a dimension of that length.
fn tile_side(length: usize) -> usize {
    if length <= ROUND {
        return length.next_multiple_of(48);
    }
    length.div_ceil(length.div_ceil(TILE)).next_multiple_of(48)
}

/// Computes A·diag(w)·B and hands every tile to `finish`, each once; tiles may arrive in parallel and in any order.
pub fn contract<T: Real>(
    extent: Extent,
    a: Operand<'_, T>,
    weights: Option<Weights<'_>>,
    b: Operand<'_, T>,
    finish: impl Fn(Tile<'_>) + Sync,
) {
    let Extent {
        rows,
        cols,
        inner,
        symmetric,
    } = extent;
    if rows == 0 || cols == 0 {
        return;
    }
    let (side_i, side_j) = (tile_side(rows), tile_side(cols));
    let (count_i, count_j) = (rows.div_ceil(side_i), cols.div_ceil(side_j));
    let tiles = if symmetric {
        count_i * (count_i + 1) / 2
    } else {
        count_i * count_j
    };
    let slabs = if tiles >= PIECES {
        1
    } else {
        (inner / SLAB).clamp(1, PIECES.div_ceil(tiles))
    };
    let slab = inner.div_ceil(slabs).next_multiple_of(KC).max(KC);
    let place = |tile: usize| {
        if !symmetric {
            return (tile / count_j, tile % count_j);
        }
        let mut i = 0;
        while (i + 1) * (i + 2) / 2 <= tile {
            i += 1;
        }
        (i, tile - i * (i + 1) / 2)
    };
    let area = side_i * side_j;
    let operations = rows.saturating_mul(cols).saturating_mul(inner);
    let piece = |tile: usize, slab_index: usize, sums: &mut [f64]| {
        let (i, j) = place(tile);
        let (row, col) = (i * side_i, j * side_j);
        let (start, end) = (slab_index * slab, inner.min((slab_index + 1) * slab));
        let size_a = KC * side_i;
        pool::with_scratch_of::<T, _>(size_a + KC * (side_j + 32), |pack| {
            let (pack_a, pack_b) = pack.split_at_mut(size_a);
            dispatch(Piece {
                a,
                b,
                weights,
                row,
                rows: side_i.min(rows - row),
                col,
                cols: side_j.min(cols - col),
                start,
                end: end.max(start),
                stride: side_j,
                diagonal: symmetric && i == j,
                pack_a,
                pack_b,
                sums,
            });
        });
        Tile {
            row,
            rows: side_i.min(rows - row),
            col,
            cols: side_j.min(cols - col),
            stride: side_j,
            values: &[],
        }
    };
    if slabs == 1 {
        return pool::for_each_block_of(operations, tiles, |tile| {
            pool::with_scratch_of::<f64, _>(area, |sums| {
                let done = piece(tile, 0, sums);
                finish(Tile {
                    values: sums,
                    ..done
                });
            });
        });
    }
    pool::with_scratch_of::<f64, _>(area * tiles * slabs, |all| {
        let shared = Disjoint::new(all);
        pool::for_each_block_of(operations, tiles * slabs, |index| {
            // SAFETY: every index has a range of its own.
            let sums = unsafe { shared.range(index * area, (index + 1) * area) };
            piece(index / slabs, index % slabs, sums);
        });
        for tile in 0..tiles {
            let parts = &mut all[tile * slabs * area..(tile + 1) * slabs * area];
            let (total, others) = parts.split_at_mut(area);
            for other in others.chunks_exact(area) {
                total.iter_mut().zip(other).for_each(|(x, y)| *x += y);
            }
            let (i, j) = place(tile);
            let (row, col) = (i * side_i, j * side_j);
            finish(Tile {
                row,
                rows: side_i.min(rows - row),
                col,
                cols: side_j.min(cols - col),
                stride: side_j,
                values: total,
            });
        }
    });
}

/// One slab of one tile.
struct Piece<'a, 'b, T> {
    a: Operand<'a, T>,
    b: Operand<'a, T>,
    weights: Option<Weights<'a>>,
    row: usize,
    rows: usize,
    col: usize,
    cols: usize,
    start: usize,
    end: usize,
    stride: usize,
    diagonal: bool,
    pack_a: &'b mut [T],
    pack_b: &'b mut [T],
    sums: &'b mut [f64],
}

impl<T: Real> Kernel for Piece<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        // SAFETY: the level is live (contract of `run`).
        unsafe {
            if self.rows <= 4 {
                self.run_blocked::<L, 4>();
            } else if <L::F64 as Vector>::LANES == 8 {
                self.run_blocked::<L, 8>();
            } else {
                self.run_blocked::<L, 6>();
            }
        }
    }
}

impl<T: Real> Piece<'_, '_, T> {
    /// # Safety
    /// The level is live.
    #[inline(always)]
    unsafe fn run_blocked<L: Level, const MR: usize>(self) {
        let width = 2 * T::Vector::<L>::LANES;
        let Self {
            a,
            b,
            weights,
            row,
            rows,
            col,
            cols,
            stride,
            diagonal,
            pack_a,
            pack_b,
            sums,
            ..
        } = self;
        // A last panel of few rows is a narrow one.
        let tail = if MR > 4 && rows % MR <= 4 {
            rows % MR
        } else {
            0
        };
        let body = rows - tail;
        sums.fill(0.0);
        let mut k0 = self.start;
        // The flattest tiles use a line of B once: whole panels are read where they lie.
        let direct = if MR == 4 && b.outer == 1 {
            cols / width * width
        } else {
            0
        };
        // Of one operand, both sides lie in B's panels.
        let shared = diagonal && weights.is_none() && width % MR == 0 && direct == 0;
        while k0 < self.end {
            let depth = KC.min(self.end - k0);
            let (panels, rest) = pack_a.split_at_mut(body.div_ceil(MR) * MR * depth);
            // SAFETY: the level is live.
            unsafe {
                if !shared {
                    pack::<T, L, MR>(a, row, body, k0, depth, weights, panels);
                }
                pack::<T, L, 4>(a, row + body, tail, k0, depth, weights, rest);
                pack::<T, L, 0>(
                    b,
                    col + direct,
                    cols - direct,
                    k0,
                    depth,
                    None,
                    &mut pack_b[direct * depth..],
                );
            }
            let panel_of_b = |first: usize| {
                if first < direct {
                    (&b.data[k0 * b.inner + col + first..], b.inner)
                } else {
                    (&pack_b[first * depth..], width)
                }
            };
            let panel_of = |panel: usize| {
                if shared {
                    let first = panel * MR;
                    (
                        &pack_b[first / width * width * depth + first % width..],
                        width,
                    )
                } else {
                    (&panels[panel * MR * depth..], MR)
                }
            };
            for first in (0..cols).step_by(width) {
                let (right, stride_b) = panel_of_b(first);
                for panel_a in 0..body.div_ceil(MR) {
                    // Columns from `wanted` on are strictly above the diagonal, or padding.
                    let wanted = if diagonal {
                        cols.min(panel_a * MR + MR)
                    } else {
                        cols
                    };
                    if first < wanted {
                        let (left, stride_a) = panel_of(panel_a);
                        let place = (panel_a * MR, first, wanted - first);
                        // SAFETY: the level is live and the panels are whole.
                        unsafe {
                            block::<T, L, MR>(
                                depth,
                                (left, stride_a),
                                (right, stride_b),
                                place,
                                stride,
                                sums,
                            )
                        };
                    }
                }
                if tail > 0 {
                    // SAFETY: as above.
                    unsafe {
                        block::<T, L, 4>(
                            depth,
                            (rest, 4),
                            (right, stride_b),
                            (body, first, cols - first),
                            stride,
                            sums,
                        )
                    };
                }
            }
            k0 += depth;
        }
    }
}

/// Panels of `width` outer indices, [k][width], zero-padded, times the weights. `width` is MR, or two vectors when MR = 0.
/// # Safety
/// The level is live.
#[inline(always)]
unsafe fn pack<T: Real, L: Level, const MR: usize>(
    m: Operand<'_, T>,
    first: usize,
    count: usize,
    k0: usize,
    depth: usize,
    weights: Option<Weights<'_>>,
    out: &mut [T],
) {
    let lanes = T::Vector::<L>::LANES;
    let width = if MR == 0 { 2 * lanes } else { MR };
    for (panel, out) in out
        .chunks_mut(width * depth)
        .take(count.div_ceil(width))
        .enumerate()
    {
        let start = first + panel * width;
        let filled = width.min(first + count - start);
        if m.outer != 1 {
            if filled < width {
                out.fill(T::ZERO);
            }
            for i in 0..filled {
                let from = &m.data[(start + i) * m.outer + k0 * m.inner..];
                for (line, x) in out
                    .chunks_exact_mut(width)
                    .zip(from.iter().step_by(m.inner))
                {
                    line[i] = *x;
                }
            }
        } else {
            for (k, line) in out.chunks_exact_mut(width).enumerate() {
                let from = &m.data[(k0 + k) * m.inner + start..][..filled];
                let mut i = 0;
                while i < width {
                    // SAFETY: the level is live; loads stay below filled, stores below width.
                    unsafe {
                        let x = T::Vector::<L>::load_partial(
                            from.as_ptr().wrapping_add(i),
                            filled.saturating_sub(i),
                        );
                        x.store_partial(line.as_mut_ptr().add(i), width - i);
                    }
                    i += lanes;
                }
            }
        }
        if let Some(w) = weights {
            let (mut index, mut use_) = (k0 / w.uses, k0 % w.uses);
            for line in out.chunks_exact_mut(width) {
                let weight = T::from_f64(w.weights[index]);
                line.iter_mut().for_each(|x| *x = weight * *x);
                use_ += 1;
                if use_ == w.uses {
                    (index, use_) = (index + 1, 0);
                }
            }
        }
    }
}

/// Multiplies two panels and adds the block to the tile at (row, col); of its columns `wanted` are.
/// # Safety
/// As `multiply`.
#[inline(always)]
unsafe fn block<T: Real, L: Level, const MR: usize>(
    depth: usize,
    (left, stride_left): (&[T], usize),
    (right, stride_right): (&[T], usize),
    (row, col, wanted): (usize, usize, usize),
    stride: usize,
    sums: &mut [f64],
) {
    // SAFETY: the caller's contract.
    unsafe {
        if wanted > T::Vector::<L>::LANES {
            let block = multiply::<T, L, MR, 2>(
                depth,
                left.as_ptr(),
                stride_left,
                right.as_ptr(),
                stride_right,
            );
            add::<T, L, MR, 2>(&block, sums, stride, row, col);
        } else {
            let block = multiply::<T, L, MR, 1>(
                depth,
                left.as_ptr(),
                stride_left,
                right.as_ptr(),
                stride_right,
            );
            add::<T, L, MR, 1>(&block, sums, stride, row, col);
        }
    }
}

/// Σ_k left[k, ·]ᵀ·right[k, ·] in MR × N registers; lines lie the strides apart.
/// # Safety
/// The level is live; `left` is readable for depth lines of MR, `right` for depth lines of N vectors.
#[inline(always)]
unsafe fn multiply<T: Real, L: Level, const MR: usize, const N: usize>(
    depth: usize,
    left: *const T,
    stride_left: usize,
    right: *const T,
    stride_right: usize,
) -> [[T::Vector<L>; N]; MR] {
    let lanes = T::Vector::<L>::LANES;
    // SAFETY: the caller's contract.
    unsafe {
        let zero = T::Vector::<L>::splat(T::ZERO);
        let mut sums = [[zero; N]; MR];
        for k in 0..depth {
            let line = right.add(k * stride_right);
            let mut b = [zero; N];
            for (n, b) in b.iter_mut().enumerate() {
                *b = T::Vector::<L>::load(line.add(n * lanes));
            }
            let column = left.add(k * stride_left);
            for (i, sums) in sums.iter_mut().enumerate() {
                let x = T::Vector::<L>::splat(*column.add(i));
                for (sum, b) in sums.iter_mut().zip(b) {
                    *sum = x.mul_add(b, *sum);
                }
            }
        }
        sums
    }
}

/// Adds a register block to the tile at (row, col); what overhangs the tile is padding and is dropped.
/// # Safety
/// The level is live.
#[inline(always)]
unsafe fn add<T: Real, L: Level, const MR: usize, const N: usize>(
    block: &[[T::Vector<L>; N]; MR],
    sums: &mut [f64],
    stride: usize,
    row: usize,
    col: usize,
) {
    let lanes = T::Vector::<L>::LANES;
    let mut line = [T::ZERO; 64];
    let kept = (N * lanes).min(stride.saturating_sub(col));
    for (i, vectors) in block.iter().enumerate() {
        let Some(target) = sums.get_mut((row + i) * stride + col..) else {
            return;
        };
        if target.len() < kept {
            return;
        }
        for (n, x) in vectors.iter().enumerate() {
            // SAFETY: `line` holds two vectors of any level.
            unsafe { x.store(line.as_mut_ptr().add(n * lanes)) };
        }
        target[..kept]
            .iter_mut()
            .zip(&line)
            .for_each(|(x, y)| *x += y.to_f64());
    }
}
