use super::*;
use crate::pool::set_threads;

const HESTON: Heston = Heston {
    spot: 100.0,
    drift: 0.05,
    v0: 0.04,
    kappa: 2.0,
    theta: 0.04,
    xi: 0.3,
    rho: -0.7,
    scheme: Scheme::QuadraticExponential { martingale: true },
};
const KEY: PathKey = PathKey {
    seed: [7, 1],
    purpose: 2,
    step: 3,
    first_path: 5,
};

fn run(
    level: SimdLevel,
    market: &Market,
    paths: usize,
    dates: usize,
    interval: f64,
) -> (Vec<f64>, Vec<f64>) {
    let mut spot = vec![f64::NAN; paths * dates];
    let mut variance = vec![
        f64::NAN;
        if matches!(market, Market::Heston(_)) {
            spot.len()
        } else {
            0
        }
    ];
    simulate_at(
        level,
        market,
        interval,
        KEY,
        paths,
        &mut spot,
        &mut variance,
    );
    (spot, variance)
}

fn markets() -> Vec<Market> {
    let wild = Heston {
        xi: 2.0,
        kappa: 0.5,
        ..HESTON
    };
    let schemes = [
        Scheme::QuadraticExponential { martingale: true },
        Scheme::QuadraticExponential { martingale: false },
        Scheme::Euler,
    ];
    let mut all = vec![Market::BlackScholes {
        spot: 100.0,
        drift: 0.1,
        volatility: 0.3,
    }];
    for scheme in schemes {
        for heston in [HESTON, wild, Heston { rho: 0.9, ..wild }] {
            all.push(Market::Heston(Heston { scheme, ..heston }));
        }
    }
    all
}

#[test]
fn levels_agree() {
    for market in markets() {
        let (spot, variance) = run(SimdLevel::Portable, &market, 300, 9, 0.25);
        assert!(
            spot.iter().all(|&s| s > 0.0 && s.is_finite())
                && variance.iter().all(|&v| v >= 0.0 && v.is_finite())
        );
        for level in SimdLevel::available() {
            let (other, other_variance) = run(level, &market, 300, 9, 0.25);
            for (a, b) in spot.iter().zip(&other) {
                assert!(
                    (a - b).abs() <= 1e-11 * a.abs(),
                    "{} {market:?}: {a} {b}",
                    level.name()
                );
            }
            for (a, b) in variance.iter().zip(&other_variance) {
                assert!(
                    (a - b).abs() <= 1e-11 * a.abs().max(1e-3),
                    "{} {market:?}: {a} {b}",
                    level.name()
                );
            }
        }
    }
}

#[test]
fn a_path_depends_on_its_own_counters_alone() {
    for level in SimdLevel::available() {
        for market in markets() {
            let (all, _) = run(level, &market, 301, 4, 0.1);
            for threads in [2, 4] {
                set_threads(threads);
                assert_eq!(run(level, &market, 301, 4, 0.1).0, all);
            }
            set_threads(1);
            for paths in [1, 2, 127, 129] {
                let (few, _) = run(level, &market, paths, 4, 0.1);
                for t in 0..4 {
                    assert_eq!(
                        few[t * paths..(t + 1) * paths],
                        all[t * 301..t * 301 + paths]
                    );
                }
            }
        }
    }
}
