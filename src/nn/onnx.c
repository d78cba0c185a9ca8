/* onnx.c - see onnx.h. */
#include "nn/onnx.h"

#include <stdlib.h>

#include "base/mem.h"

struct Onnx {
    OnnxTensor *tensors; /* sorted by name */
    size_t n_tensors;
    OnnxNode *nodes;
    size_t n_nodes;
};

/* Protobuf. */

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

typedef struct {
    uint32_t number, wire;
    uint64_t value; /* varint */
    Str bytes;      /* WIRE_BYTES, WIRE_32, WIRE_64 */
} Field;

static bool read_varint(Str *s, uint64_t *out)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 10 && i < s->len; i++) {
        uint8_t b = (uint8_t)s->ptr[i];
        if (i == 9 && b > 1) {
            return false;
        }
        v |= (uint64_t)(b & 0x7f) << (7 * i);
        if (b < 0x80) {
            *s = str_mem(s->ptr + i + 1, s->len - i - 1);
            *out = v;
            return true;
        }
    }
    return false;
}

/* The next field of *s, which must not be empty; false when it is broken. */
static bool next_field(Str *s, Field *f)
{
    uint64_t key, n;
    if (!read_varint(s, &key) || key >> 3 == 0 || key >> 3 > 0x1fffffff) {
        return false;
    }
    *f = (Field){.number = (uint32_t)(key >> 3), .wire = (uint32_t)(key & 7)};
    switch (f->wire) {
    case WIRE_VARINT: return read_varint(s, &f->value);
    case WIRE_64: n = 8; break;
    case WIRE_32: n = 4; break;
    case WIRE_BYTES:
        if (!read_varint(s, &n)) {
            return false;
        }
        break;
    default: return false; /* groups are not in proto3 */
    }
    if (n > s->len) {
        return false;
    }
    f->bytes = str_mem(s->ptr, (size_t)n);
    *s = str_mem(s->ptr + n, s->len - (size_t)n);
    return true;
}

static bool broken(Err *err, const char *what)
{
    return err_set(err, ERR_CORRUPT, "the ONNX file is broken: %s", what);
}

/* Tensors. */

/* dims may come packed (bytes of varints) or one by one. */
static bool add_dims(OnnxTensor *t, const Field *f)
{
    Str list = f->bytes;
    uint64_t v = f->value;
    do {
        if (f->wire == WIRE_BYTES && !read_varint(&list, &v)) {
            return f->bytes.len == 0;
        }
        if (t->rank == ONNX_RANK || v > UINT32_MAX) {
            return false;
        }
        t->shape[t->rank++] = (uint32_t)v;
    } while (f->wire == WIRE_BYTES && list.len);
    return true;
}

static bool count_elements(OnnxTensor *t, uint64_t size)
{
    t->count = 1;
    for (uint32_t i = 0; i < t->rank; i++) {
        if (__builtin_mul_overflow(t->count, (uint64_t)t->shape[i], &t->count)) {
            return false;
        }
    }
    uint64_t bytes;
    return !__builtin_mul_overflow(t->count, size, &bytes);
}

/* TensorProto: dims 1, data_type 2, float_data 4, int64_data 7, name 8, raw_data 9. The packed
 * forms of float_data are the same bytes as raw_data; int64_data are varints and not wanted. */
