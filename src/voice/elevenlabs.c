/* elevenlabs.c - voices of ElevenLabs.
 *
 *   POST /v1/text-to-speech/{voice_id}/stream?output_format=...   xi-api-key: KEY
 *     {text, model_id, seed, voice_settings{speed}, previous_text, next_text} -> sound
 *   GET /v2/voices -> {voices[{voice_id, name, ...}], has_more, next_page_token}
 *
 * What went wrong is {"detail": {"status", "message"}}, newer {"detail": {"type", "code",
 * "message"}}, or {"detail": [{"loc", "msg"}]} of a request that breaks a rule (422). A quota that
 * is used up is a 401 of status quota_exceeded.
 *
 * Source: elevenlabs.io/docs/api-reference, 2026. */
#include <stdio.h>

#include "base/json.h"
#include "voice/speech_int.h"

#define SPEED_LEAST 0.7f
#define SPEED_MOST 1.2f
#define NEAR_MAX 300 /* bytes of the sentences around, for the melody */
#define PAGES_MAX 5
#define LIST_MAX ((uint64_t)8 << 20)

static const char WHO[] = "ElevenLabs";

bool elevenlabs_format(Str name, uint32_t *raw_hz)
{
    static const char *const kinds[] = {"mp3_", "opus_", "wav_"};
    uint64_t hz = 0;
    *raw_hz = 0;
    if (str_starts(name, STR("pcm_"))) {
        bool ok = str_to_u64(str_sub(name, 4, name.len), &hz) && hz >= 8000 && hz <= 48000;
        *raw_hz = (uint32_t)hz;
        return ok;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_starts(name, str_of(kinds[i])))
            return true;
    return false;
}

bool elevenlabs_ready(const Speech *s, Err *err)
{
    uint32_t hz;
    if (!s->eleven.key[0])
        return err_set(err, ERR_UNAVAILABLE,
            "ElevenLabs needs a key: set elevenlabs_api_key (ELEVENLABS_API_KEY)");
    return elevenlabs_format(str_of(s->eleven.format), &hz)
        || err_set(err, ERR_UNAVAILABLE,
            "elevenlabs_format \"%.40s\" cannot be taken: pcm_..., wav_..., mp3_... or opus_...",
            s->eleven.format);
}

