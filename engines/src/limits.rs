//! What one evaluation may use. The interpreter checks as it goes; a builtin that may take long or
//! much in a single step asks here first.

use std::cell::Cell;
use std::fmt;
use std::time::{Duration, Instant};

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
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Exceeded::Time => "the evaluation took too long",
            Exceeded::Memory => "the evaluation needs too much memory",
        })
    }
}

impl std::error::Error for Exceeded {}

#[derive(Clone, Copy)]
struct Running {
    until: Instant,
    memory_end: i64, // of the thread's live bytes
}

thread_local! {
    static RUNNING: Cell<Option<Running>> = const { Cell::new(None) };
}

/// Holds the limits of this thread's evaluation for as long as it lives.
pub struct Scope {
    before: Option<Running>,
    limit_before: i64,
}

impl Scope {
    pub fn enter(limits: Limits) -> Scope {
        let live = regorus_mimalloc::current_thread_live_bytes();
        let memory_end = live.saturating_add_unsigned(limits.memory);
        let running = Running { until: Instant::now() + limits.time, memory_end };
        Scope {
            before: RUNNING.replace(Some(running)),
            limit_before: regorus_mimalloc::set_thread_limit(memory_end),
        }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        RUNNING.set(self.before);
        regorus_mimalloc::set_thread_limit(self.limit_before);
    }
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
