use super::transpose::transpose;
use crate::error::{KfacError, KfacStatus, kfac};
use crate::pool::{self, Disjoint, with_scratch_of};
use crate::simd::Real;

/// A scalar with faer's factorisations: `kfac_linalg` of that type.
pub trait Dense: Real {
    fn finite(self) -> bool;
    fn qr_coefficients(m: usize, n: usize) -> usize;
    fn cholesky(n: usize, a: &mut [Self]) -> Result<(), kfac_linalg::NotPositiveDefinite>;
    fn cholesky_inverse(n: usize, l: &[Self], out: &mut [Self]);
    fn triangular_solve(
        n: usize,
        t: &[Self],
        lower: bool,
        transpose: bool,
        k: usize,
        b: &mut [Self],
    );
    fn eigen(
        n: usize,
        a: &[Self],
        values: &mut [Self],
        vectors: &mut [Self],
    ) -> Result<(), kfac_linalg::NoConvergence>;
    fn svd(
        m: usize,
        n: usize,
        a: &[Self],
        u: &mut [Self],
        s: &mut [Self],
        v: &mut [Self],
    ) -> Result<(), kfac_linalg::NoConvergence>;
    fn qr(m: usize, n: usize, a: &mut [Self], coefficients: &mut [Self]);
    fn qr_basis(m: usize, n: usize, a: &[Self], coefficients: &[Self], q: &mut [Self]);
    fn qr_apply_transpose(
        m: usize,
        n: usize,
        a: &[Self],
        coefficients: &[Self],
        k: usize,
        b: &mut [Self],
    );
}

macro_rules! dense {
    ($t:ident) => {
        impl Dense for $t {
            fn finite(self) -> bool {
                self.is_finite()
            }
            fn qr_coefficients(m: usize, n: usize) -> usize {
                kfac_linalg::$t::qr_coefficients(m, n)
            }
            fn cholesky(n: usize, a: &mut [$t]) -> Result<(), kfac_linalg::NotPositiveDefinite> {
                kfac_linalg::$t::cholesky(n, a)
            }
            fn cholesky_inverse(n: usize, l: &[$t], out: &mut [$t]) {
                kfac_linalg::$t::cholesky_inverse(n, l, out)
            }
            fn triangular_solve(
                n: usize,
                t: &[$t],
                lower: bool,
                transpose: bool,
                k: usize,
                b: &mut [$t],
            ) {
                kfac_linalg::$t::triangular_solve(n, t, lower, transpose, k, b)
            }
            fn eigen(
                n: usize,
                a: &[$t],
                s: &mut [$t],
                v: &mut [$t],
            ) -> Result<(), kfac_linalg::NoConvergence> {
                kfac_linalg::$t::eigen(n, a, s, v)
            }
            fn svd(
                m: usize,
                n: usize,
                a: &[$t],
                u: &mut [$t],
                s: &mut [$t],
                v: &mut [$t],
            ) -> Result<(), kfac_linalg::NoConvergence> {
                kfac_linalg::$t::svd(m, n, a, u, s, v)
            }
            fn qr(m: usize, n: usize, a: &mut [$t], coefficients: &mut [$t]) {
                kfac_linalg::$t::qr(m, n, a, coefficients)
            }
            fn qr_basis(m: usize, n: usize, a: &[$t], coefficients: &[$t], q: &mut [$t]) {
                kfac_linalg::$t::qr_basis(m, n, a, coefficients, q)
            }
            fn qr_apply_transpose(
                m: usize,
                n: usize,
                a: &[$t],
                coefficients: &[$t],
                k: usize,
                b: &mut [$t],
            ) {
                kfac_linalg::$t::qr_apply_transpose(m, n, a, coefficients, k, b)
            }
        }
    };
}

dense!(f64);
dense!(f32);

fn not_positive_definite(pivot: usize, n: usize) -> KfacError {
    kfac(
        KfacStatus::NotPositiveDefinite,
        format!("expected a positive definite matrix, pivot {pivot} of {n} is not positive"),
    )
}

fn require_finite<T: Dense>(values: impl IntoIterator<Item = T>) -> Result<(), KfacError> {
    if values.into_iter().all(T::finite) {
        return Ok(());
    }
    Err(kfac(
        KfacStatus::NoConvergence,
        "expected finite numbers, got NaN or Infinity",
    ))
}

/// Cholesky of a column-major copy, non-finite pivots refused as well.
fn factor_lower<T: Dense>(n: usize, l: &mut [T]) -> Result<(), KfacError> {
    T::cholesky(n, l)
        .map_err(|kfac_linalg::NotPositiveDefinite(pivot)| not_positive_definite(pivot, n))?;
    match (0..n).find(|&i| !(l[i * n + i].finite() && l[i * n + i] > T::ZERO)) {
        Some(pivot) => Err(not_positive_definite(pivot, n)),
        None => Ok(()),
    }
}

