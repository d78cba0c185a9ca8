#include "assistant/turns.h"

#include <time.h>

#define ASK_NS 100000000L

void turns_init(Turns *t)
{
    *t = (Turns){0};
    (void)pthread_mutex_init(&t->lock, NULL);
    (void)pthread_cond_init(&t->left, NULL);
}

void turns_release(Turns *t)
{
    (void)pthread_cond_destroy(&t->left);
    (void)pthread_mutex_destroy(&t->lock);
}

static bool is_held(const Turns *t, const Uuid *session)
{
    for (const TurnHeld *h = t->held; h; h = h->next)
        if (uuid_eq(&h->session, session))
            return true;
    return false;
}

bool turns_enter(Turns *t, TurnHeld *h, const Uuid *session, bool (*cancelled)(void *arg),
    void *arg, Err *err)
{
    bool gone = false;
    (void)pthread_mutex_lock(&t->lock);
    while (!gone && is_held(t, session)) {
        struct timespec until;
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += ASK_NS;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        (void)pthread_cond_timedwait(&t->left, &t->lock, &until);
        gone = cancelled && cancelled(arg);
    }
    if (!gone) {
        *h = (TurnHeld){*session, t->held};
        t->held = h;
    }
    (void)pthread_mutex_unlock(&t->lock);
    return !gone || err_set(err, ERR_CANCELLED, "nobody waits for the answer any more");
}

void turns_leave(Turns *t, TurnHeld *h)
{
    (void)pthread_mutex_lock(&t->lock);
    for (TurnHeld **at = &t->held; *at; at = &(*at)->next)
        if (*at == h) {
            *at = h->next;
            break;
        }
    (void)pthread_cond_broadcast(&t->left);
    (void)pthread_mutex_unlock(&t->lock);
}
