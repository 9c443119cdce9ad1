//! Market paths: Black–Scholes exactly, Heston by QE-M, QE (Andersen 2008) or Euler with full truncation. All numbers of a
//! tile of paths are drawn date by date and stay in L1; a path depends on its own counters alone, so neither tiles nor
//! threads show in the results.
#![allow(clippy::needless_range_loop)] // register blocks and rows are read by their indices

mod heston;
#[cfg(test)]
mod tests;

use crate::pool::{self, Disjoint};
use crate::random::{normal_quantiles, philox, uniform};
use crate::simd::{self, Kernel, Level, SimdLevel, Vector};
pub use heston::{Heston, Scheme};

/// Paths of one unit of work; a multiple of every vector's lanes.
const TILE: usize = 128;
/// Counters that go through Philox together.
const LANES: usize = 16;

/// A market; rates and volatilities per year.
#[derive(Clone, Copy, Debug)]
pub enum Market {
    BlackScholes {
        spot: f64,
        drift: f64,
        volatility: f64,
    },
    Heston(Heston),
}

/// Which random numbers: the Philox key, and what of the counter is fixed.
#[derive(Clone, Copy, Debug)]
pub struct PathKey {
    pub seed: [u32; 2],
    /// Below 256.
    pub purpose: u32,
    pub step: u32,
    pub first_path: u32,
}

/// Fills spot [dates × paths] and, for Heston, the variance of the same shape; row 0 is the start, the others lie
/// `interval` years apart.
pub fn simulate(
    market: &Market,
    interval: f64,
    key: PathKey,
    paths: usize,
    spot: &mut [f64],
    variance: &mut [f64],
) {
    simulate_at(simd::level(), market, interval, key, paths, spot, variance);
}

fn simulate_at(
    level: SimdLevel,
    market: &Market,
    interval: f64,
    key: PathKey,
    paths: usize,
    spot: &mut [f64],
    variance: &mut [f64],
) {
    if paths == 0 {
        return;
    }
    let dates = spot.len() / paths;
    assert!(spot.len() == dates * paths);
    assert!(
        variance.len()
            == if matches!(market, Market::Heston(_)) {
                spot.len()
            } else {
                0
            }
    );
    let (spot, variance) = (Disjoint::new(spot), Disjoint::new(variance));
    pool::for_each_block(paths.div_ceil(TILE), |tile| {
        let first = tile * TILE;
        simd::dispatch_at(
            level,
            Tile {
                market,
                interval,
                key,
                paths,
                dates,
                first,
                count: TILE.min(paths - first),
                spot: &spot,
                variance: &variance,
            },
        );
    });
}

struct Tile<'a> {
    market: &'a Market,
    interval: f64,
    key: PathKey,
    paths: usize,
    dates: usize,
    first: usize,
    count: usize,
    spot: &'a Disjoint<'a, f64>,
    variance: &'a Disjoint<'a, f64>,
}

impl Kernel for Tile<'_> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        // SAFETY: the level is live.
        unsafe {
            match self.market {
                Market::BlackScholes {
                    spot,
                    drift,
                    volatility,
                } => self.black_scholes::<L>(*spot, *drift, *volatility),
                Market::Heston(heston) => match heston.scheme {
                    Scheme::QuadraticExponential { martingale: true } => {
                        self.heston::<L, true>(heston)
                    }
                    Scheme::QuadraticExponential { martingale: false } => {
                        self.heston::<L, false>(heston)
                    }
                    Scheme::Euler => self.euler::<L>(heston),
                },
            }
        }
    }
}

/// The uniforms of one date, and their normals.
struct Draws {
    spot_uniform: [f64; TILE],
    variance_uniform: [f64; TILE],
    spot: [f64; TILE],
    variance: [f64; TILE],
    tail: [f64; TILE],
    index: [u32; TILE],
}

impl Draws {
    fn new() -> Self {
        let zeros = [0.0; TILE];
        Self {
            spot_uniform: zeros,
            variance_uniform: zeros,
            spot: zeros,
            variance: zeros,
            tail: zeros,
            index: [0; TILE],
        }
    }

    /// # Safety
    /// In a kernel of L's level.
    #[inline(always)]
    unsafe fn at<L: Level>(
        &mut self,
        key: &PathKey,
        first: usize,
        count: usize,
        date: usize,
        both: bool,
    ) {
        let base = key.first_path.wrapping_add(first as u32);
        let n = count.next_multiple_of(LANES);
        for i in (0..n).step_by(LANES) {
            let path: [u32; LANES] =
                std::array::from_fn(|lane| base.wrapping_add((i + lane) as u32));
            let words = philox(
                [
                    path,
                    [date as u32; LANES],
                    [key.purpose << 24; LANES],
                    [key.step; LANES],
                ],
                key.seed,
            );
            for lane in 0..LANES {
                self.spot_uniform[i + lane] = uniform(words[1][lane], words[0][lane]);
            }
            if both {
                for lane in 0..LANES {
                    self.variance_uniform[i + lane] = uniform(words[3][lane], words[2][lane]);
                }
            }
        }
        // SAFETY: the caller's.
        unsafe {
            normal_quantiles::<L>(
                &self.spot_uniform[..n],
                &mut self.spot[..n],
                &mut self.tail[..n],
                &mut self.index[..n],
            );
            if both {
                normal_quantiles::<L>(
                    &self.variance_uniform[..n],
                    &mut self.variance[..n],
                    &mut self.tail[..n],
                    &mut self.index[..n],
                );
            }
        }
    }
}

