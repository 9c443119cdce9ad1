//! A tile through all dates: forward alone, or forward and back.
#![allow(clippy::needless_range_loop)] // register blocks and rows are read by their indices

use super::tape::Tape;
use super::weights::Weights;
use super::{Batch, Shape, backward, fill_row, forward, tile_paths, with_scratch};
use crate::pool::{self, Disjoint};
use crate::simd::{self, Kernel, Level, Real, SimdLevel};

/// Per-path results, [paths] each; `positions` [dates × paths] or empty.
pub struct Outcome<'a> {
    pub pnl: &'a mut [f64],
    pub cost: &'a mut [f64],
    pub turnover: &'a mut [f64],
    pub positions: &'a mut [f64],
}

/// The closed loop, forward only.
pub fn rollout<T: Real>(shape: &Shape, theta: &[f64], batch: &Batch<T>, outcome: Outcome) {
    rollout_at(simd::level(), shape, theta, batch, outcome);
}

pub(super) fn rollout_at<T: Real>(
    level: SimdLevel,
    shape: &Shape,
    theta: &[f64],
    batch: &Batch<T>,
    outcome: Outcome,
) {
    check(shape, theta, batch);
    let row = tile_paths::<T>();
    let with_positions = !outcome.positions.is_empty();
    let pnl = Disjoint::new(outcome.pnl);
    let cost = Disjoint::new(outcome.cost);
    let turnover = Disjoint::new(outcome.turnover);
    let positions = Disjoint::new(outcome.positions);
    with_scratch(Weights::<T>::len(shape), |packed| {
        let weights = Weights::pack(shape, theta, packed);
        pool::for_each_block(batch.paths.div_ceil(row), |tile| {
            let first = tile * row;
            let count = row.min(batch.paths - first);
            // Two dates of inputs in turn, the cell in place, two positions in turn, gain and cost.
            with_scratch((2 * shape.inputs() + shape.hidden + 4) * row, |scratch| {
                // SAFETY: tiles partition the paths.
                let results = unsafe {
                    Results {
                        pnl: pnl.range(first, first + count),
                        cost: cost.range(first, first + count),
                        turnover: turnover.range(first, first + count),
                        positions: with_positions.then_some(&positions),
                    }
                };
                simd::dispatch_at(
                    level,
                    Rollout {
                        shape,
                        weights,
                        batch,
                        first,
                        count,
                        scratch,
                        results,
                    },
                );
            });
        });
    });
}

/// Forward and adjoint with seed 1 per path: fills the tape and pnl [paths].
pub fn linearize<T: Real>(
    shape: &Shape,
    theta: &[f64],
    batch: &Batch<T>,
    memory: &mut [T],
    pnl: &mut [f64],
) {
    linearize_at(simd::level(), shape, theta, batch, memory, pnl);
}

pub(super) fn linearize_at<T: Real>(
    level: SimdLevel,
    shape: &Shape,
    theta: &[f64],
    batch: &Batch<T>,
    memory: &mut [T],
    pnl: &mut [f64],
) {
    check(shape, theta, batch);
    let tape = Tape {
        shape: *shape,
        paths: batch.paths,
        dates: batch.dates,
    };
    let (row, dates, h) = (tile_paths::<T>(), batch.dates, shape.hidden);
    let pnl = Disjoint::new(pnl);
    with_scratch(Weights::<T>::len(shape), |packed| {
        let weights = Weights::pack(shape, theta, packed);
        pool::for_each_chunk(tape.used_mut(memory), tape.tile_len::<T>(), |tile, part| {
            let first = tile * row;
            let count = tape.count::<T>(tile);
            // Cells of all dates and before, their tanh, positions before … after, gains, costs, carried errors.
            let len = (dates + 1) * h + dates * h + (dates + 2) + dates + (dates + 1) + (1 + h) + h;
            with_scratch(len * row, |scratch| {
                // SAFETY: tiles partition the paths.
                let pnl = unsafe { pnl.range(first, first + count) };
                simd::dispatch_at(
                    level,
                    Linearize {
                        tape: &tape,
                        weights,
                        batch,
                        first,
                        count,
                        part,
                        scratch,
                        pnl,
                    },
                );
            });
        });
    });
}