/* Percent-encodes what stands in a path. */
static void path_part(Buf *out, Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr("-_.~", c) != NULL;
        if (plain)
            buf_add_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

static void body_of(const Speech *s, const SpeechPart *p, Buf *out)
{
    JsonW w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kv_str(&w, "text", p->text);
    jw_kv_cstr(&w, "model_id", s->eleven.model);
    jw_kv_int(&w, "seed", (int64_t)(p->seed & UINT32_MAX));
    /* Without it the voice's own settings hold. */
    if (p->speed < 0.999f || p->speed > 1.001f) {
        jw_key(&w, "voice_settings");
        jw_obj(&w);
        jw_key(&w, "speed");
        jw_float(&w, p->speed);
        jw_obj_end(&w);
    }
    if (!str_starts(str_of(s->eleven.model), STR("eleven_v3"))) { /* which does not take them */
        if (p->before.len)
            jw_kv_str(&w, "previous_text", p->before);
        if (p->after.len)
            jw_kv_str(&w, "next_text", p->after);
    }
    jw_obj_end(&w);
}

/* status or code, and the message, of the shapes above. */
static void explain(const Json *j, const char *key, char status[64], char message[200])
{
    const Json *d = json_get(j, "detail");
    const Json *first = json_type(d) == JSON_T_ARRAY ? json_at(d, 0) : NULL;
    Str code = json_str(json_get(d, "status"));
    code = code.ptr ? code : json_str(json_get(d, "code"));
    Str text = json_str(first ? json_get(first, "msg") : json_get(d, "message"));
    text = text.ptr ? text : json_str(d);
    char line[200];
    size_t n = 0;
    speech_line(code, key, line);
    for (; line[n] && n < 63; n++)
        status[n] = line[n] >= ' ' && line[n] < 127 ? line[n] : '?';
    status[n] = '\0';
    speech_line(text, key, message);
    const Json *loc = json_get(first, "loc");
    speech_line(json_str(json_at(loc, json_count(loc) ? json_count(loc) - 1 : 0)), key, line);
    Str where = str_of(line);
    size_t used = strlen(message);
    if (where.len && where.len < 60 && used + where.len + 4 < 200)
        (void)snprintf(message + used, 200 - used, " (" STR_FMT ")", STR_ARG(where));
}

static bool failed(void *arg, int http, Str body, Err *err)
{
    const Speech *s = arg;
    char status[64], message[200];
    Json *j = json_parse(body, JSON_DEFAULT_DEPTH, NULL);
    explain(j, s->eleven.key, status, message);
    json_free(j);
    const char *colon = message[0] ? ": " : "";
    if (strcmp(status, "quota_exceeded") == 0)
        return err_set(err, ERR_UNAVAILABLE, "the quota of ElevenLabs is used up%s%s", colon,
            message);
    if (http == 401 || http == 403)
        return err_set(err, ERR_UNAVAILABLE,
            "ElevenLabs refuses the key (%s)%s%s; check elevenlabs_api_key",
            status[0] ? status : "no reason", colon, message);
    if (strcmp(status, "voice_not_found") == 0 || http == 404)
        return err_set(err, ERR_NOT_FOUND, "ElevenLabs has no such voice%s%s", colon, message);
    if (http == 429)
        return err_set(err, ERR_RATE_LIMITED, "ElevenLabs takes no more requests for now (%s)%s%s",
            status[0] ? status : "429", colon, message);
    if (http == 400 || http == 422)
        return err_set(err, ERR_UNAVAILABLE, "ElevenLabs does not take the request (%s)%s%s",
            status[0] ? status : "422", colon, message);
    return err_set(err, ERR_UNAVAILABLE, "ElevenLabs answered with status %d%s%s", http, colon,
        message);
}

static bool speed_ok(float speed, Err *err)
{
    return (speed >= SPEED_LEAST && speed <= SPEED_MOST)
        || err_set(err, ERR_VALIDATION, "ElevenLabs speaks at a speed of %g to %g, not %g",
            (double)SPEED_LEAST, (double)SPEED_MOST, (double)speed);
}

bool elevenlabs_say(const Speech *s, const SpeechPart *p, uint64_t *given, Err *err)
{
    Buf url, body;
    SpeechPart part = *p;
    RemoteAsk q = speech_ask(s, p, WHO);
    HttpHeader headers[] = {{STR("xi-api-key"), str_of(s->eleven.key)},
        {STR("Content-Type"), STR("application/json")}};
    *given = 0;
    if (!elevenlabs_ready(s, err) || !speed_ok(p->speed, err))
        return false;
    (void)elevenlabs_format(str_of(s->eleven.format), &q.raw_hz);
    part.before = str_sub(p->before, p->before.len > NEAR_MAX ? p->before.len - NEAR_MAX : 0,
        p->before.len);
    part.after = str_sub(p->after, 0, NEAR_MAX);
    buf_init(&url, 4096);
    buf_init(&body, (size_t)1 << 20);
    buf_printf(&url, "%s/v1/text-to-speech/", s->eleven.url);
    path_part(&url, str_of(p->voice[0] ? p->voice : s->eleven.voice));
    buf_printf(&url, "/stream?output_format=%s", s->eleven.format);
    buf_add_char(&url, '\0');
    body_of(s, &part, &body);
    q.url = url.ptr;
    q.headers = headers;
    q.n_headers = sizeof headers / sizeof *headers;
    q.body = buf_str(&body);
    q.failed = failed;
    q.failed_arg = (void *)(uintptr_t)s;
    bool ok = buf_check(&url, "an address", err) && buf_check(&body, "the text", err)
        && remote_speak(&q, given, err);
    buf_release(&url);
    buf_release(&body);
    return ok;
}

/* ---- the list -------------------------------------------------------------------------------- */

static const char *language_of(const Json *v)
{
    Str one = json_str(json_get(json_get(v, "labels"), "language"));
    if (!one.len)
        one = json_str(json_get(json_at(json_get(v, "verified_languages"), 0), "language"));
    return one.len ? one.ptr : "";
}

static bool take_page(const Json *j, Arena *a, SpeechVoice *list, size_t room, size_t *n, Err *err)
{
    const Json *voices = json_get(j, "voices");
    for (size_t i = 0; i < json_count(voices) && *n < room; i++) {
        const Json *v = json_at(voices, i);
        Str id = json_str(json_get(v, "voice_id")), name = json_str(json_get(v, "name"));
        if (!id.len || id.len > SPEECH_VOICE_MAX - 12)
            continue;
        list[*n] = (SpeechVoice){
            .id = arena_printf(a, "elevenlabs/" STR_FMT, STR_ARG(id)).ptr,
            .name = arena_str(a, name.len ? name : id).ptr,
            .language = arena_str(a, str_of(language_of(v))).ptr, .backend = "elevenlabs"};
        if (!list[*n].id || !list[*n].name || !list[*n].language)
            return err_set(err, ERR_NO_MEMORY, "no memory for the list of voices");
        (*n)++;
    }
    return true;
}

/* One page; *next is what the next is asked by, ptr NULL at the end. *status of the answer. */
static bool page(const Speech *s, const char *path, Str token, Arena *a, SpeechVoice *list,
    size_t room, size_t *n, Str *next, int *status, Err *err)
{
    Buf url;
    ClientResponse r;
    HttpHeader key = {STR("xi-api-key"), str_of(s->eleven.key)};
    buf_init(&url, 8192);
    buf_printf(&url, "%s%s", s->eleven.url, path);
    if (token.len) {
        buf_add_c(&url, "&next_page_token=");
        path_part(&url, token);
    }
    buf_add_char(&url, '\0');
    ClientRequest q = {.url = url.ptr, .headers = &key, .header_count = 1,
        .connect_ms = s->connect_ms, .stall_ms = s->stall_ms, .total_ms = s->total_ms,
        .max_bytes = LIST_MAX};
    *next = (Str){NULL, 0};
    *status = 0;
    bool ok = buf_check(&url, "an address", err) && client_request(&q, &r, err);
    buf_release(&url);
    if (!ok)
        return err_wrap(err, "ElevenLabs");
    *status = r.status;
    Json *j = r.status == 200 ? json_parse(buf_str(&r.body), JSON_DEFAULT_DEPTH, NULL) : NULL;
    bool more = false;
    ok = r.status == 200 || failed((void *)(uintptr_t)s, r.status, buf_str(&r.body), err);
    ok = ok && (json_type(json_get(j, "voices")) == JSON_T_ARRAY ||
                   err_set(err, ERR_UNAVAILABLE, "ElevenLabs answered without a list of voices"));
    ok = ok && take_page(j, a, list, room, n, err);
    if (ok && json_bool(json_get(j, "has_more"), &more) && more)
        *next = arena_str(a, json_str(json_get(j, "next_page_token")));
    json_free(j);
    client_response_release(&r);
    return ok;
}

bool elevenlabs_voices(const Speech *s, Arena *a, SpeechVoice *list, size_t room, size_t *n,
    Err *err)
{
    Str next = {NULL, 0};
    int status;
    Err why = ERR_INIT;
    if (!elevenlabs_ready(s, err))
        return false;
    for (int i = 0; i < PAGES_MAX; i++) {
        if (!page(s, "/v2/voices?page_size=100", next, a, list, room, n, &next, &status, &why)) {
            if (status == 404 && i == 0) /* the list as it was before */
                return page(s, "/v1/voices", next, a, list, room, n, &next, &status, err);
            return err_set(err, why.code, "%s", why.msg);
        }
        if (!next.len)
            break;
    }
    return true;
}
