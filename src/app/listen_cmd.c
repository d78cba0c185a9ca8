/* `sotto listen`: what is said into the microphone, as text, and answered if wanted.
 *
 *   microphone -> voice/live.h (its own thread and workers) -> notes -> this thread: lines, meter,
 *                                                             loudspeaker
 *
 * Hooks must not block, so they only leave notes; the main thread reads the microphone twenty
 * times a second and then whatever notes there are. */
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "app/app.h"
#include "app/call.h"
#include "app/commands.h"
#include "app/talk_out.h"
#include "audio/alsa.h"
#include "audio/pcm.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/uuid.h"
#include "voice/live.h"

#define BLOCK_MS 50
#define METER_COLUMNS 10
#define SPOKEN_MAX ((size_t)4 << 20) /* bytes of sound for the loudspeaker */
#define END_SECONDS 60               /* for what is still being heard or said at the end */
#define QUEUED_JOBS 64

typedef enum { NOTE_PART, NOTE_FINAL, NOTE_ANSWER, NOTE_STATE, NOTE_ERROR, NOTE_FALLBACK } NoteKind;

typedef struct Note {
    struct Note *next;
    NoteKind kind;
    LiveState state;
    ErrCode code;
    size_t settled, len; /* bytes of text behind the struct */
} Note;

typedef struct {
    Cli *cli;
    App voice; /* ears and voices, as they are set */
    Work *work;
    Live *live;
    LiveTalk *talk;
    Call *call; /* --ask */
    Mic *mic;
    Speaker *speaker;
    uint32_t mic_hz;
    pthread_mutex_t lock; /* of the next six */
    Note *first, **last;
    Buf sound;            /* for the loudspeaker */
    uint32_t sound_hz;
    bool sound_over;      /* drop what is not played */
    bool lost;            /* a note, for want of memory */
    uint32_t speaker_hz;
    bool once;
    char session[UUID_TEXT]; /* of the workers, as the next one: one answer at a time */
    bool asked;
    LiveState state;
    Buf partial;
    size_t settled;
    float level_db;
    unsigned finals;
    bool failed;
} Listen;

/* ---- hooks: any thread but the main one ------------------------------------------------------ */

static void leave_note(Listen *l, const Note *what, Str text)
{
    Note *n = mem_alloc(sizeof *n + text.len);
    pthread_mutex_lock(&l->lock);
    l->lost |= !n;
    if (n) {
        *n = *what;
        n->next = NULL;
        n->len = text.len;
        if (text.len)
            memcpy(n + 1, text.ptr, text.len);
        *l->last = n;
        l->last = &n->next;
    }
    pthread_mutex_unlock(&l->lock);
}

static void on_state(void *arg, LiveState s)
{
    leave_note(arg, &(Note){.kind = NOTE_STATE, .state = s}, STR(""));
}

static void on_text(void *arg, const LiveText *t)
{
    Note n = {.kind = t->final ? NOTE_FINAL : NOTE_PART, .settled = t->settled.len};
    leave_note(arg, &n, t->text);
}

static void on_fail(void *arg, const Err *err)
{
    leave_note(arg, &(Note){.kind = NOTE_ERROR, .code = err->code}, str_of(err->msg));
}

static void on_sound_begin(void *arg, const SpeechWho *who)
{
    Listen *l = arg;
    pthread_mutex_lock(&l->lock);
    l->sound_hz = who->rate_hz;
    pthread_mutex_unlock(&l->lock);
    if (who->fallback)
        leave_note(l, &(Note){.kind = NOTE_FALLBACK}, str_of(who->why));
}

static void on_sound(void *arg, const int16_t *pcm, size_t n)
{
    Listen *l = arg;
    pthread_mutex_lock(&l->lock);
    (void)buf_add_mem(&l->sound, pcm, n * sizeof *pcm);
    pthread_mutex_unlock(&l->lock);
}

static void on_sound_end(void *arg, LiveEnd why, double played_ms)
{
    Listen *l = arg;
    (void)played_ms;
    pthread_mutex_lock(&l->lock);
    l->sound_over |= why != LIVE_DONE;
    pthread_mutex_unlock(&l->lock);
}

static void on_gone(void *arg) { (void)arg; }

