use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::error::{KfacStatus, checked_mul, expect_len};
use crate::linalg;

type Status<T> = std::result::Result<T, Error<KfacStatus>>;

fn square(what: &str, n: u32, len: usize) -> Status<usize> {
    let n = n as usize;
    expect_len(what, len, checked_mul(n, n)?)?;
    Ok(n)
}

fn rectangle(what: &str, rows: u32, cols: u32, len: usize) -> Status<(usize, usize)> {
    let (rows, cols) = (rows as usize, cols as usize);
    expect_len(what, len, checked_mul(rows, cols)?)?;
    Ok((rows, cols))
}

macro_rules! exports {
    ($t:ident, $array:ident, $gemm:ident, $cholesky:ident, $cholesky_solve:ident, $cholesky_inverse:ident,
     $triangular_solve:ident, $eigen_symmetric:ident, $eigen_generalized:ident, $qr:ident, $qr_factor:ident, $svd:ident,
     $js_gemm:literal, $js_cholesky:literal, $js_solve:literal, $js_inverse:literal, $js_triangular:literal,
     $js_eigen:literal, $js_generalized:literal, $js_qr:literal, $js_qr_factor:literal, $js_svd:literal) => {
        #[napi(js_name = $js_gemm, catch_unwind)]
        pub fn $gemm(
            rows: u32,
            cols: u32,
            inner: u32,
            alpha: f64,
            a: &[$t],
            transpose_a: bool,
            b: &[$t],
            transpose_b: bool,
            beta: f64,
            mut c: $array,
        ) -> Result<(), KfacStatus> {
            rectangle("A", rows, inner, a.len())?;
            rectangle("B", inner, cols, b.len())?;
            let (m, n) = rectangle("C", rows, cols, c.len())?;
            // SAFETY: the façade refuses an output that shares memory with an input, and shared memory.
            let c = unsafe { c.as_mut() };
            linalg::gemm(
                (m, n, inner as usize),
                alpha,
                a,
                transpose_a,
                b,
                transpose_b,
                beta,
                c,
            );
            Ok(())
        }

        #[napi(js_name = $js_cholesky, catch_unwind)]
        pub fn $cholesky(n: u32, mut a: $array) -> Result<(), KfacStatus> {
            let n = square("A", n, a.len())?;
            // SAFETY: the only view.
            linalg::cholesky(n, unsafe { a.as_mut() })
        }

        #[napi(js_name = $js_solve, catch_unwind)]
        pub fn $cholesky_solve(
            n: u32,
            l: &[$t],
            cols: u32,
            mut b: $array,
        ) -> Result<(), KfacStatus> {
            rectangle("B", n, cols, b.len())?;
            let n = square("L", n, l.len())?;
            // SAFETY: the façade refuses overlaps.
            linalg::cholesky_solve(n, l, cols as usize, unsafe { b.as_mut() });
            Ok(())
        }

        #[napi(js_name = $js_inverse, catch_unwind)]
        pub fn $cholesky_inverse(n: u32, l: &[$t], mut out: $array) -> Result<(), KfacStatus> {
            square("the inverse", n, out.len())?;
            let n = square("L", n, l.len())?;
            // SAFETY: the façade refuses overlaps.
            linalg::cholesky_inverse(n, l, unsafe { out.as_mut() });
            Ok(())
        }

        #[napi(js_name = $js_triangular, catch_unwind)]
        pub fn $triangular_solve(
            n: u32,
            t: &[$t],
            upper: bool,
            transpose: bool,
            cols: u32,
            mut b: $array,
        ) -> Result<(), KfacStatus> {
            rectangle("B", n, cols, b.len())?;
            let n = square("T", n, t.len())?;
            // SAFETY: the façade refuses overlaps.
            linalg::triangular_solve(n, t, upper, transpose, cols as usize, unsafe { b.as_mut() });
            Ok(())
        }

        #[napi(js_name = $js_eigen, catch_unwind)]
        pub fn $eigen_symmetric(
            n: u32,
            a: &[$t],
            mut values: $array,
            mut vectors: $array,
        ) -> Result<(), KfacStatus> {
            square("the vectors", n, vectors.len())?;
            let n = square("A", n, a.len())?;
            expect_len("the values", values.len(), n)?;
            // SAFETY: the façade refuses overlaps.
            linalg::eigen_symmetric(n, a, unsafe { values.as_mut() }, unsafe {
                vectors.as_mut()
            })
        }

        #[napi(js_name = $js_generalized, catch_unwind)]
        pub fn $eigen_generalized(
            n: u32,
            a: &[$t],
            b: &[$t],
            mut values: $array,
            mut vectors: $array,
        ) -> Result<(), KfacStatus> {
            square("the vectors", n, vectors.len())?;
            square("B", n, b.len())?;
            let n = square("A", n, a.len())?;
            expect_len("the values", values.len(), n)?;
            // SAFETY: the façade refuses overlaps.
            linalg::eigen_generalized(n, a, b, unsafe { values.as_mut() }, unsafe {
                vectors.as_mut()
            })
        }

        #[napi(js_name = $js_qr, catch_unwind)]
        pub fn $qr(
            rows: u32,
            cols: u32,
            a: &[$t],
            mut q: $array,
            mut r: $array,
        ) -> Result<(), KfacStatus> {
            rectangle("Q", rows, cols, q.len())?;
            square("R", cols, r.len())?;
            let (m, n) = rectangle("A", rows, cols, a.len())?;
            // SAFETY: the façade refuses overlaps.
            linalg::qr(m, n, a, unsafe { q.as_mut() }, unsafe { r.as_mut() });
            Ok(())
        }

        #[napi(js_name = $js_qr_factor, catch_unwind)]
        pub fn $qr_factor(rows: u32, cols: u32, a: &[$t], mut r: $array) -> Result<(), KfacStatus> {
            square("R", cols, r.len())?;
            let (m, n) = rectangle("A", rows, cols, a.len())?;
            // SAFETY: the façade refuses overlaps.
            linalg::qr_factor(m, n, a, unsafe { r.as_mut() });
            Ok(())
        }

        #[napi(js_name = $js_svd, catch_unwind)]
        pub fn $svd(
            rows: u32,
            cols: u32,
            a: &[$t],
            mut u: $array,
            mut s: $array,
            mut v: $array,
        ) -> Result<(), KfacStatus> {
            let (m, n) = rectangle("A", rows, cols, a.len())?;
            expect_len("U", u.len(), m * m.min(n))?;
            expect_len("s", s.len(), m.min(n))?;
            expect_len("V", v.len(), n * m.min(n))?;
            // SAFETY: the façade refuses overlaps.
            linalg::svd(
                m,
                n,
                a,
                unsafe { u.as_mut() },
                unsafe { s.as_mut() },
                unsafe { v.as_mut() },
            )
        }
    };
}

