use super::transpose::transpose;
use crate::pool::with_scratch;
use crate::simd::{Kernel, Level, Vector, dispatch};

/// Numbers that `tridiagonalize` stores for `apply_tridiagonal`.
pub fn tridiagonal_store(n: usize) -> usize {
    n * n + n
}

/// Numbers that `bidiagonalize` stores for `apply_bidiagonal`.
pub fn bidiagonal_store(n: usize) -> usize {
    2 * n * n + 2 * n
}

/// A = Q·T·Qᵀ, A symmetric (lower triangle read): T's diagonals and, in `store`, the reflectors by columns and their τ.
pub fn tridiagonalize(n: usize, a: &[f64], store: &mut [f64], diagonal: &mut [f64], off_diagonal: &mut [f64]) {
    assert!(a.len() == n * n && store.len() == tridiagonal_store(n));
    assert!(diagonal.len() == n && off_diagonal.len() + 1 == n.max(1));
    if n == 0 {
        return;
    }
    with_scratch(n * n, |reduced| {
        transpose(n, n, a, reduced);
        let (reflectors, tau) = store.split_at_mut(n * n);
        kfac_linalg::f64::tridiagonalize(n, reduced, &mut tau[..n - 1]);
        for i in 0..n {
            diagonal[i] = reduced[i * n + i];
            if i + 1 < n {
                off_diagonal[i] = reduced[i * n + i + 1];
                reduced[i * n + i + 1] = 1.0;
            }
        }
        reflectors.copy_from_slice(reduced);
    });
}

/// b ← Q·b, or Qᵀ·b.
pub fn apply_tridiagonal(n: usize, store: &[f64], transposed: bool, b: &mut [f64]) {
    assert!(store.len() == tridiagonal_store(n) && b.len() == n);
    if n > 0 {
        dispatch(Reflections { n, count: n - 1, shift: 1, vectors: &store[..n * n], tau: &store[n * n..], transposed, b });
    }
}

/// R = U·B·Vᵀ: B's diagonals and, in `store`, the left reflectors by columns, the right ones by rows, and their τ.
pub fn bidiagonalize(n: usize, r: &[f64], store: &mut [f64], diagonal: &mut [f64], super_diagonal: &mut [f64]) {
    assert!(r.len() == n * n && store.len() == bidiagonal_store(n));
    assert!(diagonal.len() == n && super_diagonal.len() + 1 == n.max(1));
    if n == 0 {
        return;
    }
    with_scratch(n * n, |reduced| {
        transpose(n, n, r, reduced);
        let (left, rest) = store.split_at_mut(n * n);
        let (right, tau) = rest.split_at_mut(n * n);
        let (tau_left, tau_right) = tau.split_at_mut(n);
        kfac_linalg::f64::bidiagonalize(n, reduced, tau_left, &mut tau_right[..n - 1]);
        for i in 0..n {
            diagonal[i] = std::mem::replace(&mut reduced[i * n + i], 1.0);
            if i + 1 < n {
                super_diagonal[i] = std::mem::replace(&mut reduced[(i + 1) * n + i], 1.0);
            }
        }
        left.copy_from_slice(reduced);
        transpose(n, n, reduced, right);
    });
}

/// b ← U·b or Uᵀ·b, or with `right` V·b or Vᵀ·b.
pub fn apply_bidiagonal(n: usize, store: &[f64], right: bool, transposed: bool, b: &mut [f64]) {
    assert!(store.len() == bidiagonal_store(n) && b.len() == n);
    if n == 0 {
        return;
    }
    let (vectors, tau) = if right { (&store[n * n..2 * n * n], 2 * n * n + n) } else { (&store[..n * n], 2 * n * n) };
    let (count, shift) = if right { (n - 1, 1) } else { (n, 0) };
    dispatch(Reflections { n, count, shift, vectors, tau: &store[tau..], transposed, b });
}

/// Products with H_k = I − v_k·v_kᵀ/τ_k, k < count; v_k at `vectors[k·n + k + shift .. (k + 1)·n]`, acting on the entries
/// from k + shift on. H₀ comes last, or first when transposed.
struct Reflections<'a> {
    n: usize,
    count: usize,
    shift: usize,
    vectors: &'a [f64],
    tau: &'a [f64],
    transposed: bool,
    b: &'a mut [f64],
}

impl Kernel for Reflections<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Level>(self) {
        let Self { n, count, shift, vectors, tau, transposed, b } = self;
        for step in 0..count {
            let k = if transposed { step } else { count - 1 - step };
            let v = &vectors[k * n + k + shift..(k + 1) * n];
            // SAFETY: the level is live; both slices have one length.
            unsafe { reflect::<L>(v, 1.0 / tau[k], &mut b[k + shift..]) };
        }
    }
}

/// y ← y − factor·(v·y)·v.
/// # Safety
/// The level is live; `v` and `y` have the same length.
#[inline(always)]
unsafe fn reflect<L: Level>(v: &[f64], factor: f64, y: &mut [f64]) {
    let (n, lanes) = (v.len(), L::F64::LANES);
    let (from, to) = (v.as_ptr(), y.as_mut_ptr());
    // SAFETY: loads and stores stay below n.
    unsafe {
        let mut sums = [L::F64::splat(0.0); 2];
        let mut i = 0;
        while i + 2 * lanes <= n {
            for (h, sum) in sums.iter_mut().enumerate() {
                let at = i + h * lanes;
                *sum = L::F64::load(from.add(at)).mul_add(L::F64::load(to.add(at)), *sum);
            }
            i += 2 * lanes;
        }
        while i < n {
            let left = L::F64::load_partial(from.add(i), n - i);
            sums[0] = left.mul_add(L::F64::load_partial(to.add(i), n - i), sums[0]);
            i += lanes;
        }
        let share = L::F64::splat(factor * (sums[0] + sums[1]).sum());
        i = 0;
        while i + lanes <= n {
            let x = L::F64::load(from.add(i)).neg_mul_add(share, L::F64::load(to.add(i)));
            x.store(to.add(i));
            i += lanes;
        }
        let x = L::F64::load_partial(from.add(i), n - i).neg_mul_add(share, L::F64::load_partial(to.add(i), n - i));
        x.store_partial(to.add(i), n - i);
    }
}
