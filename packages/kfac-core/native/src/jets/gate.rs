//! Gates between two encoders, for one point: h = V + f⊙(U − V) in every channel by the product rule, SIMD over units.

use super::Shape;
use super::rows::Rows;
use crate::simd::{Real, Vector};

/// C(k, j), k ≤ 4.
const BINOMIALS: [[f64; 5]; 5] = [
    [1.0, 0.0, 0.0, 0.0, 0.0],
    [1.0, 1.0, 0.0, 0.0, 0.0],
    [1.0, 2.0, 1.0, 0.0, 0.0],
    [1.0, 3.0, 3.0, 1.0, 0.0],
    [1.0, 4.0, 6.0, 4.0, 1.0],
];

/// weight·f[left]·(U − V)[right].
#[derive(Clone, Copy)]
struct Product<T> {
    left: usize,
    right: usize,
    weight: T,
}

/// The products of every channel: (f·g)₀ = f₀g₀, and for a channel of order k
/// f_s·g₀ + f₀·g_s + Σ_r c_r·Σ_{0<j<k} C(k, j)·f_{r,j}·g_{r,k−j}.
pub struct Gate<T> {
    products: Vec<Product<T>>,
    /// Where each channel's products end.
    ends: Vec<usize>,
}

impl<T: Real> Gate<T> {
    /// Of a network without gates: nothing.
    pub fn of(shape: &Shape) -> Self {
        let mut gate = Self {
            products: Vec::new(),
            ends: Vec::new(),
        };
        if !shape.gated {
            return gate;
        }
        let [raw_seconds, raw_thirds] = shape.raw;
        gate.add(shape, 0, &[]);
        gate.add_raw(shape, 1, shape.firsts());
        gate.add_collapsed(shape, 2, shape.second, shape.firsts());
        gate.add_raw(shape, 2, raw_seconds);
        gate.add_raw(shape, 3, raw_thirds);
        gate.add_collapsed(shape, 3, shape.third, raw_seconds);
        gate.add_collapsed(shape, 4, shape.fourth, raw_thirds);
        gate
    }

    /// Channels of one direction each.
    fn add_raw(&mut self, shape: &Shape, order: usize, count: usize) {
        for r in 0..count {
            let mut weights = vec![0.0; r + 1];
            weights[r] = 1.0;
            self.add(shape, order, &weights);
        }
    }

    /// Channels of the rows of `weights`, each over so many directions.
    fn add_collapsed(&mut self, shape: &Shape, order: usize, weights: &[f64], directions: usize) {
        for row in weights.chunks_exact(directions.max(1)) {
            self.add(shape, order, row);
        }
    }

    /// The next channel: Σ_r weights[r]·(v_r·∇)^order.
    fn add(&mut self, shape: &Shape, order: usize, weights: &[f64]) {
        let s = self.ends.len();
        let mut push = |left, right, weight| {
            self.products.push(Product {
                left,
                right,
                weight: T::from_f64(weight),
            });
        };
        push(s, 0, 1.0);
        if s > 0 {
            push(0, s, 1.0);
        }
        let second_at = 1 + shape.firsts() + shape.seconds();
        let first_of = [0, 1, second_at, second_at + shape.raw[0]];
        for (r, &weight) in weights.iter().enumerate() {
            for j in 1..if weight == 0.0 { 0 } else { order } {
                let (left, right) = (first_of[j] + r, first_of[order - j] + r);
                push(left, right, weight * BINOMIALS[order][j]);
            }
        }
        self.ends.push(self.products.len());
    }

    fn channels(&self) -> usize {
        self.ends.len()
    }
}

/// The rows of f, U and V.
#[derive(Clone, Copy)]
pub struct Factors<T> {
    pub f: Rows<*const T>,
    pub u: Rows<*const T>,
    pub v: Rows<*const T>,
}

/// The rows of f̄, which are overwritten, and of Ū and V̄, which are added to.
#[derive(Clone, Copy)]
pub struct Adjoints<T> {
    pub f: Rows<*mut T>,
    pub u: Rows<*mut T>,
    pub v: Rows<*mut T>,
}

