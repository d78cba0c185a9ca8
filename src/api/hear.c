/* hear.c - see hear.h. */
#include "api/hear.h"

#include <math.h>

#include "api/talk_json.h"
#include "audio/pcm.h"
#include "audio/resample.h"
#include "base/mem.h"
#include "base/metrics.h"

#define NOTHING_HEARD "I did not hear anything."
#define SAMPLE_MOST 8.0 /* louder than full scale, as a resampler makes it; not 16-bit numbers */

bool hear_needs(const ApiParts *p, Err *err)
{
    return p->ears ? true
                   : err_set(err, ERR_UNAVAILABLE, "there is no speech recogniser here");
}

static bool room(size_t n, HeardSound *out, Err *err)
{
    *out = (HeardSound){.n = n, .pcm = mem_array(n ? n : 1, sizeof *out->pcm)};
    return out->pcm ? true : err_set(err, ERR_NO_MEMORY, "no memory for the sound");
}

bool hear_sound(const ApiParts *p, Str bytes, Str name, uint32_t max_seconds, Sound *out,
                Err *err)
{
    if (!p->sounds)
        return err_set(err, ERR_UNAVAILABLE, "sound files cannot be read here");
    if (!bytes.len)
        return err_set(err, ERR_VALIDATION, "the sound is empty");
    SoundLimits limits = {.rate_hz = EARS_RATE_HZ, .max_seconds = max_seconds};
    return sound_decode(p->sounds, bytes, name, &limits, out, err);
}

bool hear_decode(const ApiParts *p, Str bytes, Str name, uint32_t max_seconds, HeardSound *out,
                 Err *err)
{
    Sound s;
    if (!hear_sound(p, bytes, name, max_seconds, &s, err))
        return false;
    bool ok = room(s.samples, out, err);
    if (ok) {
        out->n = sound_read(&s, 0, s.samples, out->pcm);
        out->partial = s.partial;
    }
    sound_release(&s);
    return ok;
}

static bool too_long(uint32_t max_seconds, Err *err)
{
    return err_set(err, ERR_TOO_LARGE, "the sound is longer than %u seconds", max_seconds);
}

