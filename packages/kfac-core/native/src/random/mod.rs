//! Random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011) over arrays of lanes, and normal ones by inversion.

mod normal;
#[cfg(test)]
mod tests;

pub use normal::normal_quantiles;

const M0: u32 = 0xd251_1f53;
const M1: u32 = 0xcd9e_8d57;
const W0: u32 = 0x9e37_79b9;
const W1: u32 = 0xbb67_ae85;

/// High and low half of the 64-bit product.
#[inline(always)]
fn wide(a: u32, b: u32) -> (u32, u32) {
    let product = a as u64 * b as u64;
    ((product >> 32) as u32, product as u32)
}

/// Philox4x32-10 of N counters at once; word w of lane i is `counter[w][i]`. A plain loop that LLVM vectorises where it is
/// inlined into a kernel.
#[inline(always)]
pub fn philox<const N: usize>(mut counter: [[u32; N]; 4], key: [u32; 2]) -> [[u32; N]; 4] {
    let [mut k0, mut k1] = key;
    for _ in 0..10 {
        let mut next = [[0; N]; 4];
        for i in 0..N {
            let (high0, low0) = wide(M0, counter[0][i]);
            let (high1, low1) = wide(M1, counter[2][i]);
            next[0][i] = high1 ^ counter[1][i] ^ k0;
            next[1][i] = low1;
            next[2][i] = high0 ^ counter[3][i] ^ k1;
            next[3][i] = low0;
        }
        counter = next;
        k0 = k0.wrapping_add(W0);
        k1 = k1.wrapping_add(W1);
    }
    counter
}

/// (top 52 bits of high·2³² + low, plus ½)·2⁻⁵²: a number strictly inside (0, 1). Every step is exact.
#[inline(always)]
pub fn uniform(high: u32, low: u32) -> f64 {
    let mantissa = ((high as u64) << 20) | (low >> 12) as u64;
    f64::from_bits(1023 << 52 | mantissa) - (1.0 - f64::EPSILON / 2.0)
}
