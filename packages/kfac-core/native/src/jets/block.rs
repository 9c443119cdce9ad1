//! One block of points through all layers, forward or back.

use super::activation::{self, Channels, Outer};
use super::embedding::embed;
use super::gate::{self, Adjoints, Factors, Gate};
use super::higher::{self, HigherChannels};
use super::mix::{self, MixAdjoints, Mixed};
use super::product::multiply;
use super::rows::Rows;
use super::weights::Weights;
use super::{Activation, LAYERS_OF_BLOCK, Shape};
use crate::pool::Disjoint;
use crate::simd::{Kernel, Level, Real, Vector};

/// Numbers of the two panels that a sub-block needs without a tape: a layer's inputs, its pre-activations.
fn panels(shape: &Shape) -> (usize, usize) {
    let rows = shape.step() * shape.channels();
    let inputs = &shape.sizes[..shape.layers()];
    let widest = inputs.iter().max().map_or(0, |&width| width as usize);
    (rows * (widest + 1), rows * shape.widest_output())
}

/// Numbers of the panels of a gated network's activations: those of its first layer, those of a later one.
fn activations(shape: &Shape) -> (usize, usize) {
    if !shape.gated {
        return (0, 0);
    }
    let rows = shape.step() * shape.channels();
    (
        rows * (shape.layer_outputs(0) + 1),
        rows * (shape.width(1) + 1),
    )
}

/// Numbers of the scratch of `Forward`.
pub fn forward_scratch(shape: &Shape) -> usize {
    let (inputs, values) = panels(shape);
    let (encoders, gates) = activations(shape);
    inputs + values + encoders + gates * (1 + usize::from(shape.residual))
}

/// Numbers of the scratch of `Adjoint`: seeds of a point or, in a gated network, activations, the adjoints of a gate and, with
/// residual blocks, of what a block reads.
pub fn adjoint_scratch(shape: &Shape) -> usize {
    let (encoders, gates) = activations(shape);
    let panels = 2 + usize::from(shape.residual);
    shape.channels().max(encoders + panels * gates)
}

/// The element-wise stage of a shape.
#[derive(Clone, Copy)]
struct Stage<T> {
    activation: Activation,
    is_higher: bool,
    channels: Channels<T>,
    higher: HigherChannels<T>,
}

impl<T: Real> Stage<T> {
    fn of(weights: &Weights<T>) -> Self {
        let shape = &weights.shape;
        Self {
            activation: shape.activation,
            is_higher: shape.is_higher(),
            channels: Channels {
                firsts: shape.firsts(),
                seconds: shape.seconds(),
                second: weights.second().as_ptr(),
            },
            higher: HigherChannels::of(weights),
        }
    }

    /// # Safety
    /// As `activation::forward`.
    #[inline(always)]
    unsafe fn forward<V: Vector<Scalar = T>>(
        self,
        width: usize,
        value: *const T,
        others: *const T,
        out: *mut T,
    ) {
        // SAFETY: the caller's.
        unsafe {
            if self.is_higher {
                higher::forward::<V>(self.activation, self.higher, width, value, others, out);
            } else {
                activation::forward::<V>(self.activation, self.channels, width, value, others, out);
            }
        }
    }

    /// # Safety
    /// As `activation::adjoint`.
    #[inline(always)]
    unsafe fn adjoint<V: Vector<Scalar = T>>(
        self,
        width: usize,
        value: *const T,
        others: *const T,
        activated: *const T,
        outer: Outer<T>,
        gradients: *mut T,
    ) {
        let Self {
            activation,
            channels,
            higher,
            ..
        } = self;
        // SAFETY: the caller's.
        unsafe {
            if self.is_higher {
                higher::adjoint::<V>(
                    activation, higher, width, value, others, activated, outer, gradients,
                );
            } else {
                activation::adjoint::<V>(
                    activation, channels, width, value, others, activated, outer, gradients,
                );
            }
        }
    }
}

