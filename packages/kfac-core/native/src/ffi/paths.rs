//! Market paths for JavaScript.

use crate::error::{KfacError, KfacStatus, checked_mul, expect_len, kfac};
use crate::paths::{Heston, Market, PathKey, Scheme, simulate};
use napi::bindgen_prelude::*;
use napi_derive::napi;

/// Model numbers: 0 Black–Scholes with parameters [spot, drift, volatility]; 1 QE-M, 2 QE, 3 Euler with parameters
/// [spot, drift, v0, kappa, theta, xi, rho].
fn market(model: u32, parameters: &[f64]) -> std::result::Result<Market, KfacError> {
    let scheme = match model {
        0 => {
            expect_len("parameters", parameters.len(), 3)?;
            return Ok(Market::BlackScholes {
                spot: parameters[0],
                drift: parameters[1],
                volatility: parameters[2],
            });
        }
        1 => Scheme::QuadraticExponential { martingale: true },
        2 => Scheme::QuadraticExponential { martingale: false },
        3 => Scheme::Euler,
        _ => return Err(kfac(KfacStatus::Shape, format!("no market model {model}"))),
    };
    expect_len("parameters", parameters.len(), 7)?;
    Ok(Market::Heston(Heston {
        spot: parameters[0],
        drift: parameters[1],
        v0: parameters[2],
        kappa: parameters[3],
        theta: parameters[4],
        xi: parameters[5],
        rho: parameters[6],
        scheme,
    }))
}

#[napi(catch_unwind)]
pub fn paths_simulate(
    model: u32,
    parameters: &[f64],
    interval: f64,
    seed_low: u32,
    seed_high: u32,
    purpose: u32,
    step: u32,
    first_path: u32,
    dates: u32,
    paths: u32,
    mut spot: Float64ArraySlice,
    mut variance: Float64ArraySlice,
) -> std::result::Result<(), napi::Error<KfacStatus>> {
    let market = market(model, parameters)?;
    let len = checked_mul(dates as usize, paths as usize)?;
    expect_len("spot", spot.len(), len)?;
    expect_len("variance", variance.len(), if model == 0 { 0 } else { len })?;
    let key = PathKey {
        seed: [seed_low, seed_high],
        purpose,
        step,
        first_path,
    };
    // SAFETY: the façade has refused overlapping arrays; JavaScript does not run during the call.
    let (spot, variance) = unsafe { (spot.as_mut(), variance.as_mut()) };
    simulate(&market, interval, key, paths as usize, spot, variance);
    Ok(())
}
