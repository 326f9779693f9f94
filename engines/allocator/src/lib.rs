//! The allocator of the engines library: the system's, with a count of bytes per thread.
//!
//! It stands in for the allocator that regorus brings (by `[patch]` in ../Cargo.toml), which counts
//! for the whole process: regorus asks in its loops whether "the process" has used too much, and
//! here the answer is about the evaluation of the asking thread. So one hostile script is ended
//! and those beside it are not, and no C has to be compiled. The same question ends what would
//! overflow the stack.

use std::cell::Cell;

thread_local! {
    static LIVE: Cell<i64> = const { Cell::new(0) };
    static LIMIT: Cell<i64> = const { Cell::new(i64::MAX) };
    static FLOOR: Cell<usize> = const { Cell::new(0) };
    static SHORT_OF_STACK: Cell<bool> = const { Cell::new(false) };
}

/// Bytes that this thread has allocated and not freed; those freed by another thread count there.
pub fn current_thread_live_bytes() -> i64 {
    LIVE.get()
}

/// From now on this thread is over its limit when more bytes than this are live.
pub fn set_thread_limit(bytes: i64) -> i64 {
    LIMIT.replace(bytes)
}

/// From now on this thread is over its limit, too, when its stack reaches below this address.
pub fn set_stack_floor(address: usize) -> usize {
    SHORT_OF_STACK.set(false);
    FLOOR.replace(address)
}

/// Whether the stack has reached below its floor since that was set.
pub fn was_short_of_stack() -> bool {
    SHORT_OF_STACK.get()
}

pub fn is_over_limit() -> bool {
    let here = std::hint::black_box(0_u8);
    if std::ptr::from_ref(&here).addr() < FLOOR.get() {
        SHORT_OF_STACK.set(true);
    }
    SHORT_OF_STACK.get() || LIVE.get() > LIMIT.get()
}

pub mod mimalloc {
    use super::LIVE;
    use std::alloc::{GlobalAlloc, Layout, System};

    #[derive(Debug)]
    pub struct Mimalloc;

    #[inline]
    fn count(change: i64) {
        // At a thread's end there may be no counter left.
        let _ = LIVE.try_with(|live| live.set(live.get() + change));
    }

    #[allow(clippy::cast_possible_wrap)]
    const fn signed(size: usize) -> i64 {
        size as i64
    }

    // SAFETY: every call goes to System with the arguments it came with.
    unsafe impl GlobalAlloc for Mimalloc {
        #[inline]
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            count(signed(layout.size()));
            // SAFETY: the caller's promise.
            unsafe { System.alloc(layout) }
        }

        #[inline]
        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            count(signed(layout.size()));
            // SAFETY: the caller's promise.
            unsafe { System.alloc_zeroed(layout) }
        }

        #[inline]
        unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
            count(-signed(layout.size()));
            // SAFETY: the caller's promise.
            unsafe { System.dealloc(pointer, layout) }
        }

        #[inline]
        unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            count(signed(size) - signed(layout.size()));
            // SAFETY: the caller's promise.
            unsafe { System.realloc(pointer, layout, size) }
        }
    }
}

#[macro_export]
macro_rules! assign_global {
    () => {
        #[global_allocator]
        static GLOBAL: mimalloc::mimalloc::Mimalloc = mimalloc::mimalloc::Mimalloc;
    };
}

/// As regorus takes it: more than any limit of the process when this thread is over its own.
#[derive(Clone, Copy, Debug)]
pub struct GlobalAllocationStats {
    pub allocated: u64,
    pub peak: u64,
}

#[derive(Clone, Copy, Debug)]
pub struct ThreadAllocationStats {
    pub allocated: i64,
}

pub fn allocation_stats_snapshot() -> (GlobalAllocationStats, ThreadAllocationStats) {
    let allocated = if is_over_limit() { u64::MAX } else { 0 };
    (
        GlobalAllocationStats { allocated, peak: allocated },
        ThreadAllocationStats { allocated: LIVE.get() },
    )
}

pub fn global_allocation_stats_snapshot() -> GlobalAllocationStats {
    allocation_stats_snapshot().0
}

pub fn current_thread_allocation_stats() -> ThreadAllocationStats {
    allocation_stats_snapshot().1
}

/// What regorus uses to look at its own counters less often; ours are at hand.
pub mod limits {
    pub fn flush_thread_counters() {}

    pub fn set_thread_flush_threshold(_: Option<u64>) {}

    pub fn thread_flush_threshold() -> Option<u64> {
        None
    }

    pub fn take_thread_flushed_since_check_flag() -> bool {
        super::is_over_limit()
    }

    pub fn thread_allocation_pending_delta() -> i64 {
        0
    }

    pub fn with_unowned_memory_budget_scope<R>(operation: impl FnOnce() -> R) -> R {
        operation()
    }
}
