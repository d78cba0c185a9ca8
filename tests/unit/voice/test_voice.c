/* Voices of this machine, spoken into a list of samples: the same bytes for the same seed,
 * sentences in order, cancelling, both back ends, and every way to refuse. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "base/mem.h"
#include "base/os.h"
#include "support/tempdir.h"
#include "unit/nn/models.h"
#include "voice/espeak.h"
#include "voice/voice.h"

#define NATURAL "en_US-joe-medium"

typedef struct {
    Buf pcm;
    size_t calls, sentences, loudest, largest;
    size_t last_from, stop_after;
    bool lasts[16];
    atomic_bool *cancel;
} Ear;

static char models[1024];

static bool hear(void *arg, const int16_t *pcm, size_t n, const VoicePlace *place)
{
    Ear *e = arg;
    buf_add_mem(&e->pcm, pcm, n * sizeof *pcm);
    for (size_t i = 0; i < n; i++) {
        size_t size = (size_t)abs(pcm[i]);
        e->loudest = size > e->loudest ? size : e->loudest;
    }
    e->largest = n > e->largest ? n : e->largest;
    assert_true(place->sentence == e->sentences || place->sentence == e->sentences + 1);
    assert_true(place->from >= e->last_from && place->to > place->from);
    e->sentences = place->sentence;
    e->last_from = place->from;
    if (place->sentence < ARRAY_LEN(e->lasts)) {
        e->lasts[place->sentence] = place->last;
    }
    e->calls++;
    if (e->cancel && e->calls == e->stop_after) {
        atomic_store(e->cancel, true);
    }
    return !e->stop_after || e->cancel || e->calls < e->stop_after;
}

static Ear ear(void)
{
    Ear e = {0};
    buf_init(&e.pcm, (size_t)64 << 20);
    return e;
}

static int setup(void **state)
{
    (void)state;
    const char *file = model_path(NATURAL ".sotto");
    (void)snprintf(models, sizeof models, "%.*s",
        (int)(strlen(file) - strlen(NATURAL ".sotto") - 1),
        file);
    return 0;
}

static Voice *open_voice(const char *id)
{
    Err err = ERR_INIT;
    Voice *v = voice_open(models, id, &err);
    if (!v) {
        fail_msg("%s", err.msg);
    }
    return v;
}

static VoiceSpeaker *speaker(const Voice *v, unsigned threads)
{
    Err err = ERR_INIT;
    VoiceSpeaker *s = voice_speaker_new(v, threads, &err);
    assert_non_null(s);
    return s;
}

static VoiceReport speak(VoiceSpeaker *s, Ear *e, const char *text, float speed, uint64_t seed)
{
    Err err = ERR_INIT;
    VoiceReport r;
    VoiceSay say = {.speed = speed, .seed = seed, .sink = hear, .arg = e};
    if (!voice_say(s, str_of(text), &say, &r, &err)) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(r.samples * 2, e->pcm.len);
    return r;
}

static void test_list(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Arena *a = arena_new(1 << 20);
    VoiceInfo *list;
    size_t n;
    assert_true(voice_list(models, a, &list, &n, &err));
    assert_true(n >= 3);
    assert_string_equal(list[0].id, NATURAL);
    assert_string_equal(list[0].name, "Joe (medium)");
    assert_string_equal(list[0].language, "en-US");
    assert_string_equal(voice_backend_name(list[0].backend), "piper");
    assert_int_equal(list[0].rate_hz, 22050);
    assert_string_equal(list[1].id, "espeak:en-us");
    assert_true(voice_list("/nonexistent", a, &list, &n, &err));
    assert_true(n >= 10);
    assert_string_equal(list[2].id, "espeak:de");
    for (size_t i = 0; i < n; i++) { /* every one that is listed speaks */
        Voice *v = open_voice(list[i].id);
        VoiceSpeaker *s = speaker(v, 1);
        Ear e = ear();
        speak(s, &e, "Radio 3.", 1, 0);
        assert_true(e.pcm.len > 10000 && e.loudest > 2000);
        buf_release(&e.pcm);
        voice_speaker_free(s);
        voice_close(v);
    }
    arena_free(a);
}

