//! Damped solves with a reduced matrix, O(n) each: one for every λ that a radius rule tries.

use crate::pool::with_scratch;

/// y ← (T + λI)⁻¹·b by LDLᵀ, T symmetric tridiagonal; [‖y‖², yᵀ(T + λI)⁻¹y, bᵀy], or [∞, ∞, NaN] if a pivot is not
/// positive.
pub fn solve_tridiagonal(
    diagonal: &[f64],
    off_diagonal: &[f64],
    lambda: f64,
    b: &[f64],
    y: &mut [f64],
) -> [f64; 3] {
    let n = diagonal.len();
    assert!(off_diagonal.len() + 1 == n.max(1) && b.len() == n && y.len() == n);
    with_scratch(3 * n, |scratch| {
        let (inverse, rest) = scratch.split_at_mut(n);
        let (factor, z) = rest.split_at_mut(n);
        for i in 0..n {
            let mut pivot = diagonal[i] + lambda;
            factor[i] = 0.0;
            if i > 0 {
                factor[i] = off_diagonal[i - 1] * inverse[i - 1];
                pivot -= off_diagonal[i - 1] * factor[i];
            }
            if !(pivot > 0.0) {
                return [f64::INFINITY, f64::INFINITY, f64::NAN];
            }
            inverse[i] = 1.0 / pivot;
        }
        solve_factored(factor, inverse, b, y);
        solve_factored(factor, inverse, y, z);
        [dot(y, y), dot(y, z), dot(b, y)]
    })
}

/// x ← (L·D·Lᵀ)⁻¹·b; `factor[i]` = L[i, i − 1], `inverse` = 1/D.
fn solve_factored(factor: &[f64], inverse: &[f64], b: &[f64], x: &mut [f64]) {
    let n = b.len();
    let mut before = 0.0;
    for i in 0..n {
        before = b[i] - factor[i] * before;
        x[i] = before;
    }
    let mut after = 0.0;
    for i in (0..n).rev() {
        let below = if i + 1 < n { factor[i + 1] } else { 0.0 };
        after = x[i] * inverse[i] - below * after;
        x[i] = after;
    }
}

/// y ← (BᵀB + λI)⁻¹Bᵀ·b by Givens rotations on [B; √λ·I], B upper bidiagonal; [‖y‖², yᵀ(BᵀB + λI)⁻¹y, bᵀB·y], the first
/// two ∞ if the matrix is singular.
pub fn solve_bidiagonal(
    diagonal: &[f64],
    super_diagonal: &[f64],
    lambda: f64,
    b: &[f64],
    y: &mut [f64],
) -> [f64; 3] {
    let n = diagonal.len();
    assert!(super_diagonal.len() + 1 == n.max(1) && b.len() == n && y.len() == n);
    with_scratch(3 * n, |scratch| {
        let (rho, rest) = scratch.split_at_mut(n);
        let (upper, rotated) = rest.split_at_mut(n);
        // What the rotation before left below the row: its entry in this row's column and its right-hand side.
        let (mut low, mut low_right) = (lambda.sqrt(), 0.0);
        for i in 0..n {
            let length = (diagonal[i] * diagonal[i] + low * low).sqrt();
            let (c, s) = if length == 0.0 {
                (1.0, 0.0)
            } else {
                (diagonal[i] / length, low / length)
            };
            rho[i] = length;
            rotated[i] = c * b[i] + s * low_right;
            low_right = c * low_right - s * b[i];
            if i + 1 < n {
                upper[i] = c * super_diagonal[i];
                let fill = -s * super_diagonal[i];
                low = (lambda + fill * fill).sqrt();
                low_right = if low == 0.0 {
                    0.0
                } else {
                    fill / low * low_right
                };
            }
        }
        let mut after = 0.0;
        for i in (0..n).rev() {
            let rest = if i + 1 < n { upper[i] * after } else { 0.0 };
            after = (rotated[i] - rest) / rho[i];
            y[i] = after;
        }
        let (mut before, mut derivative, mut projected) = (0.0, 0.0, 0.0);
        for i in 0..n {
            let rest = if i > 0 { upper[i - 1] * before } else { 0.0 };
            before = (y[i] - rest) / rho[i];
            derivative += before * before;
            let next = if i + 1 < n {
                super_diagonal[i] * y[i + 1]
            } else {
                0.0
            };
            projected += (diagonal[i] * y[i] + next) * b[i];
        }
        let squared = dot(y, y);
        if squared.is_finite() {
            [squared, derivative, projected]
        } else {
            [f64::INFINITY, f64::INFINITY, projected]
        }
    })
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}