/// The rows of one gate's f, U and V at point n of a sub-block, in the panels of the first layer's activations and, for a
/// later layer, of its own.
///
/// # Safety
/// The panels have S rows of 3·width + 1 resp. width + 1 numbers for every point up to n.
#[inline(always)]
unsafe fn factors<T>(
    layer: usize,
    width: usize,
    encoders: *const T,
    gates: *const T,
    n: usize,
    channels: usize,
) -> Factors<T> {
    let stride = 3 * width + 1;
    // SAFETY: the caller's.
    unsafe {
        let u = encoders.add(n * channels * stride);
        let row = |start, stride| Rows { start, stride };
        Factors {
            f: if layer == 0 {
                row(u.add(2 * width), stride)
            } else {
                row(gates.add(n * channels * (width + 1)), width + 1)
            },
            u: row(u, stride),
            v: row(u.add(width), stride),
        }
    }
}

/// The rows at one point of what a block reads: U, or `others` from `row` on.
///
/// # Safety
/// `others` has rows of width + 1 numbers for every point up to this one, unless the block is the first.
#[inline(always)]
unsafe fn start_of_block<T>(
    block: usize,
    factors: Factors<T>,
    others: *const T,
    row: usize,
    width: usize,
) -> Rows<*const T> {
    if block == 0 {
        return factors.u;
    }
    Rows {
        // SAFETY: the caller's.
        start: unsafe { others.add(row * (width + 1)) },
        stride: width + 1,
    }
}

/// Points [first, last) forward.
pub struct Forward<'a, T: Real> {
    pub weights: &'a Weights<'a, T>,
    pub gate: &'a Gate<T>,
    pub coordinates: &'a [f64],
    pub outputs: &'a Disjoint<'a, f64>,
    pub tape: Option<&'a Disjoint<'a, T>>,
    pub points: usize,
    pub first: usize,
    pub last: usize,
    /// As `forward_scratch` says.
    pub scratch: &'a mut [T],
}

impl<T: Real> Kernel for Forward<'_, T> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        // SAFETY: the level is live.
        unsafe { self.all::<T::Vector<L>>() }
    }
}

