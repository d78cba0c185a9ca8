/* fuzz_speech_far.c - what ElevenLabs, or a server with OpenAI's /v1/audio/speech, may answer: a
 * list of voices, or sound as it comes. Samples have one rate within a call, and are as many as is
 * said; what fails can be shown and does not hold the key. */
#include "../far.h"
#include "../require.h"

#include <string.h>

#include "audio/pcm.h"
#include "voice/speech_int.h"

#define KEY "sk-very-secret-0123456789"
#define VOICES 50

typedef struct {
    uint64_t n;
    int64_t sum;
    uint32_t rate_hz;
} Heard;

static bool hear(void *arg, const int16_t *pcm, size_t n, uint32_t rate_hz)
{
    Heard *h = arg;
    REQUIRE(n && rate_hz >= PCM_RATE_MIN_HZ && rate_hz <= PCM_RATE_MAX_HZ);
    REQUIRE(!h->n || h->rate_hz == rate_hz);
    h->sum += pcm[0] + pcm[n - 1]; /* both are there */
    h->rate_hz = rate_hz;
    h->n += n;
    return true;
}

/* Whole files are decoded in a confined process; this stands for it: two bytes a sample. */
static bool decode(void *arg, Str bytes, uint32_t rate_hz, Buf *pcm, Err *err)
{
    (void)arg;
    REQUIRE(rate_hz > 0);
    if (bytes.len < 4)
        return err_set(err, ERR_CORRUPT, "no sound");
    return buf_add_mem(pcm, bytes.ptr, bytes.len & ~(size_t)1);
}

static void failed(const Err *err)
{
    require_said(err);
    REQUIRE(!strstr(err->msg, KEY));
}

static void say(Speech *s, bool eleven)
{
    Heard h = {0};
    Err err = ERR_INIT;
    uint64_t given = 0;
    SpeechPart p = {.voice = "anna", .text = STR("Good morning."), .before = STR(""),
        .after = STR(""), .instructions = STR(""), .speed = 1, .cancel = &far.hurry, .sink = hear,
        .arg = &h};
    bool ok = (eleven ? elevenlabs_say : openai_voice_say)(s, &p, &given, &err);
    REQUIRE(given == h.n && (!ok || given > 0));
    if (!ok)
        failed(&err);
}

static void list(Speech *s, Arena *a)
{
    SpeechVoice voices[VOICES];
    size_t n = 0;
    Err err = ERR_INIT;
    if (!elevenlabs_voices(s, a, voices, VOICES, &n, &err))
        failed(&err);
    REQUIRE(n <= VOICES);
    for (size_t i = 0; i < n; i++) {
        REQUIRE(str_starts(str_of(voices[i].id), STR("elevenlabs/")));
        REQUIRE(strlen(voices[i].id) < SPEECH_VOICE_MAX && utf8_ok(str_of(voices[i].id)));
        REQUIRE(voices[i].name[0] && utf8_ok(str_of(voices[i].name)));
        REQUIRE(utf8_ok(str_of(voices[i].language)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = {"pcm_22050", "wav_24000", "mp3_44100_128"};
    static const char *const shapes[] = {"pcm", "wav", "mp3"};
    Err err = ERR_INIT;
    Arena *a = arena_new((size_t)64 << 20);
    if (size < 1 || !a) {
        arena_free(a);
        return 0;
    }
    Speech *s = speech_new(&(SpeechOptions){.eleven_key = KEY, .eleven_url = "http://far",
                               .eleven_voice = "anna", .eleven_model = "eleven_v3",
                               .eleven_format = formats[data[0] % 3], .openai_key = KEY,
                               .openai_url = "http://far/v1", .openai_model = "tts-1",
                               .openai_format = shapes[data[0] % 3], .decode = decode}, &err);
    REQUIRE(s);
    far_begin(data + 1, size - 1);
    if (data[0] & 0x80)
        list(s, a);
    else
        say(s, data[0] & 0x40);
    speech_free(s);
    arena_free(a);
    return 0;
}
