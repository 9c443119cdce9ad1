//! Native engine of `@kfac/core`. Only `ffi` and `error` know Node-API; the rooms are plain Rust and are tested by
//! `cargo test` without Node. `unsafe` lives in `ffi`, in `pool` and in the SIMD kernels.
#![deny(clippy::all, unsafe_op_in_unsafe_fn)]
#![allow(clippy::too_many_arguments)]

pub mod captured;
pub mod error;
pub mod ffi;
pub mod hedge;
pub mod jets;
pub mod linalg;
pub mod paths;
pub mod pool;
pub mod program;
pub mod random;
pub mod simd;
