/* whisper_source.c - see whisper_source.h. */
#include "nn/whisper_source.h"

#include <stdio.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "nn/ct2_file.h"
#include "nn/ggml_file.h"

#define JSON_MAX ((size_t)32 << 20)
#define TEXT_TOKENS_MAX 50257u

bool whisper_info_check(const WhisperInfo *i, Err *err)
{
    bool ok = i->state > 0 && i->state <= WHISPER_STATE_MAX && i->state % 128 == 0 &&
              i->heads == i->state / WHISPER_HEAD && (i->mels == 80 || i->mels == 128) &&
              i->encoder_layers > 0 && i->encoder_layers <= WHISPER_LAYERS_MAX &&
              i->decoder_layers > 0 && i->decoder_layers <= WHISPER_LAYERS_MAX &&
              i->vocabulary >= WHISPER_ENGLISH_VOCABULARY &&
              i->vocabulary <= WHISPER_ENGLISH_VOCABULARY + 2 && i->text_positions > 8 &&
              i->text_positions <= WHISPER_TEXT_MAX;
    return ok || err_set(err, ERR_CORRUPT, "no Whisper has state %u, %u heads, %u mels, %u and %u "
                         "layers, %u tokens, %u positions of text", i->state, i->heads, i->mels,
                         i->encoder_layers, i->decoder_layers, i->vocabulary, i->text_positions);
}

static void set_languages(WhisperInfo *i)
{
    uint32_t v = i->vocabulary;
    i->languages = v <= WHISPER_ENGLISH_VOCABULARY ? 0 : v - WHISPER_ENGLISH_VOCABULARY + 98;
}

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "no memory to read the model");
}

/* ---- ggml --------------------------------------------------------------------------------------
 */

/* Heads that follow the words, of the published sizes (openai/whisper, __init__.py); others use all
 * heads of the upper half of the decoder. */
static void default_align(WhisperSource *s)
{
    static const struct {
        uint32_t layers, vocabulary, n;
        WhisperHead heads[10];
    } known[] = {
        {4, 51864, 8, {{1, 0}, {2, 0}, {2, 5}, {3, 0}, {3, 1}, {3, 2}, {3, 3}, {3, 4}}},
        {4, 51865, 6, {{2, 2}, {3, 0}, {3, 2}, {3, 3}, {3, 4}, {3, 5}}},
        {6, 51864, 5, {{3, 3}, {4, 7}, {5, 1}, {5, 5}, {5, 7}}},
        {6, 51865, 8, {{3, 1}, {4, 2}, {4, 3}, {4, 7}, {5, 1}, {5, 2}, {5, 4}, {5, 6}}},
        {12, 51865, 10, {{5, 3}, {5, 9}, {8, 0}, {8, 4}, {8, 7}, {8, 8}, {9, 0}, {9, 7}, {9, 9},
                         {10, 5}}},
    };
    const WhisperInfo *i = &s->info;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        if (known[k].layers == i->decoder_layers && known[k].vocabulary == i->vocabulary) {
            memcpy(s->align, known[k].heads, known[k].n * sizeof *s->align);
            s->n_align = known[k].n;
            return;
        }
    }
    for (uint32_t l = i->decoder_layers / 2; l < i->decoder_layers; l++)
        for (uint32_t h = 0; h < i->heads && s->n_align < WHISPER_ALIGN_MAX; h++)
            s->align[s->n_align++] = (WhisperHead){(uint8_t)l, (uint8_t)h};
}

