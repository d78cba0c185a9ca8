/* speech.c - see speech.h: the voices there are, and who is meant. speech_say.c speaks. */
#include "voice/speech_int.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/utf8.h"

#define ARENA_MAX ((size_t)16 << 20)
#define REMOTE_MAX 500 /* voices of an account */

const char *const SPEECH_NAMES[] = {"", "elevenlabs", "openai"};

/* ---- life ------------------------------------------------------------------------------------ */

static char *copy(const char *text, const char *usual, bool *ok)
{
    char *p = mem_strdup(text && *text ? text : usual);
    *ok = *ok && p;
    return p;
}

static void service_free(SpeechService *v)
{
    mem_free(v->key);
    mem_free(v->voice);
    mem_free(v->model);
    mem_free(v->url);
    mem_free(v->format);
}

static void take_voice(Speech *s, Str voice)
{
    bool any = str_eq(voice, STR("auto"));
    pthread_mutex_lock(&s->lock);
    (void)snprintf(s->voice, sizeof s->voice, STR_FMT, STR_ARG(any ? STR("") : voice));
    pthread_mutex_unlock(&s->lock);
}

Str speech_voice(Speech *s, char out[SPEECH_VOICE_MAX])
{
    pthread_mutex_lock(&s->lock);
    memcpy(out, s->voice, SPEECH_VOICE_MAX);
    pthread_mutex_unlock(&s->lock);
    return str_of(out);
}

Speech *speech_new(const SpeechOptions *o, Err *err)
{
    bool ok = true;
    Speech *s = mem_zalloc(sizeof *s);
    if (!s) {
        err_set(err, ERR_NO_MEMORY, "no memory for the voices");
        return NULL;
    }
    s->mouth = o->mouth;
    s->eleven = (SpeechService){.key = copy(o->eleven_key, "", &ok),
        .voice = copy(o->eleven_voice, "JBFqnCBsd6RMkjVDRZzb", &ok),
        .model = copy(o->eleven_model, "eleven_flash_v2_5", &ok),
        .url = copy(o->eleven_url, "https://api.elevenlabs.io", &ok),
        .format = copy(o->eleven_format, "pcm_22050", &ok)};
    s->openai = (SpeechService){.key = copy(o->openai_key, "", &ok),
        .voice = copy("alloy", "", &ok), .model = copy(o->openai_model, "tts-1", &ok),
        .url = copy(o->openai_url, "", &ok), .format = copy(o->openai_format, "wav", &ok)};
    s->decode = o->decode;
    s->decode_arg = o->decode_arg;
    s->connect_ms = o->connect_ms ? o->connect_ms : 5000;
    s->stall_ms = o->stall_ms ? o->stall_ms : 10000;
    s->total_ms = o->total_ms ? o->total_ms : 60000;
    pthread_mutex_init(&s->lock, NULL);
    take_voice(s, str_of(o->voice ? o->voice : ""));
    s->first = metric_histogram("tts_first_audio_seconds",
        "From a text to the first sound of it.", NULL);
    s->asked = metric_counter("tts_requests_total", "Texts spoken, by who was to speak them.",
        "backend,outcome");
    if (ok && o->cache_dir && o->cache_bytes)
        ok = (s->cache = sound_cache_new(o->cache_dir, o->cache_bytes, err)) != NULL;
    else if (!ok)
        err_set(err, ERR_NO_MEMORY, "no memory for the voices");
    if (ok)
        return s;
    speech_free(s);
    return NULL;
}

void speech_free(Speech *s)
{
    if (s) {
        sound_cache_free(s->cache);
        service_free(&s->eleven);
        service_free(&s->openai);
        pthread_mutex_destroy(&s->lock);
        mem_free(s);
    }
}

RemoteAsk speech_ask(const Speech *s, const SpeechPart *p, const char *who)
{
    return (RemoteAsk){.who = who, .decode = s->decode, .decode_arg = s->decode_arg,
        .connect_ms = s->connect_ms, .stall_ms = s->stall_ms, .total_ms = s->total_ms,
        .cancel = p->cancel, .sink = p->sink, .sink_arg = p->arg};
}

void speech_line(Str text, const char *key, char out[200])
{
    size_t n = utf8_floor(text, text.len < 180 ? text.len : 180);
    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)text.ptr[i] < ' ' ? ' ' : text.ptr[i];
    out[n] = '\0';
    if (!utf8_ok(str_mem(out, n)) ||
        (key && key[0] && str_find(text, str_of(key), 0) != SIZE_MAX))
        out[0] = '\0';
}

/* ---- who ------------------------------------------------------------------------------------- */

static SpeechBackend backend_of(Str voice, Str *theirs)
{
    for (unsigned i = 1; i <= SPEECH_REMOTES; i++) {
        Str name = str_of(SPEECH_NAMES[i]);
        if (str_starts(voice, name) && (voice.len == name.len || voice.ptr[name.len] == '/')) {
            *theirs = str_sub(voice, name.len + 1, voice.len);
            return (SpeechBackend)i;
        }
    }
    *theirs = voice;
    return SPEECH_LOCAL;
}

