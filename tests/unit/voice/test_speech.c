/* The one way to speak, over a voice of this machine: the same bytes for the same seed, also out of
 * the cache; nobody's cache is another's; the speed is exact; memory stays flat. What other
 * machines' voices do is in tests/e2e/test_speech.py. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/os.h"
#include "support/tempdir.h"
#include "unit/nn/models.h"
#include "voice/speech.h"

#define VOICE "en_US-joe-medium"

static Mouth *mouth;
static TempDir dir;

static bool hear(void *arg, const int16_t *pcm, size_t n, const VoicePlace *place)
{
    (void)place;
    return buf_add_mem(arg, pcm, n * sizeof *pcm);
}

static Speech *open_speech(uint64_t cache_bytes)
{
    Err err = ERR_INIT;
    SpeechOptions o = {.mouth = mouth, .cache_dir = dir.path, .cache_bytes = cache_bytes};
    Speech *s = speech_new(&o, &err);
    if (!s)
        fail_msg("%s", err.msg);
    return s;
}

static SpeechReport say(Speech *s, const Uuid *owner, const char *text, float speed, uint64_t seed,
    Sha256 *sum)
{
    Err err = ERR_INIT;
    SpeechReport r;
    Buf pcm;
    buf_init(&pcm, (size_t)64 << 20);
    SpeechSay q = {.owner = owner, .text = str_of(text), .speed = speed, .seed = seed, .sink = hear,
        .arg = &pcm};
    if (!speech_say(s, &q, &r, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(r.sound.samples * sizeof(int16_t), pcm.len);
    assert_string_equal(r.voice, VOICE);
    if (sum)
        assert_true(sha256(buf_str(&pcm), sum, &err));
    buf_release(&pcm);
    return r;
}

static int setup(void **state)
{
    Err err = ERR_INIT;
    static char models[1024];
    const char *file = model_path(VOICE ".sotto");
    (void)state;
    (void)snprintf(models, sizeof models, "%.*s", (int)(strlen(file) - strlen(VOICE ".sotto") - 1),
        file);
    MouthOptions o = {.models_dir = models, .voice = VOICE};
    tempdir_make(&dir);
    mouth = mouth_new(&o, &err);
    return mouth ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    mouth_free(mouth);
    tempdir_remove(&dir);
    return 0;
}

static void same_bytes_and_whose_they_are(void **state)
{
    Uuid ann = {{1}}, bob = {{2}};
    Sha256 first, again, other, plain;
    Speech *s = open_speech(8u << 20);
    const char *text = "It is half past nine. Nothing is due before noon.";
    (void)state;
    assert_false(say(s, &ann, text, 1, 1, &first).cached);
    SpeechReport r = say(s, &ann, text, 1, 1, &again);
    assert_true(r.cached && r.sound.sentences == 2);
    assert_memory_equal(&first, &again, sizeof first);
    assert_false(say(s, &bob, text, 1, 1, &other).cached);
    assert_memory_equal(&first, &other, sizeof first);
    assert_false(say(s, NULL, text, 1, 1, &plain).cached);
    assert_memory_equal(&first, &plain, sizeof first);
    assert_false(say(s, &ann, text, 1, 2, &other).cached);
    assert_memory_not_equal(&first, &other, sizeof first);
    Err err = ERR_INIT;
    assert_true(speech_forget(s, &ann, &err));
    assert_false(say(s, &ann, text, 1, 1, NULL).cached);
    assert_true(say(s, &bob, text, 1, 1, NULL).cached);
    speech_free(s);
}

static void speed_is_exact(void **state)
{
    static const float speeds[] = {0.5f, 0.8f, 1.25f, 2, 3};
    Speech *s = open_speech(0);
    const char *text = "The train to the city leaves at a quarter to eight from platform two.";
    double whole = (double)say(s, NULL, text, 1, 1, NULL).sound.samples;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(speeds); i++) {
        double n = (double)say(s, NULL, text, speeds[i], 1, NULL).sound.samples;
        double wrong = fabs(n * (double)speeds[i] / whole - 1);
        if (wrong > 0.02)
            fail_msg("at %g it lasts %.3f of what it should", (double)speeds[i], 1 + wrong);
    }
    speech_free(s);
}

/* 120 utterances here, 1,000 with SOTTO_TORTURE=full; every fourth was said before. */
static void memory_stays_flat(void **state)
{
    const char *torture = getenv("SOTTO_TORTURE");
    int runs = torture && strcmp(torture, "full") == 0 ? 1000 : 120;
    Uuid ann = {{1}};
    Speech *s = open_speech(1u << 20);
    uint64_t before = 0;
    unsigned cached = 0;
    (void)state;
    for (int i = 0; i < runs; i++) {
        char text[96];
        int k = i % 4 == 3 ? i - 1 : i;
        (void)snprintf(text, sizeof text, "Task %d is due on March %d%s", k, 1 + k % 28,
            k % 5 ? "." : ", at nine. Call them.");
        cached += say(s, &ann, text, 2, 1, NULL).cached;
        if (i == 40)
            before = os_rss_bytes();
    }
    uint64_t after = os_rss_bytes();
    print_message("%d utterances, %u of them kept before: %llu KiB more than after forty\n", runs,
        cached, after > before ? (unsigned long long)((after - before) >> 10) : 0);
    assert_int_equal(cached, runs / 4);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(after < before + (2u << 20));
#endif
    speech_free(s);
}

static void who_is_meant(void **state)
{
    Err err = ERR_INIT;
    SpeechBackend backend;
    char id[SPEECH_VOICE_MAX];
    Speech *s = open_speech(0);
    (void)state;
    assert_true(speech_find(s, STR(""), &backend, id, &err) && backend == SPEECH_LOCAL);
    assert_string_equal(id, VOICE);
    assert_false(speech_find(s, STR("zorg"), &backend, id, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_false(speech_find(s, STR("elevenlabs"), &backend, id, &err)); /* no key */
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    assert_true(speech_is_remote(STR("openai/alloy")) && !speech_is_remote(STR("openair")));
    speech_free(s);
}

int main(void)
{
    Err err = ERR_INIT;
    if (!cpu_init(&err))
        return 2;
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_bytes_and_whose_they_are),
        cmocka_unit_test(speed_is_exact), cmocka_unit_test(memory_stays_flat),
        cmocka_unit_test(who_is_meant)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
