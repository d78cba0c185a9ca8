/* piper.c - see piper.h: opening a voice, and the life of a sentence. */
#include "nn/piper_impl.h"

#include <math.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"

#define WINDOW 32      /* frames of a member in one go: 0.37 s at 22 kHz */
#define STEPS_ALONE 40  /* about as many as a sentence's front has */
#define WINDOW_FIRST 16 /* of the first: what somebody waits for */

/* The voice's JSON. */

static char *copy_text(Str s)
{
    char *out = mem_alloc(s.len + 1);
    if (out) {
        memcpy(out, s.ptr ? s.ptr : "", s.len);
        out[s.len] = 0;
    }
    return out;
}

static bool bad_config(Err *err, const char *what)
{
    return err_set(err, ERR_CORRUPT, "the voice's JSON does not say %s", what);
}

static bool read_number(const Json *j, const char *key, double least, double most, float *out)
{
    double v;
    if (!json_num(json_get(j, key), &v) || !(v >= least && v <= most)) {
        return false;
    }
    *out = (float)v;
    return true;
}

static bool read_info(Piper *p, const Json *j, Err *err)
{
    const Json *audio = json_get(j, "audio"), *inference = json_get(j, "inference");
    const Json *language = json_get(json_get(j, "language"), "code");
    Str voice = json_str(json_get(json_get(j, "espeak"), "voice"));
    Str type = json_str(json_get(j, "phoneme_type"));
    int64_t rate, speakers = 1;
    if (!json_int(json_get(audio, "sample_rate"), &rate) || rate < 8000 || rate > 48000) {
        return bad_config(err, "its sample rate");
    }
    if (json_int(json_get(j, "num_speakers"), &speakers) && speakers > 1) {
        return err_set(err, ERR_VALIDATION, "this voice has %lld speakers; choose one with one",
            (long long)speakers);
    }
    if ((type.ptr && !str_eq(type, STR("espeak"))) || !voice.ptr || voice.len == 0 ||
        voice.len > 40) {
        return err_set(err, ERR_VALIDATION, "this voice does not take espeak's phonemes");
    }
    if (!read_number(inference, "noise_scale", 0, 2, &p->info.noise) ||
        !read_number(inference, "length_scale", 0.2, 5, &p->info.length) ||
        !read_number(inference, "noise_w", 0, 2, &p->info.noise_w)) {
        return bad_config(err, "how it is to be spoken");
    }
    p->info.rate_hz = (uint32_t)rate;
    p->info.hop = p->w.hop;
    Str texts[4] = {voice, json_str(language), json_str(json_get(j, "dataset")),
        json_str(json_get(audio, "quality"))};
    for (int i = 0; i < 4; i++) {
        if (!(p->names[i] = copy_text(str_sub(texts[i], 0, 80)))) {
            return err_set(err, ERR_NO_MEMORY, "no memory to open the voice");
        }
    }
    p->info.espeak_voice = p->names[0];
    p->info.language = p->names[1];
    p->info.dataset = p->names[2];
    p->info.quality = p->names[3];
    return true;
}

static int by_code(const void *a, const void *b)
{
    uint32_t x = ((const PiperSymbol *)a)->code, y = ((const PiperSymbol *)b)->code;
    return (x > y) - (x < y);
}

static const PiperSymbol *symbol(const Piper *p, uint32_t code)
{
    PiperSymbol key = {.code = code};
    return bsearch(&key, p->symbols, p->n_symbols, sizeof key, by_code);
}

/* One entry of phoneme_id_map. Keys of several characters are of other phonemisers: passed over. */
static bool read_symbol(Piper *p, Str key, const Json *ids, Err *err)
{
    PiperSymbol *s = &p->symbols[p->n_symbols];
    size_t at = 0;
    uint32_t code = key.len ? utf8_next(key, &at) : 0;
    if (key.len == 0 || at != key.len) {
        return true;
    }
    *s = (PiperSymbol){.code = code};
    size_t n = json_count(ids);
    for (size_t i = 0; i < n; i++) {
        int64_t id;
        if (n > PIPER_SYMBOL_IDS || !json_int(json_at(ids, i), &id) || id < 0 ||
            id >= p->w.shape.vocab) {
            return err_set(err, ERR_CORRUPT, "the voice's phoneme \"%.*s\" has impossible ids",
                STR_ARG(key));
        }
        s->ids[s->n++] = (uint32_t)id;
    }
    p->n_symbols++;
    return true;
}

