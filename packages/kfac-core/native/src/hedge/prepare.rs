//! From simulated paths to what the loop reads: static features, discounted gains and costs, premium minus payoff.

use crate::pool::{self, Disjoint};
use crate::simd::{self, Kernel, Level, Real, SimdLevel, Vector};

/// What of the world enters; years and rates per year.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// Long-run variance of a Heston market: its variance is a feature.
    pub theta: Option<f64>,
    pub horizon: f64,
    pub rate: f64,
    pub dividend: f64,
    /// Call or put.
    pub call: bool,
    pub strike: f64,
    pub proportional_cost: f64,
    pub premium: f64,
    pub unwind: bool,
    pub log_scale: f64,
}

impl Task {
    /// Log-moneyness, [variance], time left.
    pub fn features(&self) -> usize {
        if self.theta.is_some() { 3 } else { 2 }
    }
}

/// Fills a batch's matrices, rows of `paths` numbers: features [dates·features], gains [dates], costs [dates + 1], base
/// [1]; spot and variance [dates + 1], variance empty without θ.
pub fn prepare<T: Real>(
    task: &Task,
    paths: usize,
    dates: usize,
    spot: &[f64],
    variance: &[f64],
    features: &mut [T],
    gains: &mut [T],
    costs: &mut [T],
    base: &mut [f64],
) {
    prepare_at(
        simd::level(),
        task,
        paths,
        dates,
        spot,
        variance,
        features,
        gains,
        costs,
        base,
    );
}

fn prepare_at<T: Real>(
    level: SimdLevel,
    task: &Task,
    paths: usize,
    dates: usize,
    spot: &[f64],
    variance: &[f64],
    features: &mut [T],
    gains: &mut [T],
    costs: &mut [T],
    base: &mut [f64],
) {
    let count = task.features();
    assert!(dates > 0 && spot.len() == (dates + 1) * paths && base.len() == paths);
    assert!(variance.len() == if task.theta.is_some() { spot.len() } else { 0 });
    assert!(
        features.len() == dates * count * paths
            && gains.len() == dates * paths
            && costs.len() == spot.len()
    );
    let interval = task.horizon / dates as f64;
    let carry = (task.dividend * interval).exp();
    let sign = if task.call { 1.0 } else { -1.0 };
    let discount = |date: usize| (-task.rate * date as f64 * interval).exp();
    let last = &spot[dates * paths..];
    for (base, s) in base.iter_mut().zip(last) {
        *base = task.premium - discount(dates) * (sign * (s - task.strike)).max(0.0);
    }
    let features = Disjoint::new(features);
    let gains = Disjoint::new(gains);
    let costs = Disjoint::new(costs);
    pool::for_each_block(dates + 1, |t| {
        let now = &spot[t * paths..][..paths];
        // SAFETY: every date has its own rows.
        let costs = unsafe { costs.range(t * paths, (t + 1) * paths) };
        let charge = if t < dates || task.unwind {
            discount(t) * task.proportional_cost
        } else {
            0.0
        };
        for (cost, s) in costs.iter_mut().zip(now) {
            *cost = T::from_f64(charge * s);
        }
        if t == dates {
            return;
        }
        // SAFETY: as above.
        let (gains, features) = unsafe {
            (
                gains.range(t * paths, (t + 1) * paths),
                features.range(t * count * paths, (t + 1) * count * paths),
            )
        };
        let (after, before) = (discount(t + 1) * carry, discount(t));
        for ((gain, s), next) in gains.iter_mut().zip(now).zip(&spot[(t + 1) * paths..]) {
            *gain = T::from_f64(after * next - before * s);
        }
        let (moneyness, rest) = features.split_at_mut(paths);
        simd::dispatch_at(
            level,
            LogMoneyness {
                spot: now,
                strike: task.strike,
                scale: task.log_scale,
                out: moneyness,
            },
        );
        let (volatility, time) = rest.split_at_mut(rest.len() - paths);
        if let Some(theta) = task.theta {
            let root = theta.sqrt();
            for (out, v) in volatility.iter_mut().zip(&variance[t * paths..]) {
                *out = T::from_f64((v.sqrt() - root) / (0.5 * root));
            }
        }
        time.fill(T::from_f64(2.0 * (1.0 - t as f64 / dates as f64) - 1.0));
    });
}

/// out ← scale·ln(S/K).
struct LogMoneyness<'a, T> {
    spot: &'a [f64],
    strike: f64,
    scale: f64,
    out: &'a mut [T],
}

impl<T: Real> Kernel for LogMoneyness<'_, T> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        let Self {
            spot,
            strike,
            scale,
            out,
        } = self;
        let lanes = <L::F64 as Vector>::LANES;
        let mut values = [0.0; 8];
        assert!(lanes <= values.len());
        for (spot, out) in spot.chunks(lanes).zip(out.chunks_mut(lanes)) {
            // SAFETY: the level is live; partial loads stay inside, `values` holds a vector.
            unsafe {
                let s = L::F64::load_partial(spot.as_ptr(), spot.len());
                ((s / L::F64::splat(strike)).ln() * L::F64::splat(scale))
                    .store(values.as_mut_ptr());
            }
            for (out, &value) in out.iter_mut().zip(&values) {
                *out = T::from_f64(value);
            }
        }
    }
}
