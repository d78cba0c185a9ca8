/* minilm.c - see minilm.h. Texts are taken through all layers in blocks of rows that stay in the
 * second-level cache; the rows of a block are the tokens of its texts, one after another. */
#include "nn/minilm.h"

#include <stdio.h>

#include "base/mem.h"
#include "nn/minilm_attention.h"
#include "nn/minilm_file.h"
#include "nn/ops.h"

#define BLOCK_ROWS 256 /* at least one text of the longest kind */
#define FFN_ROWS 64    /* of a block go through the feed-forward at a time */

struct Minilm {
    MinilmPrecision precision;
    WeightsFile *file; /* int8 */
    void *memory;      /* fp32 */
    MinilmWeights w;
};

/* Rows of a block that are a part's. */
typedef struct {
    uint32_t from, n;
    float *out;
} PartRows;

struct MinilmState {
    float *x;      /* [256][384] the residual stream */
    float *y;      /* [256][384] what is added to it */
    float *qkv;    /* [256][1152] */
    float *h;      /* [64][1536] */
    float *scratch;
    uint8_t *q;    /* [256][384] quantised x or attention output */
    uint8_t *hq;   /* [64][1536] */
    GemmRow rows[BLOCK_ROWS];
    uint32_t ids[BLOCK_ROWS];
    uint32_t pos[BLOCK_ROWS];   /* position of a row in its text */
    uint32_t start[BLOCK_ROWS + 1]; /* first row of a text of the block */
    size_t out_at[BLOCK_ROWS];  /* which text of the call it is */
    size_t texts;
    PartRows parts[BLOCK_ROWS]; /* a part has a row at least */
    size_t n_parts;
};

/* Opening. */

static Minilm *open_int8(Minilm *m, const char *path, Err *err)
{
    m->file = weights_open(path, MINILM_MODEL, err);
    if (!m->file || !minilm_bind_int8(&m->w, m->file, err)) {
        minilm_close(m);
        return NULL;
    }
    return m;
}

static Minilm *open_fp32(Minilm *m, const char *path, Err *err)
{
    Buf vocab, vocab_path;
    Mapped map = {0};
    buf_init(&vocab, 16 << 20);
    buf_init(&vocab_path, 4096);
    const char *slash = strrchr(path, '/');
    buf_add(&vocab_path, str_mem(path, slash ? (size_t)(slash - path) + 1 : 0));
    buf_add_c(&vocab_path, "vocab.txt");
    bool ok = buf_check(&vocab_path, "the vocabulary's path", err) && os_map(path, &map, err) &&
        os_read_file(vocab_path.ptr, &vocab, err) &&
        minilm_bind_fp32(&m->w, str_mem((const char *)map.data, map.size), buf_str(&vocab),
            &m->memory, err);
    os_unmap(&map);
    buf_release(&vocab);
    buf_release(&vocab_path);
    if (!ok) {
        minilm_close(m);
        return NULL;
    }
    return m;
}

Minilm *minilm_open(const char *path, MinilmPrecision precision, Err *err)
{
    Minilm *m = mem_zalloc(sizeof *m);
    if (!m) {
        err_set(err, ERR_NO_MEMORY, "no memory to open the encoder");
        return NULL;
    }
    m->precision = precision;
    return precision == MINILM_FP32 ? open_fp32(m, path, err) : open_int8(m, path, err);
}

void minilm_close(Minilm *m)
{
    if (m) {
        weights_close(m->file);
        mem_free(m->memory);
        mem_free(m);
    }
}

bool minilm_verify(const Minilm *m, Err *err)
{
    return m->precision == MINILM_FP32 || weights_verify(m->file, err);
}

const char *minilm_name(const Minilm *m)
{
    (void)m;
    return MINILM_MODEL;
}

