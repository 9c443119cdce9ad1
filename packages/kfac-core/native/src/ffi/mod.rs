//! The only code that touches Node-API: arguments are checked here once, kernels take slices of proven length.
//! Exports are synchronous, catch panics, and fail with a `KFAC_*` code.

pub mod captured;
pub mod hedge;
pub mod jets;
pub mod linalg;
pub mod paths;
pub mod program;

use crate::{pool, simd::level};
use napi::bindgen_prelude::*;
use napi_derive::napi;

#[napi(module_exports)]
pub fn init(_exports: Object, env: Env) -> Result<()> {
    pool::enter_environment();
    env.add_env_cleanup_hook((), |()| pool::leave_environment())?;
    Ok(())
}

/// What runs: `{ simd, version }`.
#[napi(object)]
pub struct Description {
    pub simd: String,
    pub version: String,
}

#[napi(catch_unwind)]
pub fn describe() -> Description {
    Description {
        simd: level().name().into(),
        version: env!("CARGO_PKG_VERSION").into(),
    }
}

/// Number of threads for the calls that follow on this JavaScript thread; returns what is in use now.
#[napi(catch_unwind)]
pub fn set_threads(threads: u32) -> u32 {
    pool::set_threads(threads as usize);
    pool::threads() as u32
}
