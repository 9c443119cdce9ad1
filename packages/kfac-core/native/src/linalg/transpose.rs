/// Side of the square blocks that are turned at once, so that both sides stay in cache.
const BLOCK: usize = 16;

/// out [cols × rows] ← transpose of the row-major `a` [rows × cols]; in other words, between row- and column-major.
pub fn transpose<T: Copy>(rows: usize, cols: usize, a: &[T], out: &mut [T]) {
    assert!(a.len() == rows * cols && out.len() == rows * cols);
    for i0 in (0..rows).step_by(BLOCK) {
        let i1 = rows.min(i0 + BLOCK);
        for j0 in (0..cols).step_by(BLOCK) {
            let j1 = cols.min(j0 + BLOCK);
            for j in j0..j1 {
                let line = &mut out[j * rows + i0..j * rows + i1];
                for (x, i) in line.iter_mut().zip(i0..) {
                    *x = a[i * cols + j];
                }
            }
        }
    }
}
