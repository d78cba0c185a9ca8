/* bench_encoder - the encoder on the end of a pipe, for the scripts that compare it with others.
 *
 *   bench_encoder convert MODEL.safetensors VOCAB.txt OUT
 *   bench_encoder serve int8|fp32 MODEL
 *
 * serve reads requests from standard input: a command byte, u32 count, u32 repeats, then `count`
 * texts, each a u32 length and its bytes. Answers, little-endian:
 *   T  token ids: for each text u32 total, u32 n, n ids (cut at 256)
 *   E  vectors: count x 384 floats
 *   B  times: `repeats` doubles, the seconds of embedding all texts once
 *   1  times: `repeats` doubles, the seconds of embedding one text, going round the texts
 *   K  times: `repeats` doubles, tokenising all texts once */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "nn/gemm.h"
#include "nn/minilm.h"

typedef struct {
    Str *texts;
    char *bytes;
    uint32_t count, repeats;
} Request;

static int fail(const char *what)
{
    fprintf(stderr, "bench_encoder: %s\n", what);
    return 1;
}

static bool read_request(char *command, Request *r)
{
    uint32_t head[2];
    if (fread(command, 1, 1, stdin) != 1 || fread(head, 4, 2, stdin) != 2) {
        return false;
    }
    *r = (Request){.count = head[0], .repeats = head[1]};
    r->texts = mem_array(r->count + 1, sizeof *r->texts);
    size_t used = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        uint32_t n;
        if (fread(&n, 4, 1, stdin) != 1) {
            return false;
        }
        r->bytes = mem_resize(r->bytes, used + n + 1, 1);
        if (n && fread(r->bytes + used, 1, n, stdin) != n) {
            return false;
        }
        r->texts[i].len = n;
        used += n;
    }
    for (uint32_t i = 0, at = 0; i < r->count; at += (uint32_t)r->texts[i++].len) {
        r->texts[i].ptr = r->bytes + at;
    }
    return true;
}

static void put_tokens(const Minilm *m, const Request *r)
{
    for (uint32_t i = 0; i < r->count; i++) {
        uint32_t ids[2 + MINILM_MAX_TOKENS];
        ids[0] = (uint32_t)minilm_tokenize(m, r->texts[i], ids + 2, NULL, MINILM_MAX_TOKENS);
        ids[1] = ids[0] < MINILM_MAX_TOKENS ? ids[0] : MINILM_MAX_TOKENS;
        fwrite(ids, 4, 2 + ids[1], stdout);
    }
}

static bool answer(char command, const Minilm *m, MinilmState *s, const Request *r, float *out)
{
    Err err = ERR_INIT;
    if (command == 'T') {
        put_tokens(m, r);
        return true;
    }
    if (command == 'E') {
        bool ok = minilm_embed(m, s, r->texts, r->count, out, NULL, &err);
        fwrite(out, sizeof(float) * MINILM_DIM, r->count, stdout);
        return ok;
    }
    for (uint32_t i = 0; i < r->repeats; i++) {
        uint64_t start = clock_mono_ns();
        if (command == 'K') {
            for (uint32_t k = 0; k < r->count; k++) {
                (void)minilm_count_tokens(m, r->texts[k]);
            }
        } else if (command == '1') {
            minilm_embed(m, s, &r->texts[i % r->count], 1, out, NULL, &err);
        } else {
            minilm_embed(m, s, r->texts, r->count, out, NULL, &err);
        }
        double seconds = clock_seconds_since(start);
        fwrite(&seconds, sizeof seconds, 1, stdout);
    }
    return true;
}

int main(int argc, char **argv)
{
    Err err = ERR_INIT;
    if (argc == 5 && strcmp(argv[1], "convert") == 0) {
        return minilm_convert(argv[2], argv[3], argv[4], &err) ? 0 : fail(err.msg);
    }
    if (argc != 4 || strcmp(argv[1], "serve") != 0) {
        return fail("use convert SAFETENSORS VOCAB OUT, or serve int8|fp32 MODEL");
    }
    uint64_t start = clock_mono_ns();
    Minilm *m =
        minilm_open(argv[3], strcmp(argv[2], "fp32") == 0 ? MINILM_FP32 : MINILM_INT8, &err);
    MinilmState *s = m ? minilm_state_new(m, &err) : NULL;
    if (!s) {
        return fail(err.msg);
    }
    fprintf(stderr, "bench_encoder: %s, %s kernels, open in %.2f ms\n", argv[2], gemm_kernel_name(),
        clock_seconds_since(start) * 1e3);
    char command;
    Request r;
    while (read_request(&command, &r)) {
        float *out = mem_array(r.count + 1, MINILM_DIM * sizeof *out);
        if (!answer(command, m, s, &r, out)) {
            return fail("could not embed");
        }
        fflush(stdout);
        mem_free(out);
        mem_free(r.texts);
        mem_free(r.bytes);
    }
    minilm_state_free(s);
    minilm_close(m);
    return 0;
}