/// h for `width` units into S rows of width + 1 numbers, the trailing column 1, 0 … 0.
///
/// # Safety
/// In a kernel of V's level; the rows exist, and `out` is none of the factors'.
#[inline(always)]
pub unsafe fn forward<V: Vector>(
    gate: &Gate<V::Scalar>,
    width: usize,
    factors: Factors<V::Scalar>,
    out: *mut V::Scalar,
) {
    let rows = Rows {
        start: out,
        stride: width + 1,
    };
    // SAFETY: columns j … j + min(LANES, width − j) of the rows.
    unsafe {
        let mut j = 0;
        while j + V::LANES <= width {
            forward_units::<V, true>(gate, width, factors, rows, j);
            j += V::LANES;
        }
        if j < width {
            forward_units::<V, false>(gate, width, factors, rows, j);
        }
        for s in 0..gate.channels() {
            *out.add(s * rows.stride + width) = if s == 0 {
                V::Scalar::ONE
            } else {
                V::Scalar::ZERO
            };
        }
    }
}

/// # Safety
/// As `forward`, for the units from j on.
#[inline(always)]
unsafe fn forward_units<V: Vector, const FULL: bool>(
    gate: &Gate<V::Scalar>,
    width: usize,
    Factors { f, u, v }: Factors<V::Scalar>,
    out: Rows<*mut V::Scalar>,
    j: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        let n = width - j;
        let mut from = 0;
        for (s, &end) in gate.ends.iter().enumerate() {
            let mut sum = v.get::<V, FULL>(s, j, n);
            for &Product {
                left,
                right,
                weight,
            } in &gate.products[from..end]
            {
                let difference = u.get::<V, FULL>(right, j, n) - v.get::<V, FULL>(right, j, n);
                sum = (V::splat(weight) * f.get::<V, FULL>(left, j, n)).mul_add(difference, sum);
            }
            out.set::<V, FULL>(sum, s, j, n);
            from = end;
        }
    }
}

/// The transpose of `forward`, from h̄ in S rows of `width`.
///
/// # Safety
/// In a kernel of V's level; the rows exist, those of the adjoints apart from all others.
#[inline(always)]
pub unsafe fn adjoint<V: Vector>(
    gate: &Gate<V::Scalar>,
    width: usize,
    factors: Factors<V::Scalar>,
    outer: *const V::Scalar,
    adjoints: Adjoints<V::Scalar>,
) {
    let outer = Rows {
        start: outer,
        stride: width,
    };
    // SAFETY: columns j … j + min(LANES, width − j) of the rows.
    unsafe {
        let mut j = 0;
        while j + V::LANES <= width {
            adjoint_units::<V, true>(gate, width, factors, outer, adjoints, j);
            j += V::LANES;
        }
        if j < width {
            adjoint_units::<V, false>(gate, width, factors, outer, adjoints, j);
        }
    }
}

/// # Safety
/// As `adjoint`, for the units from j on.
#[inline(always)]
unsafe fn adjoint_units<V: Vector, const FULL: bool>(
    gate: &Gate<V::Scalar>,
    width: usize,
    Factors { f, u, v }: Factors<V::Scalar>,
    outer: Rows<*const V::Scalar>,
    to: Adjoints<V::Scalar>,
    j: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        let n = width - j;
        let one = V::splat(V::Scalar::ONE);
        for s in 0..gate.channels() {
            to.f.set::<V, FULL>(V::splat(V::Scalar::ZERO), s, j, n);
            to.v.add::<V, FULL>(outer.get::<V, FULL>(s, j, n), one, s, j, n);
        }
        let mut from = 0;
        for (s, &end) in gate.ends.iter().enumerate() {
            let h = outer.get::<V, FULL>(s, j, n);
            for &Product {
                left,
                right,
                weight,
            } in &gate.products[from..end]
            {
                let weighted = V::splat(weight) * h;
                let difference = u.get::<V, FULL>(right, j, n) - v.get::<V, FULL>(right, j, n);
                let value = f.get::<V, FULL>(left, j, n);
                to.f.add::<V, FULL>(weighted, difference, left, j, n);
                to.u.add::<V, FULL>(weighted, value, right, j, n);
                to.v.add::<V, FULL>(V::splat(V::Scalar::ZERO) - weighted, value, right, j, n);
            }
            from = end;
        }
    }
}
