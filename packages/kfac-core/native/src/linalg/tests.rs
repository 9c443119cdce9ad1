use super::*;
use crate::error::KfacStatus;
use crate::pool;

/// A fixed sequence in [−1, 1).
fn numbers(count: usize, seed: u32) -> Vec<f64> {
    let mut state = seed.wrapping_mul(2_654_435_761);
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state) / 2f64.powi(31) - 1.0
        })
        .collect()
}

fn product(m: usize, n: usize, inner: usize, a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut c = vec![0.0; m * n];
    for i in 0..m {
        for k in 0..inner {
            for j in 0..n {
                c[i * n + j] += a[i * inner + k] * b[k * n + j];
            }
        }
    }
    c
}

fn turned(rows: usize, cols: usize, a: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; a.len()];
    transpose(rows, cols, a, &mut out);
    out
}

fn assert_close(a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for (x, y) in a.iter().zip(b) {
        assert!(
            (x - y).abs() <= tolerance * y.abs().max(1.0),
            "{x} is not {y}"
        );
    }
}

#[test]
fn transpose_turns_every_entry() {
    for (rows, cols) in [(0, 3), (1, 1), (17, 33), (40, 16)] {
        let a = numbers(rows * cols, 1);
        let t = turned(rows, cols, &a);
        assert!((0..rows * cols).all(|at| t[(at % cols) * rows + at / cols] == a[at]));
    }
}

#[test]
fn gemm_at_the_borders_of_panels_tiles_and_chunks() {
    for &m in &[1, 4, 5, 8, 13, 95, 97, 145] {
        for &n in &[1, 7, 16, 31, 97, 150] {
            for &inner in &[0, 1, 191, 193, 385] {
                let (a, b) = (numbers(m * inner, 1), numbers(inner * n, 2));
                let wanted = product(m, n, inner, &a, &b);
                let mut c = vec![f64::NAN; m * n];
                gemm((m, n, inner), 1.0, &a, false, &b, false, 0.0, &mut c);
                assert_close(&c, &wanted, 1e-12);
                let (at, bt) = (turned(m, inner, &a), turned(inner, n, &b));
                gemm((m, n, inner), 1.0, &at, true, &bt, true, -1.0, &mut c);
                assert!(c.iter().all(|x| x.abs() < 1e-11));
            }
        }
    }
}

#[test]
fn gram_in_slabs_for_any_number_of_threads() {
    let (rows, n) = (7001, 21);
    let z = numbers(rows * n, 3);
    let wanted = product(n, n, rows, &turned(rows, n, &z), &z);
    let mut first = vec![0.0; n * n];
    for threads in [1, 2, 4] {
        pool::set_threads(threads);
        let mut c = vec![f64::NAN; n * n];
        gram(n, 1.0, &z, None, 1, 0.0, &mut c);
        assert_close(&c, &wanted, 1e-12);
        if threads == 1 {
            first.copy_from_slice(&c);
        }
        assert_eq!(c, first);
    }
    pool::set_threads(1);
}

#[test]
fn gram_agrees_with_faer() {
    // Cholesky of ZᵀZ and QR of Z give the same triangle up to signs.
    let (rows, n) = (400, 37);
    let z = numbers(rows * n, 4);
    let (mut c, mut r) = (vec![0.0f64; n * n], vec![0.0f64; n * n]);
    gram(n, 1.0, &z, None, 1, 0.0, &mut c);
    cholesky(n, &mut c).unwrap();
    qr_factor(rows, n, &z, &mut r);
    for i in 0..n {
        for j in 0..=i {
            assert!((c[i * n + j].abs() - r[j * n + i].abs()).abs() < 1e-11);
        }
    }
}

#[test]
fn failures_carry_their_status() {
    let mut singular = vec![0.0; 9];
    assert_eq!(
        cholesky(3, &mut singular).unwrap_err().status,
        KfacStatus::NotPositiveDefinite
    );
    let bad = [f64::NAN; 4];
    let (mut values, mut vectors) = ([0.0; 2], [0.0; 4]);
    let failed = eigen_symmetric(2, &bad, &mut values, &mut vectors);
    assert_eq!(failed.unwrap_err().status, KfacStatus::NoConvergence);
}

#[test]
fn factorisations_reuse_their_memory() {
    // The second run finds its buffers on this thread: the same addresses, hence the same alignment and bits.
    let n = 60;
    let z = numbers(200 * n, 5);
    let mut results = Vec::new();
    for _ in 0..2 {
        let mut r = vec![0.0; n * n];
        qr_factor(200, n, &z, &mut r);
        let (mut u, mut s, mut v) = (vec![0.0; n * n], vec![0.0; n], vec![0.0; n * n]);
        svd(n, n, &r, &mut u, &mut s, &mut v).unwrap();
        results.push((r, u, s, v));
    }
    assert!(results[0] == results[1]);
}
