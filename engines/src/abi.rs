//! The functions of `engines.h`. Pointers become references here and nowhere else, and a panic
//! ends here.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use regorus::Value;

use crate::document;
use crate::explained::Part;
use crate::limits::Limits;
use crate::program::{Entry, Outcome, Problem, Program};
use crate::reads::Read;
use crate::schema::Schema;

#[repr(C)]
pub struct Buffer {
    data: *mut u8,
    size: usize,
    capacity: usize,
}

impl Buffer {
    const EMPTY: Buffer = Buffer { data: std::ptr::null_mut(), size: 0, capacity: 0 };
}

impl From<String> for Buffer {
    fn from(text: String) -> Self {
        if text.is_empty() {
            return Buffer::EMPTY;
        }
        let mut bytes = std::mem::ManuallyDrop::new(text.into_bytes());
        Buffer { data: bytes.as_mut_ptr(), size: bytes.len(), capacity: bytes.capacity() }
    }
}

#[repr(C)]
pub struct ProblemOut {
    line: u32,
    column: u32,
    message: Buffer,
}

impl From<Problem> for ProblemOut {
    fn from(problem: Problem) -> Self {
        ProblemOut { line: problem.line, column: problem.column, message: problem.message.into() }
    }
}

#[repr(C)]
pub struct LimitsIn {
    time_ns: u64,
    memory_bytes: u64,
}

#[repr(C)]
pub struct FailureOut {
    pointer: Buffer,
    keyword: Buffer,
    message: Buffer,
}

const OUTCOME_OBJECT: i32 = 3;
const OUTCOME_OTHER: i32 = 4;
const OUTCOME_ERROR: i32 = 5;

/// # Safety
/// `data` is readable for `size` bytes, or `size` is 0.
unsafe fn bytes<'a>(data: *const u8, size: usize) -> &'a [u8] {
    if size == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(data, size) }
}

/// Hands `value` to C.
fn give<T>(value: T) -> *mut T {
    Box::into_raw(Box::new(value))
}

/// # Safety
/// `pointer` is NULL or came from `give` and was not taken back.
unsafe fn take_back<T>(pointer: *mut T) {
    if pointer.is_null() {
        return;
    }
    // A destructor that panics must not unwind into C either.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the caller's promise.
        drop(unsafe { Box::from_raw(pointer) });
    }));
}

fn panicked() -> Problem {
    Problem::new(0, 0, "the engine failed in an unexpected way")
}

/// # Safety
/// `buffer` is NULL or one that this library filled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engines_buffer_free(buffer: *mut Buffer) {
    // SAFETY: the caller's promise.
    let Some(buffer) = (unsafe { buffer.as_mut() }) else { return };
    let freed = std::mem::replace(buffer, Buffer::EMPTY);
    if !freed.data.is_null() {
        // SAFETY: made by From<String> above.
        drop(unsafe { Vec::from_raw_parts(freed.data, freed.size, freed.capacity) });
    }
}

/// # Safety
/// See engines.h.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engines_value_make(data: *const u8, size: usize) -> *mut Value {
    // SAFETY: the caller's promise.
    let data = unsafe { bytes(data, size) };
    match catch_unwind(|| document::read(data)) {
        Ok(Some(value)) => give(value),
        _ => std::ptr::null_mut(),
    }
}

/// # Safety
/// See engines.h.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engines_value_free(value: *mut Value) {
    // SAFETY: the caller's promise.
    unsafe { take_back(value) }
}

/// # Safety
/// See engines.h.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engines_rego_compile(
    source: *const u8,
    size: usize,
    entry: i32,
    problem: *mut ProblemOut,
) -> *mut Program {
    // SAFETY: the caller's promise.
    let source = unsafe { bytes(source, size) };
    let entry = if entry == 1 { Entry::Config } else { Entry::Condition };
    let compiled = catch_unwind(|| Program::compile(source, entry)).unwrap_or_else(|_| Err(panicked()));
    match compiled {
        Ok(program) => give(program),
        Err(found) => {
            // SAFETY: the caller's promise.
            if let Some(problem) = unsafe { problem.as_mut() } {
                *problem = found.into();
            }
            std::ptr::null_mut()
        }
    }
}

/// # Safety
/// See engines.h.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engines_rego_free(program: *mut Program) {
    // SAFETY: the caller's promise.
    unsafe { take_back(program) }
}

/// # Safety
/// See engines.h.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engines_rego_reads(program: *const Program) -> Buffer {
    // SAFETY: the caller's promise.
    let Some(program) = (unsafe { program.as_ref() }) else { return Buffer::EMPTY };
    let line = |read: &Read| {
        let at = read.at.map_or(String::new(), |at| at.to_string());
        format!("{at}{}\t{}\n", if read.is_named { "=" } else { "" }, read.path.join("\t"))
    };
    program.reads().iter().map(line).collect::<String>().into()
}

/// What a script is asked with.
struct Question<'a> {
    program: &'a Program,
    ctx: Option<&'a Value>,
    attrs: Option<&'a Value>,
    limits: Limits,
}

