/* live_out.c - the answer's sound, at the pace it is played.
 *
 * The voice makes sound twenty times faster than it lasts. It waits here and goes out in pieces of
 * 40 ms, LIVE_LEAD_MS ahead of what the person hears: enough for a network that stutters, little to
 * throw away when somebody speaks. When the voice falls behind, what the person hears stops with
 * it, and so does the clock. */
#include "base/clock.h"
#include "voice/live_int.h"

#define PIECE_MS 40u
#define MS_NS 1000000u

static uint64_t ns_of(size_t samples, uint32_t rate_hz)
{
    return (uint64_t)samples * 1000000000u / rate_hz;
}

static double played_ms(const LiveJob *j, uint64_t now_ns)
{
    pthread_mutex_lock(&j->talk->live->lock);
    uint64_t bytes = j->dropped + j->sent;
    pthread_mutex_unlock(&j->talk->live->lock);
    uint64_t sent = j->rate_hz ? ns_of((size_t)(bytes / sizeof(int16_t)), j->rate_hz) : 0;
    uint64_t ahead = j->end_ns > now_ns ? j->end_ns - now_ns : 0;
    return (double)(sent > ahead ? sent - ahead : 0) / MS_NS;
}

static void begin(LiveTalk *t, LiveJob *j, uint64_t now_ns)
{
    j->begun = true;
    if (t->session)
        session_speaking(t->session, true);
    SpeechWho who = {.voice = j->who.voice, .backend = j->who.backend, .rate_hz = j->rate_hz,
                     .cached = j->who.cached, .fallback = j->who.fallback, .why = j->who.why};
    if (talk_enter(t)) {
        t->hooks.sound_begin(t->arg, &who);
        talk_leave(t);
    }
    talk_stage(t, "speak", (double)(now_ns - j->answered_ns) * 1e-9);
    talk_stage(t, "sound", (double)(now_ns - j->heard.began_ns) * 1e-9);
    if (j->ended_ns)
        talk_stage(t, "reply", (double)(now_ns - j->ended_ns) * 1e-9);
}

/* Sends the next piece if it is time; 0 when there is none now, else its samples. */
static size_t send_piece(LiveTalk *t, LiveJob *j, uint64_t now_ns)
{
    int16_t piece[4096];
    Live *l = t->live;
    pthread_mutex_lock(&l->lock);
    size_t n = (j->sound.len - j->sent) / sizeof *piece;
    size_t most = (size_t)j->rate_hz * PIECE_MS / 1000;
    most = most < sizeof piece / sizeof *piece ? most : sizeof piece / sizeof *piece;
    n = n < most ? n : most;
    if (n)
        memcpy(piece, j->sound.ptr + j->sent, n * sizeof *piece);
    j->sent += n * sizeof *piece;
    pthread_mutex_unlock(&l->lock);
    if (!n)
        return 0;
    if (!j->begun)
        begin(t, j, now_ns);
    if (j->end_ns < now_ns)
        j->end_ns = now_ns;
    j->end_ns += ns_of(n, j->rate_hz);
    if (talk_enter(t)) {
        t->hooks.sound(t->arg, piece, n);
        talk_leave(t);
    }
    return n;
}

static void tell_end(LiveTalk *t, LiveJob *j, LiveEnd why, double ms)
{
    if (!j->begun || j->told)
        return;
    j->told = true;
    if (!talk_enter(t))
        return;
    t->hooks.sound_end(t->arg, why, ms);
    talk_leave(t);
}

/* The listener reads more slowly than it is spoken to: what it hears stops until it has caught up.
 * (Should it not read at all, its connection ends by itself.) */
static bool is_held(const LiveTalk *t)
{
    bool held = t->hooks.behind && t->hooks.behind(t->arg) > LIVE_BEHIND_BYTES;
    if (held)
        METRIC_INC(t->live->held);
    return held;
}

double out_waiting(LiveJob *j)
{
    Live *l = j->talk->live;
    uint32_t rate = atomic_load(&j->rate_hz);
    pthread_mutex_lock(&l->lock);
    size_t samples = (j->sound.len - j->sent) / sizeof(int16_t);
    pthread_mutex_unlock(&l->lock);
    return rate ? (double)samples / rate : 0;
}

bool out_tick(LiveTalk *t, LiveJob *j, uint64_t now_ns, uint64_t *due_ns)
{
    Live *l = t->live;
    uint64_t lead = (uint64_t)LIVE_LEAD_MS * MS_NS;
    bool sent = true, held = is_held(t);
    while (sent && !held && (j->end_ns < now_ns || j->end_ns - now_ns < lead))
        sent = send_piece(t, j, now_ns) > 0;
    pthread_mutex_lock(&l->lock);
    bool all = j->made && j->sent == j->sound.len, waiting = j->sent < j->sound.len;
    pthread_mutex_unlock(&l->lock);
    if (waiting)
        *due_ns = held ? now_ns + PIECE_MS * MS_NS
                       : j->end_ns - lead + PIECE_MS * MS_NS / 2;
    if (!all)
        return false;
    tell_end(t, j, j->err.code == ERR_NONE ? LIVE_DONE : LIVE_FAILED, played_ms(j, UINT64_MAX));
    *due_ns = j->end_ns;
    return now_ns >= j->end_ns;
}

void out_stop(LiveTalk *t, LiveJob *j, LiveEnd why, uint64_t now_ns)
{
    atomic_store(&j->over, true);
    tell_end(t, j, why, played_ms(j, now_ns));
    if (t->session)
        session_speaking(t->session, false);
}
