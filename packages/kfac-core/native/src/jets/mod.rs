//! Taylor-mode jets of an MLP with m outputs: value, R first derivatives and Q second-order channels (S = 1 + R + Q), and
//! where asked for channels of the orders 3 and 4 with the raw derivatives below them, of each forward; and the adjoint
//! that gives every layer's G. Formulas: `docs/math-pinn.md`, Jets. Networks without a channel above order 2 run through
//! `activation`, the others through `higher`.
//!
//! Points are taken in blocks of [`BLOCK`], the unit of work of a thread, and inside in sub-blocks whose panels stay in
//! L1/L2. A panel's rows are (point, channel), its columns the units of a layer, so SIMD runs over units and the weights,
//! stored input-major, are read as they lie. Channels of the first layer other than the value are constants.
//! The borders depend on the shape alone: no result depends on the number of threads.

mod activation;
mod block;
mod embedding;
mod gate;
mod higher;
mod higher_psi;
mod mix;
mod product;
mod psi;
mod rows;
#[cfg(test)]
mod tests;
mod weights;

use crate::pool::{self, Disjoint};
use crate::simd::{self, Kernel, Level, Real, SimdLevel, Vector};
use gate::Gate;
use weights::Weights;

/// Points of one unit of work.
const BLOCK: usize = 64;
/// Hidden layers of a residual block: two with gates, one without.
const LAYERS_OF_BLOCK: usize = 3;
/// Numbers of a panel that a sub-block aims at: 32 KiB in f64.
const PANEL: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    Tanh,
    Sin,
    Silu,
    Gelu,
    Softplus,
    Gaussian,
}

impl Activation {
    /// In the order of their numbers.
    pub const ALL: [Activation; 6] = [
        Activation::Tanh,
        Activation::Sin,
        Activation::Silu,
        Activation::Gelu,
        Activation::Softplus,
        Activation::Gaussian,
    ];
}

/// The network and its channels; lengths are checked by `is_valid`.
#[derive(Clone, Copy)]
pub struct Shape<'a> {
    /// Widths, input first, output last.
    pub sizes: &'a [u32],
    /// The first layer has three times the hidden width: two encoders and the first gate; what a layer reads are gated encoders.
    pub gated: bool,
    /// With gates: every three hidden layers are a block whose output is mixed with its input by one of the last parameters.
    pub residual: bool,
    /// d.
    pub coordinates: usize,
    /// Coordinates among an embedding's features, by number.
    pub kept: &'a [u32],
    /// M × d. With this or `kept` the first layer reads, in place of the coordinates, kept ones, M cosines, M sines.
    pub frequencies: &'a [f64],
    pub activation: Activation,
    /// R × d.
    pub directions: &'a [f64],
    /// Q × R.
    pub second: &'a [f64],
    /// R₂ and R₃ ≤ R₂: so many of the first directions carry their second and third derivatives too.
    pub raw: [usize; 2],
    /// T × R₂.
    pub third: &'a [f64],
    /// F × R₃.
    pub fourth: &'a [f64],
}

