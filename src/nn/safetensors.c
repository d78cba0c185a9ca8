/* safetensors.c - see safetensors.h. */
#include "nn/safetensors.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"

struct Safetensors {
    StTensor *tensors;
    size_t count;
};

static const struct {
    const char *name;
    uint32_t bytes;
} types[ST_TYPES] = {
    [ST_BOOL] = {"BOOL", 1}, [ST_U8] = {"U8", 1}, [ST_I8] = {"I8", 1}, [ST_I16] = {"I16", 2},
    [ST_U16] = {"U16", 2}, [ST_F16] = {"F16", 2}, [ST_BF16] = {"BF16", 2}, [ST_I32] = {"I32", 4},
    [ST_U32] = {"U32", 4}, [ST_F32] = {"F32", 4}, [ST_F64] = {"F64", 8}, [ST_I64] = {"I64", 8},
    [ST_U64] = {"U64", 8},
};

static uint64_t read_u64(const void *p)
{
    const uint8_t *b = p;
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--) {
        v = v << 8 | b[i];
    }
    return v;
}

static bool read_size(const Json *j, uint64_t *out)
{
    int64_t v;
    if (!json_int(j, &v) || v < 0) {
        return false;
    }
    *out = (uint64_t)v;
    return true;
}

static bool read_tensor(StTensor *t, const Json *j, Str data, Err *err)
{
    const Json *shape = json_get(j, "shape"), *offsets = json_get(j, "data_offsets");
    Str type = json_str(json_get(j, "dtype"));
    if (json_type(j) != JSON_T_OBJECT || !type.ptr || json_type(shape) != JSON_T_ARRAY ||
        json_type(offsets) != JSON_T_ARRAY || json_count(offsets) != 2) {
        return err_set(err, ERR_CORRUPT, "tensor \"%s\" needs dtype, shape and two data_offsets",
            t->name);
    }
    unsigned k = 0;
    while (k < ST_TYPES && !str_eq(type, str_of(types[k].name))) {
        k++;
    }
    if (k == ST_TYPES) {
        return err_set(err, ERR_CORRUPT, "tensor \"%s\" has the unknown type \"%.20s\"", t->name,
            type.ptr);
    }
    t->type = (StType)k;
    if (json_count(shape) > SAFETENSORS_RANK) {
        return err_set(err, ERR_CORRUPT, "tensor \"%s\" has %zu dimensions; %d are the most",
            t->name, json_count(shape), SAFETENSORS_RANK);
    }
    t->rank = (uint32_t)json_count(shape);
    uint64_t bytes = types[k].bytes;
    for (uint32_t i = 0; i < t->rank; i++) {
        if (!read_size(json_at(shape, i), &t->shape[i]) ||
            __builtin_mul_overflow(bytes, t->shape[i], &bytes)) {
            return err_set(err, ERR_CORRUPT, "tensor \"%s\" has an impossible shape", t->name);
        }
    }
    uint64_t from, to;
    if (!read_size(json_at(offsets, 0), &from) || !read_size(json_at(offsets, 1), &to) ||
        from > to || to > data.len) {
        return err_set(err, ERR_CORRUPT, "tensor \"%s\" lies outside of the file", t->name);
    }
    if (to - from != bytes) {
        return err_set(err, ERR_CORRUPT, "tensor \"%s\" has %llu bytes where its shape needs %llu",
            t->name, (unsigned long long)(to - from), (unsigned long long)bytes);
    }
    t->data = (const uint8_t *)data.ptr + from;
    t->bytes = bytes;
    return true;
}

