//! Dense algebra over row-major slices. Products run on our own kernel and on all threads; reductions and QR panels are our
//! own, the other factorisations faer's, serial, on aligned column-major copies in the thread's scratch memory, so that the bits depend neither on the threads nor on
//! where the arguments lie. Sizes are taken as checked: a wrong one panics.

pub mod contract;
mod factor;
mod products;
mod reduce;
mod reduced_solve;
mod reflect;
mod rows;
mod transpose;
mod tsqr;

pub use factor::{
    Dense, cholesky, cholesky_inverse, cholesky_solve, eigen_generalized, eigen_symmetric, qr, svd,
    triangular_solve,
};
pub use products::{gemm, gram};
pub use reduce::{
    apply_bidiagonal, apply_tridiagonal, bidiagonal_store, bidiagonalize, tridiagonal_store,
    tridiagonalize,
};
pub use reduced_solve::{solve_bidiagonal, solve_tridiagonal};
pub use transpose::transpose;
pub use tsqr::qr_factor;

#[cfg(test)]
mod tests;
