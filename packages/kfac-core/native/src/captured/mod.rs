//! Products with captured pairs Z [B·uses × in], G [B·uses × out], row-major. J_i = Σ_s z_{i,s}ᵀ·g_{i,s}, [in × out].

use crate::linalg::contract::{Extent, Operand, Weights, contract};
use crate::pool::{self, Disjoint};
use crate::simd::{Kernel, Level, Real, Vector, dispatch};

/// Z and G of one weight matrix.
#[derive(Clone, Copy)]
pub struct Pair<'a, T> {
    pub z: &'a [T],
    pub g: &'a [T],
    pub inputs: usize,
    pub outputs: usize,
    pub uses: usize,
}

impl<T> Pair<'_, T> {
    fn check(&self, examples: usize) {
        let rows = examples * self.uses;
        assert!(self.z.len() == rows * self.inputs && self.g.len() == rows * self.outputs);
    }
}

/// out += Σ_i w_i·J_i.
pub fn gradient<T: Real>(pair: Pair<'_, T>, weights: &[f64], out: &mut [f64]) {
    let Pair {
        z,
        g,
        inputs,
        outputs,
        uses,
    } = pair;
    pair.check(weights.len());
    assert!(out.len() == inputs * outputs);
    // The weights go with the operand that is listed first: the narrower one.
    let swap = outputs < inputs;
    let (first, rows, second, cols) = if swap {
        (g, outputs, z, inputs)
    } else {
        (z, inputs, g, outputs)
    };
    let extent = Extent {
        rows,
        cols,
        inner: weights.len() * uses,
        symmetric: false,
    };
    let shared = Disjoint::new(out);
    let left = Operand {
        data: first,
        outer: 1,
        inner: rows,
    };
    let right = Operand {
        data: second,
        outer: 1,
        inner: cols,
    };
    contract(
        extent,
        left,
        Some(Weights { weights, uses }),
        right,
        |tile| {
            for i in 0..tile.rows {
                let values = &tile.values[i * tile.stride..][..tile.cols];
                if swap {
                    for (j, value) in values.iter().enumerate() {
                        let at = (tile.col + j) * outputs + tile.row + i;
                        // SAFETY: tiles do not overlap.
                        unsafe { shared.range(at, at + 1)[0] += value };
                    }
                } else {
                    let at = (tile.row + i) * outputs + tile.col;
                    // SAFETY: as above.
                    let target = unsafe { shared.range(at, at + tile.cols) };
                    target.iter_mut().zip(values).for_each(|(x, v)| *x += v);
                }
            }
        },
    );
}

/// Rows of Z and G that one piece of `jvp` takes, before rounding to whole examples.
const ROWS: usize = 128;

/// out[k·B + i] += ⟨J_i, V_k⟩, V_k [in × out] one after the other. Z·V is formed block by block and multiplied with G,
/// or G·Vᵀ with Z, whichever has the longer rows; a block serves all directions while it is in the cache.
pub fn jvp<T: Real>(pair: Pair<'_, T>, directions: &[f64], out: &mut [f64]) {
    let Pair {
        z,
        g,
        inputs,
        outputs,
        uses,
    } = pair;
    let size = inputs * outputs;
    if size == 0 || directions.is_empty() {
        return;
    }
    let count = directions.len() / size;
    let batch = out.len() / count;
    assert!(directions.len() == count * size && out.len() == count * batch);
    pair.check(batch);
    let forward = outputs >= inputs;
    let (near, inner, far, width) = if forward {
        (z, inputs, g, outputs)
    } else {
        (g, outputs, z, inputs)
    };
    pool::with_scratch_of::<T, _>(count * size, |matrices| {
        // V or Vᵀ: [inner × width] row-major.
        for (matrix, direction) in matrices
            .chunks_exact_mut(size)
            .zip(directions.chunks_exact(size))
        {
            for (k, line) in matrix.chunks_exact_mut(width).enumerate() {
                for (j, x) in line.iter_mut().enumerate() {
                    *x = T::from_f64(if forward {
                        direction[k * width + j]
                    } else {
                        direction[j * inner + k]
                    });
                }
            }
        }
        let matrices = &*matrices;
        let examples = ROWS.div_ceil(uses);
        let operations = near.len().saturating_mul(width).saturating_mul(count);
        let shared = Disjoint::new(out);
        pool::for_each_block_of(operations, batch.div_ceil(examples), |block| {
            let (first, last) = (block * examples, batch.min((block + 1) * examples));
            let near = &near[first * uses * inner..last * uses * inner];
            let far = &far[first * uses * width..last * uses * width];
            for (k, matrix) in matrices.chunks_exact(size).enumerate() {
                // SAFETY: blocks and directions have ranges of their own.
                let out = unsafe { shared.range(k * batch + first, k * batch + last) };
                dispatch(Contracted {
                    near,
                    far,
                    matrix,
                    inner,
                    width,
                    uses,
                    out,
                });
            }
        });
    });
}

/// out[i] += Σ_s near[i,s]·M·far[i,s]ᵀ.
struct Contracted<'a, T> {
    near: &'a [T],
    far: &'a [T],
    matrix: &'a [T],
    inner: usize,
    width: usize,
    uses: usize,
    out: &'a mut [f64],
}

/// Rows that share every load of the matrix.
const TOGETHER: usize = 6;