/// A = L·Lᵀ in place from the lower triangle; the strict upper triangle becomes zero.
pub fn cholesky<T: Dense>(n: usize, a: &mut [T]) -> Result<(), KfacError> {
    assert!(a.len() == n * n);
    with_scratch_of::<T, _>(n * n, |l| {
        transpose(n, n, a, l);
        factor_lower(n, l)?;
        transpose(n, n, l, a);
        for i in 0..n {
            a[i * n + i + 1..(i + 1) * n].fill(T::ZERO);
        }
        Ok(())
    })
}

/// B ← (L·Lᵀ)⁻¹·B, B [n × k].
pub fn cholesky_solve<T: Dense>(n: usize, l: &[T], k: usize, b: &mut [T]) {
    assert!(l.len() == n * n && b.len() == n * k);
    with_scratch_of::<T, _>(n * n, |column_major| {
        transpose(n, n, l, column_major);
        by_columns(n, k, b, |k, b| {
            T::triangular_solve(n, column_major, true, false, k, b);
            T::triangular_solve(n, column_major, true, true, k, b);
        });
    });
}

/// B ← op(T)⁻¹·B, B [n × k].
pub fn triangular_solve<T: Dense>(
    n: usize,
    t: &[T],
    upper: bool,
    transposed: bool,
    k: usize,
    b: &mut [T],
) {
    assert!(t.len() == n * n && b.len() == n * k);
    with_scratch_of::<T, _>(n * n, |column_major| {
        transpose(n, n, t, column_major);
        by_columns(n, k, b, |k, b| {
            T::triangular_solve(n, column_major, !upper, transposed, k, b)
        });
    });
}

/// Columns of right-hand sides that are solved as one block.
const COLUMNS: usize = 64;

/// Runs `solve(k, columns)` on row-major aligned copies of blocks of B's columns, in parallel, and copies them back.
fn by_columns<T: Dense>(n: usize, k: usize, b: &mut [T], solve: impl Fn(usize, &mut [T]) + Sync) {
    if n == 0 || k == 0 {
        return;
    }
    let shared = Disjoint::new(b);
    pool::for_each_block_of(
        n.saturating_mul(n).saturating_mul(k),
        k.div_ceil(COLUMNS),
        |block| {
            let (start, end) = (block * COLUMNS, k.min((block + 1) * COLUMNS));
            let width = end - start;
            with_scratch_of::<T, _>(n * width, |copy| {
                for (i, line) in copy.chunks_exact_mut(width).enumerate() {
                    // SAFETY: blocks of columns do not overlap.
                    line.copy_from_slice(unsafe { shared.range(i * k + start, i * k + end) });
                }
                solve(width, copy);
                for (i, line) in copy.chunks_exact(width).enumerate() {
                    // SAFETY: as above.
                    unsafe { shared.range(i * k + start, i * k + end) }.copy_from_slice(line);
                }
            });
        },
    );
}

/// out ← (L·Lᵀ)⁻¹, both triangles.
pub fn cholesky_inverse<T: Dense>(n: usize, l: &[T], out: &mut [T]) {
    assert!(l.len() == n * n && out.len() == n * n);
    with_scratch_of::<T, _>(2 * n * n, |scratch| {
        let (column_major, inverse) = scratch.split_at_mut(n * n);
        transpose(n, n, l, column_major);
        T::cholesky_inverse(n, column_major, inverse);
        // Its lower triangle by columns is the upper one by rows.
        transpose(n, n, inverse, out);
        for i in 0..n {
            for j in 0..i {
                out[j * n + i] = out[i * n + j];
            }
        }
    });
}

/// A = V·diag(values)·Vᵀ from A's lower triangle, values ascending, vectors in columns.
pub fn eigen_symmetric<T: Dense>(
    n: usize,
    a: &[T],
    values: &mut [T],
    vectors: &mut [T],
) -> Result<(), KfacError> {
    assert!(a.len() == n * n && values.len() == n && vectors.len() == n * n);
    require_finite((0..n).flat_map(|i| a[i * n..=i * n + i].iter().copied()))?;
    with_scratch_of::<T, _>(2 * n * n + n, |scratch| {
        let (column_major, rest) = scratch.split_at_mut(n * n);
        let (basis, sorted) = rest.split_at_mut(n * n);
        transpose(n, n, a, column_major);
        eigen_column_major(n, column_major, sorted, basis)?;
        values.copy_from_slice(sorted);
        transpose(n, n, basis, vectors);
        Ok(())
    })
}

fn eigen_column_major<T: Dense>(
    n: usize,
    a: &mut [T],
    values: &mut [T],
    basis: &mut [T],
) -> Result<(), KfacError> {
    let unit = normalize(a);
    T::eigen(n, a, values, basis).map_err(|_| {
        kfac(
            KfacStatus::NoConvergence,
            format!("the eigenvalues of a {n}×{n} matrix did not converge"),
        )
    })?;
    rescale(values, unit);
    Ok(())
}

