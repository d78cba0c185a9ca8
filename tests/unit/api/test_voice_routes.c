/* test_voice_routes.c - hearing and speaking through their routes, without a socket, a store and an
 * assistant: what is read, what is refused, subtitles, and memory that runs out anywhere. Needs
 * the model files (SOTTO_MODELS). */
#include "support/unit.h"

#include <stdlib.h>

#include "api/hear.h"
#include "base/mem.h"
#include "support/tempdir.h"
#include "unit/nn/models.h"

typedef struct {
    TempDir dir; /* without a model */
    Ears *ears;
    Mouth *mouth, *small;
    Speech *speech, *plain; /* over them */
    Sandbox *sounds;
    Api *api, *deaf, *frugal; /* no ears and no voice; espeak's voice alone */
} World;

static int world_up(void **state)
{
    static char dir[1024];
    World *w = calloc(1, sizeof *w);
    Err err = ERR_INIT;
    const char *file = model_path("whisper-tiny.en.sotto");
    (void)model_path("silero-vad.sotto");
    (void)model_path("en_US-joe-medium.sotto");
    assert_non_null(w);
    (void)snprintf(dir, sizeof dir, "%.*s",
                   (int)(strlen(file) - strlen("/whisper-tiny.en.sotto")), file);
    w->ears = ears_new(&(EarsOptions){.models_dir = dir, .model = "whisper-tiny.en"}, &err);
    w->mouth = mouth_new(&(MouthOptions){.models_dir = dir, .voice = "en_US-joe-medium"}, &err);
    w->sounds = sandbox_new(&(SandboxOptions){0}, &err);
    tempdir_make(&w->dir);
    w->small = mouth_new(&(MouthOptions){.models_dir = w->dir.path}, &err);
    w->speech = speech_new(&(SpeechOptions){.mouth = w->mouth}, &err);
    w->plain = speech_new(&(SpeechOptions){.mouth = w->small}, &err);
    assert_true(w->ears && w->mouth && w->sounds && w->small && w->speech && w->plain);
    w->api = api_new(&(ApiParts){.ears = w->ears, .mouth = w->mouth, .speech = w->speech,
                                 .sounds = w->sounds}, &err);
    w->deaf = api_new(&(ApiParts){0}, &err);
    w->frugal = api_new(&(ApiParts){.ears = w->ears, .mouth = w->small, .speech = w->plain}, &err);
    assert_true(w->api && w->deaf && w->frugal);
    *state = w;
    return 0;
}

static int world_down(void **state)
{
    World *w = *state;
    api_free(w->api);
    api_free(w->deaf);
    api_free(w->frugal);
    speech_free(w->plain);
    speech_free(w->speech);
    mouth_free(w->small);
    tempdir_remove(&w->dir);
    sandbox_free(w->sounds);
    mouth_free(w->mouth);
    ears_free(w->ears);
    free(w);
    return 0;
}

static HttpExchange *made(const char *target, const char *type, const char *accept, Str body)
{
    Err err = ERR_INIT;
    HttpHeader headers[2] = {{STR("Content-Type"), str_of(type)},
                             {STR("Accept"), str_of(accept)}};
    HttpExchange *x =
        http_exchange_new(STR("POST"), str_of(target), headers, accept ? 2 : 1, body, &err);
    if (!x)
        fail_msg("%s: %s", target, err.msg);
    return x;
}

static HttpExchange *ask(Api *api, const char *target, const char *type, Str body, int status)
{
    HttpExchange *x = made(target, type, NULL, body);
    api_dispatch(api, x, 0);
    assert_true(http_exchange_wait(x, 60000));
    if (x->resp.status != status)
        fail_msg("%s: %d, not %d: " STR_FMT, target, x->resp.status, status,
                 STR_ARG(str_sub(http_resp_body(x), 0, 300)));
    return x;
}

static bool holds(HttpExchange *x, const char *part)
{
    bool found = str_find(http_resp_body(x), str_of(part), 0) != SIZE_MAX;
    http_exchange_free(x);
    return found;
}

#define PROCESS "/api/v1/voice/process"
#define SPEAK "/api/v1/voice/synthesize"
#define JSON_TYPE "application/json"