static int by_place(const void *a, const void *b)
{
    const StTensor *x = a, *y = b;
    if (x->data != y->data) {
        return x->data < y->data ? -1 : 1;
    }
    return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

static bool read_header(Safetensors *s, const Json *header, Str data, Err *err)
{
    size_t n = json_count(header);
    if (json_type(header) != JSON_T_OBJECT || n > SAFETENSORS_COUNT_MAX) {
        return err_set(err, ERR_CORRUPT,
                       "the safetensors header is no object of at most %d tensors",
                       SAFETENSORS_COUNT_MAX);
    }
    s->tensors = mem_array(n ? n : 1, sizeof *s->tensors);
    if (!s->tensors) {
        return err_set(err, ERR_NO_MEMORY, "no memory for %zu tensors", n);
    }
    void *iter = NULL;
    Str key;
    const Json *value;
    while (json_each(header, &iter, &key, &value)) {
        if (str_eq(key, STR("__metadata__"))) {
            continue;
        }
        StTensor *t = &s->tensors[s->count];
        t->name = mem_alloc(key.len + 1);
        if (!t->name) {
            return err_set(err, ERR_NO_MEMORY, "no memory for a tensor's name");
        }
        memcpy(t->name, key.ptr, key.len);
        t->name[key.len] = 0;
        s->count++;
        if (!read_tensor(t, value, data, err)) {
            return false;
        }
    }
    qsort(s->tensors, s->count, sizeof *s->tensors, by_place);
    const uint8_t *end = (const uint8_t *)data.ptr;
    for (size_t i = 0; i < s->count; i++) {
        if (s->tensors[i].data != end) {
            return err_set(err, ERR_CORRUPT, "tensor \"%s\" %s", s->tensors[i].name,
                s->tensors[i].data < end ? "overlaps another" : "leaves a gap before it");
        }
        end += s->tensors[i].bytes;
    }
    if (end != (const uint8_t *)data.ptr + data.len) {
        return err_set(err, ERR_CORRUPT, "the safetensors file has bytes that belong to no tensor");
    }
    return true;
}

Safetensors *safetensors_parse(Str file, Err *err)
{
    uint64_t n = file.len >= 8 ? read_u64(file.ptr) : 0;
    if (file.len < 8 || n < 2 || n > SAFETENSORS_HEADER_MAX || n > file.len - 8) {
        err_set(err, ERR_CORRUPT, "this is no safetensors file: its header's length is impossible");
        return NULL;
    }
    Err why = ERR_INIT;
    Json *header = json_parse(str_sub(file, 8, 8 + (size_t)n), 8, &why);
    if (!header) {
        err_set(err, why.code == ERR_NO_MEMORY ? ERR_NO_MEMORY : ERR_CORRUPT,
            "the safetensors header cannot be read: %s", why.msg);
        return NULL;
    }
    Safetensors *s = mem_zalloc(sizeof *s);
    bool ok = s != NULL;
    if (!ok) {
        err_set(err, ERR_NO_MEMORY, "no memory to read a safetensors file");
    } else {
        ok = read_header(s, header, str_sub(file, 8 + (size_t)n, file.len), err);
    }
    json_free(header);
    if (!ok) {
        safetensors_free(s);
        s = NULL;
    }
    return s;
}

void safetensors_free(Safetensors *s)
{
    if (!s) {
        return;
    }
    for (size_t i = 0; i < s->count; i++) {
        mem_free(s->tensors[i].name);
    }
    mem_free(s->tensors);
    mem_free(s);
}

size_t safetensors_count(const Safetensors *s) { return s->count; }

const StTensor *safetensors_at(const Safetensors *s, size_t i)
{
    return i < s->count ? &s->tensors[i] : NULL;
}

const StTensor *safetensors_find(const Safetensors *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->tensors[i].name, name) == 0) {
            return &s->tensors[i];
        }
    }
    return NULL;
}

const StTensor *safetensors_need_f32(const Safetensors *s, const char *name, uint64_t rows,
    uint64_t cols, Err *err)
{
    const StTensor *t = safetensors_find(s, name);
    if (!t) {
        err_set(err, ERR_CORRUPT, "the weights have no tensor \"%s\"", name);
        return NULL;
    }
    if (t->type != ST_F32 || t->rank != (cols ? 2u : 1u) || t->shape[0] != rows ||
        (cols && t->shape[1] != cols)) {
        err_set(err, ERR_CORRUPT, "tensor \"%s\" is not F32 of the shape this model has", name);
        return NULL;
    }
    for (uint64_t i = 0; i < t->bytes; i += 4) {
        uint32_t bits;
        memcpy(&bits, t->data + i, 4);
        if ((bits & 0x7f800000u) == 0x7f800000u) {
            err_set(err, ERR_CORRUPT, "tensor \"%s\" holds a number that is not finite", name);
            return NULL;
        }
    }
    return t;
}
