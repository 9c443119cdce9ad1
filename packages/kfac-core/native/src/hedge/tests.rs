//! Every level against the array form; threads against one thread; f32 against f64. The reference engine is the oracle of
//! the formulas (conformance suite).

use super::directional::jvp_at;
use super::statistics::{factors_at, gradient_at, head_block_at};
use super::temporal::{Lags, lag_factors_at, reduced_factors_at};
use super::sweep::{linearize_at, rollout_at};
use super::*;
use crate::pool::set_threads;
use crate::simd::SimdLevel;

/// Numbers in (−1, 1), the same every time.
struct Lcg(u64);

impl Lcg {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    fn vector(&mut self, n: usize, scale: f64) -> Vec<f64> {
        (0..n).map(|_| scale * self.next()).collect()
    }
}

struct World<T> {
    shape: Shape,
    paths: usize,
    dates: usize,
    theta: Vec<f64>,
    features: Vec<T>,
    gains: Vec<T>,
    costs: Vec<T>,
    base: Vec<f64>,
    weights: Vec<f64>,
}

impl<T: Real> World<T> {
    fn new(hidden: usize, squash: Squash, paths: usize, dates: usize) -> Self {
        let shape = Shape { features: 3, hidden, squash };
        let mut random = Lcg(1 + hidden as u64);
        let mut cast = |n: usize, scale: f64, shift: f64| -> Vec<T> {
            random.vector(n, scale).into_iter().map(|x| T::from_f64(x + shift)).collect()
        };
        let features = cast(dates * 3 * paths, 1.0, 0.0);
        let gains = cast(dates * paths, 1.0, 0.0);
        let costs = cast((dates + 1) * paths, 0.01, 0.02);
        let mut random = Lcg(9);
        Self {
            shape,
            paths,
            dates,
            theta: random.vector(shape.parameters(), 0.5),
            features,
            gains,
            costs,
            base: random.vector(paths, 3.0),
            weights: random.vector(paths, 1.0).into_iter().map(|w| 1.0 + w).collect(),
        }
    }

    fn batch(&self) -> Batch<'_, T> {
        Batch {
            paths: self.paths,
            dates: self.dates,
            features: &self.features,
            gains: &self.gains,
            costs: &self.costs,
            base: &self.base,
        }
    }

    /// Everything that the room computes, by name.
    fn all(&self, level: SimdLevel, strides: &[usize]) -> Vec<(&'static str, Vec<f64>)> {
        let tape = Tape { shape: self.shape, paths: self.paths, dates: self.dates };
        let mut memory = vec![T::from_f64(f64::NAN); tape.size::<T>().unwrap()];
        let zeros = |n: usize| vec![0.0; n];
        let mut pnl = zeros(self.paths);
        linearize_at(level, &self.shape, &self.theta, &self.batch(), &mut memory, &mut pnl);
        let mut rolled = (zeros(self.paths), zeros(self.paths), zeros(self.paths), zeros(self.paths * self.dates));
        let outcome =
            Outcome { pnl: &mut rolled.0, cost: &mut rolled.1, turnover: &mut rolled.2, positions: &mut rolled.3 };
        rollout_at(level, &self.shape, &self.theta, &self.batch(), outcome);
        let mut results =
            vec![("pnl", pnl), ("rollout", rolled.0), ("cost", rolled.1), ("turnover", rolled.2), ("positions", rolled.3)];
        for layer in [Layer::Gates, Layer::Head] {
            let (inputs, outputs) = layer.size(&self.shape);
            let mut random = Lcg(3);
            let directions = [random.vector(inputs * outputs, 1.0), random.vector(inputs * outputs, 1.0)];
            let mut gradient = zeros(inputs * outputs);
            gradient_at(level, &tape, &memory, layer, &self.weights, &mut gradient);
            let mut jvp = zeros(2 * self.paths);
            jvp_at(level, &tape, &memory, layer, &[&directions[0], &directions[1]], 1, &mut jvp);
            results.push(("gradient", gradient));
            results.push(("jvp", jvp));
            for &stride in strides {
                let (mut a, mut g) = (zeros(inputs * inputs), zeros(outputs * outputs));
                factors_at(level, &tape, &memory, layer, &self.weights, stride, &mut a, &mut g);
                results.push(("A", a));
                results.push(("G", g));
                let mut lags = [zeros(inputs * inputs), zeros(inputs * inputs), zeros(outputs * outputs), zeros(outputs * outputs)];
                let [a0, a1, g0, g1] = &mut lags;
                let (a, g) = (Lags { lag0: a0, lag1: a1 }, Lags { lag0: g0, lag1: g1 });
                lag_factors_at(level, &tape, &memory, layer, &self.weights, stride, a, g);
                results.extend(["A0", "A1", "G0", "G1"].into_iter().zip(lags));
                let (mut a, mut g) = (zeros(inputs * inputs), zeros(outputs * outputs));
                reduced_factors_at(level, &tape, &memory, layer, &self.weights, stride, &mut a, &mut g);
                results.push(("reduced A", a));
                results.push(("reduced G", g));
            }
        }
        let mut block = zeros((self.shape.hidden + 1).pow(2));
        head_block_at(level, &tape, &memory, &self.weights, &mut block);
        results.push(("head block", block));
        results
    }
}

