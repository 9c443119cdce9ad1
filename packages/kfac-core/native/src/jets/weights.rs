use super::Shape;
use super::embedding;
use super::product::{pack, packed_len};
use crate::simd::Real;

/// A network's parameters as the kernels read them, in T: packed once per call into one buffer. In order: second [Q × R],
/// third [T × R₂], fourth [F × R₃], the first layer's constant channels [S − 1 × h₁] or those of an embedding, η of the residual blocks, the last layer's columns one after the other,
/// then the packed matrices.
pub struct Weights<'a, T: Real> {
    pub shape: Shape<'a>,
    lanes: usize,
    buffer: &'a [T],
}

impl<'a, T: Real> Weights<'a, T> {
    fn fixed_len(shape: &Shape) -> usize {
        Self::collapsed_len(shape)
            + Self::constants_len(shape)
            + shape.blocks()
            + shape.outputs() * Self::head_len(shape)
    }

    fn collapsed_len(shape: &Shape) -> usize {
        shape.second.len() + shape.third.len() + shape.fourth.len()
    }

    fn constants_len(shape: &Shape) -> usize {
        if shape.is_embedded() {
            embedding::constants_len(shape)
        } else {
            (shape.channels() - 1) * shape.layer_outputs(0)
        }
    }

    /// Numbers of one output's column, bias included.
    fn head_len(shape: &Shape) -> usize {
        shape.width(shape.layers() - 1) + 1
    }

    /// End of the layers whose transposes are packed: below a single output the adjoint reads the column itself, unless a gate is there.
    fn transposed(shape: &Shape) -> usize {
        shape.layers() - usize::from(shape.outputs() == 1 && !shape.gated)
    }

    /// Room for `forward`.
    pub fn forward_len(shape: &Shape, lanes: usize) -> usize {
        let hidden = shape.layers() - 1;
        Self::fixed_len(shape)
            + (0..hidden)
                .map(|l| packed_len(shape.width(l) + 1, shape.layer_outputs(l), lanes))
                .sum::<usize>()
    }

    /// Room for `adjoint`.
    pub fn adjoint_len(shape: &Shape, lanes: usize) -> usize {
        Self::fixed_len(shape)
            + (1..Self::transposed(shape))
                .map(|l| packed_len(shape.width(l + 1), shape.width(l), lanes))
                .sum::<usize>()
    }

    /// Hidden layers as they stand, bias row included.
    pub fn forward(shape: &Shape<'a>, theta: &[f64], lanes: usize, buffer: &'a mut [T]) -> Self {
        let mut rest = Self::fill_fixed(shape, theta, buffer);
        let mut offset = 0;
        for layer in 0..shape.layers() - 1 {
            let (rows, cols) = (shape.width(layer) + 1, shape.layer_outputs(layer));
            let matrix = &theta[offset..offset + rows * cols];
            let (packed, next) = rest.split_at_mut(packed_len(rows, cols, lanes));
            pack(
                rows,
                cols,
                lanes,
                |row, col| T::from_f64(matrix[row * cols + col]),
                packed,
            );
            rest = next;
            offset += rows * cols;
        }
        Self {
            shape: *shape,
            lanes,
            buffer,
        }
    }

    /// Layers but the first, transposed, bias row left out.
    pub fn adjoint(shape: &Shape<'a>, theta: &[f64], lanes: usize, buffer: &'a mut [T]) -> Self {
        let mut rest = Self::fill_fixed(shape, theta, buffer);
        let mut offset = 0;
        for layer in 0..Self::transposed(shape) {
            let (inputs, outputs) = (shape.width(layer), shape.layer_outputs(layer));
            let matrix = &theta[offset..offset + inputs * outputs];
            if layer > 0 {
                let (packed, next) = rest.split_at_mut(packed_len(outputs, inputs, lanes));
                pack(
                    outputs,
                    inputs,
                    lanes,
                    |row, col| T::from_f64(matrix[col * outputs + row]),
                    packed,
                );
                rest = next;
            }
            offset += (inputs + 1) * outputs;
        }
        Self {
            shape: *shape,
            lanes,
            buffer,
        }
    }