impl<'a> Question<'a> {
    /// # Safety
    /// Each is NULL or valid for `'a`.
    unsafe fn of(program: *const Program, ctx: *const Value, attrs: *const Value, limits: *const LimitsIn) -> Option<Question<'a>> {
        // SAFETY: the caller's promise.
        let (program, limits) = unsafe { (program.as_ref()?, limits.as_ref()?) };
        // SAFETY: as above.
        let (ctx, attrs) = unsafe { (ctx.as_ref(), attrs.as_ref()) };
        let limits = Limits { time: Duration::from_nanos(limits.time_ns), memory: limits.memory_bytes.max(1) };
        Some(Question { program, ctx, attrs, limits })
    }

    fn input(&self) -> Value {
        document::with_members(&[("ctx", self.ctx), ("attrs", self.attrs)])
    }
}

/// # Safety
/// `out` is NULL or valid.
unsafe fn answer(code: i32, text: String, out: *mut Buffer) -> i32 {
    // SAFETY: the caller's promise.
    if let Some(out) = unsafe { out.as_mut() } {
        *out = text.into();
    }
    code
}

/// # Safety
/// See engines.h.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engines_rego_evaluate(
    program: *const Program,
    ctx: *const Value,
    attrs: *const Value,
    limits: *const LimitsIn,
    out: *mut Buffer,
) -> i32 {
    // SAFETY: the caller's promise.
    let Some(asked) = (unsafe { Question::of(program, ctx, attrs, limits) }) else { return OUTCOME_ERROR };
    let outcome = catch_unwind(AssertUnwindSafe(|| asked.program.evaluate(asked.input(), asked.limits)))
        .unwrap_or_else(|_| Outcome::Error(panicked().message));
    let (code, text) = coded(outcome);
    // SAFETY: as above.
    unsafe { answer(code, text, out) }
}

fn coded(outcome: Outcome) -> (i32, String) {
    match outcome {
        Outcome::Undefined => (0, String::new()),
        Outcome::Bool(false) => (1, String::new()),
        Outcome::Bool(true) => (2, String::new()),
        Outcome::Object(json) => (OUTCOME_OBJECT, json),
        Outcome::Other(kind) => (OUTCOME_OTHER, kind.to_string()),
        Outcome::Error(message) => (OUTCOME_ERROR, message),
        Outcome::OutOfTime => (6, String::new()),
        Outcome::OutOfMemory => (7, String::new()),
    }
}

/// # Safety
/// See engines.h.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engines_rego_explain(
    program: *const Program,
    ctx: *const Value,
    attrs: *const Value,
    limits: *const LimitsIn,
    out: *mut Buffer,
) -> i32 {
    // SAFETY: the caller's promise.
    let Some(asked) = (unsafe { Question::of(program, ctx, attrs, limits) }) else { return OUTCOME_ERROR };
    let explained = catch_unwind(AssertUnwindSafe(|| asked.program.explain(asked.input(), asked.limits)));
    let Ok(Some((outcome, parts))) = explained else { return OUTCOME_ERROR };
    // SAFETY: as above.
    unsafe { answer(coded(outcome).0, parts.iter().map(line).collect(), out) }
}

/// None of it has tabs or ends of lines in it.
fn line(part: &Part) -> String {
    let Part { span: (start, end), depth, is_cause, kind, size, value } = part;
    format!("{start}\t{end}\t{depth}\t{}\t{kind}\t{size}\t{value}\n", u8::from(*is_cause))
}

/// # Safety
/// See engines.h.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engines_schema_compile(
    text: *const u8,
    size: usize,
    problem: *mut ProblemOut,
) -> *mut Schema {
    // SAFETY: the caller's promise.
    let text = unsafe { bytes(text, size) };
    match catch_unwind(|| Schema::compile(text)).unwrap_or_else(|_| Err(panicked())) {
        Ok(schema) => give(schema),
        Err(found) => {
            // SAFETY: the caller's promise.
            if let Some(problem) = unsafe { problem.as_mut() } {
                *problem = found.into();
            }
            std::ptr::null_mut()
        }
    }
}

/// # Safety
/// See engines.h.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engines_schema_free(schema: *mut Schema) {
    // SAFETY: the caller's promise.
    unsafe { take_back(schema) }
}

/// # Safety
/// See engines.h.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engines_schema_validate(
    schema: *const Schema,
    document: *const u8,
    size: usize,
    failure: *mut FailureOut,
) -> i32 {
    // SAFETY: the caller's promise.
    let Some(schema) = (unsafe { schema.as_ref() }) else { return -1 };
    // SAFETY: the caller's promise.
    let document = unsafe { bytes(document, size) };
    let found = match catch_unwind(AssertUnwindSafe(|| schema.validate(document))) {
        Ok(Ok(())) => return 1,
        Ok(Err(found)) => found,
        Err(_) => crate::schema::Failure::unreadable(panicked().message),
    };
    let code = if found.keyword.is_empty() { -1 } else { 0 };
    // SAFETY: the caller's promise.
    if let Some(failure) = unsafe { failure.as_mut() } {
        *failure = FailureOut {
            pointer: found.pointer.into(),
            keyword: found.keyword.into(),
            message: found.message.into(),
        };
    }
    code
}
