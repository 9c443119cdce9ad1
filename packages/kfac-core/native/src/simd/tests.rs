use super::*;

/// y ← f(x) elementwise, the tail by partial loads.
struct Map<'a, T: Real> {
    name: &'static str,
    x: &'a [T],
    y: &'a mut [T],
}

impl<T: Real> Kernel for Map<'_, T> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        let lanes = T::Vector::<L>::LANES;
        let mut i = 0;
        while i < self.x.len() {
            // SAFETY: partial access stays inside the slices of one length.
            unsafe {
                let v = T::Vector::<L>::load_partial(self.x.as_ptr().add(i), self.x.len() - i);
                let f = match self.name {
                    "exp" => v.exp(),
                    "ln" => v.ln(),
                    "tanh" => v.tanh(),
                    "logistic" => v.logistic(),
                    "ln_1p" => v.ln_1p(),
                    "gaussian" => v.gaussian(),
                    "scaled_normal_tail" => v.scaled_normal_tail(),
                    "sin" => v.sin(),
                    "cos" => v.cos(),
                    "sqrt" => v.sqrt(),
                    "round" => v.round(),
                    "floor" => v.floor(),
                    "neg" => -v,
                    "abs" => v.abs(),
                    _ => unreachable!(),
                };
                f.store_partial(self.y.as_mut_ptr().add(i), self.x.len() - i);
            }
            i += lanes;
        }
    }
}

fn map<T: Real>(level: SimdLevel, name: &'static str, x: &[T]) -> Vec<T> {
    let mut y = vec![T::ZERO; x.len()];
    dispatch_at(level, Map { name, x, y: &mut y });
    y
}

/// Distance in units in the last place of f64, subnormals included.
fn ulps64(a: f64, b: f64) -> f64 {
    if a == b || (a.is_nan() && b.is_nan()) {
        return 0.0;
    }
    if !a.is_finite() || !b.is_finite() {
        return f64::INFINITY;
    }
    let unit = f64::from_bits(b.abs().to_bits() + 1) - b.abs();
    ((a - b) / unit).abs()
}

/// The same for f32 against a result in f64.
fn ulps32(a: f32, b: f64) -> f64 {
    let rounded = b as f32;
    if a == rounded || (a.is_nan() && b.is_nan()) {
        return 0.0;
    }
    if !a.is_finite() || !rounded.is_finite() {
        return f64::INFINITY;
    }
    let unit = f32::from_bits(rounded.abs().to_bits() + 1) as f64 - rounded.abs() as f64;
    ((a as f64 - b) / unit).abs()
}

fn scalar(name: &str) -> fn(f64) -> f64 {
    match name {
        "exp" => f64::exp,
        "ln" => f64::ln,
        "tanh" => f64::tanh,
        // Both branches keep their relative accuracy.
        "logistic" => |x| {
            if x < 0.0 {
                x.exp() / (1.0 + x.exp())
            } else {
                1.0 / (1.0 + (-x).exp())
            }
        },
        "ln_1p" => f64::ln_1p,
        "gaussian" => gaussian,
        "scaled_normal_tail" => scaled_normal_tail,
        "sin" => f64::sin,
        "cos" => f64::cos,
        "sqrt" => f64::sqrt,
        _ => unreachable!(),
    }
}

/// The square as that of a number of 24 bits and a small rest.
fn gaussian(x: f64) -> f64 {
    let head = x as f32 as f64;
    (-0.5 * head * head).exp() * (-0.5 * (x - head) * (x + head)).exp()
}

/// Laplace's continued fraction, whose terms are positive, 1/√(2π)/(x + 1/(x + 2/(x + …))); below ½, where it converges
/// slowly, ½e^{x²/2} − Σ x^{2k+1}/(2k+1)!!/√(2π).
fn scaled_normal_tail(x: f64) -> f64 {
    let x = x.abs();
    let root = (2.0 * std::f64::consts::PI).sqrt();
    if x < 0.5 {
        let (mut term, mut sum) = (x, 0.0);
        for k in 1..20 {
            sum += term;
            term *= x * x / (2 * k + 1) as f64;
        }
        return 0.5 * (0.5 * x * x).exp() - sum / root;
    }
    (1..4000)
        .rev()
        .fold(x, |tail, k| x + k as f64 / tail)
        .recip()
        / root
}

/// A grid over [low, high] of numbers with full mantissas.
fn grid(low: f64, high: f64, n: usize) -> Vec<f64> {
    (0..n)
        .map(|i| low + (high - low) * ((i as f64 + 0.618_033_988_749_895) / n as f64))
        .collect()
}

