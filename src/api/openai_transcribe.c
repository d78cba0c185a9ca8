/* openai_transcribe.c - POST /v1/audio/transcriptions as OpenAI's own clients expect it.
 *
 * Source: the OpenAI API reference. A segment is sent as soon as the window it lies in has been
 * heard; an error before the first of them is an ordinary error, one behind it cuts the stream. */
#include <math.h>

#include "api/hear.h"

typedef struct {
    ApiCall *call;
    bool stream, progress, gone, any;
} Hearing;

static bool client_gone(void *arg)
{
    const Hearing *h = arg;
    work_alive(); /* whoever asks is at work, however long the sound is */
    return h->gone || http_exchange_cancelled(h->call->x);
}

static void usage(JsonW *w, double seconds)
{
    jw_key(w, "usage");
    jw_obj(w);
    jw_kv_cstr(w, "type", "duration");
    jw_kv_int(w, "seconds", (int64_t)ceil(seconds));
    jw_obj_end(w);
}

static void send_event(Hearing *h)
{
    ApiCall *c = h->call;
    if (!c->streaming)
        call_events(c);
    h->gone |= !buf_ok(&c->out) || !http_stream_event(c->x, NULL, buf_str(&c->out));
    buf_clear(&c->out);
}

static void on_heard(void *arg, const WhisperSegment *segments, size_t n)
{
    Hearing *h = arg;
    for (size_t i = 0; h->stream && !h->gone && i < n; i++) {
        JsonW w;
        Str text = arena_printf(h->call->arena, "%s" STR_FMT, h->any ? " " : "",
                                STR_ARG(segments[i].text));
        jw_init(&w, &h->call->out);
        jw_obj(&w);
        jw_kv_cstr(&w, "type", "transcript.text.delta");
        jw_kv_str(&w, "delta", text);
        jw_obj_end(&w);
        send_event(h);
        h->any = true;
    }
}

/* How far it is; ears.h calls it behind every window, also those of silence. */
static bool on_progress(void *arg, size_t done, size_t all)
{
    Hearing *h = arg;
    JsonW w;
    if (!h->progress || h->gone)
        return !h->gone;
    jw_init(&w, &h->call->out);
    jw_obj(&w);
    jw_kv_cstr(&w, "type", "transcript.progress");
    jw_kv_num(&w, "seconds", (double)(done < all ? done : all) / EARS_RATE_HZ);
    jw_kv_num(&w, "of", (double)all / EARS_RATE_HZ);
    jw_obj_end(&w);
    send_event(h);
    return !h->gone;
}

/* To the hundredth that timestamps have; words have no more. */
static void seconds(JsonW *w, const char *key, float s)
{
    jw_kv_num(w, key, round((double)s * 100) / 100);
}

static void segment_json(JsonW *w, const WhisperSegment *s, size_t id)
{
    jw_obj(w);
    jw_kv_int(w, "id", (int64_t)id);
    jw_kv_int(w, "seek", s->seek);
    seconds(w, "start", s->start_s);
    seconds(w, "end", s->end_s);
    jw_kv_str(w, "text", s->text);
    jw_key(w, "tokens");
    jw_arr(w);
    for (size_t i = 0; i < s->n_tokens; i++)
        jw_int(w, s->tokens[i]);
    jw_arr_end(w);
    jw_key(w, "temperature");
    jw_float(w, s->temperature);
    jw_key(w, "avg_logprob");
    jw_float(w, s->avg_logprob);
    jw_key(w, "compression_ratio");
    jw_float(w, s->compression_ratio);
    jw_key(w, "no_speech_prob");
    jw_float(w, s->no_speech_prob);
    jw_obj_end(w);
}

static void words_json(JsonW *w, const WhisperResult *r)
{
    jw_key(w, "words");
    jw_arr(w);
    for (size_t i = 0; i < r->n_segments; i++) {
        for (size_t k = 0; k < r->segments[i].n_words; k++) {
            const WhisperWord *word = &r->segments[i].words[k];
            jw_obj(w);
            jw_kv_str(w, "word", str_trim(word->text));
            seconds(w, "start", word->start_s);
            seconds(w, "end", word->end_s);
            jw_obj_end(w);
        }
    }
    jw_arr_end(w);
}

static void verbose_members(JsonW *w, const WhisperResult *r, bool words, bool segments)
{
    jw_kv_cstr(w, "task", "transcribe");
    jw_kv_cstr(w, "language", r->language);
    seconds(w, "duration", r->duration_s);
    jw_kv_str(w, "text", r->text);
    if (segments) {
        jw_key(w, "segments");
        jw_arr(w);
        for (size_t i = 0; i < r->n_segments; i++)
            segment_json(w, &r->segments[i], i);
        jw_arr_end(w);
    }
    if (words)
        words_json(w, r);
}

