//! Where captured pairs lie: tile after tile, and inside a tile inputs, gate errors, head errors.

use super::{LINE, Layer, Shape, line_offset, tile_paths};

/// The layout of a tape. In a tile (P its paths): inputs ã [dates + 1][inputs][P], gate errors [dates][4H][P], head errors
/// [dates][P]. The head's input at date t is the recurrent state and the 1 of date t + 1, hence the extra date. Lanes
/// behind the last path hold paths of no gain and no cost.
#[derive(Clone, Copy)]
pub struct Tape {
    pub shape: Shape,
    pub paths: usize,
    pub dates: usize,
}

impl Tape {
    /// Numbers to allocate; a cache line more than is used, since the memory may begin anywhere. None if too many.
    pub fn size<T>(&self) -> Option<usize> {
        let per_date = self.shape.inputs().checked_add(self.shape.gates())?.checked_add(1)?;
        self.dates
            .checked_mul(per_date)?
            .checked_add(self.shape.inputs())?
            .checked_mul(tile_paths::<T>())?
            .checked_mul(self.paths.div_ceil(tile_paths::<T>()))?
            .checked_add(LINE / size_of::<T>())
            .filter(|&len| len <= isize::MAX as usize / 8)
    }

    pub fn tiles<T>(&self) -> usize {
        self.paths.div_ceil(tile_paths::<T>())
    }

    /// Paths of a tile that are real.
    pub fn count<T>(&self, tile: usize) -> usize {
        tile_paths::<T>().min(self.paths - tile * tile_paths::<T>())
    }

    /// Numbers of one tile.
    pub(super) fn tile_len<T>(&self) -> usize {
        self.errors_at::<T>() + self.dates * tile_paths::<T>()
    }

    fn gates_at<T>(&self) -> usize {
        (self.dates + 1) * self.shape.inputs() * tile_paths::<T>()
    }

    fn errors_at<T>(&self) -> usize {
        self.gates_at::<T>() + self.dates * self.shape.gates() * tile_paths::<T>()
    }

    /// The used part of a tape's memory.
    pub(super) fn used<'a, T>(&self, memory: &'a [T]) -> &'a [T] {
        let skip = line_offset(memory);
        &memory[skip..skip + self.tiles::<T>() * self.tile_len::<T>()]
    }

    /// The same, to be written.
    pub(super) fn used_mut<'a, T>(&self, memory: &'a mut [T]) -> &'a mut [T] {
        let skip = line_offset(memory);
        &mut memory[skip..skip + self.tiles::<T>() * self.tile_len::<T>()]
    }

    /// A tile's inputs, gate errors and head errors.
    pub(super) fn parts<'a, T>(&self, tile: &'a mut [T]) -> (&'a mut [T], &'a mut [T], &'a mut [T]) {
        let (inputs, rest) = tile.split_at_mut(self.gates_at::<T>());
        let (gates, errors) = rest.split_at_mut(self.errors_at::<T>() - self.gates_at::<T>());
        (inputs, gates, errors)
    }

    /// The pair (z, g) of one layer in one tile.
    pub(super) fn pair<'a, T>(&self, memory: &'a [T], layer: Layer, tile: usize) -> (Panel<'a, T>, Panel<'a, T>) {
        let tile = &self.used(memory)[tile * self.tile_len::<T>()..][..self.tile_len::<T>()];
        let row = tile_paths::<T>();
        let (inputs, gates) = (self.shape.inputs(), self.shape.gates());
        let (z, rest) = tile.split_at(self.gates_at::<T>());
        let (g, e) = rest.split_at(self.errors_at::<T>() - self.gates_at::<T>());
        match layer {
            Layer::Gates => (Panel::new(z, inputs * row, inputs, self.dates), Panel::new(g, gates * row, gates, self.dates)),
            Layer::Head => (
                Panel::new(&z[(inputs + self.shape.features + 1) * row..], inputs * row, self.shape.hidden + 1, self.dates),
                Panel::new(e, row, 1, self.dates),
            ),
        }
    }
}

/// `rows` rows of a tile's paths at each date, dates `stride` numbers apart.
#[derive(Clone, Copy)]
pub(super) struct Panel<'a, T> {
    data: &'a [T],
    pub stride: usize,
    pub rows: usize,
}

impl<'a, T> Panel<'a, T> {
    pub fn new(data: &'a [T], stride: usize, rows: usize, dates: usize) -> Self {
        assert!(dates == 0 || data.len() >= (dates - 1) * stride + rows * tile_paths::<T>());
        Self { data, stride, rows }
    }

    /// The same rows one date later; there is one date less.
    pub fn later(&self) -> Self {
        Self { data: &self.data[self.stride.min(self.data.len())..], ..*self }
    }

    /// The rows of a date, one behind the other.
    pub fn date(&self, date: usize) -> &'a [T] {
        &self.data[date * self.stride..][..self.rows * tile_paths::<T>()]
    }
}