impl<T: Real> Kernel for Contracted<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        let Self {
            near,
            far,
            matrix,
            inner,
            width,
            uses,
            out,
        } = self;
        let lanes = T::Vector::<L>::LANES;
        let rows = out.len() * uses;
        let mut row = 0;
        while row < rows {
            let count = TOGETHER.min(rows - row);
            // SAFETY: the level is live; rows past the last repeat it and are dropped; columns stay below width.
            unsafe {
                let zero = T::Vector::<L>::splat(T::ZERO);
                let mut sums = [zero; TOGETHER];
                let mut col = 0;
                while col < width {
                    let left = width - col;
                    let mut line = [zero; TOGETHER];
                    for k in 0..inner {
                        let m = T::Vector::<L>::load_partial(
                            matrix.as_ptr().add(k * width + col),
                            left,
                        );
                        for (r, x) in line.iter_mut().enumerate() {
                            let at = row + r.min(count - 1);
                            *x = T::Vector::<L>::splat(*near.as_ptr().add(at * inner + k))
                                .mul_add(m, *x);
                        }
                    }
                    for (r, sum) in sums.iter_mut().enumerate() {
                        let at = row + r.min(count - 1);
                        let f =
                            T::Vector::<L>::load_partial(far.as_ptr().add(at * width + col), left);
                        *sum = line[r].mul_add(f, *sum);
                    }
                    col += lanes;
                }
                for (r, sum) in sums.iter().enumerate().take(count) {
                    out[(row + r) / uses] += sum.sum().to_f64();
                }
            }
            row += count;
        }
    }
}

/// Scalars that can be read as f64.
pub trait Widen: Real {
    /// `values` themselves if they are f64, else a copy in `buffer` of the same length.
    fn widen<'a>(values: &'a [Self], buffer: &'a mut [f64]) -> &'a [f64];
}

impl Widen for f64 {
    fn widen<'a>(values: &'a [f64], _buffer: &'a mut [f64]) -> &'a [f64] {
        values
    }
}

impl Widen for f32 {
    fn widen<'a>(values: &'a [f32], buffer: &'a mut [f64]) -> &'a [f64] {
        buffer
            .iter_mut()
            .zip(values)
            .for_each(|(x, &y)| *x = y.into());
        buffer
    }
}

/// Rows of the Jacobian that one piece writes.
const JACOBIAN_ROWS: usize = 32;

/// out[i, column … column + in·out) ← scale_i·J_i; `out` holds one row of `stride` numbers per example.
pub fn jacobian<T: Widen>(
    pair: Pair<'_, T>,
    scale: &[f64],
    out: &mut [f64],
    stride: usize,
    column: usize,
) {
    let Pair {
        z,
        g,
        inputs,
        outputs,
        uses,
    } = pair;
    pair.check(scale.len());
    let size = inputs * outputs;
    assert!(out.len() == scale.len() * stride && column + size <= stride);
    if size == 0 {
        return;
    }
    let operations = scale.len().saturating_mul(uses + 1).saturating_mul(size);
    pool::for_each_chunk_of(operations, out, JACOBIAN_ROWS * stride, |block, lines| {
        let first = block * JACOBIAN_ROWS;
        let count = lines.len() / stride;
        let rows = count * uses;
        pool::with_scratch(rows * (inputs + outputs), |buffer| {
            let (wide_z, wide_g) = buffer.split_at_mut(rows * inputs);
            let z = T::widen(&z[first * uses * inputs..][..rows * inputs], wide_z);
            let g = T::widen(&g[first * uses * outputs..][..rows * outputs], wide_g);
            let scale = &scale[first..first + count];
            // A single output makes long rows of the inputs instead.
            let (left, lefts, right, rights) = if outputs == 1 {
                (g, 1, z, inputs)
            } else {
                (z, inputs, g, outputs)
            };
            dispatch(Outer {
                left,
                lefts,
                right,
                rights,
                uses,
                scale,
                out: lines,
                stride,
                column,
            });
        });
    });
}

/// out[i, column…] [lefts × rights] ← scale_i·Σ_s left_{i,s}ᵀ·right_{i,s}.
struct Outer<'a> {
    left: &'a [f64],
    lefts: usize,
    right: &'a [f64],
    rights: usize,
    uses: usize,
    scale: &'a [f64],
    out: &'a mut [f64],
    stride: usize,
    column: usize,
}

impl Kernel for Outer<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        let Self {
            left,
            lefts,
            right,
            rights,
            uses,
            scale,
            out,
            stride,
            column,
        } = self;
        let lanes = L::F64::LANES;
        for (i, line) in out.chunks_exact_mut(stride).enumerate() {
            let left = &left[i * uses * lefts..][..uses * lefts];
            let right = &right[i * uses * rights..][..uses * rights];
            let target = &mut line[column..column + lefts * rights];
            for a in 0..lefts {
                let mut col = 0;
                while col + lanes <= rights {
                    // SAFETY: the level is live; loads and stores stay inside the rows.
                    unsafe {
                        let mut sum = L::F64::splat(0.0);
                        for s in 0..uses {
                            let x = L::F64::splat(left[s * lefts + a] * scale[i]);
                            sum =
                                x.mul_add(L::F64::load(right.as_ptr().add(s * rights + col)), sum);
                        }
                        sum.store(target.as_mut_ptr().add(a * rights + col));
                    }
                    col += lanes;
                }
                if col < rights {
                    // SAFETY: as above, for the last rights − col entries.
                    unsafe {
                        let mut sum = L::F64::splat(0.0);
                        for s in 0..uses {
                            let x = L::F64::splat(left[s * lefts + a] * scale[i]);
                            let from = right.as_ptr().add(s * rights + col);
                            sum = x.mul_add(L::F64::load_partial(from, rights - col), sum);
                        }
                        sum.store_partial(target.as_mut_ptr().add(a * rights + col), rights - col);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
