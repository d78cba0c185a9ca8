/* access_audit.c - what is written from time to time: who did what, when credentials were last
 * used, and that some have expired. */
#include "api/access_int.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/utf8.h"

#define DAY_MS ((int64_t)86400000)
#define EXPIRED_LOOK_MS 1000
#define ENDED_MAX 256

static void copy(char *out, size_t size, Str s)
{
    size_t n = s.len < size - 1 ? s.len : utf8_floor(s, size - 1);
    memcpy(out, s.ptr ? s.ptr : "", n);
    out[n] = '\0';
}

static AccessNote *room_for_note(Access *x)
{
    if (x->n_notes == NOTES_MAX)
        return NULL;
    if (x->n_notes == x->cap_notes) {
        size_t cap = x->cap_notes ? x->cap_notes * 2 : 16;
        AccessNote *bigger = mem_resize(x->notes, cap, sizeof *bigger);
        if (!bigger)
            return NULL;
        x->notes = bigger;
        x->cap_notes = cap;
    }
    return &x->notes[x->n_notes++];
}

void access_note(Access *x, const Caller *c, const HttpRequest *req, Str action, Str object,
    int status)
{
    /* A flood of strangers must not fill the disk. */
    static const LimiterRate strangers = {1, 60};
    if (c->kind == CALLER_NOBODY &&
        !limiter_take(x->limits, LIMIT_NOTES, STR("strangers"), strangers, 1, NULL))
        return;
    pthread_mutex_lock(&x->lock);
    AccessNote *n = room_for_note(x);
    if (n) {
        *n = (AccessNote){.at = clock_now_ms(), .person = c->owner, .status = status};
        copy(n->who, sizeof n->who, str_of(c->who));
        copy(n->via, sizeof n->via, str_of(c->via));
        copy(n->address, sizeof n->address, req->peer);
        copy(n->action, sizeof n->action, action);
        copy(n->object, sizeof n->object, object);
    } else {
        x->dropped++;
    }
    pthread_mutex_unlock(&x->lock);
}

static bool write_notes(Access *x, const AccessNote *notes, size_t n, Err *err)
{
    AuditEntry *list = mem_array(n, sizeof *list);
    if (!list)
        return err_set(err, ERR_NO_MEMORY, "no memory");
    for (size_t i = 0; i < n; i++)
        list[i] = (AuditEntry){.at = notes[i].at,
                               .person = notes[i].person,
                               .who = str_of(notes[i].who),
                               .via = str_of(notes[i].via),
                               .address = str_of(notes[i].address),
                               .action = str_of(notes[i].action),
                               .object = str_of(notes[i].object),
                               .status = notes[i].status};
    int64_t since = clock_now_ms() - (int64_t)x->o.audit_days * DAY_MS;
    bool ok = store_audit_add(x->o.store, list, n, since, err);
    mem_free(list);
    return ok;
}

static void flush_notes(Access *x)
{
    Err err = ERR_INIT;
    /* One after another: who reads the log next finds what another thread was just writing. */
    pthread_mutex_lock(&x->changes);
    pthread_mutex_lock(&x->lock);
    AccessNote *notes = x->notes;
    size_t n = x->n_notes, dropped = x->dropped;
    x->notes = NULL;
    x->n_notes = x->cap_notes = x->dropped = 0;
    pthread_mutex_unlock(&x->lock);
    bool ok = n == 0 || write_notes(x, notes, n, &err);
    pthread_mutex_unlock(&x->changes);
    if (!ok)
        dropped += n;
    mem_free(notes);
    if (!dropped)
        return;
    metric_add(metric_counter("audit_dropped_total", "Lines of the audit log that were lost.",
                              NULL), NULL, (double)dropped);
    log_write(LOG_ERROR, "access", "%zu lines of the audit log were lost: %s", dropped,
              ok ? "too many at once" : err.msg);
}

static void flush_used(Access *x)
{
    Uuid ids[ENDED_MAX];
    int64_t at[ENDED_MAX];
    size_t n = 0;
    Err err = ERR_INIT;
    pthread_mutex_lock(&x->lock);
    for (size_t i = 0; i < x->n_entries && n < ENDED_MAX; i++)
        if (x->entries[i].used) {
            x->entries[i].used = false;
            ids[n] = x->entries[i].c.id;
            at[n++] = x->entries[i].c.used_at;
        }
    pthread_mutex_unlock(&x->lock);
    if (!store_credential_used(x->o.store, ids, at, n, &err))
        log_write(LOG_WARN, "access", "when tokens were used was not written: %s", err.msg);
}

static bool has_expired(const AccessEntry *e, const void *arg)
{
    return e->c.expires_at && e->c.expires_at <= *(const int64_t *)arg;
}

/* The main thread ticks, and a worker does before it reads the log: one of them looks. */
static bool look_is_due(Access *x, int64_t now)
{
    pthread_mutex_lock(&x->lock);
    bool due = now < x->looked_at || now - x->looked_at >= EXPIRED_LOOK_MS;
    if (due)
        x->looked_at = now;
    pthread_mutex_unlock(&x->lock);
    return due;
}

static void end_expired(Access *x)
{
    Uuid ended[ENDED_MAX];
    Err err = ERR_INIT;
    int64_t now = clock_now_ms();
    if (!look_is_due(x, now))
        return;
    pthread_mutex_lock(&x->changes);
    pthread_mutex_lock(&x->lock);
    size_t n = access_entries_drop(x, has_expired, &now, ended, ENDED_MAX);
    pthread_mutex_unlock(&x->lock);
    /* One that could not be deleted is refused all the same, and deleted after the next start. */
    if (!store_credential_delete(x->o.store, ended, n, &err))
        log_write(LOG_WARN, "access", "expired tokens were not deleted: %s", err.msg);
    pthread_mutex_unlock(&x->changes);
    access_tell_ended(x, ended, n);
}

void access_tick(Access *x)
{
    if (!x->limits)
        return; /* half made */
    end_expired(x);
    flush_used(x);
    flush_notes(x);
}