static bool open_ggml(WhisperSource *s, Str file, Err *err)
{
    GgmlHead h;
    if (!ggml_parse(file, &h, &s->table, err))
        return false;
    s->tokens = h.tokens;
    s->n_tokens = h.n_tokens;
    s->info = (WhisperInfo){.state = h.audio_state, .heads = h.audio_heads, .mels = h.mels,
                            .encoder_layers = h.audio_layers, .decoder_layers = h.text_layers,
                            .vocabulary = h.vocabulary, .text_positions = h.text_positions};
    set_languages(&s->info);
    if (h.audio_positions != WHISPER_POSITIONS || h.text_state != h.audio_state ||
        h.text_heads != h.audio_heads || h.filter_mels != h.mels || h.filter_bins != MEL_BINS)
        return err_set(err, ERR_CORRUPT, "the ggml file's header is not one of Whisper");
    if (!whisper_info_check(&s->info, err))
        return false;
    s->filters = mem_array((size_t)h.mels * MEL_BINS, sizeof *s->filters);
    if (!s->filters)
        return no_memory(err);
    memcpy(s->filters, h.filters, (size_t)h.mels * MEL_BINS * sizeof *s->filters);
    for (size_t k = 0; k < (size_t)h.mels * MEL_BINS; k++)
        if (!(s->filters[k] >= 0 && s->filters[k] < 1e6f))
            return err_set(err, ERR_CORRUPT, "the ggml file's mel filters are no filters");
    default_align(s);
    return true;
}

/* ---- CTranslate2 -------------------------------------------------------------------------------
 */

/* GPT-2 writes bytes as printable characters: those that are printable as they are, the others from
 * U+0100 on in their order. */
static int byte_of(uint32_t cp)
{
    static const struct {
        uint8_t from, to;
    } hidden[] = {{0, 32}, {127, 160}, {173, 173}};
    if (cp < 256)
        return cp > 32 && (cp < 127 || cp > 160) && cp != 173 ? (int)cp : -1;
    uint32_t i = cp - 256;
    for (size_t k = 0; k < 3; k++) {
        uint32_t n = (uint32_t)hidden[k].to - hidden[k].from + 1;
        if (i < n)
            return (int)(hidden[k].from + i);
        i -= n;
    }
    return -1;
}

static bool add_token(WhisperSource *s, uint32_t id, Str text)
{
    size_t from = s->token_bytes.len;
    for (size_t at = 0; at < text.len;) {
        int byte = byte_of(utf8_next(text, &at));
        if (byte < 0) {
            buf_cut(&s->token_bytes, from);
            return buf_add(&s->token_bytes, text) &&
                   (s->tokens[id] = str_mem(NULL, text.len), true);
        }
        buf_add_char(&s->token_bytes, (char)byte);
    }
    s->tokens[id] = str_mem(NULL, s->token_bytes.len - from);
    return buf_ok(&s->token_bytes);
}

/* tokenizer.json: {"model": {"vocab": {"text": id}}}. Tokens are put in the order of their ids. */
static bool read_vocabulary(WhisperSource *s, const Json *root, Err *err)
{
    const Json *vocab = json_get(json_get(root, "model"), "vocab");
    uint32_t n = s->info.languages ? TEXT_TOKENS_MAX : TEXT_TOKENS_MAX - 1;
    Str *by_id = mem_array(n, sizeof *by_id), key;
    s->tokens = mem_array(n, sizeof *s->tokens);
    s->n_tokens = n;
    if (!by_id || !s->tokens) {
        mem_free(by_id);
        return no_memory(err);
    }
    void *iter = NULL;
    const Json *value;
    while (json_each(vocab, &iter, &key, &value)) {
        int64_t id;
        if (json_int(value, &id) && id >= 0 && id < n && key.len <= 512)
            by_id[id] = key;
    }
    bool ok = true;
    for (uint32_t id = 0; ok && id < n; id++)
        ok = !by_id[id].ptr || add_token(s, id, by_id[id]);
    const char *p = s->token_bytes.ptr;
    for (uint32_t id = 0; ok && id < n; id++) {
        s->tokens[id].ptr = p;
        p += s->tokens[id].len;
    }
    mem_free(by_id);
    return ok || buf_check(&s->token_bytes, "the vocabulary", err);
}

static bool read_json(const char *folder, const char *name, Json **out, Err *err)
{
    Buf text;
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (n < 0 || n >= (int)sizeof path)
        return err_set(err, ERR_VALIDATION, "the path of %s is too long", name);
    buf_init(&text, JSON_MAX);
    Err why = ERR_INIT;
    bool ok = os_read_file(path, &text, err);
    if (ok && !(*out = json_parse(buf_str(&text), JSON_DEFAULT_DEPTH, &why)))
        ok = err_set(err, why.code == ERR_NO_MEMORY ? why.code : ERR_CORRUPT, "%s: %s", name,
                     why.msg);
    buf_release(&text);
    return ok;
}