bool speech_is_remote(Str voice)
{
    Str theirs;
    return backend_of(voice, &theirs) != SPEECH_LOCAL;
}

SpeechService *speech_service(Speech *s, SpeechBackend b)
{
    return b == SPEECH_ELEVENLABS ? &s->eleven : &s->openai;
}

bool speech_who(Speech *s, Str voice, SpeechBackend *backend, char id[SPEECH_VOICE_MAX],
    VoiceInfo *info, uint64_t stamp[2], Arena *a, Err *err)
{
    Str theirs;
    struct stat st;
    *backend = backend_of(voice, &theirs);
    if (*backend == SPEECH_LOCAL) {
        if (!mouth_find(s->mouth, voice, a, info, err))
            return false;
        (void)snprintf(id, SPEECH_VOICE_MAX, "%s", info->id);
        if (info->path && stat(info->path, &st) == 0) {
            stamp[0] = (uint64_t)st.st_size;
            stamp[1] = (uint64_t)st.st_mtim.tv_sec;
        }
        return true;
    }
    if (theirs.len > SPEECH_VOICE_MAX - 16 || !utf8_ok(theirs))
        return err_set(err, ERR_NOT_FOUND, "there is no voice of so long a name");
    (void)snprintf(id, SPEECH_VOICE_MAX, "%s/" STR_FMT, SPEECH_NAMES[*backend],
        STR_ARG(theirs.len ? theirs : str_of(speech_service(s, *backend)->voice)));
    return *backend == SPEECH_ELEVENLABS ? elevenlabs_ready(s, err) : openai_voice_ready(s, err);
}

void speech_set_voice(Speech *s, Str voice)
{
    take_voice(s, voice);
    mouth_set_voice(s->mouth, speech_is_remote(voice) ? STR("") : voice);
}

bool speech_find(Speech *s, Str voice, SpeechBackend *backend, char id[SPEECH_VOICE_MAX], Err *err)
{
    VoiceInfo info;
    uint64_t stamp[2];
    char set[SPEECH_VOICE_MAX];
    Arena *a = arena_new(ARENA_MAX);
    bool ok = a ? speech_who(s, voice.len ? voice : speech_voice(s, set), backend, id, &info, stamp,
                             a, err)
                : err_set(err, ERR_NO_MEMORY, "no memory for the list of voices");
    arena_free(a);
    return ok;
}

/* ---- lists, forgetting ----------------------------------------------------------------------- */

/* Those of OpenAI's documentation; a server of another has others, and takes their names. */
static bool openai_list(SpeechVoice *list, size_t room, size_t *n, Arena *a, Err *err)
{
    Str rest = STR("alloy|ash|ballad|cedar|coral|echo|fable|marin|nova|onyx|sage|shimmer|verse");
    Str one;
    while (*n < room && str_next(&rest, '|', &one)) {
        list[*n] = (SpeechVoice){.id = arena_printf(a, "openai/" STR_FMT, STR_ARG(one)).ptr,
            .name = arena_str(a, one).ptr, .language = "", .backend = SPEECH_NAMES[SPEECH_OPENAI]};
        if (!list[*n].id || !list[*n].name)
            return err_set(err, ERR_NO_MEMORY, "no memory for the list of voices");
        (*n)++;
    }
    return true;
}

bool speech_voices(Speech *s, bool remote, Arena *a, SpeechVoice **out, size_t *n, Str *note,
    Err *err)
{
    VoiceInfo *mine;
    size_t n_mine, k = 0;
    Err why = ERR_INIT;
    *note = STR("");
    if (!mouth_voices(s->mouth, a, &mine, &n_mine, err))
        return false;
    SpeechVoice *list = ARENA_NEW_ARRAY(a, SpeechVoice, n_mine + REMOTE_MAX + 16);
    if (!list)
        return err_set(err, ERR_NO_MEMORY, "no memory for the list of voices");
    for (; k < n_mine; k++)
        list[k] = (SpeechVoice){mine[k].id, mine[k].name, mine[k].language,
            voice_backend_name(mine[k].backend), mine[k].rate_hz};
    if (remote && s->eleven.key[0] &&
        !elevenlabs_voices(s, a, list, n_mine + REMOTE_MAX, &k, &why))
        *note = arena_str(a, str_of(why.msg));
    if (remote && s->openai.url[0] && !openai_list(list, n_mine + REMOTE_MAX + 16, &k, a, err))
        return false;
    *out = list;
    *n = k;
    return true;
}

bool speech_forget(Speech *s, const Uuid *owner, Err *err)
{
    return !s->cache || sound_cache_forget(s->cache, owner, err);
}
