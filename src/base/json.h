/* json.h - JSON in (a tree, by jansson, which only json.c knows) and out (a writer over a Buf).
 *
 * Reading: json_parse gives a tree owned by the caller (json_free); everything reached from it is
 * borrowed until then. NULL is accepted by every reader and reads as "absent". Duplicate keys,
 * invalid UTF-8, NUL in strings, numbers out of range and more than `max_depth` levels are errors.
 * Writing: calls nest; commas are the writer's business. Doubles are written with the fewest digits
 * that read back the same; NaN and infinities become null.
 *
 * Threads: a tree and a writer have one owner at a time. */
#ifndef SOTTO_BASE_JSON_H
#define SOTTO_BASE_JSON_H

#include "base/arena.h"

typedef struct json_t Json;

#define JSON_DEFAULT_DEPTH 32

typedef enum { JSON_T_NONE, JSON_T_NULL, JSON_T_BOOL, JSON_T_INT, JSON_T_REAL, JSON_T_STRING,
    JSON_T_ARRAY, JSON_T_OBJECT } JsonType;

/* ERR_VALIDATION with line and column of the fault. */
Json *json_parse(Str text, int max_depth, Err *err);
void json_free(Json *j);
JsonType json_type(const Json *j);
const Json *json_get(const Json *object, const char *key); /* NULL when absent or no object */
size_t json_count(const Json *array_or_object);
const Json *json_at(const Json *array, size_t i);
/* Iterates an object: `iter` starts as NULL; false at the end. */
bool json_each(const Json *object, void **iter, Str *key, const Json **value);
Str json_str(const Json *j);                 /* {NULL,0} unless a string */
bool json_int(const Json *j, int64_t *out);  /* integers only */
bool json_num(const Json *j, double *out);   /* integers and reals */
bool json_bool(const Json *j, bool *out);
bool json_dump(const Json *j, Buf *out);     /* compact */

/* The members of an object as JsonW writes it (no blanks, keys that need no escape), as they stand
 * in the text and borrowed from it; no tree, no memory. False when it is anything else, when it has
 * more than `max` of them, or a key twice: json_parse then knows more. What is taken is valid JSON;
 * only below the first level a key may be there twice. */
typedef struct {
    Str key, value;
} JsonMember;
bool json_members(Str object, JsonMember *out, size_t max, size_t *n);

typedef struct {
    Buf *out;
    uint32_t depth;
    uint64_t has_item; /* bit d: level d already has an item; 64 levels at most */
    bool after_key;
} JsonW;

void jw_init(JsonW *w, Buf *out);
void jw_obj(JsonW *w);
void jw_obj_end(JsonW *w);
void jw_arr(JsonW *w);
void jw_arr_end(JsonW *w);
void jw_key(JsonW *w, const char *key);
void jw_key_str(JsonW *w, Str key);
void jw_str(JsonW *w, Str s);    /* must be valid UTF-8; what is not becomes U+FFFD */
void jw_cstr(JsonW *w, const char *s); /* NULL writes null */
void jw_int(JsonW *w, int64_t v);
void jw_num(JsonW *w, double v);
void jw_float(JsonW *w, float v); /* fewest digits that read back the same float */
void jw_bool(JsonW *w, bool v);
void jw_null(JsonW *w);
void jw_raw(JsonW *w, Str json);  /* already JSON */
void jw_tree(JsonW *w, const Json *j);
/* "key": value in one call. */
void jw_kv_str(JsonW *w, const char *key, Str s);
void jw_kv_cstr(JsonW *w, const char *key, const char *s);
void jw_kv_int(JsonW *w, const char *key, int64_t v);
void jw_kv_num(JsonW *w, const char *key, double v);
void jw_kv_bool(JsonW *w, const char *key, bool v);
void jw_kv_null(JsonW *w, const char *key);
void jw_kv_opt(JsonW *w, const char *key, Str s); /* null when s.ptr is NULL */
/* The members of an object, into the object that is open; of anything else none. */
void jw_members(JsonW *w, const Json *object);

#endif