exports!(
    f64,
    Float64ArraySlice,
    gemm_f64,
    cholesky_f64,
    cholesky_solve_f64,
    cholesky_inverse_f64,
    triangular_solve_f64,
    eigen_symmetric_f64,
    eigen_generalized_f64,
    qr_f64,
    qr_factor_f64,
    svd_f64,
    "gemmF64",
    "choleskyF64",
    "choleskySolveF64",
    "choleskyInverseF64",
    "triangularSolveF64",
    "eigenSymmetricF64",
    "eigenGeneralizedF64",
    "qrF64",
    "qrFactorF64",
    "svdF64"
);
exports!(
    f32,
    Float32ArraySlice,
    gemm_f32,
    cholesky_f32,
    cholesky_solve_f32,
    cholesky_inverse_f32,
    triangular_solve_f32,
    eigen_symmetric_f32,
    eigen_generalized_f32,
    qr_f32,
    qr_factor_f32,
    svd_f32,
    "gemmF32",
    "choleskyF32",
    "choleskySolveF32",
    "choleskyInverseF32",
    "triangularSolveF32",
    "eigenSymmetricF32",
    "eigenGeneralizedF32",
    "qrF32",
    "qrFactorF32",
    "svdF32"
);

macro_rules! gram {
    ($name:ident, $js:literal, $t:ident, $array:ident) => {
        #[napi(js_name = $js, catch_unwind)]
        pub fn $name(
            n: u32,
            alpha: f64,
            z: &[$t],
            weights: Option<&[f64]>,
            uses: u32,
            beta: f64,
            mut c: $array,
        ) -> Result<(), KfacStatus> {
            let n = square("C", n, c.len())?;
            let rows = if n == 0 { 0 } else { z.len() / n };
            expect_len("Z", z.len(), rows * n)?;
            if let Some(weights) = weights {
                expect_len(
                    "the weighted rows",
                    checked_mul(weights.len(), uses as usize)?,
                    if n == 0 {
                        weights.len() * uses as usize
                    } else {
                        rows
                    },
                )?;
            }
            // SAFETY: the façade refuses overlaps.
            linalg::gram(n, alpha, z, weights, uses as usize, beta, unsafe {
                c.as_mut()
            });
            Ok(())
        }
    };
}

