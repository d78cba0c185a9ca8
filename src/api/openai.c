/* openai.c - POST /v1/embeddings and GET /v1/models as OpenAI's own clients expect them.
 *
 * Source: the OpenAI API reference. `encoding_format: base64` is little-endian f32 and what the
 * official clients ask for; `dimensions` below 384 cuts the vector and scales it to unit length. */
#include "api/openai.h"

#include <math.h>

#include "base/mem.h"

/* Texts of one request together: what one person's request may cost. */
#define EMBED_INPUTS_MAX 2048
#define EMBED_BYTES_MAX ((size_t)4 << 20)

void openai_base64(Buf *out, const uint8_t *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *to = buf_reserve(out, (n + 2) / 3 * 4);
    if (!to)
        return;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
                     (i + 2 < n ? p[i + 2] : 0);
        *to++ = digits[v >> 18];
        *to++ = digits[v >> 12 & 63];
        *to++ = i + 1 < n ? digits[v >> 6 & 63] : '=';
        *to++ = i + 2 < n ? digits[v & 63] : '=';
    }
    buf_grew(out, (n + 2) / 3 * 4);
}

/* The inputs in one of OpenAI's four forms: texts, or token ids. */
typedef struct {
    Str *texts;
    uint32_t **ids;
    uint32_t *n_ids;
    size_t n;
} Inputs;

static bool one_text(const Json *j, Str *out, size_t *bytes, Err *err)
{
    *out = json_str(j);
    if (!out->ptr)
        return err_set(err, ERR_VALIDATION,
                       "input must be a string, a list of strings, or token ids");
    if (!out->len)
        return err_set(err, ERR_VALIDATION, "input must not be an empty string");
    *bytes += out->len;
    return *bytes <= EMBED_BYTES_MAX
               ? true
               : err_set(err, ERR_TOO_LARGE, "input has more than %zu bytes in all",
                         EMBED_BYTES_MAX);
}

/* Ids as a client made them: [CLS] and [SEP] are put around when they are not there. */
static bool one_ids(const Json *list, Arena *a, uint32_t **out, uint32_t *n_out, Err *err)
{
    size_t n = json_count(list);
    if (!n)
        return err_set(err, ERR_VALIDATION, "input must not be an empty list of tokens");
    uint32_t *ids = ARENA_NEW_ARRAY(a, uint32_t, n + 2);
    if (!ids)
        return err_set(err, ERR_NO_MEMORY, "no memory for the tokens");
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t id;
        if (!json_int(json_at(list, i), &id) || id < 0 || id > UINT32_MAX)
            return err_set(err, ERR_VALIDATION, "input must hold token ids (whole numbers) only");
        if (i == 0 && id != MINILM_CLS_ID)
            ids[used++] = MINILM_CLS_ID;
        ids[used++] = (uint32_t)id;
    }
    if (ids[used - 1] != MINILM_SEP_ID)
        ids[used++] = MINILM_SEP_ID;
    if (used > MINILM_MAX_TOKENS) { /* cut where the reference cuts */
        used = MINILM_MAX_TOKENS;
        ids[used - 1] = MINILM_SEP_ID;
    }
    *out = ids;
    *n_out = (uint32_t)used;
    return true;
}

static bool read_inputs(ApiCall *c, const Json *j, Inputs *in, Err *err)
{
    bool is_list = json_type(j) == JSON_T_ARRAY;
    JsonType first = is_list ? json_type(json_at(j, 0)) : JSON_T_NONE;
    bool one_of_ids = first == JSON_T_INT;
    size_t bytes = 0, n = is_list && !one_of_ids ? json_count(j) : 1;
    if (is_list && !json_count(j))
        return err_set(err, ERR_VALIDATION, "input must not be an empty list");
    if (n > EMBED_INPUTS_MAX)
        return err_set(err, ERR_VALIDATION, "input takes at most %d items", EMBED_INPUTS_MAX);
    *in = (Inputs){.n = n};
    bool tokens = one_of_ids || first == JSON_T_ARRAY;
    in->texts = ARENA_NEW_ARRAY(c->arena, Str, n);
    in->ids = ARENA_NEW_ARRAY(c->arena, uint32_t *, n);
    in->n_ids = ARENA_NEW_ARRAY(c->arena, uint32_t, n);
    if (!in->texts || !in->ids || !in->n_ids)
        return err_set(err, ERR_NO_MEMORY, "no memory for the input");
    for (size_t i = 0; i < n; i++) {
        const Json *item = is_list && !one_of_ids ? json_at(j, i) : j;
        if (tokens && json_type(item) != JSON_T_ARRAY)
            return err_set(err, ERR_VALIDATION, "input mixes token ids with other things");
        if (tokens ? !one_ids(item, c->arena, &in->ids[i], &in->n_ids[i], err)
                   : !one_text(item, &in->texts[i], &bytes, err))
            return false;
    }
    if (tokens)
        in->texts = NULL;
    return true;
}

static void embedding_value(JsonW *w, float *v, size_t dims, bool as_base64)
{
    if (dims < MINILM_DIM) {
        double sum = 0;
        for (size_t d = 0; d < dims; d++)
            sum += (double)v[d] * (double)v[d];
        float scale = sum > 0 ? (float)(1.0 / sqrt(sum)) : 0;
        for (size_t d = 0; d < dims; d++)
            v[d] *= scale;
    }
    jw_key(w, "embedding");
    if (as_base64) {
        Buf text;
        buf_init(&text, (size_t)MINILM_DIM * 8);
        /* Both targets are little-endian. */
        openai_base64(&text, (const uint8_t *)v, dims * sizeof *v);
        jw_str(w, buf_str(&text));
        buf_release(&text);
        return;
    }
    jw_arr(w);
    for (size_t d = 0; d < dims; d++)
        jw_float(w, v[d]);
    jw_arr_end(w);
}