fn check<T>(shape: &Shape, theta: &[f64], batch: &Batch<T>) {
    let Batch { paths, dates, .. } = *batch;
    assert!(shape.hidden > 0 && dates > 0 && theta.len() == shape.parameters());
    assert!(
        batch.features.len() == dates * shape.features * paths
            && batch.gains.len() == dates * paths
    );
    assert!(batch.costs.len() == (dates + 1) * paths && batch.base.len() == paths);
}

struct Results<'a> {
    pnl: &'a mut [f64],
    cost: &'a mut [f64],
    turnover: &'a mut [f64],
    positions: Option<&'a Disjoint<'a, f64>>,
}

struct Rollout<'a, T> {
    shape: &'a Shape,
    weights: Weights<'a, T>,
    batch: &'a Batch<'a, T>,
    first: usize,
    count: usize,
    scratch: &'a mut [T],
    results: Results<'a>,
}

/// ã's static features, position feature and 1 of a date; the recurrent state is there already.
#[inline(always)]
fn set_input<T: Real>(
    shape: &Shape,
    batch: &Batch<T>,
    first: usize,
    count: usize,
    date: usize,
    position: &[T],
    input: &mut [T],
) {
    let row = tile_paths::<T>();
    for feature in 0..shape.features {
        let from = (date * shape.features + feature) * batch.paths + first;
        fill_row(
            &batch.features[from..from + count],
            &mut input[feature * row..][..row],
        );
    }
    let doubled = T::ONE + T::ONE;
    for (out, &position) in input[shape.features * row..][..row]
        .iter_mut()
        .zip(position)
    {
        *out = doubled * position - T::ONE;
    }
    input[(shape.inputs() - 1) * row..].fill(T::ONE);
}

impl<T: Real> Kernel for Rollout<'_, T> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        let Self {
            shape,
            weights,
            batch,
            first,
            count,
            scratch,
            results,
        } = self;
        let row = tile_paths::<T>();
        let Batch { paths, dates, .. } = *batch;
        let (input_len, h) = (shape.inputs() * row, shape.hidden * row);
        let recurrent = (shape.features + 1) * row;
        scratch.fill(T::ZERO);
        let (mut input, rest) = scratch.split_at_mut(input_len);
        let (mut next_input, rest) = rest.split_at_mut(input_len);
        let (cell, rest) = rest.split_at_mut(h);
        let (mut before, rest) = rest.split_at_mut(row);
        let (mut position, _) = rest.split_at_mut(row);
        results
            .pnl
            .copy_from_slice(&batch.base[first..first + count]);
        results.cost.fill(0.0);
        results.turnover.fill(0.0);
        for t in 0..dates {
            set_input(shape, batch, first, count, t, before, input);
            // SAFETY: the level is live; the arrays have the lengths that `Date` asks for.
            unsafe {
                let none = std::ptr::null_mut();
                forward::forward::<T::Vector<L>, false>(
                    shape,
                    &weights,
                    &forward::Date {
                        input: input.as_ptr(),
                        hidden: next_input.as_mut_ptr().add(recurrent),
                        cell_before: cell.as_ptr(),
                        cell: cell.as_mut_ptr(),
                        gates: none,
                        tanh_cell: none,
                        position: position.as_mut_ptr(),
                    },
                );
            }
            let at = t * paths + first;
            for i in 0..count {
                let now = position[i].to_f64();
                let trade = (now - before[i].to_f64()).abs();
                results.pnl[i] += now * batch.gains[at + i].to_f64();
                results.cost[i] += trade * batch.costs[at + i].to_f64();
                results.turnover[i] += trade;
            }
            if let Some(positions) = results.positions {
                // SAFETY: tiles partition the columns.
                let out = unsafe { positions.range(at, at + count) };
                for (out, &position) in out.iter_mut().zip(position.iter()) {
                    *out = position.to_f64();
                }
            }
            (before, position) = (position, before);
            (input, next_input) = (next_input, input);
        }
        let at = dates * paths + first;
        for i in 0..count {
            results.cost[i] += before[i].to_f64().abs() * batch.costs[at + i].to_f64();
            results.pnl[i] -= results.cost[i];
        }
    }
}

struct Linearize<'a, T> {
    tape: &'a Tape,
    weights: Weights<'a, T>,
    batch: &'a Batch<'a, T>,
    first: usize,
    count: usize,
    /// This tile of the tape.
    part: &'a mut [T],
    scratch: &'a mut [T],
    pnl: &'a mut [f64],
}

