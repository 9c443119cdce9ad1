use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::captured::{self, Pair};
use crate::error::{KfacStatus, checked_mul, expect_len};

type Status<T> = std::result::Result<T, Error<KfacStatus>>;

fn pair<'a, T>(
    z: &'a [T],
    g: &'a [T],
    inputs: u32,
    outputs: u32,
    uses: u32,
    examples: usize,
) -> Status<Pair<'a, T>> {
    let (inputs, outputs, uses) = (inputs as usize, outputs as usize, uses as usize);
    let rows = checked_mul(examples, uses)?;
    expect_len("Z", z.len(), checked_mul(rows, inputs)?)?;
    expect_len("G", g.len(), checked_mul(rows, outputs)?)?;
    checked_mul(inputs, outputs)?;
    Ok(Pair {
        z,
        g,
        inputs,
        outputs,
        uses,
    })
}

macro_rules! exports {
    ($t:ident, $gradient:ident, $js_gradient:literal, $jvp:ident, $js_jvp:literal, $jacobian:ident, $js_jacobian:literal) => {
        #[napi(js_name = $js_gradient, catch_unwind)]
        pub fn $gradient(
            z: &[$t],
            g: &[$t],
            inputs: u32,
            outputs: u32,
            uses: u32,
            weights: &[f64],
            mut out: Float64ArraySlice,
        ) -> Result<(), KfacStatus> {
            let pair = pair(z, g, inputs, outputs, uses, weights.len())?;
            expect_len("the gradient", out.len(), pair.inputs * pair.outputs)?;
            // SAFETY: the façade refuses an output that shares memory with an input, and shared memory.
            captured::gradient(pair, weights, unsafe { out.as_mut() });
            Ok(())
        }

        #[napi(js_name = $js_jvp, catch_unwind)]
        pub fn $jvp(
            z: &[$t],
            g: &[$t],
            inputs: u32,
            outputs: u32,
            uses: u32,
            directions: &[f64],
            mut out: Float64ArraySlice,
        ) -> Result<(), KfacStatus> {
            let size = checked_mul(inputs as usize, outputs as usize)?;
            let count = directions.len().checked_div(size).unwrap_or(0);
            let examples = out.len().checked_div(count).unwrap_or(0);
            let pair = pair(z, g, inputs, outputs, uses, examples)?;
            expect_len("the directions", directions.len(), count * size)?;
            expect_len("the products", out.len(), count * examples)?;
            // SAFETY: the façade refuses overlaps.
            captured::jvp(pair, directions, unsafe { out.as_mut() });
            Ok(())
        }

        #[napi(js_name = $js_jacobian, catch_unwind)]
        pub fn $jacobian(
            z: &[$t],
            g: &[$t],
            inputs: u32,
            outputs: u32,
            uses: u32,
            scale: &[f64],
            mut out: Float64ArraySlice,
            stride: u32,
            column: u32,
        ) -> Result<(), KfacStatus> {
            let pair = pair(z, g, inputs, outputs, uses, scale.len())?;
            let (stride, column) = (stride as usize, column as usize);
            expect_len(
                "the rows of the Jacobian",
                out.len(),
                checked_mul(scale.len(), stride)?,
            )?;
            if column.saturating_add(pair.inputs * pair.outputs) > stride {
                let message = format!(
                    "expected at least {} columns after column {column}, got {stride} in all",
                    pair.inputs * pair.outputs
                );
                return Err(crate::error::kfac(KfacStatus::Shape, message));
            }
            // SAFETY: the façade refuses overlaps.
            captured::jacobian(pair, scale, unsafe { out.as_mut() }, stride, column);
            Ok(())
        }
    };
}

exports!(
    f64,
    captured_gradient_f64,
    "capturedGradientF64",
    captured_jvp_f64,
    "capturedJvpF64",
    captured_jacobian_f64,
    "capturedJacobianF64"
);
exports!(
    f32,
    captured_gradient_f32,
    "capturedGradientF32",
    captured_jvp_f32,
    "capturedJvpF32",
    captured_jacobian_f32,
    "capturedJacobianF32"
);