/* {"audio_data":[...]} of n times the same sample. */
static void samples(Buf *b, const char *value, size_t n)
{
    buf_init(b, 64 << 20);
    buf_add_c(b, "{\"audio_data\":[");
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "%s%s", i ? "," : "", value);
    buf_add_c(b, "]}");
}

static void spoken_and_heard(void **state)
{
    World *w = *state;
    Buf form;
    HttpExchange *x = ask(w->api, SPEAK, JSON_TYPE,
                          STR("{\"text\":\"Good morning to you.\",\"format\":\"flac\"}"), 200);
    assert_true(str_eq(x->resp.content_type, STR("audio/flac")));
    buf_init(&form, 16 << 20);
    buf_add_c(&form, "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n"
                     "--b\r\nContent-Disposition: form-data; name=\"unheard_of\"\r\n\r\nx\r\n"
                     "--b\r\nContent-Disposition: form-data; name=\"stream\"\r\n\r\ntrue\r\n"
                     "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.flac\"\r\n"
                     "\r\n");
    buf_add(&form, http_resp_body(x));
    buf_add_c(&form, "\r\n--b--\r\n");
    http_exchange_free(x);
    x = ask(w->api, "/v1/audio/transcriptions", "multipart/form-data; boundary=b", buf_str(&form),
            200);
    assert_true(str_eq(x->resp.content_type, STR("text/event-stream")));
    assert_true(str_starts(http_resp_body(x),
                           STR("data: {\"type\":\"transcript.text.delta\",\"delta\":\"Good")));
    assert_true(holds(x, "data: {\"type\":\"transcript.text.done\",\"text\":\"Good morning"));
    buf_release(&form);
}

static void silence_needs_no_assistant(void **state)
{
    World *w = *state;
    Buf body;
    samples(&body, "0", 16000);
    HttpExchange *x = ask(w->api, PROCESS, JSON_TYPE, buf_str(&body), 200);
    assert_true(str_find(http_resp_body(x), STR("\"transcript\":\"\""), 0) != SIZE_MAX);
    assert_true(holds(x, "\"intent\":\"Unknown\""));
    buf_release(&body);
}

