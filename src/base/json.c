/* json.c - reading JSON: the one file that knows jansson. The writer is in json_write.c. */
#include <pthread.h>
#include <setjmp.h>

#define json_type jansson_type /* jansson has a type of the name of our function */
#include <jansson.h>
#undef json_type

#include "base/json.h"
#include "base/mem.h"

#define DEPTH_MAX 64 /* the writer's levels: what was read can be written */

/* jansson 2.14 does not look whether the buffer of the string that it reads could grow: it leaves
 * characters out and goes on, or meets what its own assert rules out and ends the program. So a
 * parse in which an allocation fails is left at that very moment, and what it had is freed here:
 * that is why every block knows its neighbours while it is parsed. */
typedef struct Block {
    _Alignas(16) struct Block *prev;
    struct Block *next;
} Block;

static _Thread_local struct {
    bool on;
    Block all; /* of the parse that is on, in a ring */
    jmp_buf out;
} parsing;

static void *allocate(size_t size)
{
    Block *b = size <= SIZE_MAX - sizeof *b ? mem_alloc(sizeof *b + size) : NULL;
    if (!b && parsing.on)
        longjmp(parsing.out, 1);
    if (!b)
        return NULL;
    if (parsing.on) {
        *b = (Block){&parsing.all, parsing.all.next};
        b->next->prev = parsing.all.next = b;
    }
    return b + 1;
}

static void release(void *block)
{
    Block *b = block;
    if (!b--)
        return;
    if (parsing.on) {
        b->prev->next = b->next;
        b->next->prev = b->prev;
    }
    mem_free(b);
}

/* NULL and *no_memory, or NULL and *why. */
static json_t *load(const char *bytes, size_t n, size_t flags, json_error_t *why, bool *no_memory)
{
    parsing.all = (Block){&parsing.all, &parsing.all};
    parsing.on = true;
    if (setjmp(parsing.out)) {
        parsing.on = false;
        for (Block *b = parsing.all.next, *next; b != &parsing.all; b = next) {
            next = b->next;
            mem_free(b);
        }
        *no_memory = true;
        return NULL;
    }
    json_t *j = json_loadb(bytes, n, flags, why);
    parsing.on = false;
    return j;
}

static void use_our_memory(void)
{
    json_set_alloc_funcs(allocate, release);
    json_object_seed(0);                       /* random: keys come from strangers */
}

/* Refuses deeper nesting before jansson's recursive parser sees it, and a NUL, which jansson passes
 * by behind a number. Anything else malformed is left for the parser to explain. */
static bool check_text(Str text, int max_depth, Err *err)
{
    int depth = 0, line = 1;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\n')
            line++;
        if (c == '\0')
            return err_set(err, ERR_VALIDATION, "invalid JSON at line %d: a NUL character", line);
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > max_depth)
                return err_set(err, ERR_VALIDATION,
                               "invalid JSON at line %d: more than %d levels of nesting", line,
                               max_depth);
        } else if ((c == ']' || c == '}') && --depth < 0) {
            return true;
        }
    }
    return true;
}

Json *json_parse(Str text, int max_depth, Err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, use_our_memory);
    if (max_depth < 1 || max_depth > DEPTH_MAX)
        max_depth = DEPTH_MAX;
    if (!check_text(text, max_depth, err))
        return NULL;
    json_error_t why;
    bool no_memory = false;
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
    const char *bytes = text.ptr ? text.ptr : "";
    json_t *j = load(bytes, text.len, flags, &why, &no_memory);
    /* JSON sets no limit to its numbers: an integer past 64 bits is read as a real one. */
    if (!j && !no_memory && json_error_code(&why) == json_error_numeric_overflow)
        j = load(bytes, text.len, flags | JSON_DECODE_INT_AS_REAL, &why, &no_memory);
    if (j)
        return j;
    if (no_memory)
        (void)err_set(err, ERR_NO_MEMORY, "cannot read JSON: out of memory");
    else
        (void)err_set(err, ERR_VALIDATION, "invalid JSON at line %d, column %d: %s", why.line,
                      why.column, why.text);
    return NULL;
}

void json_free(Json *j)
{
    json_decref(j);
}

JsonType json_type(const Json *j)
{
    if (!j)
        return JSON_T_NONE;
    switch (json_typeof(j)) {
    case JSON_OBJECT: return JSON_T_OBJECT;
    case JSON_ARRAY: return JSON_T_ARRAY;
    case JSON_STRING: return JSON_T_STRING;
    case JSON_INTEGER: return JSON_T_INT;
    case JSON_REAL: return JSON_T_REAL;
    case JSON_TRUE:
    case JSON_FALSE: return JSON_T_BOOL;
    case JSON_NULL: return JSON_T_NULL;
    }
    return JSON_T_NONE;
}

const Json *json_get(const Json *object, const char *key)
{
    return json_object_get(object, key);
}

size_t json_count(const Json *array_or_object)
{
    return json_is_object(array_or_object) ? json_object_size(array_or_object)
                                           : json_array_size(array_or_object);
}

const Json *json_at(const Json *array, size_t i)
{
    return json_array_get(array, i);
}

bool json_each(const Json *object, void **iter, Str *key, const Json **value)
{
    json_t *o = (json_t *)(uintptr_t)object; /* jansson's iterators are not const */
    *iter = *iter ? json_object_iter_next(o, *iter) : json_object_iter(o);
    if (!*iter)
        return false;
    *key = (Str){json_object_iter_key(*iter), json_object_iter_key_len(*iter)};
    *value = json_object_iter_value(*iter);
    return true;
}

Str json_str(const Json *j)
{
    return (Str){json_string_value(j), json_string_length(j)};
}

bool json_int(const Json *j, int64_t *out)
{
    if (!json_is_integer(j))
        return false;
    *out = json_integer_value(j);
    return true;
}

bool json_num(const Json *j, double *out)
{
    if (!json_is_number(j))
        return false;
    *out = json_number_value(j);
    return true;
}

bool json_bool(const Json *j, bool *out)
{
    if (!json_is_boolean(j))
        return false;
    *out = json_is_true(j);
    return true;
}
