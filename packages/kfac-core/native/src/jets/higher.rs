//! Element-wise stages between two matrices for shapes with channels of order 3 and 4: as `activation`, SIMD over units,
//! all channels of a unit at once.
//!
//! Along a line with derivatives a₁, a₂, a₃ the terms of ψ(a)'s derivatives without the one of ψ′ are
//! b₂ = ψ″a₁², b₃ = 3ψ″a₁a₂ + ψ‴a₁³, b₄ = ψ″(4a₁a₃ + 3a₂²) + 6ψ‴a₁²a₂ + ψ⁗a₁⁴; a channel of order k is
//! y = ψ′a + Σ_r c_r·b_k; raw derivatives are such channels of one direction. The adjoint takes the same with every derivative of ψ raised by one.

use super::Activation;
use super::activation::{Outer, load, store, with_psi};
use super::higher_psi::HigherPsi;
use super::psi::{Gaussian, Gelu, Psi, Silu, Sin, Softplus, Tanh, constant};
use super::weights::Weights;
use crate::simd::{Real, Vector};

/// The channels of one point: how many, and the weights of the collapsed ones.
#[derive(Clone, Copy)]
pub struct HigherChannels<T> {
    firsts: usize,
    seconds: usize,
    raw_seconds: usize,
    raw_thirds: usize,
    thirds: usize,
    fourths: usize,
    /// Q × R.
    second: *const T,
    /// T × R₂.
    third: *const T,
    /// F × R₃.
    fourth: *const T,
}

impl<T: Real> HigherChannels<T> {
    pub fn of(weights: &Weights<T>) -> Self {
        let shape = &weights.shape;
        let [raw_seconds, raw_thirds] = shape.raw;
        Self {
            firsts: shape.firsts(),
            seconds: shape.seconds(),
            raw_seconds,
            raw_thirds,
            thirds: shape.thirds(),
            fourths: shape.fourths(),
            second: weights.second().as_ptr(),
            third: weights.third().as_ptr(),
            fourth: weights.fourth().as_ptr(),
        }
    }

    /// Channel of the raw second derivative along direction 0.
    fn second_at(&self) -> usize {
        1 + self.firsts + self.seconds
    }

    /// Channel of the raw third derivative along direction 0.
    fn third_at(&self) -> usize {
        self.second_at() + self.raw_seconds
    }

    /// The first collapsed channel of order 3.
    fn thirds_at(&self) -> usize {
        self.third_at() + self.raw_thirds
    }

    /// The first collapsed channel of order 4.
    fn fourths_at(&self) -> usize {
        self.thirds_at() + self.thirds
    }

    /// S.
    fn count(&self) -> usize {
        self.fourths_at() + self.fourths
    }
}

/// Derivatives of a pre-activation along one line.
#[derive(Clone, Copy)]
struct Line<V> {
    a1: V,
    a2: V,
    a3: V,
}

impl<V: Vector> Line<V> {
    /// b₂ for ψ″.
    #[inline(always)]
    fn bend(self, psi2: V) -> V {
        psi2 * self.a1 * self.a1
    }

    /// b₃ for ψ″, ψ‴.
    #[inline(always)]
    fn twist(self, psi2: V, psi3: V) -> V {
        let Self { a1, a2, .. } = self;
        let three = constant(a1, 3.0);
        a1 * (three * psi2).mul_add(a2, psi3 * (a1 * a1))
    }

    /// b₄ for ψ″, ψ‴, ψ⁗.
    #[inline(always)]
    fn fourth(self, psi2: V, psi3: V, psi4: V) -> V {
        let Self { a1, a2, a3 } = self;
        let square = a1 * a1;
        let of_psi2 = (constant(a1, 4.0) * a1).mul_add(a3, constant(a1, 3.0) * a2 * a2);
        let rest = (constant(a1, 6.0) * psi3).mul_add(a2, psi4 * square);
        psi2.mul_add(of_psi2, square * rest)
    }
}

/// Rows of one number a unit: those of the channels after the value, one after the other.
#[derive(Clone, Copy)]
struct Rows<T> {
    others: *const T,
    width: usize,
    /// First unit.
    j: usize,
}