impl<T: Real> Forward<'_, T> {
    /// # Safety
    /// In a kernel of V's level.
    #[inline(always)]
    unsafe fn all<V: Vector<Scalar = T>>(mut self) {
        let step = self.weights.shape.step();
        let mut first = self.first;
        while first < self.last {
            let count = step.min(self.last - first);
            // SAFETY: the caller's.
            unsafe { self.sub_block::<V>(first, count) };
            first += count;
        }
    }

    /// # Safety
    /// In a kernel of V's level; points first … first + count lie in this block.
    #[inline(always)]
    unsafe fn sub_block<V: Vector<Scalar = T>>(&mut self, first: usize, count: usize) {
        let Self {
            weights,
            gate,
            points,
            tape,
            ..
        } = *self;
        let shape = &weights.shape;
        let channels = shape.channels();
        let (panel_len, values_len) = panels(shape);
        let panel = self.scratch.as_mut_ptr();
        // SAFETY: the scratch holds the panels.
        let (values, encoders, gates, trunk) = unsafe {
            let values = panel.add(panel_len);
            let encoders = values.add(values_len);
            let gates = encoders.add(activations(shape).0);
            // With residual blocks: what the next one reads, which without a tape is overwritten before it ends.
            (values, encoders, gates, gates.add(activations(shape).1))
        };
        let rows = count * channels;
        let stage = Stage::of(weights);
        let last = shape.layers() - 1;
        // The panels of a layer: in the tape, where rows of other points are not touched, or in the scratch, where a
        // layer's inputs overwrite those of the layer below, whose pre-activations are done by then.
        let z_of = |layer: usize| match tape {
            // SAFETY: blocks partition the points, so no other thread has these rows.
            Some(tape) => unsafe {
                let width = shape.width(layer) + 1;
                let start = shape.input_offset(points, layer) + first * channels * width;
                tape.range(start, start + rows * width).as_mut_ptr()
            },
            None => panel,
        };
        let a_of = |layer: usize| match tape {
            // SAFETY: as above.
            Some(tape) => unsafe {
                let width = shape.layer_outputs(layer);
                let start = shape.preactivation_offset(points, layer) + first * channels * width;
                tape.range(start, start + rows * width).as_mut_ptr()
            },
            None => values,
        };

        // SAFETY: panels have `rows` rows of their layer's width, by the tape's layout or by `scratch`.
        unsafe {
            // Without an embedding only the value channel of the first layer differs from point to point.
            let all = |layer: usize| layer > 0 || shape.is_embedded();
            self.fill_inputs::<V>(z_of(0), first, count, tape.is_some() || last == 0);
            for layer in 0..last {
                let (inner, width) = (shape.width(layer) + 1, shape.layer_outputs(layer));
                let (z, a) = (z_of(layer), a_of(layer));
                if all(layer) {
                    multiply::<V>(
                        z,
                        inner,
                        rows,
                        weights.matrix(layer),
                        inner,
                        a,
                        width,
                        width,
                    );
                } else {
                    multiply::<V>(
                        z,
                        channels * inner,
                        count,
                        weights.matrix(0),
                        inner,
                        a,
                        channels * width,
                        width,
                    );
                    let constants = weights.constants();
                    for n in 0..if tape.is_some() { count } else { 0 } {
                        let to = a.add((n * channels + 1) * width);
                        std::ptr::copy_nonoverlapping(constants.as_ptr(), to, constants.len());
                    }
                }
                let next = z_of(layer + 1);
                let activated = match (shape.gated, layer) {
                    (false, _) => next,
                    (true, 0) => encoders,
                    (true, _) => gates,
                };
                for n in 0..count {
                    let value = a.add(n * channels * width).cast_const();
                    let others = if all(layer) {
                        value.add(width)
                    } else {
                        weights.constants().as_ptr()
                    };
                    let out = activated.add(n * channels * (width + 1));
                    stage.forward::<V>(width, value, others, out);
                    if shape.gated {
                        let width = shape.width(1);
                        let factors = factors(layer, width, encoders, gates, n, channels);
                        let out = next.add(n * channels * (width + 1));
                        if let Some(block) = shape.block_ending_at(layer) {
                            let mixed = Mixed {
                                eta: weights.mixing()[block],
                                new: factors.f,
                                old: start_of_block(block, factors, trunk, n * channels, width),
                            };
                            mix::forward::<V>(channels, width, mixed, out);
                        } else {
                            gate::forward::<V>(gate, width, factors, out);
                        }
                    }
                }
                if shape.block_ending_at(layer).is_some() {
                    std::ptr::copy_nonoverlapping(next, trunk, rows * (shape.width(1) + 1));
                }
            }
            let z = z_of(last);
            for o in 0..shape.outputs() {
                let head = weights.head(o);
                for s in 0..channels {
                    let start = (o * channels + s) * points + first;
                    let outputs = self.outputs.range(start, start + count);
                    for (n, output) in outputs.iter_mut().enumerate() {
                        *output = dot::<V>(z.add((n * channels + s) * head.len()), head).to_f64();
                    }
                }
            }
        }
    }

    /// Z of the first layer: the coordinates and 1; if `all`, the directions and zeros of the other channels too. An
    /// embedding's features in all channels.
    ///
    /// # Safety
    /// In a kernel of V's level; `z` has count·S rows of width(0) + 1 numbers.
    #[inline(always)]
    unsafe fn fill_inputs<V: Vector<Scalar = T>>(
        &self,
        z: *mut T,
        first: usize,
        count: usize,
        all: bool,
    ) {
        let shape = &self.weights.shape;
        let (inputs, channels, firsts) = (shape.coordinates, shape.channels(), shape.firsts());
        if shape.is_embedded() {
            let constants = self.weights.constants();
            for n in 0..count {
                // SAFETY: rows n·S … n·S + S − 1; the caller's level.
                unsafe {
                    let rows = z.add(n * channels * (shape.width(0) + 1));
                    embed::<V>(
                        shape,
                        constants,
                        self.coordinates,
                        self.points,
                        first + n,
                        rows,
                    );
                }
            }
            return;
        }
        for n in 0..count {
            // SAFETY: rows n·S … n·S + S − 1.
            unsafe {
                let row = z.add(n * channels * (inputs + 1));
                for i in 0..inputs {
                    *row.add(i) = T::from_f64(self.coordinates[i * self.points + first + n]);
                }
                *row.add(inputs) = T::ONE;
                for s in 1..if all { channels } else { 0 } {
                    let row = row.add(s * (inputs + 1));
                    for i in 0..inputs {
                        *row.add(i) = if s <= firsts {
                            T::from_f64(shape.directions[(s - 1) * inputs + i])
                        } else {
                            T::ZERO
                        };
                    }
                    *row.add(inputs) = T::ZERO;
                }
            }
        }
    }
}