bool hear_samples(const Json *list, uint32_t max_seconds, HeardSound *out, Err *err)
{
    size_t n = json_count(list);
    if (json_type(list) != JSON_T_ARRAY)
        return err_set(err, ERR_VALIDATION,
                       "audio_data must be a list of samples, 16000 a second, from -1 to 1");
    if (!n)
        return err_set(err, ERR_VALIDATION, "audio_data is empty");
    if (n > (size_t)max_seconds * EARS_RATE_HZ)
        return too_long(max_seconds, err);
    if (!room(n, out, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        double v;
        if (!json_num(json_at(list, i), &v) || fabs(v) > SAMPLE_MOST) {
            mem_free(out->pcm);
            return err_set(err, ERR_VALIDATION,
                           "audio_data[%zu] is no sample: they are numbers from -1 to 1", i);
        }
        out->pcm[i] = v > 1 ? 1 : v < -1 ? -1 : (float)v;
    }
    return true;
}

bool hear_raw(Str bytes, bool is_float, uint32_t rate, uint32_t max_seconds, HeardSound *out,
              Err *err)
{
    PcmFormat format = is_float ? PCM_F32 : PCM_S16;
    size_t n = bytes.len / pcm_sample_bytes(format);
    HeardSound raw;
    if (rate < PCM_RATE_MIN_HZ || rate > PCM_RATE_MAX_HZ)
        return err_set(err, ERR_VALIDATION, "a rate is between %d and %d Hz", PCM_RATE_MIN_HZ,
                       PCM_RATE_MAX_HZ);
    if (n > (size_t)max_seconds * rate)
        return too_long(max_seconds, err);
    if (!room(n, &raw, err))
        return false;
    pcm_to_mono(format, bytes.ptr, 1, n, raw.pcm);
    bool ok = room(resample_length(n, rate, EARS_RATE_HZ), out, err);
    if (ok && !resample_all(raw.pcm, n, rate, EARS_RATE_HZ, out->pcm, err)) {
        mem_free(out->pcm);
        ok = false;
    }
    mem_free(raw.pcm);
    return ok;
}

/* ---- from words to an answer ----------------------------------------------------------------- */

static Metric *stages(void)
{
    return metric_histogram("voice_stage_seconds", "Stages of what is said.",
                            "stage");
}

static Metric *whole(void)
{
    return metric_histogram("voice_processing_duration_seconds",
                            "From a sound that is there to its answer.", NULL);
}

static Metric *first_sound(void)
{
    return metric_histogram("voice_first_sound_seconds",
                            "From a sound that is there to the first sound of its answer.", NULL);
}

void hear_first_sound(double ms)
{
    metric_observe(first_sound(), NULL, ms / 1000);
}

void hear_metrics(void)
{
    (void)stages();
    (void)whole();
    (void)first_sound();
}

static bool answer(const ApiParts *p, const InteractionAsk *q, unsigned worker, Arena *a,
                   Interaction *out, Err *err)
{
    uint64_t start = clock_mono_ns();
    AssistantRequest r = {.text = out->transcript, .session = q->session, .keep = true};
    if (!p->assistant)
        return err_set(err, ERR_UNAVAILABLE,
                       "the assistant needs the encoder, which is not open here");
    if (!assistant_say(p->assistant, &r, worker, a, &out->reply, err))
        return false;
    out->confidence = out->heard * out->reply.confidence;
    out->answer_ms = clock_seconds_since(start) * 1000;
    metric_observe(stages(), (const char *const[]){"answer"}, out->answer_ms / 1000);
    return true;
}

bool hear_answer(const ApiParts *p, const InteractionAsk *q, unsigned worker, Arena *a,
                 Interaction *out, Err *err)
{
    uint64_t start = clock_mono_ns();
    Uuid id;
    if (!uuid_v4(&id, err))
        return false;
    uuid_format(&id, out->id);
    metric_observe(stages(), (const char *const[]){"hear"}, out->hear_ms / 1000);
    if (q->transcript)
        q->transcript(q->arg, out->transcript);
    if (q->cancelled && q->cancelled(q->arg))
        return err_set(err, ERR_CANCELLED, "it was cancelled");
    if (!out->transcript.len)
        out->reply.response = STR(NOTHING_HEARD);
    else if (!answer(p, q, worker, a, out, err))
        return false;
    out->total_ms = clock_seconds_since(q->began_ns ? q->began_ns : start) * 1000;
    metric_observe(whole(), NULL, out->total_ms / 1000);
    return true;
}

bool hear_interact(const ApiParts *p, const InteractionAsk *q, const HeardSound *sound,
                   unsigned worker, Arena *a, Interaction *out, Err *err)
{
    uint64_t start = clock_mono_ns();
    InteractionAsk ask = *q;
    WhisperResult r;
    *out = (Interaction){.at_ms = clock_now_ms()};
    ask.began_ns = q->began_ns ? q->began_ns : start;
    EarsRequest hear = {.urgent = true,
                        .options = {.language = q->language, .cancelled = q->cancelled,
                                    .arg = q->arg}};
    if (!hear_needs(p, err) || !ears_hear(p->ears, &hear, sound->pcm, sound->n, a, &r, err))
        return false;
    out->transcript = r.text;
    out->language = r.language;
    out->heard = ears_confidence(&r);
    out->hear_ms = clock_seconds_since(start) * 1000;
    return hear_answer(p, &ask, worker, a, out, err);
}

static void speech_members(JsonW *w, const Interaction *i)
{
    if (!i->spoken)
        return;
    jw_key(w, "spoken");
    jw_obj(w);
    jw_kv_cstr(w, "voice", i->speech.voice);
    jw_kv_cstr(w, "backend", i->speech.backend);
    jw_kv_bool(w, "cached", i->speech.cached);
    if (i->speech.fallback)
        jw_kv_cstr(w, "fallback", i->speech.why);
    jw_kv_num(w, "speed", i->speech_speed);
    jw_kv_num(w, "seconds", i->speech_seconds);
    jw_obj_end(w);
}

void interaction_members(JsonW *w, const Interaction *i)
{
    char at[CLOCK_RFC3339_MAX];
    AssistantReply reply = i->reply;
    reply.confidence = i->confidence;
    jw_kv_cstr(w, "id", i->id);
    jw_kv_str(w, "transcript", i->transcript);
    if (i->transcript.len) {
        reply_members(w, &reply);
    } else {
        jw_kv_cstr(w, "intent", "Unknown");
        jw_kv_str(w, "response", i->reply.response);
        jw_kv_num(w, "confidence", 0);
    }
    jw_kv_cstr(w, "language", i->language);
    jw_key(w, "stages");
    jw_obj(w);
    jw_kv_num(w, "hear_ms", i->hear_ms);
    jw_kv_num(w, "answer_ms", i->answer_ms);
    jw_kv_num(w, "heard_confidence", i->heard);
    if (i->spoken) {
        jw_kv_num(w, "speak_ms", i->speak_ms);
        jw_kv_num(w, "first_sound_ms", i->first_sound_ms);
    }
    jw_obj_end(w);
    speech_members(w, i);
    jw_kv_num(w, "processing_time_ms", i->total_ms);
    jw_kv_cstr(w, "timestamp", clock_format(i->at_ms, at));
}

/* ---- subtitles ------------------------------------------------------------------------------- */

static void cue_time(Buf *out, float seconds, char point)
{
    uint64_t ms = seconds > 0 ? (uint64_t)llround((double)seconds * 1000) : 0;
    buf_printf(out, "%02u:%02u:%02u%c%03u", (unsigned)(ms / 3600000), (unsigned)(ms / 60000 % 60),
               (unsigned)(ms / 1000 % 60), point, (unsigned)(ms % 1000));
}

static void cue(Buf *out, const WhisperSegment *s, char point)
{
    cue_time(out, s->start_s, point);
    buf_add_c(out, " --> ");
    cue_time(out, s->end_s, point);
    buf_add_char(out, '\n');
}

void transcript_srt(Buf *out, const WhisperResult *r)
{
    for (size_t i = 0; i < r->n_segments; i++) {
        buf_printf(out, "%zu\n", i + 1);
        cue(out, &r->segments[i], ',');
        buf_add(out, r->segments[i].text);
        buf_add_c(out, "\n\n");
    }
}

void transcript_vtt(Buf *out, const WhisperResult *r)
{
    buf_add_c(out, "WEBVTT\n\n");
    for (size_t i = 0; i < r->n_segments; i++) {
        Str text = r->segments[i].text;
        cue(out, &r->segments[i], '.');
        for (size_t k = 0; k < text.len; k++) {
            char c = text.ptr[k];
            if (c == '&' || c == '<' || c == '>')
                buf_add_c(out, c == '&' ? "&amp;" : c == '<' ? "&lt;" : "&gt;");
            else
                buf_add_char(out, c);
        }
        buf_add_c(out, "\n\n");
    }
}