MinilmState *minilm_state_new(const Minilm *m, Err *err)
{
    (void)m;
    MinilmState *s = mem_zalloc(sizeof *s);
    if (s) {
        s->x = mem_aligned(64, BLOCK_ROWS * MINILM_HIDDEN * sizeof *s->x);
        s->y = mem_aligned(64, BLOCK_ROWS * MINILM_HIDDEN * sizeof *s->y);
        s->qkv = mem_aligned(64, BLOCK_ROWS * MINILM_QKV * sizeof *s->qkv);
        s->h = mem_aligned(64, FFN_ROWS * MINILM_FFN * sizeof *s->h);
        s->scratch = mem_aligned(64, ATTENTION_FLOATS * sizeof *s->scratch);
        s->q = mem_aligned(64, BLOCK_ROWS * MINILM_HIDDEN);
        s->hq = mem_aligned(64, FFN_ROWS * MINILM_FFN);
    }
    if (!s || !s->x || !s->y || !s->qkv || !s->h || !s->scratch || !s->q || !s->hq) {
        minilm_state_free(s);
        err_set(err, ERR_NO_MEMORY, "no memory for the encoder's scratch");
        return NULL;
    }
    return s;
}

void minilm_state_free(MinilmState *s)
{
    if (s) {
        mem_free(s->x);
        mem_free(s->y);
        mem_free(s->qkv);
        mem_free(s->h);
        mem_free(s->scratch);
        mem_free(s->q);
        mem_free(s->hq);
        mem_free(s);
    }
}

/* A pass. */

/* c [rows][l->n] = act(x W + bias), from fp32 x or its quantised form by the model's precision. */
static void linear(const Minilm *m, const MinilmLinear *l, const float *x, const uint8_t *q,
    const GemmRow *scales, size_t rows, float *c, GemmAct act)
{
    if (m->precision == MINILM_INT8) {
        gemm_u8s8(&l->q, q, l->k, scales, rows, c, l->n, act);
        return;
    }
    gemm_f32(x, l->k, l->f32, l->n, c, l->n, rows, l->n, l->k);
    for (size_t i = 0; i < rows; i++) {
        nn_ops()->bias_act(c + i * l->n, l->bias, l->n, act);
    }
}

static void embed_rows(const Minilm *m, MinilmState *s, size_t rows)
{
    const NnOps *ops = nn_ops();
    const MinilmWeights *w = &m->w;
    for (size_t i = 0; i < rows; i++) {
        float *x = s->x + i * MINILM_HIDDEN;
        const float *position = w->position + (size_t)s->pos[i] * MINILM_HIDDEN;
        size_t at = (size_t)s->ids[i] * MINILM_HIDDEN;
        if (m->precision == MINILM_INT8) {
            ops->row_s8(w->word + at, w->word_scale[s->ids[i]], position, x, MINILM_HIDDEN);
            ops->add_norm(x, NULL, w->norm[0], w->norm[1], MINILM_EPS, MINILM_HIDDEN,
                s->q + i * MINILM_HIDDEN, &s->rows[i]);
        } else {
            memcpy(x, position, MINILM_HIDDEN * sizeof *x);
            ops->add_norm(x, w->word_f32 + at, w->norm[0], w->norm[1], MINILM_EPS, MINILM_HIDDEN,
                NULL, NULL);
        }
    }
}

/* x = norm(x + y), and quantised for the next product. */
static void add_norm_rows(const Minilm *m, MinilmState *s, size_t rows, const float *const norm[2])
{
    uint8_t *q = m->precision == MINILM_INT8 ? s->q : NULL;
    for (size_t i = 0; i < rows; i++) {
        nn_ops()->add_norm(s->x + i * MINILM_HIDDEN, s->y + i * MINILM_HIDDEN, norm[0], norm[1],
            MINILM_EPS, MINILM_HIDDEN, q ? q + i * MINILM_HIDDEN : NULL, &s->rows[i]);
    }
}