fn assert_close(what: &str, tolerance: f64, a: &[(&'static str, Vec<f64>)], b: &[(&'static str, Vec<f64>)]) {
    for ((name, a), (_, b)) in a.iter().zip(b) {
        let size = a.iter().fold(1e-300f64, |size, x| size.max(x.abs()));
        for (x, y) in a.iter().zip(b) {
            assert!((x - y).abs() <= tolerance * size, "{what}: {name}: {x} {y} of {size}");
        }
    }
}

#[test]
fn levels_agree_for_all_shapes() {
    for (hidden, squash, paths, dates) in
        [(1, Squash::Tanh, 1, 1), (5, Squash::Logistic, 33, 4), (8, Squash::Identity, 131, 3), (32, Squash::Tanh, 70, 30)]
    {
        let (double, single) = (World::<f64>::new(hidden, squash, paths, dates), World::<f32>::new(hidden, squash, paths, dates));
        let expected = double.all(SimdLevel::Portable, &[1]);
        assert!(expected.iter().all(|(_, values)| values.iter().all(|x| x.is_finite())));
        assert_close("rollout is linearize", 1e-13, &expected[..1], &expected[1..2]);
        for level in SimdLevel::available() {
            println!("SIMD level {}", level.name());
            assert_close(level.name(), 1e-12, &expected, &double.all(level, &[1]));
            assert_close(level.name(), 1e-5, &expected, &single.all(level, &[1]));
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let (double, single) = (World::<f64>::new(7, Squash::Tanh, 333, 5), World::<f32>::new(7, Squash::Tanh, 333, 5));
    let expected = (double.all(crate::simd::level(), &[1, 2]), single.all(crate::simd::level(), &[1, 2]));
    for threads in [2, 4] {
        set_threads(threads);
        assert_eq!(double.all(crate::simd::level(), &[1, 2]), expected.0);
        assert_eq!(single.all(crate::simd::level(), &[1, 2]), expected.1);
    }
    set_threads(1);
}

#[test]
fn many_tiles_are_combined_in_runs() {
    // 150 tiles of f64: runs of three, and a last run that is shorter.
    let world = World::<f64>::new(2, Squash::Tanh, 149 * 32 + 3, 2);
    let all = world.all(crate::simd::level(), &[1]);
    let tape = Tape { shape: world.shape, paths: world.paths, dates: world.dates };
    let mut memory = vec![0.0; tape.size::<f64>().unwrap()];
    let mut pnl = vec![0.0; world.paths];
    linearize(&world.shape, &world.theta, &world.batch(), &mut memory, &mut pnl);
    let (inputs, outputs) = Layer::Gates.size(&world.shape);
    let mut z = vec![0.0; world.paths * 2 * inputs];
    let mut g = vec![0.0; world.paths * 2 * outputs];
    capture(&tape, &memory, Layer::Gates, &mut z, &mut g);
    let mut expected = vec![0.0; inputs * outputs];
    for row in 0..world.paths * 2 {
        for k in 0..inputs {
            for m in 0..outputs {
                expected[k * outputs + m] += world.weights[row / 2] * z[row * inputs + k] * g[row * outputs + m];
            }
        }
    }
    assert_close("gradient", 1e-12, &all[5..6], &[("gradient", expected)]);
}
