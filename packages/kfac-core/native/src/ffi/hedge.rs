//! The hedging loop for JavaScript; every export exists for f64 and f32.

use crate::error::{KfacError, KfacStatus, checked_mul, expect_len, kfac};
use crate::hedge::{self, Batch, Layer, Outcome, Shape, Squash, Tape, Task};
use napi::bindgen_prelude::*;
use napi_derive::napi;

fn shape(features: u32, hidden: u32, squash: u32) -> std::result::Result<Shape, KfacError> {
    let squash = match squash {
        0 => Squash::Tanh,
        1 => Squash::Logistic,
        2 => Squash::Identity,
        _ => return Err(kfac(KfacStatus::Shape, format!("no squash {squash}"))),
    };
    if hidden == 0 || hidden > 1 << 12 || features > 1 << 12 {
        return Err(kfac(KfacStatus::Shape, format!("a policy of {features} features and {hidden} units")));
    }
    Ok(Shape { features: features as usize, hidden: hidden as usize, squash })
}

fn layer(number: u32) -> std::result::Result<Layer, KfacError> {
    match number {
        0 => Ok(Layer::Gates),
        1 => Ok(Layer::Head),
        _ => Err(kfac(KfacStatus::Shape, format!("no layer {number}"))),
    }
}

fn tape<T>(shape: Shape, paths: u32, dates: u32, memory: &[T]) -> std::result::Result<Tape, KfacError> {
    let tape = Tape { shape, paths: paths as usize, dates: dates as usize };
    if dates == 0 {
        return Err(kfac(KfacStatus::Shape, "expected at least one date"));
    }
    let len = tape.size::<T>().ok_or_else(|| kfac(KfacStatus::Shape, "the tape is too large"))?;
    expect_len("tape", memory.len(), len)?;
    Ok(tape)
}

fn batch<'a, T>(
    features_count: usize,
    paths: u32,
    dates: u32,
    features: &'a [T],
    gains: &'a [T],
    costs: &'a [T],
    base: &'a [f64],
) -> std::result::Result<Batch<'a, T>, KfacError> {
    let (paths, dates) = (paths as usize, dates as usize);
    if dates == 0 {
        return Err(kfac(KfacStatus::Shape, "expected at least one date"));
    }
    let cells = checked_mul(paths, dates)?;
    expect_len("features", features.len(), checked_mul(cells, features_count)?)?;
    expect_len("gains", gains.len(), cells)?;
    expect_len("costs", costs.len(), checked_mul(paths, dates + 1)?)?;
    expect_len("base", base.len(), paths)?;
    Ok(Batch { paths, dates, features, gains, costs, base })
}

/// Numbers that a tape of that dtype needs; NaN if they are too many.
#[napi(catch_unwind)]
pub fn hedge_tape_length(features: u32, hidden: u32, paths: u32, dates: u32, f32: bool) -> f64 {
    let Ok(shape) = shape(features, hidden, 0) else { return f64::NAN };
    let tape = Tape { shape, paths: paths as usize, dates: dates as usize };
    let len = if f32 { tape.size::<f32>() } else { tape.size::<f64>() };
    len.map_or(f64::NAN, |len| len as f64)
}