static void test_natural(void **state)
{
    (void)state;
    Voice *v = open_voice(NULL);
    VoiceSpeaker *s = speaker(v, 2);
    Ear e = ear();
    const char *text = "Good morning. You have 3 meetings!";
    assert_string_equal(voice_info(v)->id, NATURAL);
    VoiceReport r = speak(s, &e, text, 0, 7);
    assert_int_equal(r.sentences, 2);
    assert_int_equal(e.sentences, 1);
    assert_true(e.lasts[1]);
    assert_true(e.calls > 4); /* in pieces */
    assert_true(r.samples > 22050 && r.samples < 6 * 22050);
    assert_true(e.loudest > 4000 && e.loudest <= 32767);
    assert_true(r.first_ms > 0 && r.first_ms <= r.total_ms);

    Ear again = ear();
    VoiceSpeaker *alone = speaker(v, 1);
    speak(alone, &again, text, 1, 7);
    assert_int_equal(again.pcm.len, e.pcm.len);
    assert_memory_equal(again.pcm.ptr, e.pcm.ptr, e.pcm.len);
    Ear other = ear();
    speak(alone, &other, text, 1, 8);
    assert_true(other.pcm.len != e.pcm.len || memcmp(other.pcm.ptr, e.pcm.ptr, e.pcm.len) != 0);
    Ear quick = ear();
    speak(alone, &quick, text, 2, 7);
    assert_true(quick.pcm.len < e.pcm.len * 2 / 3);
    buf_release(&e.pcm);
    buf_release(&again.pcm);
    buf_release(&other.pcm);
    buf_release(&quick.pcm);
    voice_speaker_free(s);
    voice_speaker_free(alone);
    voice_close(v);
}

/* A sentence far longer than the model was made for is said in several runs, all of it. */
static void test_long(void **state)
{
    (void)state;
    Voice *v = open_voice(NATURAL);
    VoiceSpeaker *s = speaker(v, 2);
    Buf text;
    Ear e = ear(), one = ear();
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 60; i++) {
        buf_add(&text, STR("and then we went to the other house without a pause or a comma "));
    }
    buf_add_char(&text, '\0');
    speak(s, &one, "and then we went to the other house without a pause or a comma", 1, 1);
    VoiceReport r = speak(s, &e, text.ptr, 1, 1);
    assert_int_equal(r.sentences, 1);
    assert_true(e.pcm.len > one.pcm.len * 45);
    assert_true(e.largest <= 4 * 32 * 256); /* never a whole sentence at once */
    buf_release(&text);
    buf_release(&e.pcm);
    buf_release(&one.pcm);
    voice_speaker_free(s);
    voice_close(v);
}

static void test_espeak(void **state)
{
    (void)state;
    Voice *v = open_voice("espeak:en-us");
    VoiceSpeaker *s = speaker(v, 1);
    Ear e = ear(), again = ear();
    VoiceReport r = speak(s, &e, "Hello there. It is 15:30.", 1, 0);
    assert_int_equal(r.sentences, 2);
    assert_true(e.loudest > 2000);
    assert_true(e.largest <= voice_info(v)->rate_hz / 10);
    speak(s, &again, "Hello there. It is 15:30.", 1, 0);
    assert_true(again.pcm.len > e.pcm.len * 9 / 10 && again.pcm.len < e.pcm.len * 11 / 10);
    buf_release(&e.pcm);
    buf_release(&again.pcm);
    voice_speaker_free(s);
    voice_close(v);
}