impl Shape<'_> {
    /// Whether the counts below are whole numbers, and a tape of `points` points can be counted.
    pub fn is_valid(&self, points: usize) -> bool {
        let widths = self.sizes.len() >= 2 && !self.sizes.contains(&0);
        widths
            && (!self.gated || self.has_one_hidden_width())
            && (!self.residual || self.gated && (self.layers() - 1).is_multiple_of(LAYERS_OF_BLOCK))
            && self.reads_its_width()
            && self
                .directions
                .chunks_exact(self.coordinates)
                .remainder()
                .is_empty()
            && self.raw[0] <= self.firsts()
            && self.raw[1] <= self.raw[0]
            && [
                (self.second, self.firsts()),
                (self.third, self.raw[0]),
                (self.fourth, self.raw[1]),
            ]
            .iter()
            .all(|(weights, directions)| match directions {
                0 => weights.is_empty(),
                &directions => weights.chunks_exact(directions).remainder().is_empty(),
            })
            && self
                .sizes
                .iter()
                .try_fold(0usize, |sum, &size| {
                    sum.checked_add(9 * (size as usize + 1))
                })
                .is_some_and(|entries| {
                    points
                        .checked_mul(self.channels())
                        .and_then(|rows| rows.checked_mul(entries))
                        .is_some_and(|all| all <= isize::MAX as usize / 8)
                })
    }

    fn has_one_hidden_width(&self) -> bool {
        self.layers() > 1 && (1..self.layers()).all(|layer| self.width(layer) == self.width(1))
    }

    /// Whether coordinates or an embedding fill the first layer.
    fn reads_its_width(&self) -> bool {
        match self.coordinates {
            0 => false,
            d if !self.is_embedded() => self.width(0) == d,
            d => {
                self.frequencies.len() % d == 0
                    && self.kept.iter().all(|&axis| (axis as usize) < d)
                    && self.width(0) == self.kept.len() + 2 * self.waves()
            }
        }
    }

    fn is_embedded(&self) -> bool {
        !(self.kept.is_empty() && self.frequencies.is_empty())
    }

    /// M.
    fn waves(&self) -> usize {
        self.frequencies.len() / self.coordinates
    }

    /// m.
    pub fn outputs(&self) -> usize {
        self.width(self.layers())
    }

    /// R.
    pub fn firsts(&self) -> usize {
        self.directions.len() / self.coordinates
    }

    /// Q.
    pub fn seconds(&self) -> usize {
        self.second.len().checked_div(self.firsts()).unwrap_or(0)
    }

    /// T.
    fn thirds(&self) -> usize {
        self.third.len().checked_div(self.raw[0]).unwrap_or(0)
    }

    /// F.
    fn fourths(&self) -> usize {
        self.fourth.len().checked_div(self.raw[1]).unwrap_or(0)
    }

    /// Whether there are other channels than the value, first derivatives and second-order ones.
    fn is_higher(&self) -> bool {
        self.raw[0] > 0
    }

    /// S.
    pub fn channels(&self) -> usize {
        let [raw_seconds, raw_thirds] = self.raw;
        1 + self.firsts()
            + self.seconds()
            + raw_seconds
            + raw_thirds
            + self.thirds()
            + self.fourths()
    }

    /// Order of a channel.
    fn order(&self, channel: usize) -> usize {
        let [raw_seconds, raw_thirds] = self.raw;
        let counts = [
            (0, 1),
            (1, self.firsts()),
            (2, self.seconds() + raw_seconds),
            (3, raw_thirds + self.thirds()),
        ];
        let mut end = 0;
        for (order, count) in counts {
            end += count;
            if channel < end {
                return order;
            }
        }
        4
    }

    /// Number of weight matrices.
    pub fn layers(&self) -> usize {
        self.sizes.len() - 1
    }

    /// P.
    pub fn parameters(&self) -> usize {
        (0..self.layers())
            .map(|layer| (self.width(layer) + 1) * self.layer_outputs(layer))
            .sum::<usize>()
            + self.blocks()
    }

    /// Number of residual blocks.
    fn blocks(&self) -> usize {
        if self.residual {
            (self.layers() - 1) / LAYERS_OF_BLOCK
        } else {
            0
        }
    }

    /// The residual block that a hidden layer is the last of.
    fn block_ending_at(&self, layer: usize) -> Option<usize> {
        let ends = self.residual && layer % LAYERS_OF_BLOCK == LAYERS_OF_BLOCK - 1;
        ends.then_some(layer / LAYERS_OF_BLOCK)
    }

    /// Numbers of a tape.
    pub fn tape_len(&self, points: usize) -> usize {
        self.mixing_offset(points) + points * self.blocks()
    }

    /// Where the derivatives by the mixing parameters begin; rows of blocks().
    fn mixing_offset(&self, points: usize) -> usize {
        self.gradient_offset(points, self.layers())
    }

    fn width(&self, layer: usize) -> usize {
        self.sizes[layer] as usize
    }

    /// Columns of a layer's matrix.
    fn layer_outputs(&self, layer: usize) -> usize {
        let width = self.width(layer + 1);
        if self.gated && layer == 0 {
            3 * width
        } else {
            width
        }
    }

    /// Where Z of a layer begins in the tape; its rows have width(layer) + 1 numbers.
    fn input_offset(&self, points: usize, layer: usize) -> usize {
        points * self.channels() * (0..layer).map(|l| self.width(l) + 1).sum::<usize>()
    }

    /// Where the pre-activations of a hidden layer begin; rows of layer_outputs(layer).
    fn preactivation_offset(&self, points: usize, layer: usize) -> usize {
        let before: usize = (0..layer).map(|l| self.layer_outputs(l)).sum();
        self.input_offset(points, self.layers()) + points * self.channels() * before
    }

    /// Where G of a layer begins; rows of layer_outputs(layer).
    fn gradient_offset(&self, points: usize, layer: usize) -> usize {
        let before: usize = (0..layer).map(|l| self.layer_outputs(l)).sum();
        self.preactivation_offset(points, self.layers() - 1) + points * self.channels() * before
    }

    /// The most columns of a matrix.
    fn widest_output(&self) -> usize {
        (0..self.layers())
            .map(|layer| self.layer_outputs(layer))
            .max()
            .unwrap_or(0)
    }

    /// Points of a sub-block.
    fn step(&self) -> usize {
        let widest = self.width(0).max(self.widest_output()) + 1;
        (PANEL / (self.channels() * widest)).clamp(4, BLOCK)
    }
}

