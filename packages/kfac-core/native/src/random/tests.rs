use super::*;
use crate::simd::{Kernel, Level, SimdLevel, dispatch_at};

struct Draw<'a> {
    counters: [[u32; 4]; 3],
    keys: [[u32; 2]; 3],
    out: &'a mut [[u32; 4]; 3],
}

impl Kernel for Draw<'_> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        for i in 0..3 {
            // Sixteen lanes, the case in every one of them.
            let words = philox::<16>(self.counters[i].map(|word| [word; 16]), self.keys[i]);
            for w in 0..4 {
                assert!(words[w].iter().all(|&x| x == words[w][0]));
                self.out[i][w] = words[w][0];
            }
        }
    }
}

#[test]
fn philox_known_answers_at_every_level() {
    for level in SimdLevel::available() {
        println!("SIMD level {}", level.name());
        let mut out = [[0; 4]; 3];
        dispatch_at(
            level,
            Draw {
                counters: [
                    [0; 4],
                    [u32::MAX; 4],
                    [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                ],
                keys: [[0; 2], [u32::MAX; 2], [0xa409_3822, 0x299f_31d0]],
                out: &mut out,
            },
        );
        assert_eq!(out[0], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(out[1], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(out[2], [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }
}

#[test]
fn uniforms_are_strictly_inside_the_interval() {
    assert_eq!(uniform(0, 0xfff), 0.5f64.powi(53));
    assert_eq!(uniform(0, 0x1000), 3.0 * 0.5f64.powi(53));
    assert_eq!(uniform(u32::MAX, u32::MAX), 1.0 - 0.5f64.powi(53));
}

struct Quantiles<'a>(&'a [f64], &'a mut [f64]);

impl Kernel for Quantiles<'_> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        let (mut tail, mut index) = (vec![0.0; self.0.len()], vec![0; self.0.len()]);
        // SAFETY: in a kernel.
        unsafe { normal_quantiles::<L>(self.0, self.1, &mut tail, &mut index) }
    }
}

#[test]
fn quantiles_are_those_of_the_tables_wherever_they_lie() {
    let known = [
        (0.25, -0.674_489_750_196_081_7),
        (0.5, 0.0),
        (0.001, -3.090_232_306_167_813_5),
        (0.975, 1.959_963_984_540_054),
        (1e-10, -6.361_340_902_404_056),
        (1e-20, -9.262_340_089_798_408),
        (0.5f64.powi(53), -8.209_536_151_601_387),
        (0.9, 1.281_551_565_544_600_4),
    ];
    for level in SimdLevel::available() {
        for rotate in 0..known.len() {
            for n in 0..=known.len() {
                let u: Vec<f64> = (0..n)
                    .map(|i| known[(i + rotate) % known.len()].0)
                    .collect();
                let mut z = vec![f64::NAN; n];
                dispatch_at(level, Quantiles(&u, &mut z));
                for i in 0..n {
                    let expected: f64 = known[(i + rotate) % known.len()].1;
                    assert!(
                        (z[i] - expected).abs() <= 4e-15 * expected.abs(),
                        "{}: {} {}",
                        u[i],
                        z[i],
                        expected
                    );
                }
            }
        }
    }
}