static bool on_answer(void *arg, const LiveHeard *heard, LiveOver over, const void *over_arg,
                      unsigned worker, Arena *a, LiveAnswer *out, Err *err)
{
    Listen *l = arg;
    double speed = 1;
    (void)worker;
    if (!heard->text.len || over(over_arg) || (l->once && l->asked))
        return true;
    l->asked = true;
    Json *j = talk_say(l->call, heard->text, l->session[0] ? l->session : NULL, NULL, err);
    if (!j)
        return false;
    Str response = json_str(json_get(j, "response")), id = json_str(json_get(j, "session_id"));
    Str speech = json_str(json_get(j, "speech"));
    if (id.len == UUID_TEXT - 1)
        memcpy(l->session, id.ptr, id.len);
    leave_note(l, &(Note){.kind = NOTE_ANSWER}, response);
    (void)json_num(json_get(j, "speed"), &speed);
    const char *kept = arena_cstr(a, response);
    if (kept && !str_eq(speech, STR("stop")))
        *out = (LiveAnswer){.say = str_of(kept), .speed = (float)speed};
    json_free(j);
    return kept || err_set(err, ERR_NO_MEMORY, "no memory for the answer");
}

/* ---- what a person sees ---------------------------------------------------------------------- */

/* "[#####-----] Remind me to call": on standard error, on one row. */
static void draw(Listen *l)
{
    const Term *t = &l->cli->term;
    Buf b, text;
    if (!t->err_tty || l->cli->quiet)
        return;
    int full = (int)((l->level_db + 60) / 60 * METER_COLUMNS);
    buf_init(&b, 1 << 16);
    buf_init(&text, 1 << 15);
    buf_add_c(&b, "\r\033[K[");
    for (int i = 0; i < METER_COLUMNS; i++)
        buf_add_c(&b, i < full ? "#" : " ");
    buf_printf(&b, "] ");
    size_t room = t->width > METER_COLUMNS + 6 ? t->width - METER_COLUMNS - 6 : 20;
    if (l->partial.len && l->state == LIVE_HEARING) {
        term_text(&text, buf_str(&l->partial));
        size_t from = 0; /* the end of a long one */
        while (term_columns(str_sub(buf_str(&text), from, text.len)) > room)
            do
                from++;
            while (from < text.len && ((unsigned char)text.ptr[from] & 0xc0) == 0x80);
        buf_add(&b, str_sub(buf_str(&text), from, text.len));
    } else {
        buf_printf(&b, "%s%s%s", term_paint_err(t, PAINT_DIM), live_state_name(l->state),
                   term_paint_err(t, PAINT_OFF));
    }
    (void)os_write_all(2, b.ptr, b.len);
    buf_release(&b);
    buf_release(&text);
}

static void wipe(const Listen *l)
{
    if (l->cli->term.err_tty && !l->cli->quiet)
        (void)os_write_all(2, "\r\033[K", 4);
}

static void print_json(Listen *l, const char *type, Str text)
{
    JsonW w;
    jw_init(&w, &l->cli->out);
    jw_obj(&w);
    jw_kv_cstr(&w, "type", type);
    jw_kv_str(&w, "text", text);
    jw_obj_end(&w);
    buf_add_char(&l->cli->out, '\n');
}

static void show(Listen *l, const Note *n, Str text)
{
    static const char *const types[] = {"partial", "final", "answer"};
    Cli *cli = l->cli;
    if (l->once && l->finals && (n->kind == NOTE_PART || n->kind == NOTE_FINAL))
        return; /* said while the first was still being worked out */
    if (n->kind == NOTE_STATE) {
        l->state = n->state;
    } else if (n->kind == NOTE_FALLBACK) {
        wipe(l);
        cli_note(cli, "a voice of this machine speaks: " STR_FMT, STR_ARG(text));
    } else if (n->kind == NOTE_ERROR) {
        Err err = ERR_INIT;
        wipe(l);
        (void)err_set(&err, n->code, STR_FMT, STR_ARG(text));
        (void)cli_fail(cli, &err);
        l->failed = true;
    } else {
        buf_clear(&l->partial);
        if (n->kind == NOTE_PART)
            buf_add(&l->partial, text);
        if (cli->json && (n->kind == NOTE_PART || text.len)) {
            print_json(l, types[n->kind], text);
        } else if (n->kind != NOTE_PART && text.len) {
            wipe(l);
            if (n->kind == NOTE_ANSWER)
                talk_text(cli, text, 2);
            else if (cli->term.out_tty)
                term_text(&cli->out, text);
            else
                buf_add(&cli->out, text);
            if (n->kind == NOTE_FINAL)
                buf_add_char(&cli->out, '\n');
        }
        l->finals += n->kind == NOTE_FINAL && text.len;
    }
}

