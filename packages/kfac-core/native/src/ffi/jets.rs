//! Jets for JavaScript.

use crate::error::{KfacError, KfacStatus, expect_len, kfac};
use crate::jets::{Activation, Shape, adjoint, forward};
use napi::bindgen_prelude::*;
use napi_derive::napi;

/// Activations by their place in `Activation::ALL`.
fn shape<'a>(
    sizes: &'a [u32],
    gated: bool,
    residual: bool,
    activation: u32,
    coordinates: u32,
    kept: &'a [u32],
    frequencies: &'a [f64],
    directions: &'a [f64],
    second: &'a [f64],
    raw: &[u32],
    third: &'a [f64],
    fourth: &'a [f64],
    points: usize,
) -> std::result::Result<Shape<'a>, KfacError> {
    let Some(&activation) = Activation::ALL.get(activation as usize) else {
        return Err(kfac(
            KfacStatus::Shape,
            format!("no activation {activation}"),
        ));
    };
    let &[raw_seconds, raw_thirds] = raw else {
        return Err(kfac(
            KfacStatus::Shape,
            format!("expected two counts of raw derivatives, got {}", raw.len()),
        ));
    };
    let shape = Shape {
        sizes,
        gated,
        residual,
        coordinates: coordinates as usize,
        kept,
        frequencies,
        activation,
        directions,
        second,
        raw: [raw_seconds as usize, raw_thirds as usize],
        third,
        fourth,
    };
    if !shape.is_valid(points) {
        return Err(kfac(
            KfacStatus::Shape,
            format!("no jets of widths {sizes:?} over {points} points"),
        ));
    }
    Ok(shape)
}

macro_rules! exports {
    ($forward:ident, $adjoint:ident, $tape:ty) => {
        /// `columns`: d rows of coordinates, then m·S rows that are written. An empty tape asks for the outputs alone.
        #[napi(catch_unwind)]
        pub fn $forward(
            sizes: &[u32],
            gated: bool,
            residual: bool,
            activation: u32,
            coordinates: u32,
            kept: &[u32],
            frequencies: &[f64],
            directions: &[f64],
            second: &[f64],
            raw: &[u32],
            third: &[f64],
            fourth: &[f64],
            theta: &[f64],
            mut columns: Float64ArraySlice,
            points: u32,
            mut tape: $tape,
        ) -> std::result::Result<(), napi::Error<KfacStatus>> {
            let points = points as usize;
            let shape = shape(
                sizes,
                gated,
                residual,
                activation,
                coordinates,
                kept,
                frequencies,
                directions,
                second,
                raw,
                third,
                fourth,
                points,
            )?;
            expect_len("theta", theta.len(), shape.parameters())?;
            expect_len(
                "columns",
                columns.len(),
                (shape.coordinates + shape.outputs() * shape.channels()) * points,
            )?;
            let taped = !tape.is_empty();
            expect_len(
                "tape",
                tape.len(),
                if taped { shape.tape_len(points) } else { 0 },
            )?;
            // SAFETY: the façade has refused overlapping arrays; JavaScript does not run during the call.
            let (columns, tape) = unsafe { (columns.as_mut(), tape.as_mut()) };
            let (coordinates, outputs) = columns.split_at_mut(shape.coordinates * points);
            forward(
                &shape,
                theta,
                coordinates,
                outputs,
                points,
                taped.then_some(tape),
            );
            Ok(())
        }

        #[napi(catch_unwind)]
        pub fn $adjoint(
            sizes: &[u32],
            gated: bool,
            residual: bool,
            activation: u32,
            coordinates: u32,
            kept: &[u32],
            frequencies: &[f64],
            directions: &[f64],
            second: &[f64],
            raw: &[u32],
            third: &[f64],
            fourth: &[f64],
            theta: &[f64],
            seeds: &[f64],
            points: u32,
            mut tape: $tape,
        ) -> std::result::Result<(), napi::Error<KfacStatus>> {
            let points = points as usize;
            let shape = shape(
                sizes,
                gated,
                residual,
                activation,
                coordinates,
                kept,
                frequencies,
                directions,
                second,
                raw,
                third,
                fourth,
                points,
            )?;
            expect_len("theta", theta.len(), shape.parameters())?;
            expect_len(
                "seeds",
                seeds.len(),
                shape.outputs() * shape.channels() * points,
            )?;
            expect_len("tape", tape.len(), shape.tape_len(points))?;
            // SAFETY: as above.
            adjoint(&shape, theta, seeds, points, unsafe { tape.as_mut() });
            Ok(())
        }
    };
}

exports!(jets_forward_f64, jets_adjoint_f64, Float64ArraySlice);
exports!(jets_forward_f32, jets_adjoint_f32, Float32ArraySlice);
