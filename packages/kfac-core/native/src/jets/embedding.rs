//! The features of the coordinates that the first layer reads in their place.

use super::Shape;
use crate::simd::{Real, Vector};

/// Numbers of `constants`.
pub fn constants_len(shape: &Shape) -> usize {
    shape.waves() * (shape.coordinates + shape.channels() - 1)
}

/// What is the same for every point, rows of M: the frequencies, coordinate by coordinate; for every direction the rates
/// ρ_r = F·v_r; for every channel of order k ≥ 2 the factor Σ_r c_r·ρ_r^k.
pub fn fill_constants<T: Real>(shape: &Shape, constants: &mut [T]) {
    let (d, firsts, waves) = (shape.coordinates, shape.firsts(), shape.waves());
    let frequencies = |k: usize| &shape.frequencies[k * d..(k + 1) * d];
    for k in 0..waves {
        let mut column = constants.iter_mut().skip(k).step_by(waves);
        let mut put = |value: f64| {
            if let Some(entry) = column.next() {
                *entry = T::from_f64(value);
            }
        };
        frequencies(k).iter().for_each(|&f| put(f));
        let rate = |r: usize| -> f64 {
            let direction = &shape.directions[r * d..(r + 1) * d];
            frequencies(k)
                .iter()
                .zip(direction)
                .map(|(f, v)| f * v)
                .sum()
        };
        (0..firsts).for_each(|r| put(rate(r)));
        for row in shape.second.chunks(firsts.max(1)) {
            put(row
                .iter()
                .enumerate()
                .map(|(r, c)| c * rate(r) * rate(r))
                .sum());
        }
        let [raw_seconds, raw_thirds] = shape.raw;
        let collapsed = |row: &[f64], order: i32| -> f64 {
            row.iter()
                .enumerate()
                .map(|(r, c)| c * rate(r).powi(order))
                .sum()
        };
        (0..raw_seconds).for_each(|r| put(rate(r).powi(2)));
        (0..raw_thirds).for_each(|r| put(rate(r).powi(3)));
        let thirds = shape.third.chunks(raw_seconds.max(1));
        thirds.for_each(|row| put(collapsed(row, 3)));
        let fourths = shape.fourth.chunks(raw_thirds.max(1));
        fourths.for_each(|row| put(collapsed(row, 4)));
    }
}

/// The features' channels at point n, S rows of width + 1 numbers with the trailing column 1, 0 … 0. Kept coordinates
/// first; then cos φ with cos⁽ᵏ⁾φ·Σ_r c_r·ρ_r^k in a channel of order k; then sin φ.
///
/// # Safety
/// In a kernel of V's level; the rows exist.
#[inline(always)]
pub unsafe fn embed<V: Vector>(
    shape: &Shape,
    constants: &[V::Scalar],
    coordinates: &[f64],
    points: usize,
    n: usize,
    z: *mut V::Scalar,
) {
    let (d, firsts, waves) = (shape.coordinates, shape.firsts(), shape.waves());
    let (kept, stride) = (shape.kept.len(), shape.width(0) + 1);
    for s in 0..shape.channels() {
        // SAFETY: row s of the caller's.
        let row = unsafe { std::slice::from_raw_parts_mut(z.add(s * stride), stride) };
        for (feature, &axis) in row.iter_mut().zip(shape.kept) {
            let axis = axis as usize;
            *feature = V::Scalar::from_f64(match s {
                0 => coordinates[axis * points + n],
                r if r <= firsts => shape.directions[(r - 1) * d + axis],
                _ => 0.0,
            });
        }
        row[stride - 1] = if s == 0 {
            V::Scalar::ONE
        } else {
            V::Scalar::ZERO
        };
    }
    let mut j = 0;
    while j < waves {
        let left = waves - j;
        // SAFETY: `constants` has rows of `waves` numbers as `fill_constants` says; columns kept + j … and
        // kept + waves + j … of the caller's rows.
        unsafe {
            let constant =
                |row: usize| V::load_partial(constants.as_ptr().add(row * waves + j), left);
            let mut phase = V::splat(V::Scalar::ZERO);
            for axis in 0..d {
                let x = V::splat(V::Scalar::from_f64(coordinates[axis * points + n]));
                phase = constant(axis).mul_add(x, phase);
            }
            let (sine, cosine) = phase.sin_cos();
            for s in 0..shape.channels() {
                let (of_cosine, of_sine) = match shape.order(s) {
                    0 => (cosine, sine),
                    order => {
                        let factor = constant(d + s - 1);
                        let (c, s) = (factor * cosine, factor * sine);
                        match order {
                            1 => (-s, c),
                            2 => (-c, -s),
                            3 => (s, -c),
                            _ => (c, s),
                        }
                    }
                };
                let at = z.add(s * stride + kept + j);
                of_cosine.store_partial(at, left);
                of_sine.store_partial(at.add(waves), left);
            }
        }
        j += V::LANES;
    }
}
