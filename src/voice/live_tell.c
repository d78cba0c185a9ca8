/* live_tell.c - what a conversation tells its owner: states, text, errors. Thread of Live. */
#include "voice/live_int.h"

void talk_stage(LiveTalk *t, const char *stage, double seconds)
{
    metric_observe(t->live->stages, (const char *const[]){stage}, seconds);
}

/* Who closed a talk may free at once what its hooks use: so a hook that runs is waited for. */
bool talk_enter(LiveTalk *t)
{
    pthread_mutex_lock(&t->quiet);
    if (!t->silent)
        return true;
    pthread_mutex_unlock(&t->quiet);
    return false;
}

void talk_leave(LiveTalk *t) { pthread_mutex_unlock(&t->quiet); }

/* ---- states ---------------------------------------------------------------------------------- */

bool talk_is_pending(const LiveTalk *t)
{
    for (const LiveJob *j = t->jobs; j; j = j->next)
        if (j->final && !atomic_load(&j->over) && j != t->answer)
            return true;
    return false;
}

static LiveState state_of(const LiveTalk *t)
{
    if (t->answer && t->answer->begun)
        return LIVE_SPEAKING;
    if (t->session && t->listening && session_hearing(t->session))
        return LIVE_HEARING;
    if (t->answer || talk_is_pending(t))
        return LIVE_THINKING;
    return t->session && t->listening ? LIVE_LISTENING : LIVE_IDLE;
}

void talk_tell_state(LiveTalk *t, bool always)
{
    LiveState s = state_of(t);
    if ((s == t->state && !always) || !talk_enter(t))
        return;
    t->state = s;
    t->hooks.state(t->arg, s);
    talk_leave(t);
}

void talk_tell_error(LiveTalk *t, const Err *err)
{
    if (!talk_enter(t))
        return;
    t->hooks.fail(t->arg, err);
    talk_leave(t);
}

void talk_tell_text(LiveTalk *t, const LiveJob *j, Str text, size_t settled, bool final)
{
    LiveText what = {.text = text, .settled = str_sub(text, 0, settled), .final = final,
                     .utterance = j->utterance, .language = j->heard.language};
    if (!talk_enter(t))
        return;
    t->hooks.text(t->arg, &what);
    talk_leave(t);
}