/// Channels of the network's outputs into `outputs` [m·S × N], output by output; `coordinates` [d × N]. Fills the tape's
/// inputs and pre-activations if there is one.
pub fn forward<T: Real>(
    shape: &Shape,
    theta: &[f64],
    coordinates: &[f64],
    outputs: &mut [f64],
    points: usize,
    tape: Option<&mut [T]>,
) {
    forward_at(
        simd::level(),
        shape,
        theta,
        coordinates,
        outputs,
        points,
        tape,
    );
}

fn forward_at<T: Real>(
    level: SimdLevel,
    shape: &Shape,
    theta: &[f64],
    coordinates: &[f64],
    outputs: &mut [f64],
    points: usize,
    tape: Option<&mut [T]>,
) {
    assert!(shape.is_valid(points) && theta.len() == shape.parameters());
    assert!(
        coordinates.len() == shape.coordinates * points
            && outputs.len() == shape.outputs() * shape.channels() * points
    );
    assert!(
        tape.as_ref()
            .is_none_or(|tape| tape.len() == shape.tape_len(points))
    );
    let lanes = simd::dispatch_at(level, Lanes::<T>(std::marker::PhantomData));
    with_numbers(Weights::<T>::forward_len(shape, lanes), |buffer| {
        let weights = Weights::forward(shape, theta, lanes, buffer);
        let gate = Gate::of(shape);
        let outputs = Disjoint::new(outputs);
        let tape = tape.map(Disjoint::new);
        pool::for_each_block(points.div_ceil(BLOCK), |index| {
            let first = index * BLOCK;
            let last = points.min(first + BLOCK);
            with_numbers(block::forward_scratch(shape), |scratch: &mut [T]| {
                let block = block::Forward {
                    weights: &weights,
                    gate: &gate,
                    coordinates,
                    outputs: &outputs,
                    tape: tape.as_ref(),
                    points,
                    first,
                    last,
                    scratch,
                };
                simd::dispatch_at(level, block);
            });
        });
    });
}

/// From seeds [m·S × N] and a tape filled by `forward` at the same θ: G of every layer into the tape.
pub fn adjoint<T: Real>(
    shape: &Shape,
    theta: &[f64],
    seeds: &[f64],
    points: usize,
    tape: &mut [T],
) {
    adjoint_at(simd::level(), shape, theta, seeds, points, tape);
}

fn adjoint_at<T: Real>(
    level: SimdLevel,
    shape: &Shape,
    theta: &[f64],
    seeds: &[f64],
    points: usize,
    tape: &mut [T],
) {
    assert!(shape.is_valid(points) && theta.len() == shape.parameters());
    assert!(seeds.len() == shape.outputs() * shape.channels() * points);
    assert!(tape.len() == shape.tape_len(points));
    let lanes = simd::dispatch_at(level, Lanes::<T>(std::marker::PhantomData));
    with_numbers(Weights::<T>::adjoint_len(shape, lanes), |buffer| {
        let weights = Weights::adjoint(shape, theta, lanes, buffer);
        let gate = Gate::of(shape);
        let tape = Disjoint::new(tape);
        pool::for_each_block(points.div_ceil(BLOCK), |index| {
            let first = index * BLOCK;
            let last = points.min(first + BLOCK);
            with_numbers(block::adjoint_scratch(shape), |scratch: &mut [T]| {
                simd::dispatch_at(
                    level,
                    block::Adjoint {
                        weights: &weights,
                        gate: &gate,
                        seeds,
                        tape: &tape,
                        points,
                        first,
                        last,
                        scratch,
                    },
                );
            });
        });
    });
}

/// Lanes of T at a level.
struct Lanes<T>(std::marker::PhantomData<T>);

impl<T: Real> Kernel for Lanes<T> {
    type Output = usize;
    #[inline(always)]
    unsafe fn run<L: Level>(self) -> usize {
        T::Vector::<L>::LANES
    }
}

/// Lends a buffer of `len` numbers of arbitrary contents, aligned to 64 bytes, from the thread's own scratch.
fn with_numbers<T: Real, R>(len: usize, work: impl FnOnce(&mut [T]) -> R) -> R {
    const LINE: usize = 64 / size_of::<f64>();
    pool::with_scratch(
        (len * size_of::<T>()).div_ceil(size_of::<f64>()) + LINE,
        |buffer| {
            let skip = buffer.as_ptr().align_offset(64).min(LINE);
            // SAFETY: T is f32 or f64, whose every bit pattern is a number; the buffer has room for `len` of them after at
            // most LINE doubles, and f64's alignment is enough.
            work(unsafe {
                std::slice::from_raw_parts_mut(buffer.as_mut_ptr().add(skip).cast::<T>(), len)
            })
        },
    )
}