macro_rules! room {
    ($t:ident, $slice:ident, $prepare:ident, $rollout:ident, $linearize:ident, $gradient:ident, $jvp:ident,
     $factors:ident, $lag_factors:ident, $reduced_factors:ident, $head_block:ident, $capture:ident) => {
        /// numbers: [theta or NaN, horizon, rate, dividend, strike, cost, premium, log scale].
        #[napi(catch_unwind)]
        pub fn $prepare(
            numbers: &[f64],
            call: bool,
            unwind: bool,
            paths: u32,
            dates: u32,
            spot: &[f64],
            variance: &[f64],
            mut features: $slice,
            mut gains: $slice,
            mut costs: $slice,
            mut base: Float64ArraySlice,
        ) -> std::result::Result<(), napi::Error<KfacStatus>> {
            expect_len("numbers", numbers.len(), 8)?;
            let task = Task {
                theta: (!numbers[0].is_nan()).then_some(numbers[0]),
                horizon: numbers[1],
                rate: numbers[2],
                dividend: numbers[3],
                call,
                strike: numbers[4],
                proportional_cost: numbers[5],
                premium: numbers[6],
                unwind,
                log_scale: numbers[7],
            };
            // SAFETY: the façade has refused overlapping arrays; JavaScript does not run during the call.
            let (features, gains, costs, base) =
                unsafe { (features.as_mut(), gains.as_mut(), costs.as_mut(), base.as_mut()) };
            let Batch { paths, dates, .. } = batch(task.features(), paths, dates, features, gains, costs, base)?;
            expect_len("spot", spot.len(), costs.len())?;
            expect_len("variance", variance.len(), if task.theta.is_some() { costs.len() } else { 0 })?;
            hedge::prepare::<$t>(&task, paths, dates, spot, variance, features, gains, costs, base);
            Ok(())
        }

        #[napi(catch_unwind)]
        pub fn $rollout(
            features_count: u32,
            hidden: u32,
            squash: u32,
            theta: &[f64],
            paths: u32,
            dates: u32,
            features: &[$t],
            gains: &[$t],
            costs: &[$t],
            base: &[f64],
            mut pnl: Float64ArraySlice,
            mut cost: Float64ArraySlice,
            mut turnover: Float64ArraySlice,
            mut positions: Float64ArraySlice,
        ) -> std::result::Result<(), napi::Error<KfacStatus>> {
            let shape = shape(features_count, hidden, squash)?;
            let batch = batch(shape.features, paths, dates, features, gains, costs, base)?;
            expect_len("theta", theta.len(), shape.parameters())?;
            expect_len("pnl", pnl.len(), batch.paths)?;
            expect_len("cost", cost.len(), batch.paths)?;
            expect_len("turnover", turnover.len(), batch.paths)?;
            if positions.len() != 0 {
                expect_len("positions", positions.len(), checked_mul(batch.paths, batch.dates)?)?;
            }
            // SAFETY: as in `prepare`.
            let outcome = unsafe {
                Outcome { pnl: pnl.as_mut(), cost: cost.as_mut(), turnover: turnover.as_mut(), positions: positions.as_mut() }
            };
            hedge::rollout::<$t>(&shape, theta, &batch, outcome);
            Ok(())
        }

        #[napi(catch_unwind)]
        pub fn $linearize(
            features_count: u32,
            hidden: u32,
            squash: u32,
            theta: &[f64],
            paths: u32,
            dates: u32,
            features: &[$t],
            gains: &[$t],
            costs: &[$t],
            base: &[f64],
            mut memory: $slice,
            mut pnl: Float64ArraySlice,
        ) -> std::result::Result<(), napi::Error<KfacStatus>> {
            let shape = shape(features_count, hidden, squash)?;
            let batch = batch(shape.features, paths, dates, features, gains, costs, base)?;
            expect_len("theta", theta.len(), shape.parameters())?;
            expect_len("pnl", pnl.len(), batch.paths)?;
            // SAFETY: as in `prepare`.
            let (memory, pnl) = unsafe { (memory.as_mut(), pnl.as_mut()) };
            tape::<$t>(shape, paths, dates, memory)?;
            hedge::linearize::<$t>(&shape, theta, &batch, memory, pnl);
            Ok(())
        }

        #[napi(catch_unwind)]
        pub fn $gradient(
            features_count: u32,
            hidden: u32,
            paths: u32,
            dates: u32,
            memory: &[$t],
            layer_number: u32,
            weights: &[f64],
            mut out: Float64ArraySlice,
        ) -> std::result::Result<(), napi::Error<KfacStatus>> {
            let tape = tape::<$t>(shape(features_count, hidden, 0)?, paths, dates, memory)?;
            let layer = layer(layer_number)?;
            let (inputs, outputs) = layer.size(&tape.shape);
            expect_len("weights", weights.len(), tape.paths)?;
            expect_len("out", out.len(), inputs * outputs)?;
            // SAFETY: as in `prepare`.
            hedge::gradient::<$t>(&tape, memory, layer, weights, unsafe { out.as_mut() });
            Ok(())
        }

        #[napi(catch_unwind)]
        pub fn $jvp(
            features_count: u32,
            hidden: u32,
            paths: u32,
            dates: u32,
            memory: &[$t],
            layer_number: u32,
            directions: Vec<Float64ArraySlice>,
            stride: u32,
            mut out: Float64ArraySlice,
        ) -> std::result::Result<(), napi::Error<KfacStatus>> {
            let tape = tape::<$t>(shape(features_count, hidden, 0)?, paths, dates, memory)?;
            let layer = layer(layer_number)?;
            let (inputs, outputs) = layer.size(&tape.shape);
            for direction in &directions {
                expect_len("direction", direction.len(), inputs * outputs)?;
            }
            expect_len("out", out.len(), checked_mul(directions.len(), tape.paths)?)?;
            let directions: Vec<&[f64]> = directions.iter().map(|direction| direction.as_ref()).collect();
            // SAFETY: as in `prepare`.
            hedge::jvp::<$t>(&tape, memory, layer, &directions, (stride as usize).max(1), unsafe { out.as_mut() });
            Ok(())
        }

        #[napi(catch_unwind)]
        pub fn $factors(
            features_count: u32,
            hidden: u32,
            paths: u32,
            dates: u32,
            memory: &[$t],
            layer_number: u32,
            weights: &[f64],
            stride: u32,
            mut a: Float64ArraySlice,
            mut g: Float64ArraySlice,
        ) -> std::result::Result<(), napi::Error<KfacStatus>> {
            let tape = tape::<$t>(shape(features_count, hidden, 0)?, paths, dates, memory)?;
            let layer = layer(layer_number)?;
            let (inputs, outputs) = layer.size(&tape.shape);
            expect_len("weights", weights.len(), tape.paths)?;
            expect_len("a", a.len(), inputs * inputs)?;
            expect_len("g", g.len(), outputs * outputs)?;
            let stride = (stride as usize).max(1);
            // SAFETY: as in `prepare`.
            let (a, g) = unsafe { (a.as_mut(), g.as_mut()) };
            hedge::factors::<$t>(&tape, memory, layer, weights, stride, a, g);
            Ok(())
        }

        #[napi(catch_unwind)]
        pub fn $lag_factors(
            features_count: u32,
            hidden: u32,
            paths: u32,
            dates: u32,
            memory: &[$t],
            layer_number: u32,
            weights: &[f64],
            stride: u32,
            mut a0: Float64ArraySlice,
            mut a1: Float64ArraySlice,
            mut g0: Float64ArraySlice,
            mut g1: Float64ArraySlice,
        ) -> std::result::Result<(), napi::Error<KfacStatus>> {
            let tape = tape::<$t>(shape(features_count, hidden, 0)?, paths, dates, memory)?;
            let layer = layer(layer_number)?;
            let (inputs, outputs) = layer.size(&tape.shape);
            expect_len("weights", weights.len(), tape.paths)?;
            expect_len("a0", a0.len(), inputs * inputs)?;
            expect_len("a1", a1.len(), inputs * inputs)?;
            expect_len("g0", g0.len(), outputs * outputs)?;
            expect_len("g1", g1.len(), outputs * outputs)?;
            let stride = (stride as usize).max(1);
            // SAFETY: as in `prepare`.
            let (a, g) = unsafe {
                (
                    hedge::Lags { lag0: a0.as_mut(), lag1: a1.as_mut() },
                    hedge::Lags { lag0: g0.as_mut(), lag1: g1.as_mut() },
                )
            };
            hedge::lag_factors::<$t>(&tape, memory, layer, weights, stride, a, g);
            Ok(())
        }

        #[napi(catch_unwind)]
        pub fn $reduced_factors(
            features_count: u32,
            hidden: u32,
            paths: u32,
            dates: u32,
            memory: &[$t],
            layer_number: u32,
            weights: &[f64],
            stride: u32,
            mut a: Float64ArraySlice,
            mut g: Float64ArraySlice,
        ) -> std::result::Result<(), napi::Error<KfacStatus>> {
            let tape = tape::<$t>(shape(features_count, hidden, 0)?, paths, dates, memory)?;
            let layer = layer(layer_number)?;
            let (inputs, outputs) = layer.size(&tape.shape);
            expect_len("weights", weights.len(), tape.paths)?;
            expect_len("a", a.len(), inputs * inputs)?;
            expect_len("g", g.len(), outputs * outputs)?;
            let stride = (stride as usize).max(1);
            // SAFETY: as in `prepare`.
            let (a, g) = unsafe { (a.as_mut(), g.as_mut()) };
            hedge::reduced_factors::<$t>(&tape, memory, layer, weights, stride, a, g);
            Ok(())
        }

        #[napi(catch_unwind)]
        pub fn $head_block(
            features_count: u32,
            hidden: u32,
            paths: u32,
            dates: u32,
            memory: &[$t],
            weights: &[f64],
            mut out: Float64ArraySlice,
        ) -> std::result::Result<(), napi::Error<KfacStatus>> {
            let tape = tape::<$t>(shape(features_count, hidden, 0)?, paths, dates, memory)?;
            let n = tape.shape.hidden + 1;
            expect_len("weights", weights.len(), tape.paths)?;
            expect_len("out", out.len(), n * n)?;
            // SAFETY: as in `prepare`.
            hedge::head_block::<$t>(&tape, memory, weights, unsafe { out.as_mut() });
            Ok(())
        }

        #[napi(catch_unwind)]
        pub fn $capture(
            features_count: u32,
            hidden: u32,
            paths: u32,
            dates: u32,
            memory: &[$t],
            layer_number: u32,
            mut z: $slice,
            mut g: $slice,
        ) -> std::result::Result<(), napi::Error<KfacStatus>> {
            let tape = tape::<$t>(shape(features_count, hidden, 0)?, paths, dates, memory)?;
            let layer = layer(layer_number)?;
            let (inputs, outputs) = layer.size(&tape.shape);
            let rows = checked_mul(tape.paths, tape.dates)?;
            expect_len("z", z.len(), checked_mul(rows, inputs)?)?;
            expect_len("g", g.len(), checked_mul(rows, outputs)?)?;
            // SAFETY: as in `prepare`.
            let (z, g) = unsafe { (z.as_mut(), g.as_mut()) };
            hedge::capture::<$t>(&tape, memory, layer, z, g);
            Ok(())
        }
    };
}

room!(
    f64, Float64ArraySlice, hedge_prepare_f64, hedge_rollout_f64, hedge_linearize_f64, hedge_gradient_f64, hedge_jvp_f64,
    hedge_factors_f64, hedge_lag_factors_f64, hedge_reduced_factors_f64,
    hedge_head_block_f64, hedge_capture_f64
);
room!(
    f32, Float32ArraySlice, hedge_prepare_f32, hedge_rollout_f32, hedge_linearize_f32, hedge_gradient_f32, hedge_jvp_f32,
    hedge_factors_f32, hedge_lag_factors_f32, hedge_reduced_factors_f32,
    hedge_head_block_f32, hedge_capture_f32
);
