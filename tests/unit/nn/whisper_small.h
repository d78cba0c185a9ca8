/* whisper_small.h - a Whisper of one layer and random weights, written as a ggml file and as a
 * CTranslate2 folder: the same numbers in both. What it says is noise, but it says it. */
#ifndef SOTTO_TESTS_WHISPER_SMALL_H
#define SOTTO_TESTS_WHISPER_SMALL_H

#include <stdio.h>

#include "base/os.h"
#include "base/utf8.h"
#include "nn/whisper_source.h"

#define SMALL_STATE 128
#define SMALL_VOCABULARY 51864
#define SMALL_TOKENS 50256

typedef struct {
    Buf out;
    bool ct2;
    uint32_t count;        /* variables written, of a CTranslate2 file */
    const char *leave_out; /* ggml: a name that is not written */
    const char *infinite;  /* ggml: a name whose first value is infinite */
    uint32_t mels;         /* 0: 80 */
    uint32_t vocabulary;   /* 0: SMALL_VOCABULARY */
    uint8_t integers;      /* ct2: 1, its matrices are int8; 2, int16 */
    bool no_scales;        /* ct2: and have no scales beside them */
} SmallWriter;

static inline uint32_t small_mels(const SmallWriter *w)
{
    return w->mels ? w->mels : 80;
}

static inline uint32_t small_vocabulary(const SmallWriter *w)
{
    return w->vocabulary ? w->vocabulary : SMALL_VOCABULARY;
}

static inline uint32_t small_tokens(const SmallWriter *w)
{
    return small_vocabulary(w) > SMALL_VOCABULARY ? SMALL_TOKENS + 1 : SMALL_TOKENS;
}

static inline void small_u32(Buf *b, uint32_t v)
{
    buf_add_mem(b, &v, 4);
}

/* The i-th half of a tensor, by its name only: the same in both files. Between -0.06 and 0.06. */
static inline uint16_t small_half(const char *name, uint32_t i)
{
    uint64_t h = (str_hash(str_of(name)) + i) * 0x9e3779b97f4a7c15u;
    h ^= h >> 29;
    h *= 0xbf58476d1ce4e5b9u;
    return (uint16_t)((h >> 63) << 15 | (7u + (h >> 40) % 4) << 10 | (h >> 20 & 1023));
}

static inline void small_values(SmallWriter *w, const char *name, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint16_t half = small_half(name, i);
        if (i == 0 && w->infinite && strcmp(w->infinite, name) == 0)
            half = 0x7c00;
        buf_add_mem(&w->out, &half, 2);
    }
}

static inline void small_ggml(SmallWriter *w, const char *name, uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t rank = c ? 3 : b ? 2 : 1;
    if (w->leave_out && strcmp(name, w->leave_out) == 0)
        return;
    small_u32(&w->out, rank);
    small_u32(&w->out, (uint32_t)strlen(name));
    small_u32(&w->out, 1);
    if (c)
        small_u32(&w->out, c);
    if (b)
        small_u32(&w->out, b);
    small_u32(&w->out, a);
    buf_add_c(&w->out, name);
    small_values(w, name, a * (b ? b : 1) * (c ? c : 1));
}

static inline void small_text(Buf *b, const char *s)
{
    uint16_t n = (uint16_t)(strlen(s) + 1);
    buf_add_mem(b, &n, 2);
    buf_add_mem(b, s, n);
}

/* An int8 matrix: value i of a tensor, and the scale of its row r. */
static inline int8_t small_int8(const char *name, uint32_t i)
{
    return (int8_t)(small_half(name, i) % 255 - 127);
}

static inline float small_scale(uint32_t r)
{
    return 1500.0f + (float)(r % 100);
}

/* Matrices of integers, and beside them "NAME_scale". */
static inline void small_ct2_integers(SmallWriter *w, const char *theirs, const char *prefix,
                                      const char *const *names, uint32_t rows, uint32_t n)
{
    uint32_t parts = names[1] ? names[2] ? 3 : 2 : 1;
    char name[128];
    buf_add_char(&w->out, (char)w->integers);
    small_u32(&w->out, n * parts * w->integers);
    for (uint32_t i = 0; i < parts; i++) {
        (void)snprintf(name, sizeof name, "%s%s", prefix, names[i]);
        for (uint32_t k = 0; k < n; k++) {
            int16_t v = small_int8(name, k);
            buf_add_mem(&w->out, &v, w->integers);
        }
    }
    w->count++;
    if (w->no_scales)
        return;
    (void)snprintf(name, sizeof name, "%s_scale", theirs);
    small_text(&w->out, name);
    buf_add_char(&w->out, 1);
    small_u32(&w->out, rows * parts);
    buf_add_char(&w->out, 0);
    small_u32(&w->out, rows * parts * 4);
    for (uint32_t r = 0; r < rows * parts; r++) {
        float scale = small_scale(r);
        buf_add_mem(&w->out, &scale, 4);
    }
    w->count++;
}

