/* llm_budget.c - the day's tokens: taken before a request, corrected after it. */
#include "base/clock.h"
#include "base/log.h"
#include "llm/llm_int.h"
#include "store/language.h"

#define DAY_MS ((int64_t)86400000)

static int64_t today(void)
{
    return clock_now_ms() / DAY_MS;
}

/* With the lock. */
static bool know_day(Llm *l, Err *err)
{
    int64_t day = today();
    uint64_t used = 0;
    if (l->day == day)
        return true;
    if (l->o.store && !store_tokens_used(l->o.store, &l->o.owner, day, &used, err))
        return false;
    l->day = day;
    l->used = used;
    return true;
}

bool budget_take(Llm *l, uint64_t tokens, Err *err)
{
    (void)pthread_mutex_lock(&l->lock);
    bool ok = know_day(l, err);
    if (ok && l->o.day_tokens && l->used + tokens > l->o.day_tokens)
        ok = err_set(err, ERR_RATE_LIMITED, "the day's %llu tokens for the language model are used "
                     "up (llm_budget)", (unsigned long long)l->o.day_tokens);
    int64_t day = l->day;
    if (ok)
        l->used += tokens;
    (void)pthread_mutex_unlock(&l->lock);
    uint64_t total;
    if (!ok || !l->o.store ||
        store_tokens_add(l->o.store, &l->o.owner, day, (int64_t)tokens, &total, err))
        return ok;
    (void)pthread_mutex_lock(&l->lock);
    l->used -= l->day == day ? tokens : 0;
    (void)pthread_mutex_unlock(&l->lock);
    return false;
}

void budget_settle(Llm *l, uint64_t taken, uint64_t used)
{
    int64_t delta = (int64_t)used - (int64_t)taken;
    Err err = ERR_INIT;
    uint64_t total;
    (void)pthread_mutex_lock(&l->lock);
    int64_t day = l->day;
    l->used = delta < 0 && l->used < (uint64_t)-delta ? 0 : l->used + (uint64_t)delta;
    (void)pthread_mutex_unlock(&l->lock);
    if (delta && l->o.store && !store_tokens_add(l->o.store, &l->o.owner, day, delta, &total, &err))
        log_write(LOG_WARN, "llm", "the day's tokens could not be corrected: %s", err.msg);
}

bool budget_left(Llm *l)
{
    Err err = ERR_INIT;
    (void)pthread_mutex_lock(&l->lock);
    bool left = know_day(l, &err) && (!l->o.day_tokens || l->used < l->o.day_tokens);
    (void)pthread_mutex_unlock(&l->lock);
    return left;
}