impl<T: Real> Rows<T> {
    /// Units of channel s ≥ 1.
    ///
    /// # Safety
    /// In a kernel of V's level; the row exists.
    #[inline(always)]
    unsafe fn channel<V: Vector<Scalar = T>, const FULL: bool>(self, s: usize) -> V {
        // SAFETY: the caller's.
        unsafe {
            let at = self.others.add((s - 1) * self.width + self.j);
            load::<V, FULL>(at, self.width - self.j)
        }
    }

    /// Σ_k c_k·(channel from + k) over `count` channels, whose weights lie `stride` apart.
    ///
    /// # Safety
    /// As `channel`; the weights are readable.
    #[inline(always)]
    unsafe fn weighted<V: Vector<Scalar = T>, const FULL: bool>(
        self,
        weights: *const T,
        stride: usize,
        from: usize,
        count: usize,
    ) -> V {
        // SAFETY: the caller's.
        unsafe {
            let mut sum = V::splat(T::ZERO);
            for k in 0..count {
                let weight = V::splat(*weights.add(k * stride));
                sum = weight.mul_add(self.channel::<V, FULL>(from + k), sum);
            }
            sum
        }
    }

    /// The line of direction r, whose derivatives below `order` are carried; the others are left zero.
    ///
    /// # Safety
    /// As `channel`.
    #[inline(always)]
    unsafe fn line<V: Vector<Scalar = T>, const FULL: bool>(
        self,
        channels: &HigherChannels<T>,
        r: usize,
        order: usize,
    ) -> Line<V> {
        // SAFETY: the caller's.
        unsafe {
            let zero = V::splat(T::ZERO);
            let a1 = self.channel::<V, FULL>(1 + r);
            let a2 = if order > 2 {
                self.channel::<V, FULL>(channels.second_at() + r)
            } else {
                zero
            };
            let a3 = if order > 3 {
                self.channel::<V, FULL>(channels.third_at() + r)
            } else {
                zero
            };
            Line { a1, a2, a3 }
        }
    }
}

/// All channels of ψ(a) for `width` units; then the trailing column 1, 0 … 0. Arguments as `activation::forward`.
///
/// # Safety
/// In a kernel of V's level; the rows exist.
#[inline(always)]
pub unsafe fn forward<V: Vector>(
    activation: Activation,
    channels: HigherChannels<V::Scalar>,
    width: usize,
    value: *const V::Scalar,
    others: *const V::Scalar,
    out: *mut V::Scalar,
) {
    // SAFETY: columns j … j + min(LANES, width − j) of the rows.
    unsafe {
        let mut j = 0;
        while j + V::LANES <= width {
            forward_units::<V, true>(activation, &channels, width, value, others, out, j);
            j += V::LANES;
        }
        if j < width {
            forward_units::<V, false>(activation, &channels, width, value, others, out, j);
        }
        *out.add(width) = V::Scalar::ONE;
        for s in 1..channels.count() {
            *out.add(s * (width + 1) + width) = V::Scalar::ZERO;
        }
    }
}