static void quantise_rows(const Minilm *m, const float *x, size_t rows, size_t n, uint8_t *q,
    GemmRow *scales)
{
    for (size_t i = 0; m->precision == MINILM_INT8 && i < rows; i++) {
        nn_ops()->quantise(x + i * n, n, q + i * n, &scales[i]);
    }
}

static void attention(const Minilm *m, const float *qkv, size_t n, float *out, float *scratch)
{
#if defined(__x86_64__)
    if (m->precision == MINILM_INT8 && cpu_has_amx_bf16()) {
        minilm_attention_amx(qkv, n, out, scratch);
        return;
    }
#endif
    (void)m;
    minilm_attention(qkv, n, out, scratch);
}

static void layer_pass(const Minilm *m, MinilmState *s, const MinilmLayer *l, size_t rows)
{
    linear(m, &l->qkv, s->x, s->q, s->rows, rows, s->qkv, GEMM_LINEAR);
    for (size_t t = 0; t < s->texts; t++) {
        size_t from = s->start[t], n = s->start[t + 1] - from;
        attention(m, s->qkv + from * MINILM_QKV, n, s->y + from * MINILM_HIDDEN, s->scratch);
    }
    quantise_rows(m, s->y, rows, MINILM_HIDDEN, s->q, s->rows);
    /* The fp32 road reads y while it writes: its product goes by way of qkv, which is free now. */
    linear(m, &l->out, s->y, s->q, s->rows, rows, s->qkv, GEMM_LINEAR);
    memcpy(s->y, s->qkv, rows * MINILM_HIDDEN * sizeof *s->y);
    add_norm_rows(m, s, rows, l->norm1);
    for (size_t i = 0; i < rows; i += FFN_ROWS) {
        size_t n = rows - i < FFN_ROWS ? rows - i : FFN_ROWS, at = i * MINILM_HIDDEN;
        GemmRow scales[FFN_ROWS];
        linear(m, &l->up, s->x + at, s->q + at, s->rows + i, n, s->h, GEMM_GELU);
        quantise_rows(m, s->h, n, MINILM_FFN, s->hq, scales);
        linear(m, &l->down, s->h, s->hq, scales, n, s->y + at, GEMM_LINEAR);
    }
    add_norm_rows(m, s, rows, l->norm2);
}

/* Runs the texts gathered in s and puts their vectors at their places in out. */
static void run_block(const Minilm *m, MinilmState *s, float *out)
{
    size_t rows = s->start[s->texts];
    if (rows == 0) {
        return;
    }
    embed_rows(m, s, rows);
    for (int layer = 0; layer < MINILM_LAYERS; layer++) {
        layer_pass(m, s, &m->w.layer[layer], rows);
    }
    for (size_t t = 0; t < s->texts; t++) {
        nn_ops()->pool(s->x + (size_t)s->start[t] * MINILM_HIDDEN, MINILM_HIDDEN,
            s->start[t + 1] - s->start[t], MINILM_HIDDEN, out + s->out_at[t] * MINILM_DIM);
    }
    for (size_t i = 0; i < s->n_parts; i++) {
        const PartRows *p = &s->parts[i];
        nn_ops()->pool(s->x + (size_t)p->from * MINILM_HIDDEN, MINILM_HIDDEN, p->n, MINILM_HIDDEN,
            p->out);
    }
    s->texts = s->n_parts = 0;
}

/* Adds text `index` with these ids to the block, running the block first when it is full. */
static void add_text(const Minilm *m, MinilmState *s, const uint32_t *ids, size_t n, size_t index,
    float *out)
{
    if (s->start[s->texts] + n > BLOCK_ROWS) {
        run_block(m, s, out);
    }
    uint32_t from = s->texts ? s->start[s->texts] : 0;
    memcpy(s->ids + from, ids, n * sizeof *ids);
    for (uint32_t i = 0; i < n; i++) {
        s->pos[from + i] = i;
    }
    s->start[s->texts] = from;
    s->out_at[s->texts] = index;
    s->start[++s->texts] = from + (uint32_t)n;
}