impl<T: Real> Kernel for Linearize<'_, T> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        let Self {
            tape,
            weights,
            batch,
            first,
            count,
            part,
            scratch,
            pnl,
        } = self;
        let shape = &tape.shape;
        let row = tile_paths::<T>();
        let Batch { paths, dates, .. } = *batch;
        let (inputs, gate_errors, head_errors) = tape.parts(part);
        let (input_len, gate_len, h) = (
            shape.inputs() * row,
            shape.gates() * row,
            shape.hidden * row,
        );
        let recurrent = (shape.features + 1) * row;

        let (cells, rest) = scratch.split_at_mut((dates + 1) * h);
        let (tanh_cells, rest) = rest.split_at_mut(dates * h);
        let (positions, rest) = rest.split_at_mut((dates + 2) * row);
        let (gains, rest) = rest.split_at_mut(dates * row);
        let (costs, rest) = rest.split_at_mut((dates + 1) * row);
        let (carried, cell_error) = rest.split_at_mut(row + h);
        cells[..h].fill(T::ZERO);
        inputs[recurrent..recurrent + h].fill(T::ZERO);
        positions[..row].fill(T::ZERO);
        positions[(dates + 1) * row..].fill(T::ZERO);
        carried.fill(T::ZERO);
        cell_error.fill(T::ZERO);
        for t in 0..=dates {
            let at = t * paths + first;
            fill_row(&batch.costs[at..at + count], &mut costs[t * row..][..row]);
            if t < dates {
                fill_row(&batch.gains[at..at + count], &mut gains[t * row..][..row]);
            }
        }

        pnl.copy_from_slice(&batch.base[first..first + count]);
        for t in 0..dates {
            let (input, after) = inputs[t * input_len..].split_at_mut(input_len);
            set_input(
                shape,
                batch,
                first,
                count,
                t,
                &positions[t * row..][..row],
                input,
            );
            let (cell_before, cell) = cells[t * h..].split_at_mut(h);
            let (before, position) = positions[t * row..].split_at_mut(row);
            // SAFETY: the level is live; the arrays have the lengths that `Date` asks for.
            unsafe {
                forward::forward::<T::Vector<L>, true>(
                    shape,
                    &weights,
                    &forward::Date {
                        input: input.as_ptr(),
                        hidden: after[recurrent..recurrent + h].as_mut_ptr(),
                        cell_before: cell_before.as_ptr(),
                        cell: cell[..h].as_mut_ptr(),
                        gates: gate_errors[t * gate_len..][..gate_len].as_mut_ptr(),
                        tanh_cell: tanh_cells[t * h..][..h].as_mut_ptr(),
                        position: position[..row].as_mut_ptr(),
                    },
                );
            }
            for i in 0..count {
                let now = position[i].to_f64();
                let charged = (now - before[i].to_f64()).abs() * costs[t * row + i].to_f64();
                pnl[i] += now * gains[t * row + i].to_f64() - charged;
            }
        }
        for i in 0..count {
            pnl[i] -= positions[dates * row + i].to_f64().abs() * costs[dates * row + i].to_f64();
        }
        // The 1 behind the last recurrent state; nothing else of that date is read.
        inputs[dates * input_len..][..recurrent].fill(T::ZERO);
        inputs[(dates + 1) * input_len - row..].fill(T::ONE);

        for t in (0..dates).rev() {
            let position_row = |k: usize| positions[k * row..][..row].as_ptr();
            // SAFETY: as above.
            unsafe {
                backward::backward::<T::Vector<L>>(
                    shape,
                    &weights,
                    &backward::Date {
                        gates: gate_errors[t * gate_len..][..gate_len].as_mut_ptr(),
                        tanh_cell: tanh_cells[t * h..][..h].as_ptr(),
                        cell_before: cells[t * h..][..h].as_ptr(),
                        carried: carried.as_mut_ptr(),
                        cell_error: cell_error.as_mut_ptr(),
                        head_error: head_errors[t * row..][..row].as_mut_ptr(),
                        position_before: position_row(t),
                        position: position_row(t + 1),
                        position_after: position_row(t + 2),
                        gain: gains[t * row..][..row].as_ptr(),
                        cost: costs[t * row..][..row].as_ptr(),
                        cost_after: costs[(t + 1) * row..][..row].as_ptr(),
                    },
                );
            }
        }
    }
}