/// # Safety
/// As `forward`, for the units from j on.
#[inline(always)]
unsafe fn forward_units<V: Vector, const FULL: bool>(
    activation: Activation,
    channels: &HigherChannels<V::Scalar>,
    width: usize,
    value: *const V::Scalar,
    others: *const V::Scalar,
    out: *mut V::Scalar,
    j: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        let n = width - j;
        let zero = V::splat(V::Scalar::ZERO);
        let a = load::<V, FULL>(value.add(j), n);
        let [y, psi1, psi2, psi3, psi4] = with_psi!(activation, P => {
            let [y, psi1, psi2, psi3] = P::derivatives(a);
            let [psi4, _] = P::fourth_and_fifth(a, y);
            [y, psi1, psi2, psi3, psi4]
        });
        let rows = Rows { others, width, j };
        let row = |s: usize| out.add(s * (width + 1) + j);
        store::<V, FULL>(y, row(0), n);
        for r in 0..channels.firsts {
            store::<V, FULL>(psi1 * rows.channel::<V, FULL>(1 + r), row(1 + r), n);
        }
        for q in 0..channels.seconds {
            let mut sum = zero;
            for r in 0..channels.firsts {
                let weight = V::splat(*channels.second.add(q * channels.firsts + r));
                let line = rows.line::<V, FULL>(channels, r, 2);
                sum = weight.mul_add(line.bend(psi2), sum);
            }
            let s = 1 + channels.firsts + q;
            store::<V, FULL>(psi1.mul_add(rows.channel::<V, FULL>(s), sum), row(s), n);
        }
        for r in 0..channels.raw_seconds {
            let (s, line) = (
                channels.second_at() + r,
                rows.line::<V, FULL>(channels, r, 3),
            );
            store::<V, FULL>(psi1.mul_add(line.a2, line.bend(psi2)), row(s), n);
        }
        for r in 0..channels.raw_thirds {
            let (s, line) = (
                channels.third_at() + r,
                rows.line::<V, FULL>(channels, r, 4),
            );
            store::<V, FULL>(psi1.mul_add(line.a3, line.twist(psi2, psi3)), row(s), n);
        }
        for t in 0..channels.thirds {
            let mut sum = zero;
            for r in 0..channels.raw_seconds {
                let weight = V::splat(*channels.third.add(t * channels.raw_seconds + r));
                let line = rows.line::<V, FULL>(channels, r, 3);
                sum = weight.mul_add(line.twist(psi2, psi3), sum);
            }
            let s = channels.thirds_at() + t;
            store::<V, FULL>(psi1.mul_add(rows.channel::<V, FULL>(s), sum), row(s), n);
        }
        for f in 0..channels.fourths {
            let mut sum = zero;
            for r in 0..channels.raw_thirds {
                let weight = V::splat(*channels.fourth.add(f * channels.raw_thirds + r));
                let line = rows.line::<V, FULL>(channels, r, 4);
                sum = weight.mul_add(line.fourth(psi2, psi3, psi4), sum);
            }
            let s = channels.fourths_at() + f;
            store::<V, FULL>(psi1.mul_add(rows.channel::<V, FULL>(s), sum), row(s), n);
        }
    }
}

/// The transpose of `forward` for `width` units. Along direction r with σ₁ = ψ″a₁, σ₂ = ψ″a₂ + ψ‴a₁²,
/// σ₃ = ψ″a₃ + 3ψ‴a₁a₂ + ψ⁗a₁³ (the derivatives of ψ′(a)) and Y_k the adjoints of order k, raw and Σ c_r·ȳ:
/// ā₁ = ψ′ȳ₁ + 2σ₁Y₂ + 3σ₂Y₃ + 4σ₃Y₄, ā₂ = ψ′ȳ₂ + 3σ₁Y₃ + 6σ₂Y₄, ā₃ = ψ′ȳ₃ + 4σ₁Y₄; a collapsed channel has ψ′ȳ, and
/// ā₀ = ψ′ȳ₀ + ψ″·Σ_s a_sȳ_s + Σ_r (b₂Y₂ + b₃Y₃ + b₄Y₄) with ψ raised by one. Arguments as `activation::adjoint`.
///
/// # Safety
/// In a kernel of V's level; the rows exist.
#[inline(always)]
pub unsafe fn adjoint<V: Vector>(
    activation: Activation,
    channels: HigherChannels<V::Scalar>,
    width: usize,
    value: *const V::Scalar,
    others: *const V::Scalar,
    activated: *const V::Scalar,
    outer: Outer<V::Scalar>,
    gradients: *mut V::Scalar,
) {
    // SAFETY: columns j … j + min(LANES, width − j) of the rows.
    unsafe {
        let mut j = 0;
        while j + V::LANES <= width {
            adjoint_units::<V, true>(
                activation, &channels, width, value, others, activated, outer, gradients, j,
            );
            j += V::LANES;
        }
        if j < width {
            adjoint_units::<V, false>(
                activation, &channels, width, value, others, activated, outer, gradients, j,
            );
        }
    }
}