static bool read_tensor(Str s, OnnxTensor *t, Err *err)
{
    uint64_t type = 0;
    Str raw = {NULL, 0};
    *t = (OnnxTensor){0};
    while (s.len) {
        Field f;
        if (!next_field(&s, &f)) {
            return broken(err, "a tensor ends in the middle");
        }
        if (f.number == 1 && (f.wire == WIRE_VARINT || f.wire == WIRE_BYTES)) {
            if (!add_dims(t, &f)) {
                return broken(err, "a tensor has more than 4 dimensions, or impossible ones");
            }
        } else if (f.number == 2 && f.wire == WIRE_VARINT) {
            type = f.value;
        } else if (f.number == 8 && f.wire == WIRE_BYTES) {
            t->name = f.bytes;
        } else if ((f.number == 9 || f.number == 4) && f.wire == WIRE_BYTES) {
            raw = f.bytes;
        }
    }
    t->type = type == 1 ? ONNX_F32 : type == 7 ? ONNX_I64 : ONNX_OTHER;
    uint64_t size = t->type == ONNX_F32 ? 4 : 8;
    if (!count_elements(t, size)) {
        return broken(err, "a tensor's shape is impossible");
    }
    if (t->type == ONNX_OTHER || !raw.ptr || raw.len != t->count * size) {
        t->type = ONNX_OTHER; /* kept elsewhere, or in a form that weights do not have */
        return true;
    }
    t->data = (const uint8_t *)raw.ptr;
    return true;
}

/* Nodes. */

/* NodeProto: input 1, output 2, name 3, op_type 4, attribute 5. */
static bool read_node(Str s, OnnxNode *n, Err *err)
{
    *n = (OnnxNode){.attributes = s};
    bool has_output = false;
    while (s.len) {
        Field f;
        if (!next_field(&s, &f)) {
            return broken(err, "a node ends in the middle");
        }
        if (f.wire != WIRE_BYTES) {
            continue;
        }
        if (f.number == 1 && n->inputs < ONNX_INPUTS) {
            n->input[n->inputs++] = f.bytes;
        } else if (f.number == 2 && !has_output) {
            n->output = f.bytes;
            has_output = true;
        } else if (f.number == 3) {
            n->name = f.bytes;
        } else if (f.number == 4) {
            n->op = f.bytes;
        }
    }
    return true;
}

/* The tensor of a Constant: attribute "value" (AttributeProto: name 1, t 5). */
static bool constant_value(const OnnxNode *n, Str *tensor)
{
    Str s = n->attributes;
    Field f;
    while (s.len && next_field(&s, &f)) {
        Str a = f.bytes, name = {NULL, 0}, t = {NULL, 0};
        Field g;
        while (f.number == 5 && f.wire == WIRE_BYTES && a.len && next_field(&a, &g)) {
            if (g.number == 1 && g.wire == WIRE_BYTES) {
                name = g.bytes;
            } else if (g.number == 5 && g.wire == WIRE_BYTES) {
                t = g.bytes;
            }
        }
        if (t.ptr && str_eq(name, STR("value"))) {
            *tensor = t;
            return true;
        }
    }
    return false;
}

size_t onnx_ints(const OnnxNode *n, Str name, int64_t out[ONNX_INTS])
{
    Str s = n->attributes;
    Field f;
    while (s.len && next_field(&s, &f)) {
        if (f.number != 5 || f.wire != WIRE_BYTES) {
            continue;
        }
        /* AttributeProto: name 1, i 3, ints 8. */
        Str a = f.bytes, called = {NULL, 0};
        Field g;
        int64_t found[ONNX_INTS];
        size_t count = 0;
        while (a.len && next_field(&a, &g)) {
            if (g.number == 1 && g.wire == WIRE_BYTES) {
                called = g.bytes;
            } else if ((g.number == 3 || g.number == 8) && g.wire == WIRE_VARINT) {
                if (count < ONNX_INTS) {
                    found[count++] = (int64_t)g.value;
                }
            } else if (g.number == 8 && g.wire == WIRE_BYTES) {
                uint64_t v;
                while (g.bytes.len && count < ONNX_INTS && read_varint(&g.bytes, &v)) {
                    found[count++] = (int64_t)v;
                }
            }
        }
        if (str_eq(called, name)) {
            memcpy(out, found, count * sizeof *out);
            return count;
        }
    }
    return 0;
}

/* The graph. */

static bool add_tensor(Onnx *o, Str bytes, Str name, Err *err)
{
    OnnxTensor *t = &o->tensors[o->n_tensors];
    if (!read_tensor(bytes, t, err)) {
        return false;
    }
    if (name.ptr) {
        t->name = name;
    }
    o->n_tensors += t->name.len > 0;
    return true;
}