static void read_align(WhisperSource *s, const Json *config)
{
    const Json *heads = json_get(config, "alignment_heads");
    for (size_t i = 0; i < json_count(heads) && s->n_align < WHISPER_ALIGN_MAX; i++) {
        int64_t layer, head;
        const Json *pair = json_at(heads, i);
        if (json_int(json_at(pair, 0), &layer) && json_int(json_at(pair, 1), &head) && layer >= 0 &&
            layer < s->info.decoder_layers && head >= 0 && head < s->info.heads)
            s->align[s->n_align++] = (WhisperHead){(uint8_t)layer, (uint8_t)head};
    }
    if (s->n_align == 0)
        default_align(s);
}

static uint32_t count_layers(const TensorTable *t, const char *part)
{
    char name[64];
    uint32_t n = 0;
    do
        snprintf(name, sizeof name, "%s.blocks.%u.mlp.0.weight", part, n);
    while (tensor_find(t, name) && ++n <= WHISPER_LAYERS_MAX);
    return n;
}

static uint32_t dim_of(const TensorTable *t, const char *name, int dim)
{
    const Tensor *tensor = tensor_find(t, name);
    return tensor && tensor->dims[dim] <= UINT32_MAX ? (uint32_t)tensor->dims[dim] : 0;
}

static bool open_ct2(WhisperSource *s, Str file, const char *folder, Err *err)
{
    Json *config = NULL, *tokenizer = NULL;
    if (!ct2_parse(file, &s->table, err))
        return false;
    s->info = (WhisperInfo){
        .state = dim_of(&s->table, "decoder.token_embedding.weight", 1),
        .vocabulary = dim_of(&s->table, "decoder.token_embedding.weight", 0),
        .mels = dim_of(&s->table, "encoder.conv1.weight", 1),
        .text_positions = dim_of(&s->table, "decoder.positional_embedding", 0),
        .encoder_layers = count_layers(&s->table, "encoder"),
        .decoder_layers = count_layers(&s->table, "decoder"),
    };
    s->info.heads = s->info.state / WHISPER_HEAD;
    set_languages(&s->info);
    if (!whisper_info_check(&s->info, err))
        return false;
    bool ok = read_json(folder, "config.json", &config, err) &&
              read_json(folder, "tokenizer.json", &tokenizer, err) &&
              read_vocabulary(s, tokenizer, err);
    if (ok)
        read_align(s, config);
    json_free(config);
    json_free(tokenizer);
    s->filters = ok ? mem_array((size_t)s->info.mels * MEL_BINS, sizeof *s->filters) : NULL;
    if (ok && !s->filters)
        return no_memory(err);
    if (ok)
        mel_filters(s->info.mels, s->filters);
    return ok;
}

bool whisper_source_open(WhisperSource *s, const char *path, Err *err)
{
    char model[4096];
    bool folder = os_is_dir(path);
    int n = snprintf(model, sizeof model, folder ? "%s/model.bin" : "%s", path);
    *s = (WhisperSource){0};
    buf_init(&s->token_bytes, 16 << 20);
    if (n < 0 || n >= (int)sizeof model)
        return err_set(err, ERR_VALIDATION, "the path of the model is too long");
    if (!os_map(model, &s->map, err))
        return false;
    Str file = str_mem((const char *)s->map.data, s->map.size);
    bool ok = sha256(file, &s->hash, err) &&
              (folder ? open_ct2(s, file, path, err) : open_ggml(s, file, err));
    if (!ok)
        whisper_source_close(s);
    return ok;
}

void whisper_source_close(WhisperSource *s)
{
    tensor_table_release(&s->table);
    mem_free(s->tokens);
    mem_free(s->filters);
    buf_release(&s->token_bytes);
    os_unmap(&s->map);
    *s = (WhisperSource){0};
}
