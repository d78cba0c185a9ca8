/* ggml_file.c - see ggml_file.h. */
#include "nn/ggml_file.h"

#include "base/mem.h"

#define MAGIC 0x67676d6cu

typedef struct {
    Str file;
    size_t at;
    bool short_of; /* a read went past the end */
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

static uint32_t take_u32(Reader *r)
{
    const uint8_t *p = take(r, 4);
    return p ? (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24
             : 0;
}

static bool cut_short(Err *err, const char *where)
{
    return err_set(err, ERR_CORRUPT, "the ggml file is cut short in its %s", where);
}

static bool read_tokens(Reader *r, GgmlHead *h, Err *err)
{
    uint32_t n = take_u32(r);
    if (r->short_of)
        return cut_short(err, "vocabulary");
    if (n == 0 || n > GGML_TOKENS_MAX)
        return err_set(err, ERR_CORRUPT, "the ggml file has %u tokens; 1 to %d are possible", n,
                       GGML_TOKENS_MAX);
    h->tokens = mem_array(n, sizeof *h->tokens);
    if (!h->tokens)
        return err_set(err, ERR_NO_MEMORY, "no memory for %u tokens", n);
    h->n_tokens = n;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t len = take_u32(r);
        if (len > GGML_TOKEN_BYTES_MAX)
            return err_set(err, ERR_CORRUPT, "token %u of the ggml file has %u bytes; %d are the "
                           "most", i, len, GGML_TOKEN_BYTES_MAX);
        const uint8_t *p = take(r, len);
        if (!p)
            return cut_short(err, "vocabulary");
        h->tokens[i] = str_mem((const char *)p, len);
    }
    return true;
}

static bool type_of(uint32_t ggml, TensorType *out)
{
    static const struct {
        uint32_t ggml;
        TensorType type;
    } known[] = {{0, TENSOR_F32},  {1, TENSOR_F16},  {2, TENSOR_Q4_0}, {3, TENSOR_Q4_1},
                 {6, TENSOR_Q5_0}, {7, TENSOR_Q5_1}, {8, TENSOR_Q8_0}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].ggml == ggml) {
            *out = known[i].type;
            return true;
        }
    return false;
}

static bool read_tensor(Reader *r, TensorTable *table, Err *err)
{
    Tensor t = {.rank = take_u32(r)};
    uint32_t name_len = take_u32(r), type = take_u32(r);
    if (r->short_of)
        return cut_short(err, "tensors");
    if (t.rank == 0 || t.rank > TENSOR_RANK || name_len == 0 || name_len > TENSOR_NAME_MAX)
        return err_set(err, ERR_CORRUPT, "tensor %zu of the ggml file has %u dimensions and a name "
                       "of %u bytes", table->count, t.rank, name_len);
    for (uint32_t i = 0; i < t.rank; i++)
        t.dims[t.rank - 1 - i] = take_u32(r);
    const uint8_t *name = take(r, name_len);
    if (!name)
        return cut_short(err, "tensors");
    memcpy(t.name, name, name_len);
    for (uint32_t i = 0; i < name_len; i++)
        if (t.name[i] < '!' || t.name[i] > '~')
            return err_set(err, ERR_CORRUPT, "tensor %zu of the ggml file has a name that is no "
                           "plain text", table->count);
    if (!type_of(type, &t.type))
        return err_set(err, ERR_CORRUPT, "tensor \"%s\" has the type %u, which is not read; take a "
                       "file of type f32, f16, q4, q5 or q8_0", t.name, type);
    if (!tensor_bytes(t.type, t.rank, t.dims, &t.bytes))
        return err_set(err, ERR_CORRUPT, "tensor \"%s\" has an impossible shape", t.name);
    t.data = take(r, t.bytes);
    if (!t.data)
        return err_set(err, ERR_CORRUPT, "the ggml file is cut short in tensor \"%s\"", t.name);
    return tensor_add(table, r->file, &t, err);
}

static bool parse(Reader *r, GgmlHead *h, TensorTable *table, Err *err)
{
    uint32_t magic = take_u32(r);
    uint32_t *fields[] = {&h->vocabulary, &h->audio_positions, &h->audio_state, &h->audio_heads,
                          &h->audio_layers, &h->text_positions, &h->text_state, &h->text_heads,
                          &h->text_layers, &h->mels, &h->type};
    if (magic != MAGIC)
        return err_set(err, ERR_CORRUPT, "this is no ggml file: it does not begin with its mark");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        *fields[i] = take_u32(r);
    h->filter_mels = take_u32(r);
    h->filter_bins = take_u32(r);
    if (r->short_of)
        return cut_short(err, "header");
    if (h->filter_mels == 0 || h->filter_mels > 1024 || h->filter_bins == 0 ||
        h->filter_bins > 1024)
        return err_set(err, ERR_CORRUPT, "the ggml file has %u x %u mel filters", h->filter_mels,
                       h->filter_bins);
    h->filters = take(r, (uint64_t)h->filter_mels * h->filter_bins * 4);
    if (!h->filters)
        return cut_short(err, "mel filters");
    if (!read_tokens(r, h, err))
        return false;
    while (r->at < r->file.len)
        if (!read_tensor(r, table, err))
            return false;
    return tensor_table_finish(table, err);
}

bool ggml_is(Str file)
{
    return file.len >= 4 && memcmp(file.ptr, "lmgg", 4) == 0;
}

bool ggml_parse(Str file, GgmlHead *head, TensorTable *table, Err *err)
{
    Reader r = {.file = file};
    GgmlHead h = {0};
    TensorTable t = {0};
    if (!parse(&r, &h, &t, err)) {
        mem_free(h.tokens);
        tensor_table_release(&t);
        return false;
    }
    *head = h;
    *table = t;
    return true;
}
