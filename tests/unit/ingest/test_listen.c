/* The speech detector and the endpointer together, on the voices, noises and tones of
 * tests/golden/vad: utterances where they are, none where there are only noises. */
#include "support/unit.h"

#include "audio/endpoint.h"
#include "base/mem.h"
#include "nn/vad.h"
#include "support/tempdir.h"
#include "unit/nn/models.h"

static Vad *vad;
static Buf pcm_bytes;
static float *pcm;
static size_t samples;

typedef struct {
    uint64_t from, to, decided;
} Utterance;

static Utterance heard[20];
static size_t n_heard;

static float probability(void *arg, const float frame[ENDPOINT_FRAME])
{
    return vad_frame(vad, arg, frame);
}

static void hear(void *arg, const EndpointEvent *event)
{
    (void)arg;
    assert_true(n_heard < ARRAY_LEN(heard));
    if (event->kind == ENDPOINT_START)
        heard[n_heard].from = event->at;
    if (event->kind == ENDPOINT_END) {
        heard[n_heard].to = event->at;
        heard[n_heard++].decided = event->decided;
    }
}

static void listen(const EndpointOptions *o, const float *sound, size_t n, size_t block)
{
    Err err = ERR_INIT;
    VadState state = {0};
    n_heard = 0;
    Endpointer *e = endpoint_new(o, probability, &state, &err);
    assert_non_null(e);
    for (size_t at = 0, now; at < n; at += now) {
        now = block < n - at ? block : n - at;
        endpoint_feed(e, sound + at, now, hear, NULL);
    }
    endpoint_finish(e, hear, NULL);
    endpoint_free(e);
}

/* Two sentences, at 0.5 s and behind 0.3 s of silence and 0.7 s of noise. */
static void sentences_are_found(void **state)
{
    (void)state;
    listen(&(EndpointOptions){.silence_ms = 400}, pcm, samples, 333);
    for (size_t i = 0; i < n_heard; i++)
        print_message("%.2f to %.2f s, told %.0f ms after\n", (double)heard[i].from / 16000,
                      (double)heard[i].to / 16000,
                      (double)(heard[i].decided - heard[i].to) / 16);
    assert_int_equal(n_heard, 3);
    assert_true(heard[0].from < 16000 / 2 + 800 && heard[0].to > 2 * 16000);
    assert_true(heard[1].from > heard[0].to && heard[1].to - heard[1].from < 5 * 8000);
    for (size_t i = 0; i < 2; i++) /* 400 ms of silence, of which 160 count to the speech */
        assert_in_range(heard[i].decided - heard[i].to, 200 * 16, 300 * 16);
}

static void noise_is_no_speech(void **state)
{
    (void)state;
    enum { N = 16000 * 20 };
    float *noise = mem_array(N, sizeof *noise);
    assert_non_null(noise);
    for (int kind = 0; kind < 4; kind++) {
        uint64_t seed = 99;
        float brown = 0;
        for (size_t i = 0; i < N; i++) {
            seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
            float white = (float)(int32_t)seed / 2147483648.0f;
            brown = brown * 0.98f + white * 0.02f;
            noise[i] = kind == 0 ? 0 : kind == 1 ? white * 0.1f : kind == 2 ? brown :
                       i % 4000 < 20 ? white : 0;
        }
        listen(NULL, noise, N, 320);
        if (n_heard)
            fail_msg("noise %d: %zu utterances", kind, n_heard);
    }
    mem_free(noise);
}

static TempDir dir;

static int set_up(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    tempdir_make(&dir);
    const char *file = tempdir_file(&dir, "vad.sotto");
    buf_init(&pcm_bytes, BUF_DEFAULT_MAX);
    if (!vad_convert(model_path("silero-vad/silero_vad_16k_op15.onnx"), file, &err) ||
        !(vad = vad_open(file, &err)) ||
        !os_read_file(SOTTO_SOURCE_DIR "/tests/golden/vad/input.s16", &pcm_bytes, &err))
        fail_msg("%s", err.msg);
    samples = pcm_bytes.len / 2;
    pcm = mem_array(samples, sizeof *pcm);
    assert_non_null(pcm);
    for (size_t i = 0; i < samples; i++) {
        int16_t s;
        memcpy(&s, pcm_bytes.ptr + i * 2, 2);
        pcm[i] = (float)s / 32768;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    vad_close(vad);
    mem_free(pcm);
    buf_release(&pcm_bytes);
    tempdir_remove(&dir);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentences_are_found),
        cmocka_unit_test(noise_is_no_speech),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