static void test_stop(void **state)
{
    (void)state;
    static const char *const ids[] = {NATURAL, "espeak:en-us"};
    const char *text = "This is a first sentence to be stopped. And this one is never heard.";
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        Err err = ERR_INIT;
        Voice *v = open_voice(ids[i]);
        VoiceSpeaker *s = speaker(v, 1);
        atomic_bool cancel = false;
        Ear e = ear();
        e.stop_after = 1;
        VoiceSay say = {.sink = hear, .arg = &e};
        VoiceReport r = {0};
        assert_err(voice_say(s, str_of(text), &say, &r, &err), err, ERR_CANCELLED, "stopped");
        assert_int_equal(e.calls, 1);
        e.cancel = &cancel;
        say.cancel = &cancel;
        e.calls = 0;
        assert_err(voice_say(s, str_of(text), &say, &r, &err), err, ERR_CANCELLED, "stopped");
        assert_int_equal(e.calls, 1);
        assert_int_equal(r.sentences, 0);
        assert_err(voice_say(s, str_of(text), &say, &r, &err), err, ERR_CANCELLED, "stopped");
        assert_int_equal(e.calls, 1);
        atomic_store(&cancel, false);
        e.stop_after = 0;
        assert_true(voice_say(s, STR("Again."), &say, &r, &err)); /* and it can go on */
        buf_release(&e.pcm);
        voice_speaker_free(s);
        voice_close(v);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Voice *v = open_voice("espeak:en-us");
    VoiceSpeaker *s = speaker(v, 1);
    Ear e = ear();
    VoiceSay say = {.sink = hear, .arg = &e};
    assert_err(voice_say(s, STR(""), &say, NULL, &err), err, ERR_VALIDATION, "nothing");
    assert_err(voice_say(s, STR("*** ---"), &say, NULL, &err), err, ERR_VALIDATION, "nothing");
    assert_err(voice_say(s, STR("\xff"), &say, NULL, &err), err, ERR_VALIDATION, "UTF-8");
    say.speed = 5;
    assert_err(voice_say(s, STR("x"), &say, NULL, &err), err, ERR_VALIDATION, "speed");
    say.speed = 0.1f;
    assert_err(voice_say(s, STR("x"), &say, NULL, &err), err, ERR_VALIDATION, "speed");
    say.speed = 1;
    char *big = mem_zalloc(VOICE_TEXT_MAX + 1);
    memset(big, 'a', VOICE_TEXT_MAX + 1);
    assert_err(voice_say(s, str_mem(big, VOICE_TEXT_MAX + 1), &say, NULL, &err), err, ERR_TOO_LARGE,
        "at most");
    mem_free(big);
    assert_err(voice_open(models, "nobody", &err) != NULL, err, ERR_NOT_FOUND, "nobody");
    assert_int_equal(e.calls, 0);
    voice_speaker_free(s);
    voice_close(v);
}

/* The punctuation that a clause ends with is part of what the model reads. */
static void test_phonemes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *phonemes;
    } cases[] = {
        {"No.", "nˈoʊ."},
        {"Good morning, Anna.", "ɡˈʊd mˈɔːɹnɪŋ, ˈænə."},
        {"And why?", "ænd wˈaɪ?"},
        {"So: this; then that!", "sˈoʊ: ðˈɪs; ðˈɛn ðˈæt!"},
        {"the A.P.I key", "ðɪʲ ˌeɪpˌiːˈaɪ kˈiː"},
        {"in the office door", "ɪnðɪʲ ˈɑːfɪs dˈɔːɹ"},
        {"The taxi is here", "ðə tˈæksiʲ ɪz hˈɪɹ"},
        {"...", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Err err = ERR_INIT;
        Arena *a = arena_new(1 << 20);
        Buf out;
        size_t *ends, n;
        buf_init(&out, 1 << 16);
        assert_true(espeak_sentence("en-us", str_of(cases[i].text), a, &out, &ends, &n, &err));
        assert_str(buf_str(&out), cases[i].phonemes);
        assert_true(n == 0 || ends[n - 1] == out.len);
        buf_release(&out);
        arena_free(a);
    }
    Err err = ERR_INIT;
    Buf out;
    buf_init(&out, 1 << 16);
    assert_err(espeak_phonemes("xx-none", STR("a"), &out, &err), err, ERR_NOT_FOUND, "xx-none");
    buf_release(&out);
}

int main(void)
{
    Err err = ERR_INIT;
    if (!cpu_init(&err)) {
        return 1;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_list), cmocka_unit_test(test_natural),
        cmocka_unit_test(test_long), cmocka_unit_test(test_espeak), cmocka_unit_test(test_stop),
        cmocka_unit_test(test_refuses), cmocka_unit_test(test_phonemes)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
