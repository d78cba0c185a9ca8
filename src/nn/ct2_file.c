/* ct2_file.c - see ct2_file.h. */
#include "nn/ct2_file.h"

#include <stdio.h>

#define LAYERS_MAX 64

typedef struct {
    Str file;
    size_t at;
    bool short_of;
} Reader;

static const uint8_t *take(Reader *r, uint64_t n)
{
    if (r->short_of || n > r->file.len - r->at) {
        r->short_of = true;
        return NULL;
    }
    const uint8_t *p = (const uint8_t *)r->file.ptr + r->at;
    r->at += (size_t)n;
    return p;
}

static uint32_t take_number(Reader *r, int bytes)
{
    const uint8_t *p = take(r, (uint64_t)bytes);
    uint32_t v = 0;
    for (int i = bytes - 1; p && i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

/* The string without its NUL; ptr NULL past the end. */
static Str take_text(Reader *r)
{
    uint32_t n = take_number(r, 2);
    const uint8_t *p = take(r, n);
    if (!p)
        return (Str){NULL, 0};
    return str_mem((const char *)p, n && p[n - 1] == 0 ? n - 1 : n);
}

/* Behind "encoder/layer_3/": theirs, and ours behind "encoder.blocks.3.". Several: equal parts of
 * the rows. A key's bias adds the same to every score of a query and so changes nothing. */
static const struct {
    const char *theirs, *ours[3];
} in_layer[] = {
    {"self_attention/layer_norm/gamma", {"attn_ln.weight"}},
    {"self_attention/layer_norm/beta", {"attn_ln.bias"}},
    {"self_attention/linear_0/weight",
     {"attn.query.weight", "attn.key.weight", "attn.value.weight"}},
    {"self_attention/linear_0/bias", {"attn.query.bias", "attn.key.bias", "attn.value.bias"}},
    {"self_attention/linear_1/weight", {"attn.out.weight"}},
    {"self_attention/linear_1/bias", {"attn.out.bias"}},
    {"attention/layer_norm/gamma", {"cross_attn_ln.weight"}},
    {"attention/layer_norm/beta", {"cross_attn_ln.bias"}},
    {"attention/linear_0/weight", {"cross_attn.query.weight"}},
    {"attention/linear_0/bias", {"cross_attn.query.bias"}},
    {"attention/linear_1/weight", {"cross_attn.key.weight", "cross_attn.value.weight"}},
    {"attention/linear_1/bias", {"cross_attn.key.bias", "cross_attn.value.bias"}},
    {"attention/linear_2/weight", {"cross_attn.out.weight"}},
    {"attention/linear_2/bias", {"cross_attn.out.bias"}},
    {"ffn/layer_norm/gamma", {"mlp_ln.weight"}},
    {"ffn/layer_norm/beta", {"mlp_ln.bias"}},
    {"ffn/linear_0/weight", {"mlp.0.weight"}},
    {"ffn/linear_0/bias", {"mlp.0.bias"}},
    {"ffn/linear_1/weight", {"mlp.2.weight"}},
    {"ffn/linear_1/bias", {"mlp.2.bias"}},
};

static const struct {
    const char *theirs, *ours;
} outside[] = {
    {"encoder/conv1/weight", "encoder.conv1.weight"},
    {"encoder/conv1/bias", "encoder.conv1.bias"},
    {"encoder/conv2/weight", "encoder.conv2.weight"},
    {"encoder/conv2/bias", "encoder.conv2.bias"},
    {"encoder/position_encodings/encodings", "encoder.positional_embedding"},
    {"encoder/layer_norm/gamma", "encoder.ln_post.weight"},
    {"encoder/layer_norm/beta", "encoder.ln_post.bias"},
    {"decoder/embeddings/weight", "decoder.token_embedding.weight"},
    {"decoder/position_encodings/encodings", "decoder.positional_embedding"},
    {"decoder/layer_norm/gamma", "decoder.ln.weight"},
    {"decoder/layer_norm/beta", "decoder.ln.bias"},
};

static bool add_parts(TensorTable *table, Str file, const Tensor *t, const char *prefix,
                      const char *const *ours, Err *err)
{
    uint64_t parts = 1;
    while (parts < 3 && ours[parts])
        parts++;
    if (t->rank == 0 || t->dims[0] % parts)
        return err_set(err, ERR_CORRUPT, "tensor \"%s\" cannot be cut into %d parts", t->name,
                       (int)parts);
    for (uint64_t i = 0; i < parts; i++) {
        Tensor part;
        if (!tensor_rows(t, i * (t->dims[0] / parts), t->dims[0] / parts, &part))
            return err_set(err, ERR_CORRUPT, "tensor \"%s\" has an impossible shape", t->name);
        snprintf(part.name, sizeof part.name, "%s%s", prefix, ours[i]);
        if (!tensor_add(table, file, &part, err))
            return false;
    }
    return true;
}

/* Adds the tensor under our names; one that Whisper's arithmetic does not use is left out. */
static bool add_renamed(TensorTable *table, Str file, const Tensor *t, Err *err)
{
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        if (strcmp(t->name, outside[i].theirs) == 0)
            return add_parts(table, file, t, "",
                             (const char *const[]){outside[i].ours, NULL, NULL}, err);
    Str name = str_of(t->name), layer = STR("coder/layer_");
    size_t at = str_find(name, layer, 0), slash;
    uint64_t number;
    if (at != 2 || (slash = str_find(name, STR("/"), 2 + layer.len)) == SIZE_MAX ||
        !str_to_u64(str_sub(name, 2 + layer.len, slash), &number) || number >= LAYERS_MAX)
        return true;
    char prefix[32];
    snprintf(prefix, sizeof prefix, "%.7s.blocks.%u.", t->name, (unsigned)number);
    for (size_t i = 0; i < sizeof in_layer / sizeof *in_layer; i++)
        if (strcmp(t->name + slash + 1, in_layer[i].theirs) == 0)
            return add_parts(table, file, t, prefix, in_layer[i].ours, err);
    return true;
}

/* One variable under CTranslate2's own name. An OTHER of two dimensions is a matrix of int8. */
static bool read_variable(Reader *r, TensorTable *raw, Err *err)
{
    Tensor t = {0};
    Str name = take_text(r);
    t.rank = take_number(r, 1);
    if (r->short_of || name.len == 0 || name.len > TENSOR_NAME_MAX || t.rank > TENSOR_RANK)
        return err_set(err, ERR_CORRUPT, "a tensor of model.bin has no name or too many dimensions "
                       "(or the file is cut short)");
    memcpy(t.name, name.ptr, name.len);
    for (size_t i = 0; i < name.len; i++)
        if (t.name[i] < '!' || t.name[i] > '~')
            return err_set(err, ERR_CORRUPT, "model.bin has a name that is no plain text");
    for (uint32_t i = 0; i < t.rank; i++)
        t.dims[i] = take_number(r, 4);
    uint32_t type = take_number(r, 1);
    t.bytes = take_number(r, 4);
    t.data = take(r, t.bytes);
    if (!t.data)
        return err_set(err, ERR_CORRUPT, "model.bin is cut short in tensor \"%s\"", t.name);
    t.type = type == 0 ? TENSOR_F32 : type == 4 ? TENSOR_F16 : type == 5 ? TENSOR_BF16
                                                                        : TENSOR_OTHER;
    if (t.type == TENSOR_OTHER && type != 1 && t.rank >= 2)
        return err_set(err, ERR_CORRUPT, "tensor \"%s\" of model.bin has %s; take a model with "
                       "float32, float16, bfloat16 or int8 weights", t.name,
                       type == 2 ? "16-bit integers" : "numbers of an unknown kind");
    return tensor_add(raw, r->file, &t, err);
}

/* Every tensor under our names; 8-bit ones with the scales that lie beside them. */
static bool add_renamed_all(const TensorTable *raw, Str file, TensorTable *table, Err *err)
{
    for (size_t i = 0; i < raw->count; i++) {
        Tensor t = raw->tensors[i];
        if (t.type == TENSOR_OTHER && t.rank >= 2) {
            char name[TENSOR_NAME_MAX + 8];
            snprintf(name, sizeof name, "%s_scale", t.name);
            const Tensor *scale = tensor_find(raw, name);
            if (!scale || scale->type != TENSOR_F32 || scale->bytes != 4 * t.dims[0])
                return err_set(err, ERR_CORRUPT, "tensor \"%s\" of model.bin is of 8-bit integers "
                               "without a scale a row", t.name);
            t.type = TENSOR_I8;
            t.scales = scale->data;
        }
        if (t.type != TENSOR_OTHER && !add_renamed(table, file, &t, err))
            return false;
    }
    return true;
}

static bool parse(Reader *r, TensorTable *raw, TensorTable *table, Err *err)
{
    uint32_t version = take_number(r, 4);
    if (r->short_of || version < 4 || version > 6)
        return err_set(err, ERR_CORRUPT, "model.bin is no CTranslate2 file of version 4 to 6");
    Str spec = take_text(r);
    take_number(r, 4);
    uint32_t n = take_number(r, 4);
    if (r->short_of || !str_eq(spec, STR("WhisperSpec")))
        return err_set(err, ERR_CORRUPT, "model.bin holds \"%.*s\", not Whisper",
                       (int)(spec.len < 40 ? spec.len : 40), spec.ptr ? spec.ptr : "");
    for (uint32_t i = 0; i < n; i++)
        if (!read_variable(r, raw, err))
            return false;
    n = take_number(r, 4); /* aliases: the output matrix, which is the embedding */
    for (uint32_t i = 0; i < n && !r->short_of; i++) {
        take_text(r);
        take_text(r);
    }
    if (r->short_of)
        return err_set(err, ERR_CORRUPT, "model.bin is cut short in its aliases");
    return tensor_table_finish(raw, err) && add_renamed_all(raw, r->file, table, err) &&
           tensor_table_finish(table, err);
}

bool ct2_parse(Str file, TensorTable *table, Err *err)
{
    Reader r = {.file = file};
    TensorTable raw = {0}, t = {0};
    bool ok = parse(&r, &raw, &t, err);
    tensor_table_release(&raw);
    if (!ok) {
        tensor_table_release(&t);
        return false;
    }
    *table = t;
    return true;
}