    /// Writes what both have; returns the rest of the buffer.
    fn fill_fixed<'b>(shape: &Shape, theta: &[f64], buffer: &'b mut [T]) -> &'b mut [T] {
        let (collapsed, rest) = buffer.split_at_mut(Self::collapsed_len(shape));
        let from = shape.second.iter().chain(shape.third).chain(shape.fourth);
        for (to, from) in collapsed.iter_mut().zip(from) {
            *to = T::from_f64(*from);
        }
        let (constants, rest) = rest.split_at_mut(Self::constants_len(shape));
        if shape.is_embedded() {
            embedding::fill_constants(shape, constants);
        } else {
            Self::fill_constants(shape, theta, constants);
        }
        let (matrices, eta) = theta.split_at(theta.len() - shape.blocks());
        let (mixing, rest) = rest.split_at_mut(eta.len());
        for (to, from) in mixing.iter_mut().zip(eta) {
            *to = T::from_f64(*from);
        }
        let (outputs, head) = (shape.outputs(), Self::head_len(shape));
        let (columns, rest) = rest.split_at_mut(outputs * head);
        let matrix = &matrices[matrices.len() - outputs * head..];
        for (o, column) in columns.chunks_mut(head).enumerate() {
            for (i, to) in column.iter_mut().enumerate() {
                *to = T::from_f64(matrix[i * outputs + o]);
            }
        }
        rest
    }

    /// The first layer's pre-activations in the channels after the value: v_r·W, then zeros.
    fn fill_constants(shape: &Shape, theta: &[f64], constants: &mut [T]) {
        let width = shape.layer_outputs(0);
        constants.fill(T::ZERO);
        for (direction, row) in shape
            .directions
            .chunks(shape.coordinates)
            .zip(constants.chunks_mut(width))
        {
            for (j, entry) in row.iter_mut().enumerate() {
                let sum: f64 = direction
                    .iter()
                    .enumerate()
                    .map(|(i, v)| v * theta[i * width + j])
                    .sum();
                *entry = T::from_f64(sum);
            }
        }
    }

    /// Q × R.
    pub fn second(&self) -> &[T] {
        &self.buffer[..self.shape.second.len()]
    }

    /// T × R₂.
    pub fn third(&self) -> &[T] {
        &self.buffer[self.shape.second.len()..][..self.shape.third.len()]
    }

    /// F × R₃.
    pub fn fourth(&self) -> &[T] {
        let start = self.shape.second.len() + self.shape.third.len();
        &self.buffer[start..start + self.shape.fourth.len()]
    }

    /// What is the same for every point: the first hidden layer's pre-activations in the channels after the value or,
    /// with an embedding, what `embedding::fill_constants` says.
    pub fn constants(&self) -> &[T] {
        let start = Self::collapsed_len(&self.shape);
        &self.buffer[start..start + Self::constants_len(&self.shape)]
    }

    /// η of every residual block.
    pub fn mixing(&self) -> &[T] {
        let start = Self::collapsed_len(&self.shape) + Self::constants_len(&self.shape);
        &self.buffer[start..start + self.shape.blocks()]
    }

    /// The last layer's weights of one output, its bias last.
    pub fn head(&self, output: usize) -> &[T] {
        let len = Self::head_len(&self.shape);
        let start = Self::fixed_len(&self.shape) - (self.shape.outputs() - output) * len;
        &self.buffer[start..start + len]
    }

    /// Packed matrix of a hidden layer, after `forward`.
    pub fn matrix(&self, layer: usize) -> &[T] {
        let len = |l: usize| {
            packed_len(
                self.shape.width(l) + 1,
                self.shape.layer_outputs(l),
                self.lanes,
            )
        };
        let start = Self::fixed_len(&self.shape) + (0..layer).map(len).sum::<usize>();
        &self.buffer[start..start + len(layer)]
    }

    /// Packed transpose of a layer's matrix (layer ≥ 1), after `adjoint`.
    pub fn transpose(&self, layer: usize) -> &[T] {
        let len = |l: usize| packed_len(self.shape.width(l + 1), self.shape.width(l), self.lanes);
        let start = Self::fixed_len(&self.shape) + (1..layer).map(len).sum::<usize>();
        &self.buffer[start..start + len(layer)]
    }
}
