/* app_speech.c - the voices, as the settings have them. */
#include "app/app.h"
#include "base/os.h"
#include "ingest/sound.h"
#include "llm/endpoint.h"

#define ANSWER_SECONDS 600u /* of a sound that another machine sends */

/* Another machine's sound file, read in the confined child. */
static bool decode(void *arg, Str bytes, uint32_t rate_hz, Buf *pcm, Err *err)
{
    SoundLimits limits = {.rate_hz = rate_hz, .max_seconds = ANSWER_SECONDS};
    Sound s;
    if (!sound_decode(arg, bytes, STR(""), &limits, &s, err))
        return false;
    bool ok = s.partial ? err_set(err, ERR_CORRUPT, "it is cut short or damaged")
                        : buf_add_mem(pcm, s.pcm, s.samples * sizeof *s.pcm) ||
                              buf_check(pcm, "the sound", err);
    sound_release(&s);
    return ok;
}

bool app_open_speech(App *app, const AppOptions *o, Err *err)
{
    const Config *c = o->config;
    const char *own = config_text(c, SET_SPEECH_URL);
    Arena *a = arena_new(1 << 16);
    SpeechOptions s = {
        .mouth = app->mouth,
        .voice = config_text(c, SET_SPEECH_VOICE),
        .cache_dir = a && !o->only_voice && !o->read_only
                         ? os_join(a, config_text(c, SET_DATA), "cache") : NULL,
        .cache_bytes = (uint64_t)config_number(c, SET_SPEECH_CACHE),
        .eleven_key = config_text(c, SET_ELEVENLABS_KEY),
        .eleven_voice = config_text(c, SET_ELEVENLABS_VOICE),
        .eleven_model = config_text(c, SET_ELEVENLABS_MODEL),
        .eleven_url = config_text(c, SET_ELEVENLABS_URL),
        .eleven_format = config_text(c, SET_ELEVENLABS_FORMAT),
        .openai_url = own && *own ? own : config_text(c, SET_OPENAI_BASE_URL),
        /* a key belongs to its server */
        .openai_key = config_text(c, own && *own ? SET_SPEECH_KEY : SET_OPENAI_API_KEY),
        .openai_model = config_text(c, SET_SPEECH_REMOTE_MODEL),
        .openai_format = config_text(c, SET_SPEECH_FORMAT),
        .stall_ms = (uint32_t)config_number(c, SET_SPEECH_TIMEOUT) * 1000u,
        .decode = decode,
        .decode_arg = app->sounds};
    bool ok = !own || !*own || endpoint_check(str_of(own), err) ||
              err_wrap(err, "speech_url (%s)", config_origin(c, SET_SPEECH_URL));
    if (ok)
        app->speech = speech_new(&s, err);
    arena_free(a);
    return app->speech != NULL;
}
