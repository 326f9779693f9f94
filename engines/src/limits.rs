//! What one evaluation may use. The interpreter checks as it goes; a builtin that may take long or
//! much in a single step asks here first.

use std::cell::Cell;
use std::fmt;
use std::sync::Once;
use std::time::{Duration, Instant};

use crate::weight::within;

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub time: Duration,
    pub memory: u64,
}

/// Why an evaluation was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    Time,
    Memory,
    /// Of values within one another.
    Depth,
    /// Of an integer.
    Digits,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Exceeded::Time => "the evaluation took too long",
            Exceeded::Memory => "the evaluation needs too much memory",
            Exceeded::Depth => "a value is nested too deep",
            Exceeded::Digits => "a number has too many digits",
        })
    }
}

impl std::error::Error for Exceeded {}

#[derive(Clone, Copy)]
struct Running {
    until: Instant,
    memory_end: i64, // of the thread's live bytes
    makes: u64,      // what is left of what it may make, as it weighs when written out
    has_made_all: bool,
}

thread_local! {
    static RUNNING: Cell<Option<Running>> = const { Cell::new(None) };
}

/// Holds the limits of this thread's evaluation for as long as it lives.
pub struct Scope {
    before: Option<Running>,
    limit_before: i64,
    floor_before: usize,
}

impl Scope {
    pub fn enter(limits: Limits) -> Scope {
        static ASKS: Once = Once::new();
        // The crate asks about memory only where there is a limit to the process's; what it is told
        // is more than any (allocator/src/lib.rs), or nothing.
        ASKS.call_once(|| regorus::set_global_memory_limit(Some(u64::MAX - 1)));
        let live = regorus_mimalloc::current_thread_live_bytes();
        let memory_end = live.saturating_add_unsigned(limits.memory);
        let running = Running { until: Instant::now() + limits.time, memory_end, makes: limits.memory, has_made_all: false };
        Scope {
            before: RUNNING.replace(Some(running)),
            limit_before: regorus_mimalloc::set_thread_limit(memory_end),
            floor_before: regorus_mimalloc::set_stack_floor(stack_floor()),
        }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        RUNNING.set(self.before);
        regorus_mimalloc::set_thread_limit(self.limit_before);
        regorus_mimalloc::set_stack_floor(self.floor_before);
    }
}

/// Of this thread; what an evaluation leaves behind shows in it.
pub fn live_bytes() -> i64 {
    regorus_mimalloc::current_thread_live_bytes()
}

/// Whether this thread's evaluation was ended because it nested too deep.
pub fn was_stack_short() -> bool {
    regorus_mimalloc::was_short_of_stack()
}

/// Below, half of this thread's stack is left, for what does not ask. 0: it is not known.
fn stack_floor() -> usize {
    thread_local! {
        static KNOWN: usize = find_stack_middle().unwrap_or(0);
    }
    KNOWN.with(|floor| *floor)
}

fn find_stack_middle() -> Option<usize> {
    let (mut lowest, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: the attributes are made by the first call and given back; all are this thread's own.
    unsafe {
        let mut attributes = std::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &mut attributes) != 0 {
            return None;
        }
        let failed = libc::pthread_attr_getstack(&attributes, &mut lowest, &mut size);
        libc::pthread_attr_destroy(&mut attributes);
        if failed != 0 {
            return None;
        }
    }
    Some(lowest.addr() + size / 2)
}

/// What is left; of a thread without an evaluation, little.
pub fn remaining() -> Result<Limits, Exceeded> {
    let Some(running) = RUNNING.get() else {
        return Ok(Limits { time: Duration::from_millis(100), memory: 16 << 20 });
    };
    let time = running.until.saturating_duration_since(Instant::now());
    let memory = running.memory_end.saturating_sub(regorus_mimalloc::current_thread_live_bytes());
    if time.is_zero() {
        return Err(Exceeded::Time);
    }
    if memory <= 0 {
        return Err(Exceeded::Memory);
    }
    Ok(Limits { time, memory: memory.unsigned_abs() })
}

/// What an evaluation that failed had exceeded, whatever its error says: the interpreter does not
/// pass on each.
pub fn exceeded() -> Option<Exceeded> {
    let has_made_all = RUNNING.get().is_some_and(|running| running.has_made_all);
    if has_made_all { Some(Exceeded::Memory) } else { remaining().err() }
}

/// Whether a step of about so many nanoseconds and bytes can be afforded.
pub fn afford(nanoseconds: u64, bytes: u64) -> Result<(), Exceeded> {
    let left = remaining()?;
    if bytes > left.memory {
        return Err(Exceeded::Memory);
    }
    if Duration::from_nanos(nanoseconds) > left.time {
        return Err(Exceeded::Time);
    }
    Ok(())
}

/// Takes what a value weighs that the evaluation made from what it may make. `weigh` gets the most
/// that is left.
pub fn make(weigh: impl FnOnce(u64) -> u64) -> Result<(), Exceeded> {
    remaining()?;
    let Some(mut running) = RUNNING.get() else { return Ok(()) };
    let weight = weigh(running.makes);
    let within = within(weight, running.makes);
    match within {
        Ok(()) => running.makes -= weight,
        Err(exceeded) => running.has_made_all |= exceeded == Exceeded::Memory,
    }
    RUNNING.set(Some(running));
    within
}
