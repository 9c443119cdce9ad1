//! Statistics over time: moments of one date with the next, and of whole paths.

use super::statistics::{Sample, contract, mirror, sum_over_tiles, tile_weights};
use super::tape::{Panel, Tape};
use super::{Layer, tile_paths, with_scratch};
use crate::simd::{self, Kernel, Level, Real, SimdLevel, Vector};

/// The moments of one side of a layer at lag 0, symmetric, and at lag 1, later × earlier; both [n × n].
pub struct Lags<'a> {
    pub lag0: &'a mut [f64],
    pub lag1: &'a mut [f64],
}

/// Lags 0 and 1 of z and of g over the tiles 0, stride, 2·stride …, both while a tile is at hand; scaled as `factors`: the
/// last date has no next, and the divisor stays the number of dates.
pub fn lag_factors<T: Real>(
    tape: &Tape,
    memory: &[T],
    layer: Layer,
    weights: &[f64],
    stride: usize,
    a: Lags,
    g: Lags,
) {
    lag_factors_at(simd::level(), tape, memory, layer, weights, stride, a, g);
}

pub(super) fn lag_factors_at<T: Real>(
    level: SimdLevel,
    tape: &Tape,
    memory: &[T],
    layer: Layer,
    weights: &[f64],
    stride: usize,
    a: Lags,
    g: Lags,
) {
    let sample = Sample::new::<T>(tape, weights, stride);
    let (inputs, outputs) = layer.size(&tape.shape);
    let lags = |panel: Panel<T>, weights: &dyn Fn(&mut [T]), sum: &mut [f64]| {
        let (lag0, lag1) = sum.split_at_mut(panel.rows * panel.rows);
        contract(level, panel, panel, tape.dates, weights, true, lag0);
        contract(level, panel.later(), panel, tape.dates - 1, weights, false, lag1);
    };
    let take = |sum: &[f64], n: usize, scale: f64, out: Lags| {
        let (lag0, lag1) = sum.split_at(n * n);
        mirror(lag0, n, scale, out.lag0);
        for (out, sum) in out.lag1.iter_mut().zip(lag1) {
            *out = scale * sum;
        }
    };

    let add = |index: usize, sum: &mut [f64]| {
        let tile = index * stride;
        let (z, _) = tape.pair(memory, layer, tile);
        lags(z, &|row| tile_weights(tape, tile, |_| 1.0, row), sum);
    };
    sum_over_tiles(sample.tiles, 2 * inputs * inputs, add, |sum| take(sum, inputs, sample.a, a));

    let add = |index: usize, sum: &mut [f64]| {
        let tile = index * stride;
        let (_, errors) = tape.pair(memory, layer, tile);
        lags(errors, &|row| tile_weights(tape, tile, |i| weights[i], row), sum);
    };
    sum_over_tiles(sample.tiles, 2 * outputs * outputs, add, |sum| take(sum, outputs, sample.g, g));
}

/// a ← mean over paths of z̄ z̄ᵀ, z̄ the mean over dates, g ← Σ_i ω_i·ĝ ĝᵀ, ĝ the sum over dates, over the same tiles.
pub fn reduced_factors<T: Real>(
    tape: &Tape,
    memory: &[T],
    layer: Layer,
    weights: &[f64],
    stride: usize,
    a: &mut [f64],
    g: &mut [f64],
) {
    reduced_factors_at(simd::level(), tape, memory, layer, weights, stride, a, g);
}

pub(super) fn reduced_factors_at<T: Real>(
    level: SimdLevel,
    tape: &Tape,
    memory: &[T],
    layer: Layer,
    weights: &[f64],
    stride: usize,
    a: &mut [f64],
    g: &mut [f64],
) {
    let sample = Sample::new::<T>(tape, weights, stride);
    let (inputs, outputs) = layer.size(&tape.shape);
    let dates = tape.dates as f64;
    let total = |panel: Panel<T>, weights: &dyn Fn(&mut [T]), sum: &mut [f64]| {
        let row = tile_paths::<T>();
        with_scratch(panel.rows * row, |sums| {
            simd::dispatch_at(level, SumOverDates { panel, dates: tape.dates, out: sums });
            let sums = Panel::new(sums, panel.rows * row, panel.rows, 1);
            contract(level, sums, sums, 1, weights, true, sum);
        });
    };

    let add = |index: usize, sum: &mut [f64]| {
        let tile = index * stride;
        let (z, _) = tape.pair(memory, layer, tile);
        total(z, &|row| tile_weights(tape, tile, |_| 1.0, row), sum);
    };
    sum_over_tiles(sample.tiles, a.len(), add, |sum| mirror(sum, inputs, sample.a / dates, a));

    let add = |index: usize, sum: &mut [f64]| {
        let tile = index * stride;
        let (_, errors) = tape.pair(memory, layer, tile);
        total(errors, &|row| tile_weights(tape, tile, |i| weights[i], row), sum);
    };
    sum_over_tiles(sample.tiles, g.len(), add, |sum| mirror(sum, outputs, sample.g * dates, g));
}

/// The sum of a panel over its dates, `out` [rows] rows.
struct SumOverDates<'a, T> {
    panel: Panel<'a, T>,
    dates: usize,
    out: &'a mut [T],
}

impl<T: Real> Kernel for SumOverDates<'_, T> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        self.out.fill(T::ZERO);
        for t in 0..self.dates {
            let from = self.panel.date(t);
            assert!(from.len() == self.out.len());
            for p in (0..from.len()).step_by(T::Vector::<L>::LANES) {
                // SAFETY: the level is live; both are whole rows, a multiple of the lanes.
                unsafe {
                    let sum = T::Vector::<L>::load(self.out.as_ptr().add(p));
                    let next = T::Vector::<L>::load(from.as_ptr().add(p));
                    (sum + next).store(self.out.as_mut_ptr().add(p));
                }
            }
        }
    }
}