/// Powers of two from 2^low to 2^high times a spread mantissa.
fn scales(low: i32, high: i32) -> Vec<f64> {
    (low..=high)
        .flat_map(|e| {
            (0..37).map(move |k| {
                (1.0 + k as f64 * 0.026_994_1) * 2f64.powi(e / 2) * 2f64.powi(e - e / 2)
            })
        })
        .collect()
}

#[test]
fn levels_of_this_machine() {
    let names: Vec<_> = SimdLevel::available().map(SimdLevel::name).collect();
    println!(
        "SIMD levels exercised: {}; in use: {}",
        names.join(", "),
        level().name()
    );
    assert_eq!(names[0], "portable");
    assert!(level().supported());
}

#[test]
fn f64_functions_to_their_ulps() {
    let both = |mut x: Vec<f64>| {
        x.extend(x.clone().iter().map(|x| -x));
        x
    };
    // The standard library's own error (below 1 ulp, tanh below 2) is part of the bounds.
    let cases: [(&'static str, Vec<f64>, f64); 15] = [
        ("exp", grid(-745.0, 709.7, 200_003), 2.0),
        ("exp", both(scales(-60, 9)), 2.0),
        ("ln", scales(-1074, 1023), 2.0),
        ("ln", grid(0.5, 2.0, 100_003), 2.0),
        ("tanh", both(grid(0.0, 25.0, 200_003)), 3.0),
        ("tanh", both(scales(-1000, 5)), 3.0),
        ("logistic", both(grid(0.0, 750.0, 100_003)), 5.0),
        ("ln_1p", grid(0.0, 1.0, 200_003), 2.0),
        ("ln_1p", scales(-1074, -1), 2.0),
        ("gaussian", both(grid(0.0, 38.6, 200_003)), 3.0),
        ("gaussian", both(scales(-1000, 2)), 3.0),
        ("scaled_normal_tail", both(grid(0.0, 38.6, 20_003)), 5.0),
        ("scaled_normal_tail", both(scales(-1000, 2)), 5.0),
        ("sin", both(grid(0.0, 40.0, 200_003)), 2.0),
        ("cos", both(scales(-1000, 30)), 2.0),
    ];
    for level in SimdLevel::available() {
        for (name, x, bound) in &cases {
            let y = map(level, name, x);
            let (worst, at) = x
                .iter()
                .zip(&y)
                .map(|(&x, &y)| (ulps64(y, scalar(name)(x)), x))
                .fold((0.0, 0.0), |m, e| if e.0 > m.0 { e } else { m });
            println!("{} f64 {name}: {worst:.2} ulp at {at:e}", level.name());
            assert!(
                worst <= *bound,
                "{} {name}: {worst} ulp at {at:e}",
                level.name()
            );
        }
        // Near multiples of π/2, where the reduction cancels.
        let x: Vec<f64> = (1..20_000)
            .map(|k| k as f64 * std::f64::consts::FRAC_PI_2)
            .collect();
        for name in ["sin", "cos"] {
            for (x, y) in x.iter().zip(map(level, name, &x)) {
                assert!(
                    ulps64(y, scalar(name)(*x)) <= 2.0,
                    "{} {name} {x:e}",
                    level.name()
                );
            }
        }
    }
}

#[test]
fn f32_functions_to_their_ulps() {
    let both = |mut x: Vec<f64>| {
        x.extend(x.clone().iter().map(|x| -x));
        x.into_iter().map(|x| x as f32).collect::<Vec<_>>()
    };
    let cases: [(&'static str, Vec<f32>, f64); 9] = [
        (
            "exp",
            both(grid(0.0, 103.9, 100_003))
                .into_iter()
                .filter(|x| *x < 88.7)
                .collect(),
            2.0,
        ),
        (
            "ln",
            scales(-149, 127).into_iter().map(|x| x as f32).collect(),
            2.0,
        ),
        ("tanh", both(grid(0.0, 12.0, 100_003)), 3.0),
        ("tanh", both(scales(-120, 3)), 3.0),
        ("logistic", both(grid(0.0, 88.0, 100_003)), 4.0),
        (
            "ln_1p",
            grid(0.0, 1.0, 100_003)
                .into_iter()
                .chain(scales(-149, -1))
                .map(|x| x as f32)
                .collect(),
            2.0,
        ),
        ("gaussian", both(grid(0.0, 14.4, 100_003)), 3.0),
        ("scaled_normal_tail", both(grid(0.0, 14.4, 10_003)), 4.0),
        (
            "sqrt",
            scales(-149, 127).into_iter().map(|x| x as f32).collect(),
            0.5,
        ),
    ];
    for level in SimdLevel::available() {
        for (name, x, bound) in &cases {
            let y = map(level, name, x);
            let (worst, at) = x
                .iter()
                .zip(&y)
                .map(|(&x, &y)| (ulps32(y, scalar(name)(x as f64)), x))
                .fold((0.0, 0.0), |m, e| if e.0 > m.0 { e } else { m });
            println!("{} f32 {name}: {worst:.2} ulp at {at:e}", level.name());
            assert!(
                worst <= *bound,
                "{} {name}: {worst} ulp at {at:e}",
                level.name()
            );
        }
        let x = both(
            [
                grid(0.0, 60.0, 100_003),
                grid(60.0, 20_000.0, 100_003),
                scales(-100, 40),
            ]
            .concat(),
        );
        for name in ["sin", "cos"] {
            for (x, y) in x.iter().zip(map(level, name, &x)) {
                let exact = scalar(name)(*x as f64);
                let unit = 2f64.powi(-23) * exact.abs().max(2f64.powi(-10));
                assert!(
                    (y as f64 - exact).abs() <= 2.0 * unit,
                    "{} {name} {x:e}: {y:e} for {exact:e}",
                    level.name()
                );
            }
        }
    }
}

#[test]
fn special_values() {
    let inf = f64::INFINITY;
    let nan = f64::NAN;
    let cases: [(&'static str, &[(f64, f64)]); 9] = [
        (
            "exp",
            &[
                (inf, inf),
                (-inf, 0.0),
                (nan, nan),
                (0.0, 1.0),
                (-0.0, 1.0),
                (1e300, inf),
                (-1e300, 0.0),
                (710.0, inf),
            ],
        ),
        (
            "ln",
            &[
                (inf, inf),
                (-inf, nan),
                (nan, nan),
                (0.0, -inf),
                (-0.0, -inf),
                (-1.0, nan),
                (1.0, 0.0),
                (-1e-40, nan),
            ],
        ),
        (
            "tanh",
            &[
                (inf, 1.0),
                (-inf, -1.0),
                (nan, nan),
                (0.0, 0.0),
                (-0.0, -0.0),
                (1e-310, 1e-310),
            ],
        ),
        (
            "logistic",
            &[(inf, 1.0), (-inf, 0.0), (nan, nan), (0.0, 0.5)],
        ),
        ("ln_1p", &[(nan, nan), (0.0, 0.0), (1e-310, 1e-310)]),
        (
            "gaussian",
            &[
                (inf, 0.0),
                (-1e300, 0.0),
                (38.65, 0.0),
                (nan, nan),
                (-0.0, 1.0),
                (1e-310, 1.0),
            ],
        ),
        (
            "sin",
            &[
                (inf, nan),
                (-inf, nan),
                (nan, nan),
                (0.0, 0.0),
                (-0.0, -0.0),
                (1e-310, 1e-310),
            ],
        ),
        ("cos", &[(inf, nan), (nan, nan), (0.0, 1.0), (-0.0, 1.0)]),
        ("sqrt", &[(inf, inf), (-1.0, nan), (nan, nan), (-0.0, -0.0)]),
    ];
    for level in SimdLevel::available() {
        for (name, pairs) in cases {
            let x: Vec<f64> = pairs.iter().map(|p| p.0).collect();
            let narrow: Vec<f32> = x.iter().map(|&x| x as f32).collect();
            for (((x, want), y), y32) in pairs
                .iter()
                .zip(map(level, name, &x))
                .zip(map(level, name, &narrow))
            {
                let same = |y: f64, want: f64| {
                    (y.is_nan() && want.is_nan()) || y.to_bits() == want.to_bits()
                };
                assert!(same(y, *want), "{} {name}({x}) = {y}", level.name());
                assert!(
                    same(y32 as f64, *want as f32 as f64),
                    "{} f32 {name}({x}) = {y32}",
                    level.name()
                );
            }
        }
    }
    // A lane that needs the scalar reduction must not disturb its neighbours.
    for level in SimdLevel::available() {
        let x = [0.5, 1e22, -1.0, 2.5e9, nan, 3.0, inf, 7.0, -1e22];
        for (x, y) in x.iter().zip(map(level, "sin", &x)) {
            assert!(ulps64(y, x.sin()) <= 2.0, "{} sin({x}) = {y}", level.name());
        }
    }
}

#[test]
fn rounding() {
    let x = [
        0.5,
        1.5,
        2.5,
        -0.5,
        -1.5,
        2.4,
        -2.6,
        1e9 + 0.75,
        0.0,
        -7.0,
        3.0,
    ];
    for level in SimdLevel::available() {
        assert_eq!(map(level, "round", &x), x.map(f64::round_ties_even));
        assert_eq!(map(level, "floor", &x), x.map(f64::floor));
        let x = x.map(|x| if x > 1e6 { 12_345.75 } else { x as f32 });
        assert_eq!(map(level, "round", &x), x.map(f32::round_ties_even));
        assert_eq!(map(level, "floor", &x), x.map(f32::floor));
        assert_eq!(map(level, "neg", &x), x.map(|x| -x));
        assert_eq!(map(level, "abs", &x), x.map(f32::abs));
    }
}

/// One vector through the operations that `Map` does not cover.
struct Operations;

impl Kernel for Operations {
    type Output = ();
    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        // SAFETY: the level is live; the arrays hold the widest vectors.
        unsafe {
            check::<f64, L::F64>();
            check::<f32, L::F32>();
            let x: Vec<f32> = (0..16).map(|i| i as f32 + 0.25).collect();
            let mut y = [0f32; 16];
            let (lower, upper) = L::widen(L::F32::load(x.as_ptr()));
            assert_eq!(
                (lower + upper).sum(),
                x[..L::F32::LANES].iter().sum::<f32>() as f64
            );
            assert_eq!(lower.sum(), x[..L::F64::LANES].iter().sum::<f32>() as f64);
            L::narrow(lower, upper).store(y.as_mut_ptr());
            assert_eq!(x[..L::F32::LANES], y[..L::F32::LANES]);
        }
    }
}

#[inline(always)]
unsafe fn check<T: Real, V: Vector<Scalar = T>>() {
    let value = |i: usize| T::from_f64(i as f64 - 1.5);
    let x: Vec<T> = (0..16).map(value).collect();
    let mut y = [T::from_f64(99.0); 17];
    // SAFETY: the caller's level; 16 is the widest vector.
    unsafe {
        let v = V::load(x.as_ptr());
        let (zero, two) = (V::splat(T::ZERO), V::splat(T::from_f64(2.0)));
        assert_eq!(
            v.sum().to_f64(),
            (0..V::LANES).map(|i| value(i).to_f64()).sum::<f64>()
        );
        for n in 0..=V::LANES + 1 {
            y.fill(T::from_f64(99.0));
            V::load_partial(x.as_ptr(), n).store(y.as_mut_ptr());
            for i in 0..V::LANES {
                assert_eq!(y[i], if i < n { x[i] } else { T::ZERO });
            }
            y.fill(T::from_f64(99.0));
            v.store_partial(y.as_mut_ptr(), n);
            for i in 0..17 {
                assert_eq!(
                    y[i],
                    if i < n.min(V::LANES) {
                        x[i]
                    } else {
                        T::from_f64(99.0)
                    }
                );
            }
        }
        let mut each = |got: V, want: fn(f64) -> f64| {
            got.store(y.as_mut_ptr());
            for i in 0..V::LANES {
                assert_eq!(y[i].to_f64(), want(x[i].to_f64()));
            }
        };
        each(v + two, |x| x + 2.0);
        each(v - two, |x| x - 2.0);
        each(v * two, |x| x * 2.0);
        each(v / two, |x| x / 2.0);
        each(v.mul_add(v, two), |x| x * x + 2.0);
        each(v.neg_mul_add(v, two), |x| 2.0 - x * x);
        each(v.min(two), |x| x.min(2.0));
        each(v.max(two), |x| x.max(2.0));
        each(two.copysign(v), |x| 2f64.copysign(x));
        each(two.xor(-zero), |_| -2.0);
        each((v - V::splat(T::HALF)).pow2(), |x| (x - 0.5).exp2());
        each(
            V::select(
                two.copysign((v - V::splat(T::HALF)).parity()).lt(zero),
                two,
                v,
            ),
            |x| if (x - 0.5) % 2.0 != 0.0 { 2.0 } else { x },
        );
        each(
            V::select(v.lt(two), v, two),
            |x| if x < 2.0 { x } else { 2.0 },
        );
        each(V::select(v.le(V::splat(T::from_f64(0.5))), v, two), |x| {
            if x <= 0.5 { x } else { 2.0 }
        });
        each(V::select(v.eq(V::splat(T::from_f64(0.5))), v, two), |x| {
            if x == 0.5 { x } else { 2.0 }
        });
        assert!(
            V::any(v.lt(V::splat(T::from_f64(-1.0)))) && !V::any(v.lt(V::splat(T::from_f64(-2.0))))
        );
        // The second operand survives a NaN.
        let nan = V::splat(T::from_f64(f64::NAN));
        assert!(two.min(nan).sum().to_f64().is_nan() && two.max(nan).sum().to_f64().is_nan());
        let (m, e) = V::splat(T::from_f64(0.011)).split();
        m.scale(e).store(y.as_mut_ptr());
        assert_eq!(y[0], T::from_f64(0.011));
    }
}

#[test]
fn operations() {
    for level in SimdLevel::available() {
        dispatch_at(level, Operations);
    }
}