bool minilm_embed(const Minilm *m, MinilmState *s, const Str *texts, size_t n, float *out,
    uint32_t *tokens, Err *err)
{
    (void)err; /* nothing here can fail yet: texts of any bytes have a reading */
    s->texts = s->n_parts = 0;
    s->start[0] = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t ids[MINILM_MAX_TOKENS];
        size_t total;
        size_t used = wordpiece_encode_cut(&m->w.words, texts[i], ids, MINILM_MAX_TOKENS, &total);
        if (tokens) {
            tokens[i] = (uint32_t)total;
        }
        add_text(m, s, ids, used, i, out);
    }
    run_block(m, s, out);
    return true;
}

/* Notes the rows of a part of the text that was just added: pieces that end inside of it. */
static void add_part(MinilmState *s, const MinilmPart *part, const uint32_t *ends, size_t used,
    float *out)
{
    uint32_t first = s->start[s->texts - 1], from = 1;
    while (from + 1 < used && ends[from] <= part->start) {
        from++;
    }
    uint32_t to = from;
    while (to + 1 < used && ends[to] <= part->end) {
        to++;
    }
    memset(out, 0, MINILM_DIM * sizeof *out);
    if (to > from && s->n_parts < BLOCK_ROWS) {
        s->parts[s->n_parts++] = (PartRows){first + from, to - from, out};
    }
}

bool minilm_embed_parts(const Minilm *m, MinilmState *s, const Str *texts, size_t n, float *out,
    const MinilmPart *parts, size_t n_parts, float *part_out, Err *err)
{
    (void)err; /* as minilm_embed */
    s->texts = s->n_parts = 0;
    s->start[0] = 0;
    for (size_t i = 0, part = 0; i < n; i++) {
        uint32_t ids[MINILM_MAX_TOKENS], ends[MINILM_MAX_TOKENS];
        size_t total = wordpiece_encode(&m->w.words, texts[i], ids, ends, MINILM_MAX_TOKENS);
        size_t used = total < MINILM_MAX_TOKENS ? total : MINILM_MAX_TOKENS;
        ids[used - 1] = MINILM_SEP_ID; /* where a longer text is cut */
        add_text(m, s, ids, used, i, out);
        for (; part < n_parts && parts[part].text == i; part++) {
            add_part(s, &parts[part], ends, used, part_out + part * MINILM_DIM);
        }
    }
    run_block(m, s, out);
    return true;
}

bool minilm_embed_ids(const Minilm *m, MinilmState *s, const uint32_t *const *ids,
    const uint32_t *n_ids, size_t n, float *out, Err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (n_ids[i] < 2 || n_ids[i] > MINILM_MAX_TOKENS) {
            return err_set(err, ERR_VALIDATION, "text %zu has %u tokens; 2 to %d can be embedded",
                           i, n_ids[i], MINILM_MAX_TOKENS);
        }
        for (uint32_t k = 0; k < n_ids[i]; k++) {
            if (ids[i][k] >= MINILM_VOCAB) {
                return err_set(err, ERR_VALIDATION, "token %u of text %zu is past the vocabulary",
                               k, i);
            }
        }
    }
    s->texts = s->n_parts = 0;
    s->start[0] = 0;
    for (size_t i = 0; i < n; i++) {
        add_text(m, s, ids[i], n_ids[i], i, out);
    }
    run_block(m, s, out);
    return true;
}

size_t minilm_tokenize(const Minilm *m, Str text, uint32_t *ids, uint32_t *ends, size_t max)
{
    return wordpiece_encode(&m->w.words, text, ids, ends, max);
}

size_t minilm_count_tokens(const Minilm *m, Str text)
{
    return wordpiece_encode(&m->w.words, text, NULL, NULL, 0) - 2;
}
