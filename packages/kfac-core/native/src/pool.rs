//! Threads: pools of our own (never rayon's global one), one per size that was asked for, joined when the last
//! environment ends. Work is cut into blocks whose number and borders depend on the data alone; threads only decide who
//! does which block. A kernel that writes disjoint outputs per block, or sums partial results in the order of the blocks,
//! hence gives the same bits for any number of threads.

use crate::simd::Real;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Most threads that can be asked for.
pub const MAX_THREADS: usize = 256;

struct Workers {
    threads: usize,
    pool: Option<ThreadPool>,
    handles: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Drop for Workers {
    fn drop(&mut self) {
        drop(self.pool.take());
        let handles = std::mem::take(&mut *self.handles.lock().unwrap_or_else(|e| e.into_inner()));
        for handle in handles {
            let _ = handle.join();
        }
    }
}

static POOLS: Mutex<Vec<Arc<Workers>>> = Mutex::new(Vec::new());
static ENVIRONMENTS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static CURRENT: RefCell<Option<Arc<Workers>>> = const { RefCell::new(None) };
    static SCRATCH: RefCell<Vec<Vec<f64>>> = const { RefCell::new(Vec::new()) };
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Number of threads (the caller among them) for the calls that this thread makes from now on; at least 1.
pub fn set_threads(threads: usize) {
    let threads = threads.clamp(1, MAX_THREADS);
    if self::threads() == threads {
        return;
    }
    let workers = (threads > 1).then(|| workers(threads)).flatten();
    CURRENT.with(|current| *current.borrow_mut() = workers);
}

/// Threads in use by calls from this thread, the caller among them.
pub fn threads() -> usize {
    CURRENT.with(|current| {
        current
            .borrow()
            .as_ref()
            .map_or(1, |workers| workers.threads)
    })
}

/// A pool of `threads − 1` workers; the caller is the last one. None if the system refuses to start them.
fn workers(threads: usize) -> Option<Arc<Workers>> {
    let mut pools = POOLS.lock().unwrap_or_else(|e| e.into_inner());
    if let Some(found) = pools.iter().find(|workers| workers.threads == threads) {
        return Some(found.clone());
    }
    let handles = Arc::new(Mutex::new(Vec::new()));
    let sink = handles.clone();
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads - 1)
        .spawn_handler(move |thread| {
            let handle = std::thread::Builder::new()
                .name(format!("kfac-{}", thread.index()))
                .spawn(|| thread.run())?;
            sink.lock().unwrap_or_else(|e| e.into_inner()).push(handle);
            Ok(())
        })
        .build()
        .ok()?;
    let made = Arc::new(Workers {
        threads,
        pool: Some(pool),
        handles,
    });
    pools.push(made.clone());
    Some(made)
}

/// One more environment (main thread or worker) has loaded the addon.
pub fn enter_environment() {
    ENVIRONMENTS.fetch_add(1, Ordering::SeqCst);
}

/// An environment ends, on its own thread; the last one joins every pool.
pub fn leave_environment() {
    CURRENT.with(|current| current.borrow_mut().take());
    if ENVIRONMENTS.fetch_sub(1, Ordering::SeqCst) == 1 {
        let pools = std::mem::take(&mut *POOLS.lock().unwrap_or_else(|e| e.into_inner()));
        drop(pools);
    }
}

/// Runs `work(0) … work(blocks − 1)`, each once, on the pool of this thread; returns when all are done.
/// Nested calls run serially.
pub fn for_each_block(blocks: usize, work: impl Fn(usize) + Sync) {
    let serial = || (0..blocks).for_each(&work);
    if blocks <= 1 || INSIDE.get() {
        return serial();
    }
    let Some(workers) = CURRENT.with(|current| current.borrow().clone()) else {
        return serial();
    };
    let Some(pool) = workers.pool.as_ref() else {
        return serial();
    };
    let next = AtomicUsize::new(0);
    let drain = || {
        let before = INSIDE.replace(true);
        let _restore = Restore(before);
        loop {
            let block = next.fetch_add(1, Ordering::Relaxed);
            if block >= blocks {
                break;
            }
            work(block);
        }
    };
    pool.in_place_scope(|scope| {
        for _ in 1..workers.threads.min(blocks) {
            scope.spawn(|_| drain());
        }
        drain();
    });
}

/// Multiply-adds below which waking other threads costs more than it brings (about 50 µs of work).
const WORTH_WAKING: usize = 1 << 20;

/// `for_each_block` for work of about `operations` multiply-adds in all: serial where that is little.
pub fn for_each_block_of(operations: usize, blocks: usize, work: impl Fn(usize) + Sync) {
    if operations < WORTH_WAKING {
        return (0..blocks).for_each(work);
    }
    for_each_block(blocks, work);
}

struct Restore(bool);

