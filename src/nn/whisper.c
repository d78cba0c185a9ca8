/* whisper.c - see whisper.h: opening, states, languages, tokens. */
#include "nn/whisper.h"

#include <stdio.h>

#include "base/mem.h"
#include "nn/whisper_attention.h"

static const char *const languages[] = {
    "en", "zh", "de", "es", "ru", "ko", "fr", "ja", "pt", "tr", "pl", "ca", "nl", "ar", "sv",
    "it", "id", "hi", "fi", "vi", "he", "uk", "el", "ms", "cs", "ro", "da", "hu", "ta", "no",
    "th", "ur", "hr", "bg", "lt", "la", "mi", "ml", "cy", "sk", "te", "fa", "lv", "bn", "sr",
    "az", "sl", "kn", "et", "mk", "br", "eu", "is", "hy", "ne", "mn", "bs", "kk", "sq", "sw",
    "gl", "mr", "pa", "si", "km", "sn", "yo", "so", "af", "oc", "ka", "be", "tg", "sd", "gu",
    "am", "yi", "lo", "uz", "fo", "ht", "ps", "tk", "nn", "mt", "sa", "lb", "my", "bo", "tl",
    "mg", "as", "tt", "haw", "ln", "ha", "ba", "jw", "su", "yue"};

const char *whisper_language(uint32_t i)
{
    return i < sizeof languages / sizeof *languages ? languages[i] : NULL;
}

bool whisper_knows_language(const Whisper *m, Str code)
{
    uint32_t n = m->w.info.languages ? m->w.info.languages : 1;
    for (uint32_t i = 0; i < n; i++)
        if (str_eq(code, str_of(languages[i])))
            return true;
    return false;
}

void whisper_ids_init(WhisperIds *ids, const WhisperInfo *info)
{
    uint32_t n = info->languages ? info->languages : 99, eot = info->languages ? 50257 : 50256;
    *ids = (WhisperIds){.eot = eot, .sot = eot + 1, .language0 = eot + 2, .languages = n};
    ids->translate = ids->language0 + n;
    ids->transcribe = ids->translate + 1;
    ids->sot_lm = ids->translate + 2;
    ids->sot_prev = ids->translate + 3;
    ids->no_speech = ids->translate + 4;
    ids->no_timestamps = ids->translate + 5;
    ids->time0 = ids->translate + 6;
}

/* ---- opening -----------------------------------------------------------------------------------
 */

/* The encoder's silence in the form that the processor's tiles take. */
static bool pack_silence(Whisper *m, Err *err)
{
#if defined(__x86_64__)
    size_t layer = (size_t)m->w.info.state * WHISPER_SILENT_ROWS;
    if (!whisper_attention_is_amx(m))
        return true;
    m->silent_keys = mem_aligned(64, m->w.info.encoder_layers * 2 * layer * sizeof(uint16_t));
    m->silent_values = mem_aligned(64, m->w.info.encoder_layers * layer * sizeof(uint16_t));
    if (!m->silent_keys || !m->silent_values)
        return err_set(err, ERR_NO_MEMORY, "no memory to open the speech model");
    for (uint32_t i = 0; i < m->w.info.encoder_layers; i++)
        whisper_attention_pack_silence_amx(m, &m->w.encoder[i], m->silent_keys + 2 * i * layer,
                                           m->silent_values + i * layer);
#endif
    (void)err;
    return true;
}

static bool open_int8(Whisper *m, const char *path, Err *err)
{
    m->file = weights_open(path, WHISPER_MODEL, err);
    return m->file && whisper_bind_int8(&m->w, m->file, err) && pack_silence(m, err);
}

static bool open_fp32(Whisper *m, const char *path, Err *err)
{
    WhisperSource source;
    if (!whisper_source_open(&source, path, err))
        return false;
    bool ok = whisper_bind_fp32(&m->w, &source, &m->memory, &m->blob, err);
    whisper_source_close(&source);
    return ok;
}

/* The encoder is run once on silence: 30 s of the floor that clips will be moved to. */
static bool hear_silence(Whisper *m, Err *err)
{
    unsigned threads = os_cpu_count();
    WhisperState *s = whisper_state_new(
        m, threads < WHISPER_THREADS_MAX ? threads : WHISPER_THREADS_MAX, err);
    if (s)
        whisper_silence(m, s);
    whisper_state_free(s);
    return s != NULL;
}

Whisper *whisper_open(const char *path, WhisperPrecision precision, Err *err)
{
    Whisper *m = mem_zalloc(sizeof *m);
    if (!m) {
        err_set(err, ERR_NO_MEMORY, "no memory to open the speech model");
        return NULL;
    }
    m->precision = precision;
    buf_init(&m->blob, 64 << 20);
    bool ok = precision == WHISPER_FP32 ? open_fp32(m, path, err) : open_int8(m, path, err);
    if (ok) {
        whisper_ids_init(&m->ids, &m->w.info);
        whisper_suppress_init(m);
        m->mel = mel_new(m->w.filters, m->w.info.mels, err);
        ok = m->mel && (precision == WHISPER_INT8 || hear_silence(m, err));
    }
    if (!ok) {
        whisper_close(m);
        return NULL;
    }
    return m;
}

