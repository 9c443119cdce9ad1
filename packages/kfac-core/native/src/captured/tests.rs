use super::*;

fn numbers(count: usize, seed: u32) -> Vec<f64> {
    let mut state = seed.wrapping_mul(2_654_435_761);
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state) / 2f64.powi(31) - 1.0
        })
        .collect()
}

#[test]
fn the_three_products_agree_with_each_other() {
    for (examples, inputs, outputs, uses) in [
        (1, 1, 1, 1),
        (37, 3, 64, 5),
        (50, 65, 1, 4),
        (33, 20, 19, 2),
    ] {
        let rows = examples * uses;
        let (z, g) = (numbers(rows * inputs, 1), numbers(rows * outputs, 2));
        let pair = Pair {
            z: &z,
            g: &g,
            inputs,
            outputs,
            uses,
        };
        let size = inputs * outputs;
        let (weights, directions) = (numbers(examples, 3), numbers(2 * size, 4));
        let mut j = vec![f64::NAN; examples * size];
        jacobian(pair, &vec![1.0; examples], &mut j, size, 0);
        let (mut gradient_, mut products) = (vec![0.0; size], vec![0.0; 2 * examples]);
        gradient(pair, &weights, &mut gradient_);
        jvp(pair, &directions, &mut products);
        for p in 0..size {
            let wanted: f64 = (0..examples).map(|i| weights[i] * j[i * size + p]).sum();
            assert!((gradient_[p] - wanted).abs() < 1e-12);
        }
        for (k, direction) in directions.chunks(size).enumerate() {
            for i in 0..examples {
                let wanted: f64 = (0..size).map(|p| direction[p] * j[i * size + p]).sum();
                assert!((products[k * examples + i] - wanted).abs() < 1e-11);
            }
        }
    }
}