/// # Safety
/// In a kernel of V's level; `x` readable for `w.len()` numbers.
#[inline(always)]
unsafe fn dot<V: Vector>(x: *const V::Scalar, w: &[V::Scalar]) -> V::Scalar {
    // SAFETY: the caller's.
    unsafe {
        let mut sum = V::splat(V::Scalar::ZERO);
        let mut i = 0;
        while i + V::LANES <= w.len() {
            sum = V::load(x.add(i)).mul_add(V::load(w.as_ptr().add(i)), sum);
            i += V::LANES;
        }
        if i < w.len() {
            let n = w.len() - i;
            sum = V::load_partial(x.add(i), n).mul_add(V::load_partial(w.as_ptr().add(i), n), sum);
        }
        sum.sum()
    }
}

/// Points [first, last) back.
pub struct Adjoint<'a, T: Real> {
    pub weights: &'a Weights<'a, T>,
    pub gate: &'a Gate<T>,
    pub seeds: &'a [f64],
    pub tape: &'a Disjoint<'a, T>,
    pub points: usize,
    pub first: usize,
    pub last: usize,
    /// As `adjoint_scratch` says.
    pub scratch: &'a mut [T],
}

impl<T: Real> Kernel for Adjoint<'_, T> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        // SAFETY: the level is live.
        unsafe { self.all::<T::Vector<L>>() }
    }
}