static bool read_notes(Listen *l, Err *err)
{
    pthread_mutex_lock(&l->lock);
    Note *n = l->first;
    bool lost = l->lost;
    l->first = NULL;
    l->last = &l->first;
    l->lost = false;
    pthread_mutex_unlock(&l->lock);
    for (Note *next; n; n = next) {
        next = n->next;
        show(l, n, (Str){(const char *)(n + 1), n->len});
        mem_free(n);
    }
    if (lost)
        return err_set(err, ERR_NO_MEMORY, "no memory for what was heard");
    return cli_flush(l->cli, err);
}

/* ---- the loudspeaker ------------------------------------------------------------------------- */

static void play(Listen *l)
{
    Err err = ERR_INIT;
    pthread_mutex_lock(&l->lock);
    if (l->sound_over) {
        buf_clear(&l->sound);
        l->sound_over = false;
        if (l->speaker)
            speaker_drop(l->speaker);
    }
    if (l->sound.len && l->speaker && l->speaker_hz != l->sound_hz) {
        speaker_close(l->speaker);
        l->speaker = speaker_open(cli_flag(l->cli, "--output"), l->sound_hz, &err);
        l->speaker_hz = l->sound_hz;
    }
    size_t used = 0;
    if (l->sound.len && l->speaker)
        used = speaker_write(l->speaker, (const int16_t *)(const void *)l->sound.ptr,
                             l->sound.len / 2) * 2;
    if (used)
        memmove(l->sound.ptr, l->sound.ptr + used, l->sound.len - used);
    buf_cut(&l->sound, l->speaker ? l->sound.len - used : 0);
    pthread_mutex_unlock(&l->lock);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* One block of the microphone. A device that is faster than time (a file) is held back. */
static bool hear_block(Listen *l, uint64_t began_ns, uint64_t *samples, bool *end, Err *err)
{
    int16_t pcm[48 * BLOCK_MS];
    float block[48 * BLOCK_MS];
    size_t want = (size_t)l->mic_hz * BLOCK_MS / 1000, got;
    if (!mic_read(l->mic, pcm, want, &got, end, err))
        return false;
    if (!got)
        return true;
    pcm_from_s16(pcm, got, block);
    l->level_db = pcm_level_db(block, got);
    *samples += got;
    uint64_t due = began_ns + *samples * 1000000000u / l->mic_hz, now = clock_mono_ns();
    if (due > now + 200000000u) {
        uint64_t wait = due - now - 200000000u;
        struct timespec t = {(time_t)(wait / 1000000000u), (long)(wait % 1000000000u)};
        (void)nanosleep(&t, NULL);
    }
    return live_sound(l->talk, (Str){(const char *)pcm, got * sizeof *pcm}, err);
}

static bool is_done(const Listen *l, uint64_t samples)
{
    const char *seconds = cli_flag(l->cli, "--seconds");
    int64_t most = 0;
    if (seconds && str_to_i64(str_of(seconds), &most) &&
        samples >= (uint64_t)most * l->mic_hz)
        return true;
    return cli_interrupted() || (l->once && l->finals > 0) || l->failed;
}

static bool loop(Listen *l, Err *err)
{
    uint64_t began = clock_mono_ns(), samples = 0;
    bool end = false, ok = true;
    while (ok && !end && !is_done(l, samples)) {
        ok = hear_block(l, began, &samples, &end, err) && read_notes(l, err);
        play(l);
        draw(l);
    }
    ok = ok && live_end(l->talk, err);
    l->state = LIVE_THINKING; /* until it says that it is idle */
    began = clock_mono_ns();
    bool waits = !cli_interrupted() && !l->failed;
    while (ok && waits && l->state != LIVE_IDLE && clock_seconds_since(began) < END_SECONDS) {
        struct timespec t = {0, BLOCK_MS * 1000000L};
        (void)nanosleep(&t, NULL);
        ok = read_notes(l, err);
        play(l);
        waits = !cli_interrupted() && !l->failed;
    }
    wipe(l);
    return ok;
}

static bool open_voice(Listen *l, Err *err)
{
    static const LiveHooks only = {.state = on_state, .text = on_text, .fail = on_fail,
                                   .gone = on_gone};
    Config *c = l->cli->config;
    bool ask = cli_flag(l->cli, "--ask") != NULL;
    LiveHooks hooks = only;
    AppOptions o = {.config = c, .voice = true, .only_voice = true};
    char name[EARS_NAME_MAX];
    if (ask) {
        hooks.answer = on_answer;
        hooks.sound_begin = on_sound_begin;
        hooks.sound = on_sound;
        hooks.sound_end = on_sound_end;
    }
    if (!app_open(&l->voice, &o, err) || !ears_model(l->voice.ears, STR(""), name, err))
        return false;
    if (ask && !(l->call = call_open(c, CALL_TALK, "sotto listen", err)))
        return false;
    if (!(l->work = work_new(3, QUEUED_JOBS, err)))
        return false;
    LiveParts parts = {l->voice.ears, ask ? l->voice.speech : NULL, l->work, 0};
    l->live = live_new(&parts, err);
    l->talk = l->live ? live_open(l->live, &hooks, l, NULL) : NULL;
    return l->talk || (l->live && err_set(err, ERR_NO_MEMORY, "no memory to listen"));
}

static bool start(Listen *l, Err *err)
{
    const Config *c = l->cli->config;
    const char *language = cli_flag(l->cli, "--language"), *output = cli_flag(l->cli, "--output");
    uint32_t interrupt = (uint32_t)config_number(c, SET_VOICE_INTERRUPT);
    bool ask = cli_flag(l->cli, "--ask") != NULL;
    Err why = ERR_INIT;
    l->mic = mic_open(cli_flag(l->cli, "--device"), &l->mic_hz, err);
    if (!l->mic)
        return false;
    if (ask && !(output && strcmp(output, "none") == 0)) {
        l->speaker_hz = 22050;
        l->speaker = speaker_open(output, l->speaker_hz, &why);
        if (!l->speaker)
            cli_note(l->cli, "answers are not spoken: %s", why.msg);
    }
    LiveOptions o = {.session = {.rate_hz = l->mic_hz, .continuous = true,
                                 .silence_ms = (uint32_t)config_number(c, SET_VOICE_SILENCE),
                                 .preroll_ms = (uint32_t)config_number(c, SET_VOICE_PREROLL),
                                 .interrupt_ms = interrupt ? interrupt : UINT32_MAX},
                     .speak = l->speaker != NULL,
                     .no_partials = !l->cli->json && !l->cli->term.err_tty,
                     .language = language ? str_of(language) : STR("")};
    if (l->cli->term.err_tty)
        cli_note(l->cli, "listening; Ctrl-C ends it");
    return live_start(l->talk, &o, err);
}

static void finish(Listen *l)
{
    if (l->talk)
        live_close(l->talk);
    work_free(l->work);
    live_free(l->live);
    call_close(l->call);
    mic_close(l->mic);
    speaker_close(l->speaker);
    app_close(&l->voice);
    for (Note *n = l->first, *next; n; n = next) {
        next = n->next;
        mem_free(n);
    }
    buf_release(&l->sound);
    buf_release(&l->partial);
    pthread_mutex_destroy(&l->lock);
}

static int list(Cli *cli)
{
    Err err = ERR_INIT;
    AlsaDevice *devices;
    JsonW w;
    size_t n;
    if (!mic_list(cli->arena, &devices, &n, &err))
        return cli_fail(cli, &err);
    jw_init(&w, &cli->out);
    if (cli->json)
        jw_arr(&w);
    for (size_t i = 0; i < n; i++) {
        if (cli->json) {
            jw_obj(&w);
            jw_kv_cstr(&w, "name", devices[i].name);
            jw_kv_cstr(&w, "description", devices[i].about);
            jw_obj_end(&w);
        } else {
            term_cell(&cli->out, &cli->term, str_of(devices[i].name), 32);
            buf_add_char(&cli->out, ' ');
            term_text(&cli->out, str_of(devices[i].about));
            buf_add_char(&cli->out, '\n');
        }
    }
    if (cli->json) {
        jw_arr_end(&w);
        buf_add_char(&cli->out, '\n');
    } else if (!n) {
        cli_note(cli, "there is no microphone here");
    }
    return cli_done(cli, 0);
}

int listen_command(Cli *cli)
{
    Err err = ERR_INIT;
    int64_t seconds;
    const char *given = cli_flag(cli, "--seconds");
    Listen l = {.cli = cli, .state = LIVE_LISTENING, .level_db = -120,
                .once = cli_flag(cli, "--once") != NULL};
    if (cli_flag(cli, "--list"))
        return list(cli);
    if (given && (!str_to_i64(str_of(given), &seconds) || seconds < 1))
        return cli_usage_error(cli, "--seconds takes a whole number, 1 or more");
    pthread_mutex_init(&l.lock, NULL);
    l.last = &l.first;
    buf_init(&l.sound, SPOKEN_MAX);
    buf_init(&l.partial, 1 << 16);
    cli_catch_signals();
    bool ok = open_voice(&l, &err) && start(&l, &err) && loop(&l, &err);
    bool failed = l.failed;
    finish(&l);
    return !ok ? cli_fail(cli, &err) : cli_done(cli, failed ? EXIT_FAILED : 0);
}