static bool add_node(Onnx *o, Str bytes, Err *err)
{
    OnnxNode *n = &o->nodes[o->n_nodes];
    Str value;
    if (!read_node(bytes, n, err)) {
        return false;
    }
    o->n_nodes++;
    return !str_eq(n->op, STR("Constant")) || !constant_value(n, &value) ||
        add_tensor(o, value, n->output, err);
}

static bool read_graph(Onnx *o, Str graph, Err *err)
{
    size_t tensors = 0, nodes = 0;
    Field f;
    for (Str s = graph; s.len;) {
        if (!next_field(&s, &f)) {
            return broken(err, "its graph ends in the middle");
        }
        nodes += f.number == 1 && f.wire == WIRE_BYTES;
        tensors += f.number == 5 && f.wire == WIRE_BYTES;
    }
    if (nodes > ONNX_NODES_MAX || tensors > ONNX_TENSORS_MAX) {
        return broken(err, "it has more tensors or nodes than any model");
    }
    /* a node may be a Constant */
    o->tensors = mem_array(tensors + nodes + 1, sizeof *o->tensors);
    o->nodes = mem_array(nodes + 1, sizeof *o->nodes);
    if (!o->tensors || !o->nodes) {
        return err_set(err, ERR_NO_MEMORY, "no memory to read the ONNX file");
    }
    for (Str s = graph; s.len;) {
        if (!next_field(&s, &f)) {
            return broken(err, "its graph ends in the middle");
        }
        if (f.wire == WIRE_BYTES && ((f.number == 1 && !add_node(o, f.bytes, err)) ||
                (f.number == 5 && !add_tensor(o, f.bytes, (Str){NULL, 0}, err)))) {
            return false;
        }
    }
    return true;
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const OnnxTensor *)a)->name, ((const OnnxTensor *)b)->name);
}

Onnx *onnx_parse(Str file, Err *err)
{
    Onnx *o = mem_zalloc(sizeof *o);
    if (!o) {
        err_set(err, ERR_NO_MEMORY, "no memory to read the ONNX file");
        return NULL;
    }
    bool graph = false;
    for (Str s = file; s.len;) {
        Field f;
        if (!next_field(&s, &f)) {
            broken(err, "it ends in the middle");
            onnx_free(o);
            return NULL;
        }
        if (f.number != 7 || f.wire != WIRE_BYTES) {
            continue;
        }
        if (graph ? !broken(err, "it has two graphs") : !read_graph(o, f.bytes, err)) {
            onnx_free(o);
            return NULL;
        }
        graph = true;
    }
    if (!graph) {
        broken(err, "it has no graph");
        onnx_free(o);
        return NULL;
    }
    qsort(o->tensors, o->n_tensors, sizeof *o->tensors, by_name);
    return o;
}

void onnx_free(Onnx *o)
{
    if (o) {
        mem_free(o->tensors);
        mem_free(o->nodes);
        mem_free(o);
    }
}

size_t onnx_tensors(const Onnx *o) { return o->n_tensors; }
const OnnxTensor *onnx_tensor_at(const Onnx *o, size_t i) { return &o->tensors[i]; }
size_t onnx_nodes(const Onnx *o) { return o->n_nodes; }
const OnnxNode *onnx_node_at(const Onnx *o, size_t i) { return &o->nodes[i]; }

const OnnxTensor *onnx_tensor(const Onnx *o, Str name)
{
    OnnxTensor key = {.name = name};
    return o->n_tensors ? bsearch(&key, o->tensors, o->n_tensors, sizeof key, by_name) : NULL;
}

const OnnxNode *onnx_node_with_input(const Onnx *o, Str op, uint32_t i, Str input)
{
    for (size_t k = 0; k < o->n_nodes; k++) {
        const OnnxNode *n = &o->nodes[k];
        if (i < n->inputs && str_eq(n->op, op) && str_eq(n->input[i], input)) {
            return n;
        }
    }
    return NULL;
}
