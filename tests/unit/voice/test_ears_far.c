/* Another server's ears: what is sent, what is made of its answers, and every way in which it can
 * fail. */
#include "support/unit.h"

#include "base/clock.h"
#include "unit/llm/fake_server.h"
#include "voice/ears_far.h"

#define KEY "sk-very-secret"
#define SAMPLES 1600
#define GOOD FAKE_JSON "{\"text\":\" Hello there. \"}"

static float pcm[SAMPLES];

static EarsFar *far_to(const char *base, const char *model, unsigned timeout_ms)
{
    Err err = ERR_INIT;
    EarsFar *f = ears_far_new(&(EarsFarOptions){.base_url = base, .api_key = KEY, .model = model,
        .timeout_ms = timeout_ms, .urgent_ms = timeout_ms}, &err);
    if (!f)
        fail_msg("%s", err.msg);
    return f;
}

/* One sound to a server of that script. */
typedef struct {
    Fake *server;
    Arena *a;
    WhisperResult r;
    Err err;
    bool ok;
    int connections;
} Asked;

static Asked ask(const FakeScript *s, size_t n, const WhisperOptions *o, bool urgent,
    unsigned timeout_ms)
{
    Asked q = {.server = fake_start(s, n), .a = arena_new((size_t)1 << 24), .err = ERR_INIT};
    EarsFar *f = far_to(q.server->base, "whisper-1", timeout_ms);
    q.ok = ears_far_hear(f, o ? o : &(WhisperOptions){0}, urgent, pcm, SAMPLES, q.a, &q.r, &q.err);
    q.connections = atomic_load(&q.server->connections);
    assert_null(strstr(q.err.msg, KEY));
    ears_far_free(f);
    return q;
}

static void done(Asked *q)
{
    fake_stop(q->server);
    arena_free(q->a);
}

static bool sent(const Asked *q, const char *part)
{
    return strstr(q->server->requests[0], part) != NULL;
}

static void test_what_is_sent(void **state)
{
    (void)state;
    const FakeScript good = {.pieces = {GOOD}};
    WhisperOptions o = {.language = STR("de"), .prompt = STR("Sotto"), .temperature = 0.2F,
                        .word_times = true};
    Asked q = ask(&good, 1, &o, false, 5000);
    if (!q.ok)
        fail_msg("%s", q.err.msg);
    assert_true(sent(&q, "POST /v1/audio/transcriptions HTTP/1.1\r\n"));
    assert_true(sent(&q, "Authorization: Bearer " KEY "\r\n"));
    assert_true(sent(&q, "name=\"model\"\r\n\r\nwhisper-1\r\n"));
    assert_true(sent(&q, "name=\"response_format\"\r\n\r\nverbose_json\r\n"));
    assert_true(sent(&q, "name=\"language\"\r\n\r\nde\r\n"));
    assert_true(sent(&q, "name=\"prompt\"\r\n\r\nSotto\r\n"));
    assert_true(sent(&q, "name=\"temperature\"\r\n\r\n0.20\r\n"));
    assert_true(sent(&q, "name=\"timestamp_granularities[]\"\r\n\r\nword\r\n"));
    assert_true(sent(&q, "filename=\"sound.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF"));
    assert_true(str_eq(q.r.text, STR("Hello there.")));
    assert_string_equal(q.r.language, "de");
    assert_int_equal(q.r.n_segments, 1);
    assert_true(q.r.segments[0].start_s == 0 && q.r.segments[0].end_s == 0.1F);
    done(&q);
}

static void test_what_is_tried_again(void **state)
{
    (void)state;
    const FakeScript twice[] = {
        {.pieces = {FAKE_STATUS("500 Oops", "", "{}")}},
        {.pieces = {FAKE_STATUS("429 Too Many Requests", "Retry-After: 0\r\n", "{}")}},
        {.pieces = {GOOD}}};
    Asked q = ask(twice, 3, NULL, false, 20000);
    assert_true(q.ok);
    assert_int_equal(q.connections, 3);
    done(&q);
    q = ask(twice, 3, NULL, true, 20000); /* a person waits: somebody else hears it then */
    assert_false(q.ok);
    assert_int_equal(q.connections, 1);
    assert_int_equal(q.err.code, ERR_UNAVAILABLE);
    done(&q);
    const FakeScript later = {
        .pieces = {FAKE_STATUS("429 Too Many Requests", "Retry-After: 3600\r\n", "{}")}};
    q = ask(&later, 1, NULL, false, 20000);
    assert_false(q.ok);
    assert_int_equal(q.connections, 1);
    assert_int_equal(q.err.code, ERR_RATE_LIMITED);
    done(&q);
}

