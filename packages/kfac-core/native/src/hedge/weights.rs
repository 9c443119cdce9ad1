//! θ converted to the network's scalar type and packed for the register blocks.

use super::Shape;
use crate::simd::Real;

/// Rows that a product with transposed weights takes together.
pub const PANEL: usize = 6;

/// Numbers of the packed form of `rows` × `cols`.
pub fn packed_len(rows: usize, cols: usize) -> usize {
    rows * cols
}

/// Rows of a row-major [rows × cols] matrix in panels of [`PANEL`] (the last one narrower), each column by column.
pub fn pack_rows<T: Real>(matrix: &[f64], cols: usize, out: &mut [T]) {
    let rows = matrix.len() / cols;
    assert!(out.len() == packed_len(rows, cols));
    let mut at = 0;
    for first in (0..rows).step_by(PANEL) {
        let height = PANEL.min(rows - first);
        for col in 0..cols {
            for row in first..first + height {
                out[at] = T::from_f64(matrix[row * cols + col]);
                at += 1;
            }
        }
    }
}

/// The policy's weights.
#[derive(Clone, Copy)]
pub struct Weights<'a, T> {
    /// Unit by unit, input by input: the four gates' weights.
    pub forward: &'a [T],
    /// Rows of the position feature and the recurrent state, packed by `pack_rows`.
    pub backward: &'a [T],
    /// [H + 1].
    pub head: &'a [T],
}

impl<'a, T: Real> Weights<'a, T> {
    /// Numbers that `pack` needs.
    pub fn len(shape: &Shape) -> usize {
        shape.inputs() * shape.gates()
            + packed_len(shape.hidden + 1, shape.gates())
            + shape.hidden
            + 1
    }

    /// Packs θ into `memory`.
    pub fn pack(shape: &Shape, theta: &[f64], memory: &'a mut [T]) -> Self {
        let (h, inputs, gates) = (shape.hidden, shape.inputs(), shape.gates());
        let (matrix, head_weights) = theta.split_at(inputs * gates);
        let (forward, rest) = memory.split_at_mut(inputs * gates);
        let (backward, head) = rest.split_at_mut(packed_len(h + 1, gates));
        for unit in 0..h {
            for input in 0..inputs {
                for gate in 0..4 {
                    forward[(unit * inputs + input) * 4 + gate] =
                        T::from_f64(matrix[input * gates + gate * h + unit]);
                }
            }
        }
        pack_rows(
            &matrix[shape.features * gates..(shape.features + 1 + h) * gates],
            gates,
            backward,
        );
        for (out, &w) in head.iter_mut().zip(head_weights) {
            *out = T::from_f64(w);
        }
        Self {
            forward,
            backward,
            head,
        }
    }
}