static bool read_symbols(Piper *p, const Json *j, Err *err)
{
    const Json *map = json_get(j, "phoneme_id_map"), *ids;
    size_t n = json_count(map);
    void *iter = NULL;
    Str key;
    if (json_type(map) != JSON_T_OBJECT || n == 0 || n > 4096) {
        return bad_config(err, "which phonemes it knows");
    }
    p->symbols = mem_array(n, sizeof *p->symbols);
    if (!p->symbols) {
        return err_set(err, ERR_NO_MEMORY, "no memory to open the voice");
    }
    while (json_each(map, &iter, &key, &ids)) {
        if (!read_symbol(p, key, ids, err)) {
            return false;
        }
    }
    qsort(p->symbols, p->n_symbols, sizeof *p->symbols, by_code);
    static const char marks[3] = {'_', '^', '$'};
    uint32_t *to[3] = {&p->pad, &p->begin, &p->end};
    for (int i = 0; i < 3; i++) {
        const PiperSymbol *s = symbol(p, (uint32_t)marks[i]);
        if (!s || s->n != 1) {
            return bad_config(err, "how a sentence begins and ends");
        }
        *to[i] = s->ids[0];
    }
    return true;
}

/* Opening. */

static bool open_into(Piper *p, const char *path, Err *err)
{
    if (!(p->file = weights_open(path, PIPER_MODEL, err)) ||
        !piper_bind(&p->w, p->file, p->precision == PIPER_FAST && cpu_has_amx_bf16(), err)) {
        return false;
    }
    Json *j = json_parse(str_mem(p->w.config, p->w.config_len), JSON_DEFAULT_DEPTH, err);
    if (!j) {
        return err_wrap(err, "the voice's JSON");
    }
    bool ok = read_info(p, j, err) && read_symbols(p, j, err);
    json_free(j);
    return ok;
}

Piper *piper_open(const char *path, PiperPrecision precision, Err *err)
{
    Piper *p = mem_zalloc(sizeof *p);
    if (!p) {
        err_set(err, ERR_NO_MEMORY, "no memory to open the voice");
        return NULL;
    }
    p->precision = precision;
    if (!open_into(p, path, err)) {
        piper_close(p);
        return NULL;
    }
    return p;
}

void piper_close(Piper *p)
{
    if (p) {
        for (size_t i = 0; i < 4; i++) {
            mem_free(p->names[i]);
        }
        mem_free(p->symbols);
        weights_close(p->file);
        mem_free(p);
    }
}

bool piper_verify(const Piper *p, Err *err) { return weights_verify(p->file, err); }
const PiperInfo *piper_info(const Piper *p) { return &p->info; }

size_t piper_ids(const Piper *p, Str phonemes, uint32_t *ids, size_t max, size_t *unknown)
{
    size_t n = 0, at = 0, missing = 0;
    if (max < 4) {
        return 0;
    }
    ids[n++] = p->begin;
    ids[n++] = p->pad;
    while (at < phonemes.len) {
        const PiperSymbol *s = symbol(p, utf8_next(phonemes, &at));
        missing += s == NULL;
        if (!s) {
            continue;
        }
        if (n + s->n + 2 > max) {
            return 0;
        }
        memcpy(ids + n, s->ids, s->n * sizeof *ids);
        n += s->n;
        ids[n++] = p->pad;
    }
    ids[n++] = p->end;
    if (unknown) {
        *unknown = missing;
    }
    return n;
}

/* Noise: Box and Muller over splitmix64, from a counter, so that any piece can be made alone. */

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

void piper_noise(uint64_t seed, uint64_t stream, uint64_t index, float *out, size_t n)
{
    uint64_t at = mix(mix(mix(seed + 0x9e3779b97f4a7c15u) + stream) + index);
    for (size_t i = 0; i < n; i += 2) {
        uint64_t r = mix(at += 0x9e3779b97f4a7c15u);
        float u = ((float)(r >> 40) + 0.5f) * 0x1p-24f; /* never 0 */
        float angle = (float)(r & 0xffffff) * (0x1p-24f * 6.28318531f);
        float radius = sqrtf(-2.0f * logf(u));
        out[i] = radius * cosf(angle);
        if (i + 1 < n) {
            out[i + 1] = radius * sinf(angle);
        }
    }
}

