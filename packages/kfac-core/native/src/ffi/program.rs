//! Equation programs for JavaScript.

use crate::error::{KfacStatus, checked_mul, expect_len, kfac};
use crate::program::{Program, evaluate};
use napi::bindgen_prelude::*;
use napi_derive::napi;

#[napi(catch_unwind)]
pub fn program_evaluate(
    inputs: u32,
    constants: &[f64],
    code: &[i32],
    outputs: &[i32],
    columns: &[f64],
    points: u32,
    mut results: Float64ArraySlice,
) -> std::result::Result<(), napi::Error<KfacStatus>> {
    let points = points as usize;
    let program = Program::new(inputs as usize, constants, code, outputs)
        .ok_or_else(|| kfac(KfacStatus::Shape, "the program is not sound"))?;
    let needed = checked_mul(program.inputs(), points)?;
    if columns.len() < needed {
        return Err(kfac(
            KfacStatus::Shape,
            format!(
                "expected at least {needed} numbers in columns, got {}",
                columns.len()
            ),
        ));
    }
    expect_len(
        "outputs",
        results.len(),
        checked_mul(program.rows(), points)?,
    )?;
    // SAFETY: the façade has refused overlapping arrays; JavaScript does not run during the call.
    evaluate(&program, columns, unsafe { results.as_mut() }, points);
    Ok(())
}