/* One variable of CTranslate2; `names` are ours, one under another. */
static inline void small_ct2(SmallWriter *w, const char *theirs, const char *prefix,
                             const char *const *names, uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t parts = names[1] ? names[2] ? 3 : 2 : 1, n = a * (b ? b : 1) * (c ? c : 1);
    small_text(&w->out, theirs);
    buf_add_char(&w->out, (char)(c ? 3 : b ? 2 : 1));
    small_u32(&w->out, a * parts);
    if (b)
        small_u32(&w->out, b);
    if (c)
        small_u32(&w->out, c);
    if (w->integers && str_ends(str_of(theirs), STR("/weight")) && b) {
        small_ct2_integers(w, theirs, prefix, names, a, n);
        return;
    }
    buf_add_char(&w->out, 4);
    small_u32(&w->out, n * parts * 2);
    for (uint32_t i = 0; i < parts; i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "%s%s", prefix, names[i]);
        small_values(w, name, n);
    }
    w->count++;
}

/* One matrix or vector by both names; `theirs` NULL: ggml has it alone. */
static inline void small_tensor(SmallWriter *w, const char *theirs, const char *prefix,
                                const char *const *ours, uint32_t a, uint32_t b, uint32_t c)
{
    if (w->ct2) {
        small_ct2(w, theirs, prefix, ours, a, b, c);
        return;
    }
    for (int i = 0; i < 3 && ours[i]; i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "%s%s", prefix, ours[i]);
        small_ggml(w, name, a, b, c);
    }
}

#define SMALL(theirs, a, b, c, ...)                                                              \
    small_tensor(w, theirs, "", (const char *const[3]){__VA_ARGS__}, a, b, c)

static inline void small_layer(SmallWriter *w, const char *part)
{
    static const struct {
        const char *theirs, *ours[3];
        uint32_t a, b;
    } rows[] = {
        {"self_attention/layer_norm/gamma", {"attn_ln.weight"}, 1, 0},
        {"self_attention/layer_norm/beta", {"attn_ln.bias"}, 1, 0},
        {"self_attention/linear_0/weight",
         {"attn.query.weight", "attn.key.weight", "attn.value.weight"}, 1, 1},
        {"self_attention/linear_0/bias", {"attn.query.bias", "attn.key.bias", "attn.value.bias"},
         1, 0},
        {"self_attention/linear_1/weight", {"attn.out.weight"}, 1, 1},
        {"self_attention/linear_1/bias", {"attn.out.bias"}, 1, 0},
        {"ffn/layer_norm/gamma", {"mlp_ln.weight"}, 1, 0},
        {"ffn/layer_norm/beta", {"mlp_ln.bias"}, 1, 0},
        {"ffn/linear_0/weight", {"mlp.0.weight"}, 4, 1},
        {"ffn/linear_0/bias", {"mlp.0.bias"}, 4, 0},
        {"ffn/linear_1/weight", {"mlp.2.weight"}, 1, 4},
        {"ffn/linear_1/bias", {"mlp.2.bias"}, 1, 0},
        {"attention/layer_norm/gamma", {"cross_attn_ln.weight"}, 1, 0},
        {"attention/layer_norm/beta", {"cross_attn_ln.bias"}, 1, 0},
        {"attention/linear_0/weight", {"cross_attn.query.weight"}, 1, 1},
        {"attention/linear_0/bias", {"cross_attn.query.bias"}, 1, 0},
        {"attention/linear_1/weight", {"cross_attn.key.weight", "cross_attn.value.weight"}, 1, 1},
        {"attention/linear_1/bias", {"cross_attn.key.bias", "cross_attn.value.bias"}, 1, 0},
        {"attention/linear_2/weight", {"cross_attn.out.weight"}, 1, 1},
        {"attention/linear_2/bias", {"cross_attn.out.bias"}, 1, 0},
    };
    size_t n = strcmp(part, "encoder") == 0 ? 12 : 20;
    for (size_t i = 0; i < n; i++) {
        char theirs[128], prefix[64];
        (void)snprintf(theirs, sizeof theirs, "%s/layer_0/%s", part, rows[i].theirs);
        (void)snprintf(prefix, sizeof prefix, "%s.blocks.0.", part);
        small_tensor(w, theirs, prefix, rows[i].ours, rows[i].a * SMALL_STATE,
                     rows[i].b * SMALL_STATE, 0);
    }
}