/* A sentence. */

bool piper_room(PiperRoom *r, size_t floats, Err *err)
{
    if (r->cap >= floats) {
        return true;
    }
    size_t want = floats + floats / 4 + 64;
    mem_free(r->p);
    r->p = mem_aligned(64, want * sizeof *r->p);
    r->cap = r->p ? want : 0;
    return r->p != NULL || err_set(err, ERR_NO_MEMORY, "no memory to speak");
}

PiperState *piper_state_new(const Piper *p, unsigned threads, Err *err)
{
    PiperState *s = mem_zalloc(sizeof *s);
    if (!s) {
        err_set(err, ERR_NO_MEMORY, "no memory to speak");
        return NULL;
    }
    s->p = p;
    s->team = team_new(threads, err);
    bool ok = s->team != NULL;
    s->ids = mem_array(PIPER_IDS_MAX, sizeof *s->ids);
    s->durations = mem_array(PIPER_IDS_MAX, sizeof *s->durations);
    if (ok && (!s->ids || !s->durations)) {
        ok = err_set(err, ERR_NO_MEMORY, "no memory to speak");
    }
    for (unsigned i = 0; ok && i < threads; i++) {
        ok = (s->scratch[i] = piper_scratch_new(&p->w, WINDOW, err)) != NULL;
    }
    ok = ok && piper_room(&s->samples, (size_t)threads * WINDOW * p->w.hop, err);
    if (!ok) {
        piper_state_free(s);
        return NULL;
    }
    return s;
}

static void rooms_of(PiperState *s, PiperRoom *out[20], size_t *n)
{
    PiperRoom *all[] = {&s->x, &s->qkv, &s->keys, &s->att, &s->ffn, &s->stats, &s->cond, &s->dds[0],
        &s->dds[1], &s->dds[2], &s->proj, &s->scores, &s->zp, &s->z, &s->wy, &s->wh, &s->wg, &s->wa,
        &s->wo, &s->samples};
    *n = sizeof all / sizeof *all;
    memcpy(out, all, sizeof all);
}

void piper_state_free(PiperState *s)
{
    if (!s) {
        return;
    }
    PiperRoom *rooms[20];
    size_t n;
    rooms_of(s, rooms, &n);
    for (size_t i = 0; i < n; i++) {
        mem_free(rooms[i]->p);
    }
    for (size_t i = 0; i < TEAM_MAX; i++) {
        piper_scratch_free(s->scratch[i]);
    }
    team_free(s->team);
    mem_free(s->ids);
    mem_free(s->durations);
    mem_free(s->phoneme);
    mem_free(s);
}

size_t piper_state_bytes(const PiperState *s)
{
    PiperState copy = *s;
    PiperRoom *rooms[20];
    size_t n, floats = 0, bytes = sizeof *s + PIPER_IDS_MAX * 8 + s->frames_cap * 4;
    rooms_of(&copy, rooms, &n);
    for (size_t i = 0; i < n; i++) {
        floats += rooms[i]->cap;
    }
    for (size_t i = 0; i < TEAM_MAX; i++) {
        bytes += s->scratch[i] ? piper_scratch_bytes(s->scratch[i]) : 0;
    }
    return bytes + floats * sizeof(float);
}

static bool check_call(const Piper *p, const uint32_t *ids, size_t n, const PiperParams *params,
    Err *err)
{
    if (n == 0 || n > PIPER_IDS_MAX) {
        return err_set(err, ERR_VALIDATION, "a sentence has 1 to %d phoneme ids, not %zu",
            PIPER_IDS_MAX, n);
    }
    for (size_t i = 0; i < n; i++) {
        if (ids[i] >= p->w.shape.vocab) {
            return err_set(err, ERR_VALIDATION, "phoneme id %u is past the voice's %u", ids[i],
                p->w.shape.vocab);
        }
    }
    bool ok = params->noise >= 0 && params->noise <= 2 && params->noise_w >= 0 &&
        params->noise_w <= 2 && params->length >= 0.2f && params->length <= 5 &&
        (params->speed == 0 || (params->speed >= 0.2f && params->speed <= 5));
    return ok || err_set(err, ERR_VALIDATION,
        "noise is 0 to 2, length and speed 0.2 to 5; these are %g, %g, %g and %g",
        (double)params->noise, (double)params->noise_w, (double)params->length,
        (double)params->speed);
}

