use super::*;

/// A network, its parameters and points, filled by a fixed recurrence.
#[derive(Clone)]
struct Case {
    sizes: Vec<u32>,
    coordinates: usize,
    kept: Vec<u32>,
    frequencies: Vec<f64>,
    activation: Activation,
    directions: Vec<f64>,
    second: Vec<f64>,
    raw: [usize; 2],
    third: Vec<f64>,
    fourth: Vec<f64>,
    theta: Vec<f64>,
    points_at: Vec<f64>,
    seeds: Vec<f64>,
    points: usize,
}

impl Case {
    fn new(
        sizes: &[u32],
        activation: Activation,
        firsts: usize,
        seconds: usize,
        points: usize,
    ) -> Self {
        let d = sizes[0] as usize;
        Self::embedded(sizes, d, &[], activation, firsts, seconds, points)
    }

    /// With d coordinates of which some are kept; cosines and sines fill the rest of the first layer.
    fn embedded(
        sizes: &[u32],
        d: usize,
        kept: &[u32],
        activation: Activation,
        firsts: usize,
        seconds: usize,
        points: usize,
    ) -> Self {
        let mut state = 12345u64;
        let mut numbers = |n: usize, scale: f64| -> Vec<f64> {
            let next = |_| {
                state = state
                    .wrapping_mul(6364136223846793005)
                    .wrapping_add(1442695040888963407);
                scale * ((state >> 11) as f64 / (1u64 << 52) as f64 - 1.0)
            };
            (0..n).map(next).collect()
        };
        let mut case = Self {
            sizes: sizes.to_vec(),
            coordinates: d,
            kept: kept.to_vec(),
            frequencies: Vec::new(),
            activation,
            directions: numbers(firsts * d, 1.0),
            second: numbers(seconds * firsts, 1.0),
            raw: [0, 0],
            third: Vec::new(),
            fourth: Vec::new(),
            theta: Vec::new(),
            points_at: numbers(points * d, 1.0),
            seeds: Vec::new(),
            points,
        };
        let waves = (sizes[0] as usize - kept.len()) / 2;
        if sizes[0] as usize != d {
            case.frequencies = numbers(waves * d, 3.0);
        }
        case.theta = numbers(case.shape().parameters(), 0.7);
        case.seeds = numbers(
            case.shape().outputs() * case.shape().channels() * points,
            1.0,
        );
        case
    }

    /// The same with raw derivatives and channels of the orders 3 and 4.
    fn with_higher(mut self, raw: [usize; 2], thirds: usize, fourths: usize) -> Self {
        let numbers = |n: usize| (0..n).map(|k| ((k * 37 + 11) % 101) as f64 / 50.0 - 1.0);
        self.raw = raw;
        self.third = numbers(thirds * raw[0]).collect();
        self.fourth = numbers(fourths * raw[1]).collect();
        self.seeds =
            numbers(self.shape().outputs() * self.shape().channels() * self.points).collect();
        self
    }