void whisper_close(Whisper *m)
{
    if (m) {
        weights_close(m->file);
        mem_free(m->memory);
        buf_release(&m->blob);
        mel_free(m->mel);
        mem_free(m->silent_keys);
        mem_free(m->silent_values);
        mem_free(m);
    }
}

bool whisper_verify(const Whisper *m, Err *err)
{
    return m->precision == WHISPER_FP32 || weights_verify(m->file, err);
}

const WhisperInfo *whisper_info(const Whisper *m)
{
    return &m->w.info;
}

/* ---- states ------------------------------------------------------------------------------------
 */

/* Cleared, because products read rows that nobody wrote, up to whole tiles. */
static void *block(size_t count, size_t size)
{
    void *p = mem_aligned(64, count * size);
    if (p)
        memset(p, 0, count * size);
    return p;
}

static bool lane_init(WhisperLane *l, size_t d)
{
    l->stem = block(68 * d, sizeof(float));
    l->y = block(WHISPER_BLOCK * d, sizeof(float));
    l->norm = block(WHISPER_BLOCK * d, sizeof(float));
    l->hidden = block(WHISPER_BLOCK * 4 * d, sizeof(float));
    l->scores = block((size_t)WHISPER_QUERIES * WHISPER_KEYS, sizeof(float));
    l->q = block((WHISPER_BLOCK + GEMM_M_STEP) * 4 * d, 1);
    return l->stem && l->y && l->norm && l->hidden && l->scores && l->q;
}

static bool state_init(WhisperState *s, const Whisper *m, unsigned threads)
{
    const WhisperInfo *i = &m->w.info;
    size_t d = i->state, number = m->precision == WHISPER_INT8 ? sizeof(uint16_t) : sizeof(float);
    size_t text = (size_t)i->decoder_layers * d * WHISPER_TEXT_MAX, prompt = WHISPER_PROMPT_ROWS;
    size_t cross = (size_t)i->decoder_layers * d * WHISPER_CROSS_ROWS;
    s->mel = block((WHISPER_FRAMES + 4) * (size_t)i->mels, sizeof(float));
    s->x = block(WHISPER_ROWS * d, sizeof(float));
    s->qkv = block(WHISPER_ROWS * 3 * d, sizeof(float));
    s->keys = block(WHISPER_ROWS * d, sizeof(float));
    s->values = block(WHISPER_ROWS * d, sizeof(uint16_t));
    s->encoded = block(WHISPER_ROWS * d, sizeof(float));
    s->cross_k = block(cross, number);
    s->cross_v = block(cross, number);
    s->self_k = block(text, sizeof(float));
    s->self_v = block(text, sizeof(float));
    s->dx = block(threads * prompt * d, sizeof(float));
    s->dy = block(prompt * 4 * d, sizeof(float));
    s->dh = block(prompt * 4 * d, sizeof(float));
    s->dz = block(prompt * d, sizeof(float));
    s->logits = block(m->w.words.n, sizeof(float));
    s->probe = block(m->w.words.n, sizeof(float));
    s->sorted = block(m->w.words.n, sizeof(float));
    for (unsigned t = 0; t < threads; t++)
        if (!lane_init(&s->lane[t], d))
            return false;
    return s->mel && s->x && s->qkv && s->keys && s->values && s->encoded && s->cross_k &&
           s->cross_v && s->self_k && s->self_v && s->dx && s->dy && s->dh && s->dz && s->logits &&
           s->probe && s->sorted;
}

WhisperState *whisper_state_new(const Whisper *m, unsigned threads, Err *err)
{
    if (threads < 1 || threads > WHISPER_THREADS_MAX) {
        err_set(err, ERR_VALIDATION, "a transcription has 1 to %d threads", WHISPER_THREADS_MAX);
        return NULL;
    }
    WhisperState *s = mem_zalloc(sizeof *s);
    if (s) {
        s->m = m;
        s->team = team_new(threads, err);
    }
    if (!s || !s->team || !state_init(s, m, threads)) {
        if (!s || s->team)
            err_set(err, ERR_NO_MEMORY, "no memory for the scratch of a transcription");
        whisper_state_free(s);
        return NULL;
    }
    return s;
}

void whisper_state_free(WhisperState *s)
{
    if (!s)
        return;
    void *blocks[] = {s->mel, s->x, s->qkv, s->keys, s->values, s->encoded, s->cross_k,
                      s->cross_v, s->self_k,
                      s->self_v, s->dx, s->dy, s->dh, s->dz, s->logits, s->probe, s->sorted};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        mem_free(blocks[i]);
    for (unsigned t = 0; t < WHISPER_THREADS_MAX; t++) {
        WhisperLane *l = &s->lane[t];
        mem_free(l->stem);
        mem_free(l->y);
        mem_free(l->norm);
        mem_free(l->hidden);
        mem_free(l->scores);
        mem_free(l->q);
    }
    team_free(s->team);
    mem_free(s);
}

/* ---- tokens ------------------------------------------------------------------------------------
 */

size_t whisper_encode_text(const Whisper *m, Str text, uint32_t *ids, size_t max)
{
    return bpe_encode(&m->w.bpe, text, ids, max);
}

bool whisper_decode_text(const Whisper *m, const uint32_t *ids, size_t n, Buf *out)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] < m->ids.eot)
            buf_add(out, bpe_token(&m->w.bpe, ids[i]));
    return buf_ok(out);
}
