//! J·D for several directions in one pass over a tape.

use super::backward::rows_times;
use super::tape::Tape;
use super::weights::pack_rows;
use super::{Layer, tile_paths, with_scratch};
use crate::pool::{self, Disjoint};
use crate::simd::{self, Kernel, Level, Real, SimdLevel, Vector};

/// out[k·paths + i] += ⟨J_i, V_k⟩ of one layer for the directions V_k [in·out].
pub fn jvp<T: Real>(tape: &Tape, memory: &[T], layer: Layer, directions: &[&[f64]], out: &mut [f64]) {
    jvp_at(simd::level(), tape, memory, layer, directions, out);
}

pub(super) fn jvp_at<T: Real>(
    level: SimdLevel,
    tape: &Tape,
    memory: &[T],
    layer: Layer,
    directions: &[&[f64]],
    out: &mut [f64],
) {
    let (inputs, outputs) = layer.size(&tape.shape);
    let len = inputs * outputs;
    assert!(out.len() == directions.len() * tape.paths && directions.iter().all(|d| d.len() == len));
    if directions.is_empty() {
        return;
    }
    let row = tile_paths::<T>();
    let out = Disjoint::new(out);
    with_scratch::<T, _>(directions.len() * len, |packed| {
        for (direction, packed) in directions.iter().zip(packed.chunks_exact_mut(len)) {
            pack_rows(direction, outputs, packed);
        }
        let packed = &*packed;
        pool::for_each_block(tape.tiles::<T>(), |tile| {
            let count = tape.count::<T>(tile);
            pool::with_scratch(directions.len() * row, |sums| {
                sums.fill(0.0);
                with_scratch::<T, _>(row, |partial| {
                    simd::dispatch_at(level, Directional { tape, memory, layer, tile, packed, sums, partial });
                });
                for (k, sums) in sums.chunks_exact(row).enumerate() {
                    let at = k * tape.paths + tile * row;
                    // SAFETY: tiles partition the paths.
                    let out = unsafe { out.range(at, at + count) };
                    for (out, sum) in out.iter_mut().zip(sums) {
                        *out += sum;
                    }
                }
            });
        });
    });
}

/// One tile; sums [directions] rows in f64.
struct Directional<'a, T> {
    tape: &'a Tape,
    memory: &'a [T],
    layer: Layer,
    tile: usize,
    packed: &'a [T],
    sums: &'a mut [f64],
    /// One row.
    partial: &'a mut [T],
}

impl<T: Real> Kernel for Directional<'_, T> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        let Self { tape, memory, layer, tile, packed, sums, partial } = self;
        let row = tile_paths::<T>();
        let (inputs, outputs) = layer.size(&tape.shape);
        let (z, g) = tape.pair(memory, layer, tile);
        for t in 0..tape.dates {
            let (z, g) = (z.date(t), g.date(t));
            for (packed, sums) in packed.chunks_exact(inputs * outputs).zip(sums.chunks_exact_mut(row)) {
                partial.fill(T::ZERO);
                let at = partial.as_mut_ptr();
                // SAFETY: the level is live; z and g hold their rows, `partial` one row.
                unsafe {
                    rows_times::<T::Vector<L>>(packed, inputs, outputs, g.as_ptr(), &mut |r, p, value| {
                        let sum = T::Vector::<L>::load(at.add(p));
                        value.mul_add(T::Vector::<L>::load(z.as_ptr().add(r * row + p)), sum).store(at.add(p));
                    });
                }
                for (sum, &partial) in sums.iter_mut().zip(partial.iter()) {
                    *sum += partial.to_f64();
                }
            }
        }
    }
}
