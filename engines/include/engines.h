#ifndef ENGINES_H_
#define ENGINES_H_

/* Rego and JSON Schema, written in Rust, behind functions of C. No function unwinds; each may be
 * called from any thread. Pointers that are passed in need not outlive the call; NULL with size 0
 * is empty. What a function returns by pointer is the caller's, to be freed by the `_free` of its
 * type, which takes NULL. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes that Rust allocated. */
typedef struct engines_buffer {
  uint8_t* data;
  size_t size;
  size_t capacity;
} engines_buffer;
void engines_buffer_free(engines_buffer* buffer);

/* Where a text does not compile; line and column count from 1, 0 is unknown. */
typedef struct engines_problem {
  uint32_t line;
  uint32_t column;
  engines_buffer message;
} engines_problem;

/* --- values ---
 * A document, made from a flat text of tags: 'n' null, 't' and 'f' booleans, 'd' and eight bytes a
 * double, 's' and a string, '[' values ']', '{' pairs of a string (without tag) and a value '}'. A
 * string is its size in four bytes and its UTF-8. Numbers are in the machine's own byte order. */
typedef struct engines_value engines_value;
/* NULL when the text is malformed, nested deeper than 128, or not UTF-8. */
engines_value* engines_value_make(const uint8_t* data, size_t size);
void engines_value_free(engines_value* value);

/* --- Rego --- */
typedef struct engines_rego engines_rego;

enum engines_entry {
  ENGINES_CONDITION = 0, /* data.octelium.condition.match */
  ENGINES_CONFIG = 1,    /* data.octelium.eval.result */
};

/* NULL and `problem` filled when the script is refused. */
engines_rego* engines_rego_compile(const uint8_t* source, size_t size, int32_t entry,
                                   engines_problem* problem);
void engines_rego_free(engines_rego* program);
/* The parts of `input` that the script names, a line each: the byte where it is written out first
 * (nothing: only by another name), a tab, and its names separated by tabs. "7<TAB>ctx<TAB>user"
 * stands for input.ctx.user and everything below; no names are all of it. With "7=", it is only
 * given another name there; what that is asked for has lines of its own. */
engines_buffer engines_rego_reads(const engines_rego* program);
typedef struct engines_limits {
  uint64_t time_ns;
  uint64_t memory_bytes; /* of one evaluation */
} engines_limits;

enum engines_outcome {
  ENGINES_UNDEFINED = 0,
  ENGINES_FALSE = 1,
  ENGINES_TRUE = 2,
  ENGINES_OBJECT = 3, /* `out` is its JSON, for ENGINES_CONFIG; empty otherwise */
  ENGINES_OTHER = 4,  /* `out` is the name of its type */
  ENGINES_ERROR = 5,  /* `out` says what failed */
  ENGINES_OUT_OF_TIME = 6,
  ENGINES_OUT_OF_MEMORY = 7,
};

/* `ctx` and `attrs` become input.ctx and input.attrs; NULL leaves them out. */
int32_t engines_rego_evaluate(const engines_rego* program, const engines_value* ctx,
                              const engines_value* attrs, const engines_limits* limits,
                              engines_buffer* out);

/* Evaluates the script once more, watched. `out` has the parts of it, those that one is made of in
 * front of it, a line each: where it begins and ends in the script (bytes), its depth (1: a
 * statement), 1 for why the outcome is what it is, the type of its value ("undefined": it has
 * none), what may be said of one that must not be shown, and the value; tabs in between. Returns
 * the outcome, ENGINES_ERROR also where nothing can be told. */
int32_t engines_rego_explain(const engines_rego* program, const engines_value* ctx,
                             const engines_value* attrs, const engines_limits* limits,
                             engines_buffer* out);

/* --- JSON Schema --- */
typedef struct engines_schema engines_schema;
engines_schema* engines_schema_compile(const uint8_t* text, size_t size, engines_problem* problem);
void engines_schema_free(engines_schema* schema);

typedef struct engines_failure {
  engines_buffer pointer; /* into the document: "/items/0" */
  engines_buffer keyword; /* of the schema: "maximum" */
  engines_buffer message;
} engines_failure;
/* 1: valid. 0: not valid, -1: not JSON, with `failure` filled. */
int32_t engines_schema_validate(const engines_schema* schema, const uint8_t* document, size_t size,
                                engines_failure* failure);

#ifdef __cplusplus
}
#endif

#endif /* ENGINES_H_ */