static void what_is_wrong_is_said(void **state)
{
    World *w = *state;
    static const struct {
        const char *target, *type, *body;
        int status;
        const char *part;
    } rows[] = {
        {PROCESS, JSON_TYPE, "{}", 400, "audio_data"},
        {PROCESS, JSON_TYPE, "{\"audio_data\":[]}", 400, "empty"},
        {PROCESS, JSON_TYPE, "{\"audio_data\":7}", 400, "list of samples"},
        {PROCESS, JSON_TYPE, "{\"audio_data\":[0,1e9]}", 400, "audio_data[1]"},
        {PROCESS, JSON_TYPE, "{\"audio_data\":[0],\"rate\":8000}", 400, "rate"},
        {PROCESS "?session_id=x", JSON_TYPE, "{\"audio_data\":[0]}", 400, "session_id"},
        {PROCESS "?language=xx", JSON_TYPE, "{\"audio_data\":[0]}", 400, "xx"},
        {PROCESS, "audio/ogg", "", 400, "empty"},
        {PROCESS, "audio/ogg", "OggS and nothing else", 415, "sound"},
        {PROCESS, "application/octet-stream", "words", 415, "sound"},
        {PROCESS, "image/png", "words", 415, "audio/*"},
        {SPEAK, JSON_TYPE, "{\"text\":\"\"}", 400, "text"},
        {SPEAK, JSON_TYPE, "{\"text\":\" \"}", 400, ""},
        {SPEAK, JSON_TYPE, "{\"text\":\"x\",\"voice\":\"no/one\"}", 404, "no/one"},
        {SPEAK, JSON_TYPE, "{\"text\":\"x\",\"format\":\"midi\"}", 400, "format"},
        {SPEAK, JSON_TYPE, "{\"text\":\"x\",\"speed\":0.1}", 400, "speed"},
        {"/v1/audio/speech", JSON_TYPE, "{\"model\":\"tts\",\"input\":\"x\"}", 400, "voice"},
        {"/v1/audio/speech", JSON_TYPE, "{\"model\":\"x\",\"voice\":\"nova\",\"input\":\"x\"}", 404,
         "\"error\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        HttpExchange *x =
            ask(w->api, rows[i].target, rows[i].type, str_of(rows[i].body), rows[i].status);
        if (!holds(x, rows[i].part))
            fail_msg("row %zu does not say \"%s\"", i, rows[i].part);
    }
    assert_true(holds(ask(w->deaf, PROCESS, JSON_TYPE, STR("{\"audio_data\":[0]}"), 503),
                      "recogniser"));
    assert_true(holds(ask(w->deaf, SPEAK, JSON_TYPE, STR("{\"text\":\"x\"}"), 503), "voices"));
}

static void raw_samples(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    HeardSound s;
    const int16_t pcm[800] = {16384, -16384};
    Str bytes = {(const char *)pcm, sizeof pcm};
    assert_true(hear_raw(bytes, false, 16000, 1, &s, &err));
    assert_true(s.n == 800 && s.pcm[0] == 0.5f && s.pcm[1] == -0.5f);
    mem_free(s.pcm);
    assert_true(hear_raw(bytes, false, 8000, 1, &s, &err));
    assert_int_equal(s.n, 1600);
    mem_free(s.pcm);
    assert_true(hear_raw(str_sub(bytes, 0, 7), true, 16000, 1, &s, &err)); /* half a sample more */
    assert_int_equal(s.n, 1);
    mem_free(s.pcm);
    assert_false(hear_raw(bytes, false, 10, 1, &s, &err));
    assert_int_equal(err.code, ERR_VALIDATION);
    assert_false(hear_raw(bytes, false, 8000, 0, &s, &err));
    assert_int_equal(err.code, ERR_TOO_LARGE);
}

static void subtitles(void **state)
{
    (void)state;
    const WhisperSegment segments[] = {
        {.start_s = 0, .end_s = 1.25f, .text = STR("a < b & c")},
        {.start_s = 3599.5f, .end_s = 36000.125f, .text = STR("late")}};
    WhisperResult r = {.segments = segments, .n_segments = 2};
    Buf b;
    buf_init(&b, 4096);
    transcript_srt(&b, &r);
    assert_string_equal(b.ptr, "1\n00:00:00,000 --> 00:00:01,250\na < b & c\n\n"
                               "2\n00:59:59,500 --> 10:00:00,125\nlate\n\n");
    buf_clear(&b);
    transcript_vtt(&b, &r);
    assert_string_equal(b.ptr, "WEBVTT\n\n00:00:00.000 --> 00:00:01.250\na &lt; b &amp; c\n\n"
                               "00:59:59.500 --> 10:00:00.125\nlate\n\n");
    buf_release(&b);
}

static void short_of_memory(void **state)
{
    World *w = *state;
    static const struct {
        const char *target, *accept, *body;
    } cases[] = {
        {PROCESS, NULL, "{\"audio_data\":[0,0,0]}"},
        {SPEAK, NULL, "{\"text\":\"Hi.\",\"voice\":\"espeak:en-us\",\"format\":\"wav\"}"},
        {SPEAK, JSON_TYPE, "{\"text\":\"Hi.\",\"voice\":\"espeak:en-us\",\"format\":\"pcm\"}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int failed = 0;
        for (uint64_t nth = 1;; nth++) {
            HttpExchange *x =
                made(cases[i].target, JSON_TYPE, cases[i].accept, str_of(cases[i].body));
            assert_true(nth < 5000);
            mem_test_fail(nth, 0);
            api_dispatch(w->frugal, x, 0);
            mem_test_fail(0, 0);
            assert_true(http_exchange_wait(x, 60000));
            int status = x->resp.status;
            if (status != 200 && status != 500 && status != 503)
                fail_msg("%s: %d: " STR_FMT, cases[i].target, status, STR_ARG(http_resp_body(x)));
            http_exchange_free(x);
            if (status == 200)
                break;
            failed++;
        }
        assert_true(failed > 2);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spoken_and_heard),
        cmocka_unit_test(silence_needs_no_assistant),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(raw_samples),
        cmocka_unit_test(subtitles),
        cmocka_unit_test(short_of_memory),
    };
    return cmocka_run_group_tests(tests, world_up, world_down);
}