impl<T: Real> Adjoint<'_, T> {
    /// # Safety
    /// In a kernel of V's level.
    #[inline(always)]
    unsafe fn all<V: Vector<Scalar = T>>(mut self) {
        let step = self.weights.shape.step();
        let mut first = self.first;
        while first < self.last {
            let count = step.min(self.last - first);
            // SAFETY: the caller's.
            unsafe { self.sub_block::<V>(first, count) };
            first += count;
        }
    }

    /// # Safety
    /// In a kernel of V's level; points first … first + count lie in this block.
    #[inline(always)]
    unsafe fn sub_block<V: Vector<Scalar = T>>(&mut self, first: usize, count: usize) {
        let Self {
            weights,
            gate,
            points,
            tape,
            seeds,
            ..
        } = *self;
        let shape = &weights.shape;
        let channels = shape.channels();
        let rows = count * channels;
        let stage = Stage::of(weights);
        let last = shape.layers() - 1;
        // SAFETY of the three: blocks partition the points, so no other thread has these rows.
        let z_of = |layer: usize| unsafe {
            let width = shape.width(layer) + 1;
            let start = shape.input_offset(points, layer) + first * channels * width;
            tape.range(start, start + rows * width).as_ptr()
        };
        let a_of = |layer: usize| unsafe {
            let width = shape.layer_outputs(layer);
            let start = shape.preactivation_offset(points, layer) + first * channels * width;
            tape.range(start, start + rows * width).as_ptr()
        };
        let g_of = |layer: usize| unsafe {
            let width = shape.layer_outputs(layer);
            let start = shape.gradient_offset(points, layer) + first * channels * width;
            tape.range(start, start + rows * width).as_mut_ptr()
        };

        // SAFETY: panels have `rows` rows of their layer's width.
        unsafe {
            let top = g_of(last);
            let outputs = shape.outputs();
            for n in 0..count {
                for s in 0..channels {
                    for o in 0..outputs {
                        *top.add((n * channels + s) * outputs + o) =
                            T::from_f64(seeds[(o * channels + s) * points + first + n]);
                    }
                }
            }
            let others_of = |layer: usize, value: *const T| {
                if layer > 0 || shape.is_embedded() {
                    value.add(shape.layer_outputs(layer))
                } else {
                    weights.constants().as_ptr()
                }
            };
            if shape.gated {
                let width = shape.width(1);
                let encoders = self.scratch.as_mut_ptr();
                let gates = encoders.add(activations(shape).0);
                let outer = gates.add(activations(shape).1);
                let trunk = outer.add(activations(shape).1);
                let wide = shape.layer_outputs(0);
                let activate = |layer: usize, out: *mut T| {
                    let wide = shape.layer_outputs(layer);
                    for n in 0..count {
                        let value = a_of(layer).add(n * channels * wide);
                        let out = out.add(n * channels * (wide + 1));
                        stage.forward::<V>(wide, value, others_of(layer, value), out);
                    }
                };
                activate(0, encoders);
                let encoded = g_of(0);
                std::ptr::write_bytes(encoded, 0, rows * wide);
                if shape.residual {
                    std::ptr::write_bytes(trunk, 0, rows * width);
                }
                for layer in (0..last).rev() {
                    let inner = shape.width(layer + 2);
                    multiply::<V>(
                        g_of(layer + 1),
                        inner,
                        rows,
                        weights.transpose(layer + 1),
                        inner,
                        outer,
                        width,
                        width,
                    );
                    if layer > 0 {
                        activate(layer, gates);
                    }
                    let (g, own) = (g_of(layer), shape.layer_outputs(layer));
                    for n in 0..count {
                        let to = encoded.add(n * channels * wide);
                        let row = |start, stride| Rows { start, stride };
                        let adjoints = Adjoints {
                            f: row(g.add(n * channels * own + own - width), own),
                            u: row(to, wide),
                            v: row(to.add(width), wide),
                        };
                        let factors = factors(layer, width, encoders, gates, n, channels);
                        let outer = outer.add(n * channels * width);
                        let Some(block) = shape.block_ending_at(layer) else {
                            gate::adjoint::<V>(gate, width, factors, outer, adjoints);
                            continue;
                        };
                        // The block before ends below this one's first layer, whose Z is what it gave.
                        let below = z_of(layer + 1 - LAYERS_OF_BLOCK);
                        let mixed = Mixed {
                            eta: weights.mixing()[block],
                            new: factors.f,
                            old: start_of_block(block, factors, below, n * channels, width),
                        };
                        let trunk = row(trunk.add(n * channels * width), width);
                        let to = MixAdjoints {
                            outer: Rows {
                                start: outer.cast_const(),
                                stride: width,
                            },
                            trunk,
                            new: adjoints.f,
                        };
                        let slope = mix::adjoint::<V>(channels, width, mixed, to);
                        if block == 0 {
                            mix::add::<V>(channels, width, trunk.as_const(), adjoints.u);
                        }
                        let at = shape.mixing_offset(points) + (first + n) * shape.blocks() + block;
                        tape.range(at, at + 1)[0] = slope;
                    }
                    let activated = if layer == 0 { encoders } else { gates };
                    for n in 0..count {
                        let value = a_of(layer).add(n * channels * own);
                        stage.adjoint::<V>(
                            own,
                            value,
                            others_of(layer, value),
                            activated.add(n * channels * (own + 1)),
                            Outer::Stored,
                            g.add(n * channels * own),
                        );
                    }
                }
                return;
            }
            for layer in (0..last).rev() {
                let width = shape.width(layer + 1);
                let (g, a, z) = (g_of(layer), a_of(layer), z_of(layer + 1));
                let is_below_one_output = layer + 1 == last && outputs == 1;
                if !is_below_one_output {
                    let inner = shape.width(layer + 2);
                    multiply::<V>(
                        g_of(layer + 1),
                        inner,
                        rows,
                        weights.transpose(layer + 1),
                        inner,
                        g,
                        width,
                        width,
                    );
                }
                for n in 0..count {
                    let value = a.add(n * channels * width);
                    let outer = if is_below_one_output {
                        // The seeds, copied out of the tape so that they alias nothing that is written.
                        std::ptr::copy_nonoverlapping(
                            top.add(n * channels),
                            self.scratch.as_mut_ptr(),
                            channels,
                        );
                        Outer::Head {
                            seeds: self.scratch.as_ptr(),
                            weights: weights.head(0).as_ptr(),
                        }
                    } else {
                        Outer::Stored
                    };
                    let activated = z.add(n * channels * (width + 1));
                    let gradients = g.add(n * channels * width);
                    stage.adjoint::<V>(
                        width,
                        value,
                        others_of(layer, value),
                        activated,
                        outer,
                        gradients,
                    );
                }
            }
        }
    }
}