    fn shape(&self) -> Shape<'_> {
        Shape {
            sizes: &self.sizes,
            gated: false,
            residual: false,
            coordinates: self.coordinates,
            kept: &self.kept,
            frequencies: &self.frequencies,
            activation: self.activation,
            directions: &self.directions,
            second: &self.second,
            raw: self.raw,
            third: &self.third,
            fourth: &self.fourth,
        }
    }

    fn run<T: Real>(&self, level: SimdLevel, taped: bool) -> (Vec<f64>, Vec<T>) {
        let shape = self.shape();
        let mut outputs = vec![f64::NAN; shape.outputs() * shape.channels() * self.points];
        let mut tape = vec![
            T::from_f64(f64::NAN);
            if taped {
                shape.tape_len(self.points)
            } else {
                0
            }
        ];
        let lent = taped.then_some(&mut tape[..]);
        forward_at(
            level,
            &shape,
            &self.theta,
            &self.points_at,
            &mut outputs,
            self.points,
            lent,
        );
        if taped {
            adjoint_at(
                level,
                &shape,
                &self.theta,
                &self.seeds,
                self.points,
                &mut tape,
            );
        }
        (outputs, tape)
    }

    /// Σ_l ⟨G_l Z_l, V_l⟩ per point for a direction V in θ, from the tape.
    fn jvp(&self, tape: &[f64], v: &[f64]) -> Vec<f64> {
        let shape = self.shape();
        let channels = shape.channels();
        let mut result = vec![0.0; self.points];
        let mut offset = 0;
        for layer in 0..shape.layers() {
            let (inner, width) = (shape.width(layer) + 1, shape.width(layer + 1));
            let z = &tape[shape.input_offset(self.points, layer)..];
            let g = &tape[shape.gradient_offset(self.points, layer)..];
            for row in 0..self.points * channels {
                for i in 0..inner {
                    for j in 0..width {
                        result[row / channels] +=
                            z[row * inner + i] * v[offset + i * width + j] * g[row * width + j];
                    }
                }
            }
            offset += inner * width;
        }
        result
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for activation in Activation::ALL {
        for (sizes, firsts, seconds, points) in [
            (&[2, 64, 1][..], 2, 1, 70),
            (&[1, 1, 1], 1, 1, 1),
            (&[3, 17, 9, 5, 1], 3, 2, 131),
            (&[5, 23, 40, 1], 0, 0, 67),
            (&[4, 33, 1], 10, 3, 9),
            (&[3, 1], 2, 1, 5),
            (&[2, 20, 20, 20, 1], 2, 1, 0),
            (&[2, 21, 13, 3], 2, 1, 70),
            (&[3, 18, 9], 3, 2, 33),
            (&[2, 2], 2, 1, 5),
        ] {
            cases.push(Case::new(sizes, activation, firsts, seconds, points));
        }
    }
    for (sizes, d, kept, firsts, seconds, points) in [
        (&[7, 12, 1][..], 2, &[1][..], 2, 1, 70),
        (&[38, 9, 5, 1], 3, &[], 3, 2, 67),
        (&[1, 6, 1], 2, &[0], 2, 1, 9),
        (&[4, 1], 1, &[], 1, 1, 5),
    ] {
        cases.push(Case::embedded(
            sizes,
            d,
            kept,
            Activation::Tanh,
            firsts,
            seconds,
            points,
        ));
    }
    cases
}

/// Networks with channels of the orders 3 and 4.
fn higher_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for activation in Activation::ALL {
        let mixed = Case::new(&[2, 21, 13, 1], activation, 3, 1, 130);
        cases.push(mixed.with_higher([3, 2], 1, 2));
        let plate = Case::new(&[2, 24, 1], activation, 3, 0, 67);
        cases.push(plate.with_higher([3, 3], 0, 1));
        let dispersive = Case::new(&[2, 9, 2], activation, 2, 1, 70);
        cases.push(dispersive.with_higher([1, 0], 1, 0));
    }
    let waves = Case::embedded(&[7, 12, 1], 2, &[1], Activation::Tanh, 3, 1, 70);
    cases.push(waves.with_higher([2, 2], 1, 1));
    cases
}

fn close<T: Real>(got: &[T], want: &[T], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (i, (a, b)) in got.iter().zip(want).enumerate() {
        let (a, b) = (a.to_f64(), b.to_f64());
        assert!(
            (a - b).abs() <= tolerance * (1.0 + b.abs()),
            "entry {i}: {a} for {b}"
        );
    }
}

#[test]
fn levels_agree_and_the_tape_changes_no_bit() {
    for case in cases() {
        let (outputs, tape) = case.run::<f64>(SimdLevel::Portable, true);
        let (outputs32, tape32) = case.run::<f32>(SimdLevel::Portable, true);
        assert!(
            outputs.iter().chain(&tape).all(|x| x.is_finite()),
            "every number is written"
        );
        close(&outputs32, &outputs, 3e-5);
        for level in SimdLevel::available() {
            let (o, t) = case.run::<f64>(level, true);
            close(&o, &outputs, 1e-12);
            close(&t, &tape, 1e-12);
            assert_eq!(case.run::<f64>(level, false).0, o);
            let (o, t) = case.run::<f32>(level, true);
            close(&o, &outputs32, 2e-5);
            close(&t, &tape32, 2e-5);
            assert_eq!(case.run::<f32>(level, false).0, o);
        }
    }
}

#[test]
fn threads_change_no_bit() {
    let case = Case::new(&[2, 30, 30, 1], Activation::Tanh, 2, 1, 1000);
    for level in SimdLevel::available() {
        pool::set_threads(1);
        let one = case.run::<f64>(level, true);
        for threads in [2, 4] {
            pool::set_threads(threads);
            assert!(case.run::<f64>(level, true) == one);
        }
        pool::set_threads(1);
    }
}

