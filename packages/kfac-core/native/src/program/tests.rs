use super::*;

type Unary = (Opcode, fn(f64) -> f64, f64);
type Binary = (Opcode, fn(f64, f64) -> f64);

fn run(level: SimdLevel, code: &[i32], columns: &[f64], inputs: usize, points: usize) -> Vec<f64> {
    let last = (inputs + code.len() / 3 - 1) as i32;
    let outputs = [last];
    let program = Program::new(inputs, &[], code, &outputs).expect("a sound program");
    let mut result = vec![0.0; points];
    evaluate_at(level, &program, columns, &mut result, points);
    result
}

fn close(got: f64, want: f64, ulps: f64) -> bool {
    got == want
        || (got.is_nan() && want.is_nan())
        || (got - want).abs() <= ulps * f64::EPSILON * want.abs().max(f64::MIN_POSITIVE)
}

#[test]
fn unary_functions() {
    let mut x = vec![
        0.0,
        -0.0,
        1.0,
        -1.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        5e-324,
        -2e-310,
        710.2,
        -710.2,
        711.0,
        1e9,
        -1e300,
    ];
    x.extend((0..4001).map(|i| (i as f64 - 2000.0) * 0.003_141));
    x.extend((0..333).map(|i| (i as f64 - 166.0) * 4.37));
    let functions: [Unary; 12] = [
        (Opcode::Neg, |x| -x, 0.0),
        (Opcode::Sin, f64::sin, 2.0),
        (Opcode::Cos, f64::cos, 2.0),
        (Opcode::Tan, f64::tan, 4.0),
        (Opcode::Tanh, f64::tanh, 3.0),
        (Opcode::Sinh, f64::sinh, 4.0),
        (Opcode::Cosh, f64::cosh, 4.0),
        (Opcode::Exp, f64::exp, 2.0),
        (Opcode::Log, f64::ln, 2.0),
        (Opcode::Sqrt, f64::sqrt, 0.0),
        (Opcode::Abs, f64::abs, 0.0),
        (
            Opcode::Sign,
            |x| {
                if x == 0.0 {
                    0.0
                } else if x.is_nan() {
                    x
                } else {
                    x.signum()
                }
            },
            0.0,
        ),
    ];
    for level in SimdLevel::available() {
        for (op, f, ulps) in functions {
            for (x, y) in x.iter().zip(run(level, &[op as i32, 0, 0], &x, 1, x.len())) {
                assert!(
                    close(y, f(*x), ulps),
                    "{} {op:?}({x:e}) = {y:e}, want {:e}",
                    level.name(),
                    f(*x)
                );
            }
        }
        for n in [-7, -2, -1, 0, 1, 2, 3, 10, 31] {
            for (x, y) in x
                .iter()
                .zip(run(level, &[Opcode::Powi as i32, 0, n], &x, 1, x.len()))
            {
                // 1/xⁿ loses digits where xⁿ is subnormal or beyond the range.
                let loses = n < 0 && !x.powi(-n).is_normal();
                assert!(
                    loses || close(y, x.powi(n), 32.0),
                    "{} {x:e}^{n} = {y:e}",
                    level.name()
                );
            }
        }
    }
}

#[test]
fn binary_functions_and_ragged_blocks() {
    for points in [0, 1, 7, 511, 513, 5003] {
        let columns: Vec<f64> = (0..2 * points)
            .map(|i| ((i * 7919 % 1009) as f64 - 504.0) / 100.0)
            .collect();
        let (a, b) = columns.split_at(points);
        let functions: [Binary; 5] = [
            (Opcode::Add, |a, b| a + b),
            (Opcode::Sub, |a, b| a - b),
            (Opcode::Mul, |a, b| a * b),
            (Opcode::Div, |a, b| a / b),
            (Opcode::Pow, f64::powf),
        ];
        for level in SimdLevel::available() {
            for (op, f) in functions {
                for (i, y) in run(level, &[op as i32, 0, 1], &columns, 2, points)
                    .into_iter()
                    .enumerate()
                {
                    assert!(
                        close(y, f(a[i], b[i]), 0.0),
                        "{} {op:?} {} {} = {y}",
                        level.name(),
                        a[i],
                        b[i]
                    );
                }
            }
        }
    }
}

#[test]
fn threads_change_no_bit_and_constants_reach_every_block() {
    let points = 10_007;
    let columns: Vec<f64> = (0..points).map(|i| i as f64 / 1000.0).collect();
    // ((c0·x + c1)·x, tanh of it), the input and a constant as outputs too.
    let code = [2, 0, 1, 0, 3, 2, 2, 4, 0, 10, 5, 0];
    let outputs = [5, 6, 0, 2];
    let constants = [0.3, -1.5];
    let program = Program::new(1, &constants, &code, &outputs).expect("a sound program");
    let mut results = Vec::new();
    for threads in [1, 2, 4] {
        pool::set_threads(threads);
        let mut result = vec![f64::NAN; 4 * points];
        evaluate(&program, &columns, &mut result, points);
        results.push(result);
    }
    pool::set_threads(1);
    assert!(results[0] == results[1] && results[0] == results[2]);
    for (i, x) in columns.iter().enumerate() {
        let want = (0.3 * x - 1.5) * x;
        assert!(close(results[0][i], want, 2.0));
        assert!((results[0][points + i] - want.tanh()).abs() < 1e-15);
        assert_eq!(results[0][2 * points + i], *x);
        assert_eq!(results[0][3 * points + i], -1.5);
    }
}

#[test]
fn unsound_programs_are_refused() {
    let sound = |code: &[i32], outputs: &[i32]| Program::new(2, &[1.0], code, outputs).is_some();
    assert!(sound(&[0, 0, 2, 2, 3, 1], &[4, 0]));
    assert!(!sound(&[0, 0], &[]), "half an instruction");
    assert!(
        !sound(&[18, 0, 0], &[]) && !sound(&[-1, 0, 0], &[]),
        "unknown opcodes"
    );
    assert!(
        !sound(&[0, 3, 0], &[]) && !sound(&[0, 0, 3], &[]),
        "a register before it is written"
    );
    assert!(
        !sound(&[0, -1, 0], &[]) && !sound(&[0, 0, -1], &[]),
        "negative registers"
    );
    assert!(
        sound(&[6, 0, -99], &[]) && sound(&[4, 0, 77], &[]),
        "words that are no registers"
    );
    assert!(!sound(&[], &[3]) && !sound(&[], &[-1]), "outputs");
    assert!(!sound(&[0, i32::MIN, 0], &[i32::MAX]));
}