static inline void small_tensors(SmallWriter *w)
{
    uint32_t d = SMALL_STATE;
    SMALL("encoder/conv1/weight", d, small_mels(w), 3, "encoder.conv1.weight");
    SMALL("encoder/conv1/bias", d, 0, 0, "encoder.conv1.bias");
    SMALL("encoder/conv2/weight", d, d, 3, "encoder.conv2.weight");
    SMALL("encoder/conv2/bias", d, 0, 0, "encoder.conv2.bias");
    SMALL("encoder/position_encodings/encodings", 1500, d, 0, "encoder.positional_embedding");
    SMALL("encoder/layer_norm/gamma", d, 0, 0, "encoder.ln_post.weight");
    SMALL("encoder/layer_norm/beta", d, 0, 0, "encoder.ln_post.bias");
    small_layer(w, "encoder");
    SMALL("decoder/embeddings/weight", small_vocabulary(w), d, 0, "decoder.token_embedding.weight");
    SMALL("decoder/position_encodings/encodings", 448, d, 0, "decoder.positional_embedding");
    SMALL("decoder/layer_norm/gamma", d, 0, 0, "decoder.ln.weight");
    SMALL("decoder/layer_norm/beta", d, 0, 0, "decoder.ln.bias");
    small_layer(w, "decoder");
}

/* Token id's bytes: the bytes themselves first, then "t300", "t301", ... */
static inline Str small_token(uint32_t id, char text[16])
{
    if (id < 256) {
        text[0] = (char)id;
        return str_mem(text, 1);
    }
    return str_mem(text, (size_t)snprintf(text, 16, "t%u", id));
}

/* A ggml file's bytes into w->out, which was made by buf_init. */
static inline void small_write_ggml(SmallWriter *w)
{
    uint32_t mels = small_mels(w);
    const uint32_t head[] = {0x67676d6c, small_vocabulary(w), 1500, SMALL_STATE, 2, 1, 448,
                             SMALL_STATE, 2, 1, mels, 1, mels, MEL_BINS};
    static float filters[MEL_MAX * MEL_BINS];
    char text[16];
    mel_filters(mels, filters);
    buf_add_mem(&w->out, head, sizeof head);
    buf_add_mem(&w->out, filters, (size_t)mels * MEL_BINS * sizeof *filters);
    small_u32(&w->out, small_tokens(w));
    for (uint32_t id = 0; id < small_tokens(w); id++) {
        Str t = small_token(id, text);
        small_u32(&w->out, (uint32_t)t.len);
        buf_add(&w->out, t);
    }
    small_tensors(w);
}

static inline void small_write_ct2(SmallWriter *w)
{
    w->ct2 = true;
    small_u32(&w->out, 6);
    small_text(&w->out, "WhisperSpec");
    small_u32(&w->out, 3);
    size_t at = w->out.len;
    small_u32(&w->out, 0);
    small_tensors(w);
    memcpy(w->out.ptr + at, &w->count, 4);
    small_u32(&w->out, 0);
}

/* tokenizer.json with GPT-2's way of writing bytes as printable characters. */
static inline void small_write_tokenizer(Buf *out)
{
    uint32_t hidden = 256;
    char text[16];
    buf_add_c(out, "{\"model\": {\"vocab\": {");
    for (uint32_t id = 0; id < SMALL_TOKENS; id++) {
        buf_add_c(out, id ? ", \"" : "\"");
        if (id >= 256) {
            buf_add(out, small_token(id, text));
        } else {
            bool seen = id > 32 && (id < 127 || id > 160) && id != 173;
            uint32_t cp = seen ? id : hidden++;
            if (cp == '"' || cp == '\\')
                buf_add_char(out, '\\');
            utf8_append(out, cp);
        }
        buf_printf(out, "\": %u", id);
    }
    buf_add_c(out, "}}}");
}

#endif