static bool granularity(const FieldValue *v, const char *name)
{
    for (size_t i = 0; i < v->n_list; i++)
        if (str_eq(v->list[i], str_of(name)))
            return true;
    return false;
}

/* The transcript as response_format asks for it. */
static void write_answer(const ApiCall *c, const WhisperResult *r, Buf *out)
{
    Str format = call_body(c, "response_format")->str;
    const FieldValue *times = call_body(c, "timestamp_granularities[]");
    bool words = granularity(times, "word");
    JsonW w;
    if (str_eq(format, STR("vtt"))) {
        transcript_vtt(out, r);
    } else if (str_eq(format, STR("srt"))) {
        transcript_srt(out, r);
    } else if (str_eq(format, STR("text"))) {
        buf_add(out, r->text);
        buf_add_char(out, '\n');
    } else {
        jw_init(&w, out);
        jw_obj(&w);
        if (str_eq(format, STR("json")))
            jw_kv_str(&w, "text", r->text);
        else
            verbose_members(&w, r, words, !words || granularity(times, "segment"));
        usage(&w, (double)r->duration_s);
        jw_obj_end(&w);
    }
}

static bool stream_done(Hearing *h, const WhisperResult *r, Err *err)
{
    JsonW w;
    Buf whole;
    buf_init(&whole, h->call->out.max);
    if (h->progress)
        write_answer(h->call, r, &whole);
    bool ok = buf_check(&whole, "the transcript", err);
    if (ok) {
        jw_init(&w, &h->call->out);
        jw_obj(&w);
        jw_kv_cstr(&w, "type", "transcript.text.done");
        jw_kv_str(&w, "text", r->text);
        if (h->progress)
            jw_kv_str(&w, "output", buf_str(&whole));
        usage(&w, (double)r->duration_s);
        jw_obj_end(&w);
        send_event(h);
    }
    buf_release(&whole);
    return ok;
}

static bool answer(Hearing *h, const WhisperResult *r, Err *err)
{
    ApiCall *c = h->call;
    Str format = call_body(c, "response_format")->str;
    if (h->stream)
        return stream_done(h, r, err);
    write_answer(c, r, &c->out);
    if (!call_json(c, 200, err))
        return false;
    if (str_eq(format, STR("vtt")))
        c->x->resp.content_type = STR("text/vtt; charset=utf-8");
    else if (!str_eq(format, STR("json")) && !str_eq(format, STR("verbose_json")))
        c->x->resp.content_type = STR("text/plain; charset=utf-8");
    return true;
}

static bool check(ApiCall *c, char model[EARS_NAME_MAX], Err *err)
{
    const FieldValue *times = call_body(c, "timestamp_granularities[]");
    bool verbose = str_eq(call_body(c, "response_format")->str, STR("verbose_json"));
    for (size_t i = 0; i < times->n_list; i++)
        if (!str_eq(times->list[i], STR("word")) && !str_eq(times->list[i], STR("segment")))
            return err_set(err, ERR_VALIDATION,
                           "timestamp_granularities[] must be word or segment");
    if (times->n_list && !verbose)
        return err_set(err, ERR_VALIDATION,
                       "timestamp_granularities[] needs response_format verbose_json");
    if (!call_body(c, "file")->given)
        return err_set(err, ERR_VALIDATION, "file is missing");
    return hear_needs(c->parts, err) &&
           ears_model(c->parts->ears, call_body(c, "model")->str, model, err);
}

static size_t read_sound(void *arg, size_t from, size_t n, float *out)
{
    return sound_read(arg, from, n, out);
}

bool openai_transcribe(ApiCall *c, Err *err)
{
    char model[EARS_NAME_MAX];
    const FieldValue *file = call_body(c, "file");
    Hearing h = {.call = c, .stream = call_body(c, "stream")->b};
    h.progress = h.stream && call_body(c, "progress")->b;
    Sound sound;
    WhisperResult r;
    if (!check(c, model, err) ||
        !hear_sound(c->parts, file->str, file->filename, HEAR_FILE_SECONDS, &sound, err))
        return false;
    EarsRequest q = {
        .model = str_of(model),
        .options = {.language = call_body(c, "language")->str,
                    .prompt = call_body(c, "prompt")->str,
                    .temperature = (float)call_body(c, "temperature")->num,
                    .word_times = granularity(call_body(c, "timestamp_granularities[]"), "word"),
                    .cancelled = client_gone,
                    .heard = on_heard,
                    .progress = on_progress,
                    .arg = &h}};
    EarsSource source = {(size_t)sound.samples, read_sound, &sound};
    bool ok = ears_hear_source(c->parts->ears, &q, &source, c->arena, &r, err);
    sound_release(&sound);
    return ok && answer(&h, &r, err);
}