/// # Safety
/// As `adjoint`, for the units from j on.
#[inline(always)]
unsafe fn adjoint_units<V: Vector, const FULL: bool>(
    activation: Activation,
    channels: &HigherChannels<V::Scalar>,
    width: usize,
    value: *const V::Scalar,
    others: *const V::Scalar,
    activated: *const V::Scalar,
    outer: Outer<V::Scalar>,
    gradients: *mut V::Scalar,
    j: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        let n = width - j;
        let zero = V::splat(V::Scalar::ZERO);
        let write = |s: usize| gradients.add(s * width + j);
        if let Outer::Head { seeds, weights } = outer {
            let weight = load::<V, FULL>(weights.add(j), n);
            for s in 0..channels.count() {
                store::<V, FULL>(V::splat(*seeds.add(s)) * weight, write(s), n);
            }
        }
        let (a, y) = (
            load::<V, FULL>(value.add(j), n),
            load::<V, FULL>(activated.add(j), n),
        );
        let [psi1, psi2, psi3, psi4, psi5] = with_psi!(activation, P => {
            let [psi1, psi2, psi3] = P::slopes(a, y);
            let [psi4, psi5] = P::fourth_and_fifth(a, y);
            [psi1, psi2, psi3, psi4, psi5]
        });
        let rows = Rows { others, width, j };
        let given = Rows {
            others: gradients.add(width).cast_const(),
            width,
            j,
        };
        let HigherChannels {
            firsts,
            seconds,
            raw_seconds,
            raw_thirds,
            thirds,
            fourths,
            ..
        } = *channels;
        let [two, three, four, six] = [2.0, 3.0, 4.0, 6.0].map(|x| constant(a, x));
        // Σ_s a_sȳ_s, and the sum over the directions in ā₀.
        let (mut first, mut bends) = (zero, zero);
        for r in 0..firsts {
            let order = 2 + usize::from(r < raw_seconds) + usize::from(r < raw_thirds);
            let line = rows.line::<V, FULL>(channels, r, order);
            let sigma1 = psi2 * line.a1;
            let y1 = given.channel::<V, FULL>(1 + r);
            let mut total2 = given.weighted::<V, FULL>(
                channels.second.wrapping_add(r),
                firsts,
                1 + firsts,
                seconds,
            );
            let mut bar1 = psi1 * y1;
            first = line.a1.mul_add(y1, first);
            if order > 2 {
                let y2 = given.channel::<V, FULL>(channels.second_at() + r);
                let sigma2 = psi2.mul_add(line.a2, line.bend(psi3));
                let mut total3 = given.weighted::<V, FULL>(
                    channels.third.wrapping_add(r),
                    raw_seconds,
                    channels.thirds_at(),
                    thirds,
                );
                let mut bar2 = psi1 * y2;
                first = line.a2.mul_add(y2, first);
                total2 = total2 + y2;
                if order > 3 {
                    let y3 = given.channel::<V, FULL>(channels.third_at() + r);
                    let sigma3 = psi2.mul_add(line.a3, line.twist(psi3, psi4));
                    let total4 = given.weighted::<V, FULL>(
                        channels.fourth.wrapping_add(r),
                        raw_thirds,
                        channels.fourths_at(),
                        fourths,
                    );
                    first = line.a3.mul_add(y3, first);
                    total3 = total3 + y3;
                    bends = total4.mul_add(line.fourth(psi3, psi4, psi5), bends);
                    bar1 = (four * sigma3).mul_add(total4, bar1);
                    bar2 = (six * sigma2).mul_add(total4, bar2);
                    let bar3 = psi1.mul_add(y3, four * sigma1 * total4);
                    store::<V, FULL>(bar3, write(channels.third_at() + r), n);
                }
                bends = total3.mul_add(line.twist(psi3, psi4), bends);
                bar1 = (three * sigma2).mul_add(total3, bar1);
                bar2 = (three * sigma1).mul_add(total3, bar2);
                store::<V, FULL>(bar2, write(channels.second_at() + r), n);
            }
            bends = total2.mul_add(line.bend(psi3), bends);
            bar1 = (two * sigma1).mul_add(total2, bar1);
            store::<V, FULL>(bar1, write(1 + r), n);
        }
        for (from, count) in [
            (1 + firsts, seconds),
            (channels.thirds_at(), thirds + fourths),
        ] {
            for s in from..from + count {
                let y = given.channel::<V, FULL>(s);
                first = rows.channel::<V, FULL>(s).mul_add(y, first);
                store::<V, FULL>(psi1 * y, write(s), n);
            }
        }
        let y0 = load::<V, FULL>(gradients.add(j), n);
        store::<V, FULL>(
            psi1.mul_add(y0, psi2.mul_add(first, bends)),
            gradients.add(j),
            n,
        );
    }
}
