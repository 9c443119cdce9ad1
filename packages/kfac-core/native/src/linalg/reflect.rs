//! Householder reflectors H = I − t·v·vᵀ.

use crate::simd::{Level, Vector};

/// What a reflector leaves of its column, and its factor t.
pub struct Reflector {
    pub beta: f64,
    pub factor: f64,
}

/// The reflector that maps (alpha, tail) to (beta, 0); v is 1 at alpha and `v` at the tail. t = 0 if the tail is zero.
#[inline(always)]
pub fn make_reflector(alpha: f64, tail: &[f64], v: &mut [f64]) -> Reflector {
    let squared = dot(tail, tail);
    if squared == 0.0 {
        v.fill(0.0);
        return Reflector {
            beta: alpha,
            factor: 0.0,
        };
    }
    let beta = -(alpha * alpha + squared).sqrt().copysign(alpha);
    let share = 1.0 / (alpha - beta);
    v.iter_mut().zip(tail).for_each(|(v, x)| *v = share * x);
    Reflector {
        beta,
        factor: (beta - alpha) / beta,
    }
}

/// Σ x·y in eight running sums, so that it vectorises.
#[inline(always)]
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (xs, ys) = (x.chunks_exact(8), y.chunks_exact(8));
    let tail: f64 = xs
        .remainder()
        .iter()
        .zip(ys.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in xs.zip(ys) {
        for lane in 0..8 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    sums.iter().sum::<f64>() + tail
}

/// y ← y − factor·(v·y)·v.
/// # Safety
/// The level is live; `v` and `y` have the same length.
#[inline(always)]
pub unsafe fn reflect<L: Level>(v: &[f64], factor: f64, y: &mut [f64]) {
    let (n, lanes) = (v.len(), L::F64::LANES);
    let (from, to) = (v.as_ptr(), y.as_mut_ptr());
    // SAFETY: loads and stores stay below n.
    unsafe {
        let mut sums = [L::F64::splat(0.0); 2];
        let mut i = 0;
        while i + 2 * lanes <= n {
            for (h, sum) in sums.iter_mut().enumerate() {
                let at = i + h * lanes;
                *sum = L::F64::load(from.add(at)).mul_add(L::F64::load(to.add(at)), *sum);
            }
            i += 2 * lanes;
        }
        while i < n {
            let left = L::F64::load_partial(from.add(i), n - i);
            sums[0] = left.mul_add(L::F64::load_partial(to.add(i), n - i), sums[0]);
            i += lanes;
        }
        let share = L::F64::splat(factor * (sums[0] + sums[1]).sum());
        i = 0;
        while i + lanes <= n {
            let x = L::F64::load(from.add(i)).neg_mul_add(share, L::F64::load(to.add(i)));
            x.store(to.add(i));
            i += lanes;
        }
        let x = L::F64::load_partial(from.add(i), n - i)
            .neg_mul_add(share, L::F64::load_partial(to.add(i), n - i));
        x.store_partial(to.add(i), n - i);
    }
}