/* A client may name the model with its publisher. */
static bool is_our_model(ApiCall *c, Str name)
{
    Str own = str_of(minilm_name(c->parts->model));
    if (str_starts(name, STR("sentence-transformers/")))
        name = str_sub(name, sizeof "sentence-transformers/" - 1, name.len);
    return str_eq(name, own);
}

bool openai_unknown_model(Str name, Err *err)
{
    return err_set(err, ERR_NOT_FOUND,
                   "there is no model \"" STR_FMT "\"; GET /v1/models lists what there is",
                   (int)(name.len < 80 ? name.len : 80), name.ptr);
}

bool openai_embeddings(ApiCall *c, Err *err)
{
    Inputs in;
    const FieldValue *dimensions = call_body(c, "dimensions");
    size_t dims = dimensions->given && !dimensions->is_null ? (size_t)dimensions->i : MINILM_DIM;
    bool as_base64 = str_eq(call_body(c, "encoding_format")->str, STR("base64"));
    if (!is_our_model(c, call_body(c, "model")->str))
        return openai_unknown_model(call_body(c, "model")->str, err);
    if (!read_inputs(c, call_body(c, "input")->json, &in, err))
        return false;
    float *out = ARENA_NEW_ARRAY(c->arena, float, in.n *MINILM_DIM);
    uint32_t *tokens = ARENA_NEW_ARRAY(c->arena, uint32_t, in.n);
    if (!out || !tokens)
        return err_set(err, ERR_NO_MEMORY, "no memory for %zu embeddings", in.n);
    if (in.texts ? !search_embed(c->parts->search, in.texts, in.n, c->worker, out, tokens, err)
                 : !search_embed_ids(c->parts->search, (const uint32_t *const *)in.ids, in.n_ids,
                                     in.n, c->worker, out, err))
        return false;
    int64_t total = 0;
    JsonW w;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_kv_cstr(&w, "object", "list");
    jw_key(&w, "data");
    jw_arr(&w);
    for (size_t i = 0; i < in.n; i++) {
        total += in.texts ? tokens[i] : in.n_ids[i];
        jw_obj(&w);
        jw_kv_cstr(&w, "object", "embedding");
        jw_kv_int(&w, "index", (int64_t)i);
        embedding_value(&w, out + i * MINILM_DIM, dims, as_base64);
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    jw_kv_cstr(&w, "model", minilm_name(c->parts->model));
    jw_key(&w, "usage");
    jw_obj(&w);
    jw_kv_int(&w, "prompt_tokens", total);
    jw_kv_int(&w, "total_tokens", total);
    jw_obj_end(&w);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

static void model_json(JsonW *w, const char *id, int64_t created, const char *by)
{
    jw_obj(w);
    jw_kv_cstr(w, "id", id);
    jw_kv_cstr(w, "object", "model");
    jw_kv_int(w, "created", created);
    jw_kv_cstr(w, "owned_by", by);
    jw_obj_end(w);
}

/* 2021-08-26, when its authors published it. */
static void encoder_json(ApiCall *c, JsonW *w)
{
    model_json(w, minilm_name(c->parts->model), 1629936000, "sentence-transformers");
}

static void assistant_json(JsonW *w)
{
    model_json(w, OPENAI_CHAT_MODEL, 1795392000, "sotto"); /* 2026-11-23 */
}

/* Speech: 2022-12-08, when the family of base was last published; the voices have no date. */
static void hearing_json(JsonW *w, const char *name)
{
    model_json(w, name, 1670457600, "openai");
}

static void speech_json(JsonW *w)
{
    model_json(w, OPENAI_SPEECH_MODEL, 1795392000, "sotto");
}

/* The speech models that are there; none without a recogniser. */
static bool hearing_list(ApiCall *c, const char ***names, size_t *n, Err *err)
{
    *n = 0;
    *names = NULL;
    return !c->parts->ears || ears_list(c->parts->ears, c->arena, names, n) ||
           err_set(err, ERR_NO_MEMORY, "no memory for the models");
}

bool openai_models(ApiCall *c, Err *err)
{
    const char **hearing;
    size_t n;
    JsonW w;
    if (!hearing_list(c, &hearing, &n, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_kv_cstr(&w, "object", "list");
    jw_key(&w, "data");
    jw_arr(&w);
    encoder_json(c, &w);
    if (c->parts->assistant)
        assistant_json(&w);
    for (size_t i = 0; i < n; i++)
        hearing_json(&w, hearing[i]);
    if (c->parts->mouth)
        speech_json(&w);
    jw_arr_end(&w);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

bool openai_model(ApiCall *c, Err *err)
{
    Str name = route_param(&c->match, "model");
    const char **hearing;
    size_t n, i = 0;
    JsonW w;
    if (!hearing_list(c, &hearing, &n, err))
        return false;
    while (i < n && !str_eq(name, str_of(hearing[i])))
        i++;
    jw_init(&w, &c->out);
    if (c->parts->assistant && str_eq(name, STR(OPENAI_CHAT_MODEL)))
        assistant_json(&w);
    else if (c->parts->mouth && str_eq(name, STR(OPENAI_SPEECH_MODEL)))
        speech_json(&w);
    else if (i < n)
        hearing_json(&w, hearing[i]);
    else if (is_our_model(c, name))
        encoder_json(c, &w);
    else
        return openai_unknown_model(name, err);
    return call_json(c, 200, err);
}