/// Divides by a power of two of the size of the largest entry if squares would overflow or underflow; returns it, or 1.
fn normalize<T: Dense>(a: &mut [T]) -> f64 {
    let largest = a.iter().fold(0.0f64, |x, y| x.max(y.to_f64().abs()));
    let safe = if size_of::<T>() == 4 { 1e10 } else { 1e75 };
    if largest == 0.0 || (1.0 / safe..=safe).contains(&largest) {
        return 1.0;
    }
    let unit = largest.log2().floor().clamp(-1022.0, 1022.0).exp2();
    a.iter_mut()
        .for_each(|x| *x = T::from_f64(x.to_f64() / unit));
    unit
}

fn rescale<T: Dense>(values: &mut [T], unit: f64) {
    if unit != 1.0 {
        values
            .iter_mut()
            .for_each(|x| *x = T::from_f64(x.to_f64() * unit));
    }
}

/// A·V = B·V·diag(values), Vᵀ·B·V = I: B = L·Lᵀ, the ordinary problem for L⁻¹·A·L⁻ᵀ, V = L⁻ᵀ·Y.
pub fn eigen_generalized<T: Dense>(
    n: usize,
    a: &[T],
    b: &[T],
    values: &mut [T],
    vectors: &mut [T],
) -> Result<(), KfacError> {
    assert!(a.len() == n * n && b.len() == n * n && values.len() == n && vectors.len() == n * n);
    require_finite((0..n).flat_map(|i| a[i * n..=i * n + i].iter().copied()))?;
    with_scratch_of::<T, _>(3 * n * n + n, |scratch| {
        let (l, rest) = scratch.split_at_mut(n * n);
        let (c, rest) = rest.split_at_mut(n * n);
        let (basis, sorted) = rest.split_at_mut(n * n);
        transpose(n, n, b, l);
        factor_lower(n, l)?;
        for i in 0..n {
            for j in 0..=i {
                c[i * n + j] = a[i * n + j];
                c[j * n + i] = a[i * n + j];
            }
        }
        T::triangular_solve(n, l, true, false, n, c);
        transpose(n, n, c, basis);
        T::triangular_solve(n, l, true, false, n, basis);
        eigen_column_major(n, basis, sorted, c)?;
        values.copy_from_slice(sorted);
        transpose(n, n, c, basis);
        T::triangular_solve(n, l, true, true, n, basis);
        vectors.copy_from_slice(basis);
        Ok(())
    })
}

/// Thin A = Q·R, m ≥ n.
pub fn qr<T: Dense>(m: usize, n: usize, a: &[T], q: &mut [T], r: &mut [T]) {
    assert!(m >= n && a.len() == m * n && q.len() == m * n && r.len() == n * n);
    with_scratch_of::<T, _>(2 * m * n + T::qr_coefficients(m, n), |scratch| {
        let (factored, rest) = scratch.split_at_mut(m * n);
        let (basis, coefficients) = rest.split_at_mut(m * n);
        transpose(m, n, a, factored);
        T::qr(m, n, factored, coefficients);
        T::qr_basis(m, n, factored, coefficients, basis);
        transpose(n, m, basis, q);
        copy_upper(m, n, factored, r);
    });
}

/// The upper triangle of a column-major [m × n] matrix, as row-major [n × n]; rows from m on are zero.
fn copy_upper<T: Dense>(m: usize, n: usize, a: &[T], r: &mut [T]) {
    r.fill(T::ZERO);
    for j in 0..n {
        for i in 0..m.min(j + 1) {
            r[i * n + j] = a[j * m + i];
        }
    }
}

/// Thin A = U·diag(s)·Vᵀ, s descending, U [m × k], V [n × k], k = min(m, n).
pub fn svd<T: Dense>(
    m: usize,
    n: usize,
    a: &[T],
    u: &mut [T],
    s: &mut [T],
    v: &mut [T],
) -> Result<(), KfacError> {
    let k = m.min(n);
    assert!(a.len() == m * n && u.len() == m * k && s.len() == k && v.len() == n * k);
    require_finite(a.iter().copied())?;
    with_scratch_of::<T, _>(m * n + (m + n + 1) * k, |scratch| {
        let (column_major, rest) = scratch.split_at_mut(m * n);
        let (left, rest) = rest.split_at_mut(m * k);
        let (right, values) = rest.split_at_mut(n * k);
        transpose(m, n, a, column_major);
        let unit = normalize(column_major);
        T::svd(m, n, column_major, left, values, right).map_err(|_| {
            kfac(
                KfacStatus::NoConvergence,
                format!("the singular values of a {m}×{n} matrix did not converge"),
            )
        })?;
        rescale(values, unit);
        transpose(k, m, left, u);
        transpose(k, n, right, v);
        s.copy_from_slice(values);
        Ok(())
    })
}