#[test]
fn at_higher_orders_levels_agree_and_neither_tape_nor_threads_change_a_bit() {
    for case in higher_cases() {
        let (outputs, tape) = case.run::<f64>(SimdLevel::Portable, true);
        assert!(outputs.iter().chain(&tape).all(|x| x.is_finite()));
        for level in SimdLevel::available() {
            let (o, t) = case.run::<f64>(level, true);
            close(&o, &outputs, 1e-12);
            close(&t, &tape, 1e-12);
            assert_eq!(case.run::<f64>(level, false).0, o);
            pool::set_threads(3);
            assert!(case.run::<f64>(level, true) == (o, t));
            pool::set_threads(1);
        }
    }
}

#[test]
fn the_adjoint_is_the_derivative_of_the_seeded_sum() {
    for case in cases().into_iter().chain(higher_cases()) {
        let (_, tape) = case.run::<f64>(level_of_test(), true);
        let direction: Vec<f64> = (0..case.theta.len())
            .map(|i| ((i * 37 % 101) as f64 / 50.0) - 1.0)
            .collect();
        let jvp = case.jvp(&tape, &direction);
        let shifted = |step: f64| {
            let theta = case
                .theta
                .iter()
                .zip(&direction)
                .map(|(t, d)| t + step * d)
                .collect();
            let moved = Case {
                theta,
                ..case.clone()
            };
            moved.run::<f64>(level_of_test(), false).0
        };
        let h = 1e-4;
        let (up, down, up2, down2) = (shifted(h), shifted(-h), shifted(2.0 * h), shifted(-2.0 * h));
        for (n, got) in jvp.iter().enumerate() {
            let terms = (0..case.shape().outputs() * case.shape().channels()).map(|s| {
                let i = s * case.points + n;
                case.seeds[i] * (8.0 * (up[i] - down[i]) - (up2[i] - down2[i])) / (12.0 * h)
            });
            let want: f64 = terms.sum();
            assert!(
                (got - want).abs() < 1e-8 * (1.0 + want.abs()),
                "point {n}: {got} for {want}"
            );
        }
    }
}

fn level_of_test() -> SimdLevel {
    simd::level()
}

#[test]
fn nan_stays_with_its_point() {
    let mut case = Case::new(&[2, 19, 7, 1], Activation::Tanh, 2, 1, 90);
    case.points_at[33] = f64::NAN;
    for level in SimdLevel::available() {
        let (outputs, _) = case.run::<f64>(level, true);
        for (i, x) in outputs.iter().enumerate() {
            assert_eq!(x.is_nan(), i % 90 == 33, "{i}");
        }
    }
}

#[test]
#[ignore = "a timing: cargo test --release -- --ignored --nocapture timing"]
fn timing() {
    for level in SimdLevel::available() {
        let case = Case::new(&[2, 64, 1], Activation::Tanh, 2, 1, 1020);
        let shape = case.shape();
        let mut tape = vec![0f64; shape.tape_len(case.points)];
        let mut outputs = vec![0f64; shape.channels() * case.points];
        let mut best = [f64::INFINITY; 3];
        for _ in 0..200 {
            let mut time = |slot: usize, work: &mut dyn FnMut()| {
                let start = std::time::Instant::now();
                work();
                best[slot] = best[slot].min(start.elapsed().as_secs_f64() * 1e3);
            };
            time(0, &mut || {
                forward_at(
                    level,
                    &shape,
                    &case.theta,
                    &case.points_at,
                    &mut outputs,
                    case.points,
                    Some(&mut tape[..]),
                )
            });
            time(1, &mut || {
                adjoint_at(
                    level,
                    &shape,
                    &case.theta,
                    &case.seeds,
                    case.points,
                    &mut tape,
                )
            });
            time(2, &mut || {
                forward_at::<f64>(
                    level,
                    &shape,
                    &case.theta,
                    &case.points_at,
                    &mut outputs,
                    case.points,
                    None,
                )
            });
        }
        println!(
            "{}: forward {:.3} ms, adjoint {:.3} ms, probe {:.3} ms",
            level.name(),
            best[0],
            best[1],
            best[2]
        );
    }
}