/* Which phoneme each frame belongs to, and rooms for the frames. */
static bool lay_out(PiperState *s, Err *err)
{
    const PiperWeights *w = &s->p->w;
    if (s->frames > s->frames_cap) {
        mem_free(s->phoneme);
        s->frames_cap = s->frames + s->frames / 4;
        s->phoneme = mem_array(s->frames_cap, sizeof *s->phoneme);
        if (!s->phoneme) {
            s->frames_cap = 0;
            return err_set(err, ERR_NO_MEMORY, "no memory to speak");
        }
    }
    size_t at = 0, margin = piper_decoder_reach(w), h = w->shape.hidden;
    for (size_t i = 0; i < s->n; i++) {
        for (uint32_t k = 0; k < s->durations[i]; k++) {
            s->phoneme[at++] = (uint32_t)i;
        }
    }
    if (!piper_room(&s->z, (s->frames + 2 * margin) * h, err)) {
        return false;
    }
    memset(s->z.p, 0, margin * h * sizeof(float));
    memset(s->z.p + (margin + s->frames) * h, 0, margin * h * sizeof(float));
    return true;
}

bool piper_begin(PiperState *s, const uint32_t *ids, size_t n, const PiperParams *params,
    size_t *frames, Err *err)
{
    s->begun = false;
    if (!check_call(s->p, ids, n, params, err)) {
        return false;
    }
    memcpy(s->ids, ids, n * sizeof *ids);
    s->n = n;
    s->params = *params;
    s->params.speed = params->speed == 0 ? 1 : params->speed;
    s->flow_done = s->next = 0;
    if (!piper_encode(s, err) || !piper_durations_run(s, err) || !lay_out(s, err)) {
        return false;
    }
    s->begun = true;
    if (frames) {
        *frames = s->frames;
    }
    return true;
}

const uint32_t *piper_durations(const PiperState *s) { return s->durations; }

void piper_run(PiperState *s, TeamFn fn, void *arg)
{
    if (s->alone) {
        s->alone--;
        team_run_alone(s->team, fn, arg);
        return;
    }
    team_run(s->team, fn, arg);
    unsigned stalls = team_stalls(s->team);
    if (stalls != s->stalls) {
        s->stalls = stalls;
        s->alone = STEPS_ALONE;
    }
}

typedef struct {
    PiperState *s;
    size_t from, to, window;
    atomic_bool stopped;
} Windows;

static void windows_run(void *arg, unsigned me, unsigned members)
{
    Windows *w = arg;
    for (size_t from = w->from + me * w->window; from < w->to; from += members * w->window) {
        size_t to = from + w->window < w->to ? from + w->window : w->to;
        float *out = w->s->samples.p + (from - w->from) * w->s->p->w.hop;
        if (!piper_decode(w->s, w->s->scratch[me], from, to, out)) {
            atomic_store(&w->stopped, true);
            return;
        }
    }
}

bool piper_next(PiperState *s, const float **samples, size_t *n, Err *err)
{
    *n = 0;
    *samples = s->samples.p;
    if (!s->begun || s->next >= s->frames) {
        return true;
    }
    unsigned members = team_members(s->team);
    size_t left = s->frames - s->next, window = s->next == 0 ? WINDOW_FIRST : WINDOW;
    if (left < members * window) {
        window = (left + members - 1) / members; /* the last ones share what is left */
    }
    size_t to = s->next + members * window;
    to = to < s->frames ? to : s->frames;
    if (!piper_flow_until(s, to + piper_decoder_reach(&s->p->w), err)) {
        return false;
    }
    Windows w = {.s = s, .from = s->next, .to = to, .window = window};
    team_run(s->team, windows_run, &w);
    s->stalls = team_stalls(s->team); /* windows are long: waiting for one another means nothing */
    if (atomic_load(&w.stopped)) {
        return err_set(err, ERR_CANCELLED, "speaking was stopped");
    }
    *n = (to - s->next) * s->p->w.hop;
    s->next = to;
    return true;
}