impl Tile<'_> {
    /// This tile's part of row `date`.
    ///
    /// # Safety
    /// The previous borrow of this row has ended.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    unsafe fn row<'a>(&self, of: &'a Disjoint<'a, f64>, date: usize) -> &'a mut [f64] {
        let start = date * self.paths + self.first;
        // SAFETY: tiles partition the columns.
        unsafe { of.range(start, start + self.count) }
    }

    /// # Safety
    /// In a kernel of L's level.
    #[inline(always)]
    unsafe fn black_scholes<L: Level>(&self, spot: f64, drift: f64, volatility: f64) {
        let trend = (drift - 0.5 * volatility * volatility) * self.interval;
        let scale = volatility * self.interval.sqrt();
        let mut draws = Draws::new();
        let mut log_return = [0.0; TILE];
        // SAFETY: level live; all arrays are TILE long and a multiple of the lanes.
        unsafe {
            self.row(self.spot, 0).fill(spot);
            for date in 1..self.dates {
                draws.at::<L>(&self.key, self.first, self.count, date - 1, false);
                let out = self.row(self.spot, date);
                for i in (0..self.count).step_by(<L::F64 as Vector>::LANES) {
                    let z = L::F64::load(draws.spot.as_ptr().add(i));
                    let x = L::F64::load(log_return.as_ptr().add(i))
                        + z.mul_add(L::F64::splat(scale), L::F64::splat(trend));
                    x.store(log_return.as_mut_ptr().add(i));
                    (x.exp() * L::F64::splat(spot))
                        .store_partial(out.as_mut_ptr().add(i), self.count - i);
                }
            }
        }
    }

    /// # Safety
    /// In a kernel of L's level.
    #[inline(always)]
    unsafe fn heston<L: Level, const MARTINGALE: bool>(&self, market: &Heston) {
        // SAFETY: level live.
        unsafe {
            let step =
                heston::QuadraticExponential::<L::F64, MARTINGALE>::new(market, self.interval);
            self.two_factor::<L>(market, |x, v, z, z_variance, u_variance| {
                step.advance(x, v, z, z_variance, u_variance)
            });
        }
    }

    /// # Safety
    /// In a kernel of L's level.
    #[inline(always)]
    unsafe fn euler<L: Level>(&self, market: &Heston) {
        // SAFETY: level live.
        unsafe {
            let step = heston::Euler::<L::F64>::new(market, self.interval);
            self.two_factor::<L>(market, |x, v, z, z_variance, _| {
                step.advance(x, v, z, z_variance)
            });
        }
    }

    /// Drives a scheme (x, V, z, z_V, u_V) → (x′, V′), x = ln(S/S₀), through all dates.
    ///
    /// # Safety
    /// In a kernel of L's level.
    #[inline(always)]
    unsafe fn two_factor<L: Level>(
        &self,
        market: &Heston,
        advance: impl Fn(L::F64, L::F64, L::F64, L::F64, L::F64) -> (L::F64, L::F64),
    ) {
        let mut draws = Draws::new();
        let mut log_return = [0.0; TILE];
        let mut state = [market.v0; TILE];
        // SAFETY: level live; all arrays are TILE long and a multiple of the lanes.
        unsafe {
            let zero = L::F64::splat(0.0);
            self.row(self.spot, 0).fill(market.spot);
            self.row(self.variance, 0).fill(market.v0);
            for date in 1..self.dates {
                draws.at::<L>(&self.key, self.first, self.count, date - 1, true);
                let (spot, variance) = (self.row(self.spot, date), self.row(self.variance, date));
                for i in (0..self.count).step_by(<L::F64 as Vector>::LANES) {
                    let left = self.count - i;
                    let (x, v) = advance(
                        L::F64::load(log_return.as_ptr().add(i)),
                        L::F64::load(state.as_ptr().add(i)),
                        L::F64::load(draws.spot.as_ptr().add(i)),
                        L::F64::load(draws.variance.as_ptr().add(i)),
                        L::F64::load(draws.variance_uniform.as_ptr().add(i)),
                    );
                    x.store(log_return.as_mut_ptr().add(i));
                    v.store(state.as_mut_ptr().add(i));
                    (x.exp() * L::F64::splat(market.spot))
                        .store_partial(spot.as_mut_ptr().add(i), left);
                    v.max(zero)
                        .store_partial(variance.as_mut_ptr().add(i), left);
                }
            }
        }
    }
}