impl Drop for Restore {
    fn drop(&mut self) {
        INSIDE.set(self.0);
    }
}

/// Cuts `data` into chunks of `chunk` elements (the last may be shorter) and runs `work(index, chunk)` on each.
pub fn for_each_chunk<T: Send>(
    data: &mut [T],
    chunk: usize,
    work: impl Fn(usize, &mut [T]) + Sync,
) {
    for_each_chunk_of(usize::MAX, data, chunk, work);
}

/// `for_each_chunk` for work of about `operations` multiply-adds in all: serial where that is little.
pub fn for_each_chunk_of<T: Send>(
    operations: usize,
    data: &mut [T],
    chunk: usize,
    work: impl Fn(usize, &mut [T]) + Sync,
) {
    if data.is_empty() {
        return;
    }
    let chunk = chunk.max(1);
    let blocks = data.len().div_ceil(chunk);
    let shared = Disjoint::new(data);
    for_each_block_of(operations, blocks, |index| {
        let start = index * chunk;
        let end = shared.len().min(start + chunk);
        // SAFETY: chunks of different indices do not overlap, and every index is run once.
        work(index, unsafe { shared.range(start, end) });
    });
}

/// A mutable slice that several blocks write disjoint parts of.
pub struct Disjoint<'a, T> {
    start: *mut T,
    len: usize,
    life: std::marker::PhantomData<&'a mut [T]>,
}

// SAFETY: access goes through `range`, whose contract excludes overlaps; T moves between threads.
unsafe impl<T: Send> Send for Disjoint<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Disjoint<'_, T> {}

impl<'a, T> Disjoint<'a, T> {
    pub fn new(data: &'a mut [T]) -> Self {
        Self {
            start: data.as_mut_ptr(),
            len: data.len(),
            life: std::marker::PhantomData,
        }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The part [start, end).
    ///
    /// # Safety
    /// No two parts alive at one time may overlap.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn range(&self, start: usize, end: usize) -> &mut [T] {
        assert!(start <= end && end <= self.len);
        // SAFETY: inside the slice by the assertion; disjoint by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(start), end - start) }
    }
}

/// Lends `work` a buffer of `len` numbers that belongs to this thread and is kept for the next call: nothing is
/// allocated once it has grown. It starts on a cache line; its contents are arbitrary. Calls may nest.
pub fn with_scratch<R>(len: usize, work: impl FnOnce(&mut [f64]) -> R) -> R {
    let mut buffer = SCRATCH.with(|scratch| {
        let mut kept = scratch.borrow_mut();
        // The smallest that is large enough, else the largest: buffers settle on the sizes that are asked for.
        let fit = (0..kept.len())
            .filter(|&i| kept[i].len() >= len + LINE)
            .min_by_key(|&i| kept[i].len());
        let index = fit.or_else(|| (0..kept.len()).max_by_key(|&i| kept[i].len()));
        index.map_or_else(Vec::new, |i| kept.swap_remove(i))
    });
    if buffer.len() < len + LINE {
        buffer = vec![0.0; (len + LINE).next_multiple_of(1024)];
    }
    let skip = buffer.as_ptr().align_offset(64).min(LINE);
    let result = work(&mut buffer[skip..skip + len]);
    SCRATCH.with(|scratch| scratch.borrow_mut().push(buffer));
    result
}

/// f64 numbers in a cache line.
const LINE: usize = 8;

/// The same for f64 or f32.
pub fn with_scratch_of<T: Real, R>(len: usize, work: impl FnOnce(&mut [T]) -> R) -> R {
    let size = size_of::<T>();
    with_scratch((len * size).div_ceil(8), |buffer| {
        // SAFETY: T is f64 or f32: no larger, no stricter in alignment, and every bit pattern is a number.
        work(unsafe { std::slice::from_raw_parts_mut(buffer.as_mut_ptr().cast::<T>(), len) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_runs_once_for_any_number_of_threads() {
        for threads in [1, 2, 4] {
            set_threads(threads);
            assert_eq!(super::threads(), threads);
            let mut data = vec![0u32; 1001];
            for_each_chunk(&mut data, 10, |index, chunk| {
                for x in chunk {
                    *x += 1 + index as u32;
                }
            });
            assert!(
                data.iter()
                    .enumerate()
                    .all(|(i, &x)| x == 1 + (i / 10) as u32)
            );
        }
        set_threads(1);
    }

    #[test]
    fn a_panic_in_a_block_reaches_the_caller_and_the_pool_lives_on() {
        set_threads(2);
        let failed = std::panic::catch_unwind(|| for_each_block(8, |block| assert!(block != 5)));
        assert!(failed.is_err());
        let count = AtomicUsize::new(0);
        for_each_block(8, |_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(count.load(Ordering::Relaxed), 8);
        set_threads(1);
    }
}
