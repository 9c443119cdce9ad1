//! One step of the Heston schemes, lane by lane. Notation of Andersen (2008), trapezoid weights γ₁ = γ₂ = ½.

use crate::simd::Vector;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `martingale`: QE-M, the log-price corrected so that the discounted spot is an exact martingale.
    QuadraticExponential { martingale: bool },
    /// Full truncation.
    Euler,
}

/// Parameters per year; κ, θ, ξ > 0, V₀ ≥ 0, |ρ| ≤ 1.
#[derive(Clone, Copy, Debug)]
pub struct Heston {
    pub spot: f64,
    pub drift: f64,
    pub v0: f64,
    pub kappa: f64,
    pub theta: f64,
    pub xi: f64,
    pub rho: f64,
    pub scheme: Scheme,
}

/// ψ at which the quadratic branch gives way to the exponential one.
const PSI_SWITCH: f64 = 1.5;

/// The constants of QE or QE-M at one interval.
pub struct QuadraticExponential<V, const MARTINGALE: bool> {
    theta: V,
    decay: V,
    variance_slope: V,
    variance_constant: V,
    drift: V,
    k0: V,
    k1: V,
    k2: V,
    k3: V,
    /// K2 + ½K4, the exponent of V′ in the conditional expectation of the spot.
    exponent: V,
}

impl<V: Vector<Scalar = f64>, const MARTINGALE: bool> QuadraticExponential<V, MARTINGALE> {
    /// # Safety
    /// V's level is live.
    #[inline(always)]
    pub unsafe fn new(market: &Heston, interval: f64) -> Self {
        let Heston {
            drift,
            kappa,
            theta,
            xi,
            rho,
            ..
        } = *market;
        let decay = (-kappa * interval).exp();
        let trapezoid = 0.5 * interval * (kappa * rho / xi - 0.5);
        let k3 = 0.5 * interval * (1.0 - rho * rho);
        let k2 = trapezoid + rho / xi;
        // SAFETY: the caller's.
        let splat = |x: f64| unsafe { V::splat(x) };
        Self {
            theta: splat(theta),
            decay: splat(decay),
            variance_slope: splat(xi * xi * decay * (1.0 - decay) / kappa),
            variance_constant: splat(
                theta * xi * xi * (1.0 - decay) * (1.0 - decay) / (2.0 * kappa),
            ),
            drift: splat(drift * interval),
            k0: splat(-rho * kappa * theta * interval / xi),
            k1: splat(trapezoid - rho / xi),
            k2: splat(k2),
            k3: splat(k3),
            exponent: splat(k2 + 0.5 * k3),
        }
    }

    /// (x, V) → (x′, V′) from two normals and the variance's uniform. Both branches see clamped inputs and are blended;
    /// the exponential one is left out where no lane needs it.
    #[inline(always)]
    pub fn advance(&self, x: V, v: V, z: V, z_variance: V, u_variance: V) -> (V, V) {
        let constant = |c: f64| crate::simd::like(v, c);
        let (zero, one, two) = (constant(0.0), constant(1.0), constant(2.0));
        let mean = (v - self.theta).mul_add(self.decay, self.theta);
        let psi = self.variance_slope.mul_add(v, self.variance_constant) / (mean * mean);
        let limit = constant(PSI_SWITCH);
        let is_quadratic = psi.le(limit);

        // Quadratic: V′ = a·(b + z)².
        let w = two / psi.min(limit);
        let b2 = w - one + (w * (w - one)).sqrt();
        let a = mean / (one + b2);
        let root = b2.sqrt() + z_variance;
        let mut next = a * root * root;
        let mut moment = zero;
        let mut exists = is_quadratic;
        if MARTINGALE {
            let denominator = (two * a).neg_mul_add(self.exponent, one);
            exists = zero.lt(denominator);
            let safe = V::select(exists, denominator, one);
            moment = self.exponent * b2 * a / safe - constant(0.5) * safe.ln();
        }
        if V::any(limit.lt(psi)) {
            // Exponential: an atom at 0 and an exponential tail.
            let psi = limit.max(psi);
            let p = (psi - one) / (psi + one);
            let rest = one - p;
            let beta = rest / mean;
            let tail = (rest / (one - u_variance).max(constant(1e-300))).ln() / beta;
            next = V::select(is_quadratic, next, V::select(u_variance.le(p), zero, tail));
            if MARTINGALE {
                let gap = beta - self.exponent;
                let exists_here = zero.lt(gap);
                let safe = V::select(exists_here, gap, one);
                let moment_here = (p + beta * rest / safe).ln();
                moment = V::select(is_quadratic, moment, moment_here);
                // One mask of numbers, so that both branches' masks can be blended.
                let flag = V::select(
                    is_quadratic,
                    V::select(exists, one, zero),
                    V::select(exists_here, one, zero),
                );
                exists = zero.lt(flag);
            }
        }
        let mut k0 = self.k0;
        if MARTINGALE {
            // Where the expectation does not exist (possible for ρ > 0 only) this step is plain QE.
            let corrected = -moment - constant(0.5).mul_add(self.k3, self.k1) * v;
            k0 = V::select(exists, corrected, k0);
        }
        let spread = (self.k3 * (v + next)).sqrt();
        let x = x + (self.drift + k0 + self.k1.mul_add(v, self.k2 * next) + spread * z);
        (x, next)
    }
}

/// The constants of Euler's scheme at one interval.
pub struct Euler<V> {
    theta: V,
    interval: V,
    drift: V,
    kappa: V,
    xi: V,
    rho: V,
    rest: V,
}

impl<V: Vector<Scalar = f64>> Euler<V> {
    /// # Safety
    /// V's level is live.
    #[inline(always)]
    pub unsafe fn new(market: &Heston, interval: f64) -> Self {
        // SAFETY: the caller's.
        let splat = |x: f64| unsafe { V::splat(x) };
        Self {
            theta: splat(market.theta),
            interval: splat(interval),
            drift: splat(market.drift),
            kappa: splat(market.kappa),
            xi: splat(market.xi),
            rho: splat(market.rho),
            rest: splat((1.0 - market.rho * market.rho).sqrt()),
        }
    }

    /// (x, V) → (x′, V′); V may be negative, max(V, 0) enters.
    #[inline(always)]
    pub fn advance(&self, x: V, v: V, z: V, z_variance: V) -> (V, V) {
        let used = v.max(crate::simd::like(v, 0.0));
        let root = (used * self.interval).sqrt();
        let z_spot = self.rho * z_variance + self.rest * z;
        let half = crate::simd::like(v, 0.5);
        let x = x + ((self.drift - half * used) * self.interval + root * z_spot);
        (
            x,
            v + (self.kappa * (self.theta - used) * self.interval + self.xi * root * z_variance),
        )
    }
}
