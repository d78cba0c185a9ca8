/* bench_whisper MODEL [--fp32] [--full] [--plain] [--threads N] [--language CODE]: transcribes WAV
 * files (16 kHz, mono, 16 bit) named on standard input, one a line, and answers each with one line
 * of JSON: what it cost and what was said. tests/bench/voice/run.py asks it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/os.h"
#include "nn/whisper.h"

typedef struct {
    Whisper *m;
    WhisperState *s;
    WhisperOptions o;
} Bench;

static bool read_wav(const char *path, Buf *raw, float **pcm, size_t *n, Err *err)
{
    if (!os_read_file(path, raw, err))
        return false;
    size_t at = str_find(buf_str(raw), STR("data"), 12);
    if (raw->len < 44 || memcmp(raw->ptr + 8, "WAVE", 4) != 0 || at == SIZE_MAX)
        return err_set(err, ERR_VALIDATION, "%s is no WAV file", path);
    *n = (raw->len - at - 8) / 2;
    *pcm = mem_array(*n + 1, sizeof **pcm);
    if (!*pcm)
        return err_set(err, ERR_NO_MEMORY, "no memory for %s", path);
    for (size_t i = 0; i < *n; i++) {
        int16_t v;
        memcpy(&v, raw->ptr + at + 8 + 2 * i, 2);
        (*pcm)[i] = (float)v / 32768.0f;
    }
    return true;
}

static void answer(const WhisperResult *r, double ms)
{
    Buf out;
    JsonW w;
    float least = 0, no_speech = 0;
    size_t tokens = 0;
    buf_init(&out, 1 << 20);
    jw_init(&w, &out);
    for (size_t i = 0; i < r->n_segments; i++) {
        const WhisperSegment *g = &r->segments[i];
        tokens += g->n_tokens;
        least = g->avg_logprob < least ? g->avg_logprob : least;
        no_speech = g->no_speech_prob > no_speech ? g->no_speech_prob : no_speech;
    }
    jw_obj(&w);
    jw_kv_num(&w, "ms", ms);
    jw_kv_num(&w, "mel_ms", (double)r->mel_ns * 1e-6);
    jw_kv_num(&w, "encode_ms", (double)r->encode_ns * 1e-6);
    jw_kv_num(&w, "decode_ms", (double)r->decode_ns * 1e-6);
    jw_kv_int(&w, "tokens", (int64_t)tokens);
    jw_kv_int(&w, "fallbacks", r->fallbacks);
    jw_kv_num(&w, "avg_logprob", (double)least);
    jw_kv_num(&w, "no_speech_prob", (double)no_speech);
    jw_kv_cstr(&w, "language", r->language);
    jw_kv_num(&w, "language_probability", (double)r->language_probability);
    jw_kv_int(&w, "rss_mib", (int64_t)(os_rss_bytes() >> 20));
    jw_kv_str(&w, "text", r->text);
    jw_key(&w, "ids");
    jw_arr(&w);
    for (size_t i = 0; i < r->n_segments; i++)
        for (size_t k = 0; k < r->segments[i].n_tokens; k++)
            jw_int(&w, r->segments[i].tokens[k]);
    jw_arr_end(&w);
    jw_obj_end(&w);
    printf("%.*s\n", (int)out.len, out.ptr);
    fflush(stdout);
    buf_release(&out);
}

static bool one(Bench *b, const char *path, Err *err)
{
    Buf raw;
    float *pcm = NULL;
    size_t n = 0;
    WhisperResult r;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    buf_init(&raw, (size_t)1 << 30);
    bool ok = a && read_wav(path, &raw, &pcm, &n, err);
    uint64_t start = clock_mono_ns();
    ok = ok && whisper_transcribe(b->m, b->s, pcm, n, &b->o, a, &r, err);
    if (ok)
        answer(&r, (double)(clock_mono_ns() - start) * 1e-6);
    mem_free(pcm);
    buf_release(&raw);
    arena_free(a);
    return ok;
}

int main(int argc, char **argv)
{
    Err err = ERR_INIT;
    Bench b = {0};
    WhisperPrecision precision = WHISPER_INT8;
    unsigned threads = 2;
    char line[4096];
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--fp32") == 0)
            precision = WHISPER_FP32;
        else if (strcmp(argv[i], "--full") == 0)
            b.o.full_window = true;
        else if (strcmp(argv[i], "--plain") == 0)
            b.o.no_timestamps = true;
        else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            threads = (unsigned)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--language") == 0 && i + 1 < argc)
            b.o.language = str_of(argv[++i]);
    }
    bool ok = argc > 1 && cpu_init(&err) && (b.m = whisper_open(argv[1], precision, &err)) &&
              (b.s = whisper_state_new(b.m, threads, &err));
    while (ok && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        ok = one(&b, line, &err);
    }
    if (!ok)
        fprintf(stderr, "bench_whisper: %s\n", argc > 1 ? err.msg : "which model?");
    whisper_state_free(b.s);
    whisper_close(b.m);
    return ok ? 0 : 1;
}