gram!(gram_f64, "gramF64", f64, Float64ArraySlice);
gram!(gram_f32, "gramF32", f32, Float32ArraySlice);
gram!(gram_f32_f64, "gramF32F64", f32, Float64ArraySlice);

#[napi(catch_unwind)]
pub fn tridiagonalize(
    n: u32,
    a: &[f64],
    mut store: Float64ArraySlice,
    mut diagonal: Float64ArraySlice,
    mut off_diagonal: Float64ArraySlice,
) -> Result<(), KfacStatus> {
    let n = square("A", n, a.len())?;
    expect_len("the store", store.len(), linalg::tridiagonal_store(n))?;
    expect_len("the diagonal", diagonal.len(), n)?;
    expect_len("the sub-diagonal", off_diagonal.len(), n.saturating_sub(1))?;
    // SAFETY: the façade owns the three outputs and refuses an input that overlaps them.
    let (store, diagonal, off_diagonal) =
        unsafe { (store.as_mut(), diagonal.as_mut(), off_diagonal.as_mut()) };
    linalg::tridiagonalize(n, a, store, diagonal, off_diagonal);
    Ok(())
}

#[napi(catch_unwind)]
pub fn apply_tridiagonal(
    n: u32,
    store: &[f64],
    transpose: bool,
    mut b: Float64ArraySlice,
) -> Result<(), KfacStatus> {
    let n = n as usize;
    expect_len("the store", store.len(), linalg::tridiagonal_store(n))?;
    expect_len("b", b.len(), n)?;
    // SAFETY: the façade owns the store.
    linalg::apply_tridiagonal(n, store, transpose, unsafe { b.as_mut() });
    Ok(())
}

#[napi(catch_unwind)]
pub fn bidiagonalize(
    n: u32,
    r: &[f64],
    mut store: Float64ArraySlice,
    mut diagonal: Float64ArraySlice,
    mut super_diagonal: Float64ArraySlice,
) -> Result<(), KfacStatus> {
    let n = square("R", n, r.len())?;
    expect_len("the store", store.len(), linalg::bidiagonal_store(n))?;
    expect_len("the diagonal", diagonal.len(), n)?;
    expect_len(
        "the super-diagonal",
        super_diagonal.len(),
        n.saturating_sub(1),
    )?;
    // SAFETY: the façade owns the three outputs and refuses an input that overlaps them.
    let (store, diagonal, super_diagonal) =
        unsafe { (store.as_mut(), diagonal.as_mut(), super_diagonal.as_mut()) };
    linalg::bidiagonalize(n, r, store, diagonal, super_diagonal);
    Ok(())
}

#[napi(catch_unwind)]
pub fn apply_bidiagonal(
    n: u32,
    store: &[f64],
    right: bool,
    transpose: bool,
    mut b: Float64ArraySlice,
) -> Result<(), KfacStatus> {
    let n = n as usize;
    expect_len("the store", store.len(), linalg::bidiagonal_store(n))?;
    expect_len("b", b.len(), n)?;
    // SAFETY: the façade owns the store.
    linalg::apply_bidiagonal(n, store, right, transpose, unsafe { b.as_mut() });
    Ok(())
}

macro_rules! reduced_solve {
    ($name:ident) => {
        #[napi(catch_unwind)]
        pub fn $name(
            diagonal: &[f64],
            beside: &[f64],
            lambda: f64,
            b: &[f64],
            mut y: Float64ArraySlice,
            mut sums: Float64ArraySlice,
        ) -> Result<(), KfacStatus> {
            let n = diagonal.len();
            expect_len("the diagonal beside", beside.len(), n.saturating_sub(1))?;
            expect_len("b", b.len(), n)?;
            expect_len("y", y.len(), n)?;
            expect_len("the sums", sums.len(), 3)?;
            // SAFETY: the façade refuses overlaps.
            let (y, sums) = unsafe { (y.as_mut(), sums.as_mut()) };
            sums.copy_from_slice(&linalg::$name(diagonal, beside, lambda, b, y));
            Ok(())
        }
    };
}

reduced_solve!(solve_tridiagonal);
reduced_solve!(solve_bidiagonal);