static void test_what_is_not_tried_again(void **state)
{
    (void)state;
    static const struct {
        FakeScript script;
        ErrCode code;
        const char *says;
    } bad[] = {
        {{.pieces = {FAKE_STATUS("401 Unauthorized", "",
              "{\"error\":{\"message\":\"bad key " KEY "\"}}")}}, ERR_UNAVAILABLE,
         "openai_api_key"},
        {{.pieces = {FAKE_STATUS("404 Not Found", "", "{}")}}, ERR_UNAVAILABLE, "model"},
        {{.pieces = {FAKE_STATUS("400 Bad Request", "",
              "{\"error\":{\"message\":\"no such format\"}}")}}, ERR_UNAVAILABLE,
         "no such format"},
        {{.pieces = {FAKE_JSON "<html>hello</html>"}}, ERR_CORRUPT, "no transcript"},
        {{.pieces = {FAKE_JSON "{\"text\":7}"}}, ERR_CORRUPT, "no transcript"},
        {{.pieces = {FAKE_JSON "{\"text\":\"cut"}}, ERR_CORRUPT, "no transcript"},
        {{.pieces = {FAKE_JSON}}, ERR_CORRUPT, "no transcript"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        Asked q = ask(&bad[i].script, 1, NULL, false, 20000);
        assert_false(q.ok);
        if (q.err.code != bad[i].code || !strstr(q.err.msg, bad[i].says))
            fail_msg("%zu: %s", i, q.err.msg);
        assert_int_equal(q.connections, 1);
        done(&q);
    }
}

static bool yes(void *arg)
{
    (void)arg;
    return true;
}

static void test_time(void **state)
{
    (void)state;
    const FakeScript silent = {.pieces = {"HTTP/1.1 200 OK\r\n"}, .hang = true};
    uint64_t start = clock_mono_ns();
    Asked q = ask(&silent, 1, NULL, false, 300);
    assert_false(q.ok);
    assert_int_equal(q.err.code, ERR_TIMEOUT);
    done(&q);
    q = ask(&silent, 1, &(WhisperOptions){.cancelled = yes}, false, 60000);
    assert_false(q.ok);
    assert_int_equal(q.err.code, ERR_CANCELLED);
    done(&q);
    assert_true(clock_seconds_since(start) < 30);
}

/* It is left alone after it was slow once; a sound is not even sent. */
static void test_left_alone(void **state)
{
    (void)state;
    const FakeScript silent = {.hang = true};
    Fake *server = fake_start(&silent, 1);
    EarsFar *f = far_to(server->base, "whisper-1", 200);
    Arena *a = arena_new((size_t)1 << 24);
    WhisperResult r;
    for (unsigned i = 0; i < 2; i++) {
        Err err = ERR_INIT;
        assert_false(ears_far_hear(f, &(WhisperOptions){0}, false, pcm, SAMPLES, a, &r, &err));
        assert_int_equal(err.code, i ? ERR_UNAVAILABLE : ERR_TIMEOUT);
        assert_true(!i || strstr(err.msg, "a moment ago"));
    }
    assert_int_equal(atomic_load(&server->connections), 1);
    ears_far_free(f);
    fake_stop(server);
    arena_free(a);
}

static void test_nobody_there(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    const FakeScript none = {.hang = true};
    Fake *server = fake_start(&none, 1);
    char base[64];
    (void)snprintf(base, sizeof base, "%s", server->base);
    fake_stop(server);
    EarsFar *f = far_to(base, "whisper-1", 5000);
    Arena *a = arena_new((size_t)1 << 24);
    WhisperResult r;
    assert_non_null(strstr(ears_far_name(f), "whisper-1 at 127.0.0.1:"));
    assert_false(ears_far_hear(f, &(WhisperOptions){0}, false, pcm, SAMPLES, a, &r, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    size_t n = ((size_t)EARS_FAR_SECONDS * WHISPER_RATE_HZ) + 1;
    assert_false(ears_far_hear(f, &(WhisperOptions){0}, false, pcm, n, a, &r, &err));
    assert_int_equal(err.code, ERR_TOO_LARGE);
    ears_far_free(f);
    arena_free(a);
    assert_null(ears_far_new(&(EarsFarOptions){.base_url = "ftp://x", .model = "m"}, &err));
    assert_int_equal(err.code, ERR_VALIDATION);
}

/* Words without punctuation and in their own list, a segment of nothing, times beyond the end. */
static void test_reading(void **state)
{
    (void)state;
    static const char body[] =
        "{\"task\":\"transcribe\",\"language\":\"german\",\"duration\":9,\"text\":\"Guten Tag. Wie "
        "geht es?\",\"segments\":[{\"id\":0,\"start\":0.5,\"end\":1.5,\"text\":\" Guten Tag.\","
        "\"tokens\":[1,2,3],\"avg_logprob\":-0.1,\"no_speech_prob\":0.01},{\"id\":1,\"start\":1,"
        "\"end\":2,\"text\":\"  \"},{\"id\":2,\"start\":2,\"end\":900,\"text\":\"Wie geht es?\"}],"
        "\"words\":[{\"word\":\"Guten\",\"start\":0.5,\"end\":0.9},{\"word\":\"Tag\",\"start\":0.9,"
        "\"end\":1.4},{\"word\":\"Wie\",\"start\":2,\"end\":2.2},{\"word\":\"geht\",\"start\":2.2,"
        "\"end\":2.4},{\"word\":\"es\",\"start\":-7,\"end\":1e300}]}";
    static const char *const words[] = {" Guten", " Tag.", " Wie", " geht", " es?"};
    Err err = ERR_INIT;
    Arena *a = arena_new((size_t)1 << 24);
    WhisperResult r;
    WhisperOptions o = {.word_times = true};
    if (!ears_far_read(str_of(body), &o, 3 * (size_t)WHISPER_RATE_HZ, a, &r, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(r.language, "de");
    assert_true(r.duration_s == 3);
    assert_int_equal(r.n_segments, 2);
    assert_true(str_eq(r.segments[0].text, STR("Guten Tag.")));
    assert_int_equal(r.segments[0].n_tokens, 3);
    assert_true(r.segments[1].start_s == 2 && r.segments[1].end_s == 3);
    size_t at = 0;
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < r.segments[i].n_words; k++, at++) {
            const WhisperWord *w = &r.segments[i].words[k];
            assert_true(at < ARRAY_LEN(words) && str_eq(w->text, str_of(words[at])));
            assert_true(w->start_s >= r.segments[i].start_s && w->end_s >= w->start_s &&
                        w->end_s <= r.segments[i].end_s);
        }
    assert_int_equal(at, ARRAY_LEN(words));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_sent),       cmocka_unit_test(test_what_is_tried_again),
        cmocka_unit_test(test_what_is_not_tried_again), cmocka_unit_test(test_time),
        cmocka_unit_test(test_left_alone),         cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
