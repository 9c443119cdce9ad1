//! Factorisations by faer, instantiated once for f64 and f32 behind plain functions (`f64::…`, `f32::…` modules).
//! Every matrix is a column-major slice that the caller owns; all run serially; working memory belongs to the thread and
//! is kept, so that nothing is allocated once it has grown.

use std::cell::RefCell;

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};

/// A matrix that is not positive definite: the pivot's index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotPositiveDefinite(pub usize);

/// An iteration that did not converge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoConvergence;

/// Columns of a block reflector in the QR factorisation.
pub const QR_BLOCK: usize = 32;

thread_local! {
    static STACK: RefCell<Option<MemBuffer>> = const { RefCell::new(None) };
}

fn with_stack<R>(request: StackReq, work: impl FnOnce(&mut MemStack) -> R) -> R {
    let mut buffer = STACK
        .with(|stack| stack.borrow_mut().take())
        .unwrap_or_else(|| MemBuffer::new(request));
    if !MemStack::new(&mut buffer).can_hold(request) {
        buffer = MemBuffer::new(request);
    }
    let result = work(MemStack::new(&mut buffer));
    STACK.with(|stack| *stack.borrow_mut() = Some(buffer));
    result
}

macro_rules! dense {
    ($t:ident) => {
        pub mod $t {
            use faer::linalg::{cholesky::llt, evd, householder, svd, triangular_solve};
            use faer::{Conj, MatMut, MatRef, Par};

            use super::{NoConvergence, NotPositiveDefinite, QR_BLOCK, with_stack};

            type T = $t;

            /// Length of the second argument of `qr` for [m × n].
            pub fn qr_coefficients(m: usize, n: usize) -> usize {
                QR_BLOCK * m.min(n)
            }

            fn block(m: usize, n: usize) -> usize {
                QR_BLOCK.min(m.min(n)).max(1)
            }

            /// A = L·Lᵀ in place, lower triangle; the other one is left alone.
            pub fn cholesky(n: usize, a: &mut [T]) -> Result<(), NotPositiveDefinite> {
                let request = llt::factor::cholesky_in_place_scratch::<T>(n, Par::Seq, Default::default());
                with_stack(request, |stack| {
                    let a = MatMut::from_column_major_slice_mut(a, n, n);
                    match llt::factor::cholesky_in_place(a, Default::default(), Par::Seq, stack, Default::default()) {
                        Ok(_) => Ok(()),
                        Err(llt::factor::LltError::NonPositivePivot { index }) => Err(NotPositiveDefinite(index)),
                    }
                })
            }

            /// The lower triangle of (L·Lᵀ)⁻¹.
            pub fn cholesky_inverse(n: usize, l: &[T], out: &mut [T]) {
                let request = llt::inverse::inverse_scratch::<T>(n, Par::Seq);
                with_stack(request, |stack| {
                    let out = MatMut::from_column_major_slice_mut(out, n, n);
                    llt::inverse::inverse(out, MatRef::from_column_major_slice(l, n, n), Par::Seq, stack);
                });
            }

            /// B ← op(T)⁻¹·B; T column-major, `lower` names the triangle that holds it, B row-major [n × k].
            pub fn triangular_solve(n: usize, t: &[T], lower: bool, transpose: bool, k: usize, b: &mut [T]) {
                let t = MatRef::from_column_major_slice(t, n, n);
                let t = if transpose { t.transpose() } else { t };
                let b = MatMut::from_row_major_slice_mut(b, n, k);
                if lower != transpose {
                    triangular_solve::solve_lower_triangular_in_place(t, b, Par::Seq);
                } else {
                    triangular_solve::solve_upper_triangular_in_place(t, b, Par::Seq);
                }
            }

            /// A = V·diag(values)·Vᵀ from A's lower triangle, values ascending.
            pub fn eigen(n: usize, a: &[T], values: &mut [T], vectors: &mut [T]) -> Result<(), NoConvergence> {
                let request = evd::self_adjoint_evd_scratch::<T>(n, evd::ComputeEigenvectors::Yes, Par::Seq, Default::default());
                with_stack(request, |stack| {
                    evd::self_adjoint_evd(
                        MatRef::from_column_major_slice(a, n, n),
                        faer::diag::DiagMut::from_slice_mut(values),
                        Some(MatMut::from_column_major_slice_mut(vectors, n, n)),
                        Par::Seq,
                        stack,
                        Default::default(),
                    )
                    .map_err(|_| NoConvergence)
                })
            }

            /// Thin A = U·diag(s)·Vᵀ, s descending.
            pub fn svd(m: usize, n: usize, a: &[T], u: &mut [T], s: &mut [T], v: &mut [T]) -> Result<(), NoConvergence> {
                let k = m.min(n);
                let thin = svd::ComputeSvdVectors::Thin;
                let request = svd::svd_scratch::<T>(m, n, thin, thin, Par::Seq, Default::default());
                with_stack(request, |stack| {
                    svd::svd(
                        MatRef::from_column_major_slice(a, m, n),
                        faer::diag::DiagMut::from_slice_mut(s),
                        Some(MatMut::from_column_major_slice_mut(u, m, k)),
                        Some(MatMut::from_column_major_slice_mut(v, n, k)),
                        Par::Seq,
                        stack,
                        Default::default(),
                    )
                    .map_err(|_| NoConvergence)
                })
            }

            /// QR in place: R in the upper triangle, the reflectors below it, `coefficients` [`qr_coefficients`].
            ///
            /// Blocked Householder of our own: faer's skips columns whose remainder is below a rank threshold, and with
            /// them the small singular values that a Gauss–Newton finish lives on. Panels of `QR_BLOCK` columns are
            /// reduced one column at a time; faer applies their block reflector I − V·T⁻¹·Vᵀ, T = striu(VᵀV) + diag(τ),
            /// to what is right of them.
            pub fn qr(m: usize, n: usize, a: &mut [T], coefficients: &mut [T]) {
                let k = m.min(n);
                let size = block(m, n);
                let request = householder::apply_block_householder_on_the_left_in_place_scratch::<T>(m, size, n);
                with_stack(request, |stack| {
                    let mut start = 0;
                    while start < k {
                        let width = size.min(k - start);
                        let (left, right) = a.split_at_mut((start + width) * m);
                        let factor = &mut coefficients[start * size..(start + width) * size];
                        panel(m, start, width, size, left, factor);
                        if start + width < n {
                            let basis = MatRef::from_column_major_slice(left, m, start + width)
                                .submatrix(start, start, m - start, width);
                            let factor = MatRef::from_column_major_slice(factor, size, width).subrows(0, width);
                            householder::apply_block_householder_transpose_on_the_left_in_place_with_conj(
                                basis,
                                factor,
                                Conj::No,
                                MatMut::from_column_major_slice_mut(right, m, n - start - width)
                                    .subrows_mut(start, m - start),
                                Par::Seq,
                                stack,
                            );
                        }
                        start += width;
                    }
                });
            }

            /// `reduce_panel`, compiled once more for AVX2 where the processor has it; the same operations, the same bits.
            fn panel(m: usize, start: usize, width: usize, size: usize, a: &mut [T], factor: &mut [T]) {
                #[cfg(target_arch = "x86_64")]
                if std::arch::is_x86_feature_detected!("avx2") {
                    #[target_feature(enable = "avx2")]
                    fn wide(m: usize, start: usize, width: usize, size: usize, a: &mut [T], factor: &mut [T]) {
                        reduce_panel(m, start, width, size, a, factor);
                    }
                    // SAFETY: the feature was detected.
                    unsafe { wide(m, start, width, size, a, factor) };
                    return;
                }
                reduce_panel(m, start, width, size, a, factor);
            }

            /// Reduces columns start … start + width of `a` (rows from `start` on) and writes their T.
            #[inline(always)]
            fn reduce_panel(m: usize, start: usize, width: usize, size: usize, a: &mut [T], factor: &mut [T]) {
                for j in start..start + width {
                    let (done, rest) = a.split_at_mut((j + 1) * m);
                    let column = &mut done[j * m..];
                    let (head, tail) = column.split_at_mut(j + 1);
                    let info = householder::make_householder_in_place(
                        &mut head[j],
                        faer::ColMut::from_slice_mut(&mut *tail),
                    );
                    for i in 0..width - 1 - (j - start) {
                        let other = &mut rest[i * m..(i + 1) * m];
                        let scale = -(other[j] + inner(tail, &other[j + 1..])) / info.tau;
                        other[j] += scale;
                        for (to, from) in other[j + 1..].iter_mut().zip(tail.iter()) {
                            *to += scale * *from;
                        }
                    }
                    let (before, column) = a.split_at(j * m);
                    let column = &column[..m];
                    let entries = &mut factor[(j - start) * size..(j - start + 1) * size];
                    entries.fill(0.0);
                    for i in start..j {
                        let earlier = &before[i * m..(i + 1) * m];
                        entries[i - start] = earlier[j] + inner(&earlier[j + 1..], &column[j + 1..]);
                    }
                    entries[j - start] = info.tau;
                }
            }

            /// Σ x·y in eight running sums, so that it vectorises.
            #[inline(always)]
            fn inner(x: &[T], y: &[T]) -> T {
                let mut sums = [0.0; 8];
                let (xs, ys) = (x.chunks_exact(8), y.chunks_exact(8));
                let mut tail = 0.0;
                for (p, q) in xs.remainder().iter().zip(ys.remainder()) {
                    tail += p * q;
                }
                for (p, q) in xs.zip(ys) {
                    for lane in 0..8 {
                        sums[lane] += p[lane] * q[lane];
                    }
                }
                sums.iter().sum::<T>() + tail
            }

            /// The thin Q [m × n], m ≥ n, of what `qr` left.
            pub fn qr_basis(m: usize, n: usize, a: &[T], coefficients: &[T], q: &mut [T]) {
                let size = block(m, n);
                q.fill(0.0);
                for j in 0..n {
                    q[j * m + j] = 1.0;
                }
                let request =
                    householder::apply_block_householder_sequence_on_the_left_in_place_scratch::<T>(m, size, n);
                with_stack(request, |stack| {
                    householder::apply_block_householder_sequence_on_the_left_in_place_with_conj(
                        MatRef::from_column_major_slice(a, m, n),
                        MatRef::from_column_major_slice(&coefficients[..size * n], size, n),
                        Conj::No,
                        MatMut::from_column_major_slice_mut(q, m, n),
                        Par::Seq,
                        stack,
                    );
                });
            }

            /// B ← Qᵀ·B, B column-major [m × k], for the Q of what `qr` left of [m × n], m ≥ n.
            pub fn qr_apply_transpose(m: usize, n: usize, a: &[T], coefficients: &[T], k: usize, b: &mut [T]) {
                let size = block(m, n);
                let request =
                    householder::apply_block_householder_sequence_transpose_on_the_left_in_place_scratch::<T>(m, size, k);
                with_stack(request, |stack| {
                    householder::apply_block_householder_sequence_transpose_on_the_left_in_place_with_conj(
                        MatRef::from_column_major_slice(a, m, n),
                        MatRef::from_column_major_slice(&coefficients[..size * n], size, n),
                        Conj::No,
                        MatMut::from_column_major_slice_mut(b, m, k),
                        Par::Seq,
                        stack,
                    );
                });
            }
        }
    };
}

dense!(f64);
dense!(f32);
