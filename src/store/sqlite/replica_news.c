/* replica_news.c - see sq_news.h. */
#include "store/sqlite/sq_news.h"

#include <stdio.h>

#include "base/log.h"

#define NOTED_MAX 4096 /* of one time; who missed more asks anew */

enum { OF_TASK, OF_CHANGE, OF_DELIVERY, OF_BRIEFING, OF_SCHEDULE, OF_NOTHING };

static const char *const tables[] = {"tasks", "task_changes", "deliveries", "briefings",
    "briefing_schedule"};

static int kind_of(Str table)
{
    int k = 0;
    while (k < OF_NOTHING && !str_eq(table, str_of(tables[k])))
        k++;
    return k;
}

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "telling of rows that came: out of memory");
}

static bool was_acked(SqConn *c, int64_t no, bool *acked, Err *err)
{
    static const char sql[] =
        "SELECT acked_at IS NOT NULL FROM deliveries WHERE delivery_no = ?1";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, no);
        rc = sq_step(&q, err);
        *acked = rc > 0 && sq_col_i64(&q, 0);
    }
    sq_end(&q);
    return rc >= 0;
}

bool sq_news_comes(SqNews *news, SqConn *c, Str table, Str key, bool known, Err *err)
{
    SqNoted note = {.kind = kind_of(table), .known = known};
    if (!news->wanted || note.kind == OF_NOTHING || !str_to_i64(key, &note.no))
        return true;
    for (size_t i = news->n_noted; i-- > 0;)
        if (news->noted[i].kind == note.kind && news->noted[i].no == note.no)
            return true; /* the first time says what was here before */
    if (news->n_noted == NOTED_MAX)
        return true;
    if (note.kind == OF_DELIVERY && known && !was_acked(c, note.no, &note.acked, err))
        return false;
    if (!ARENA_GROW(news->a, news->noted, news->n_noted, news->cap_noted))
        return no_memory(err);
    news->noted[news->n_noted++] = note;
    return true;
}

static bool add(SqNews *news, StoreNewsKind kind, const Uuid *id, Str what, Err *err)
{
    if (!ARENA_GROW(news->a, news->list, news->n, news->cap))
        return no_memory(err);
    StoreNews *one = &news->list[news->n++];
    *one = (StoreNews){.kind = kind, .id = *id};
    (void)snprintf(one->what, sizeof one->what, STR_FMT, STR_ARG(what));
    return true;
}

bool sq_news_goes(SqNews *news, SqConn *c, Str table, Str key, Err *err)
{
    static const char sql[] = "SELECT uuid FROM tasks WHERE task_no = ?1";
    int64_t no;
    Uuid id;
    Sq q;
    if (!news->wanted || kind_of(table) != OF_TASK || !str_to_i64(key, &no))
        return true;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, no);
    int rc = sq_step(&q, err);
    bool ok = rc == 0 || (rc > 0 && sq_col_bytes(&q, 0, id.b, sizeof id.b, "a task's id", err));
    sq_end(&q);
    return ok && (rc == 0 || add(news, NEWS_TASK_GONE, &id, STR(""), err));
}

static bool came(const SqNews *news, int kind, int64_t no, bool known)
{
    for (size_t i = 0; i < news->n_noted; i++) {
        const SqNoted *n = &news->noted[i];
        if (n->kind == kind && n->known == known && (no == 0 || n->no == no))
            return true;
    }
    return false;
}

/* A change that was here and came again was undone; a task that names none which came has only
 * fired, and its delivery says so. */
static bool task(SqNews *news, SqConn *c, const SqNoted *note, Err *err)
{
    static const char sql[] = "SELECT t.uuid, t.change_no, h.what FROM tasks t "
        "LEFT JOIN task_changes h ON h.change_no = t.change_no WHERE t.task_no = ?1";
    Sq q;
    Uuid id;
    char what[24] = "";
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, note->no);
    int rc = sq_step(&q, err);
    bool ok = rc == 0 || (rc > 0 && sq_col_bytes(&q, 0, id.b, sizeof id.b, "a task's id", err));
    if (ok && rc > 0) {
        if (!note->known)
            (void)snprintf(what, sizeof what, "created");
        else if (came(news, OF_CHANGE, sq_col_i64(&q, 1), false))
            (void)snprintf(what, sizeof what, STR_FMT, STR_ARG(sq_col_str(&q, 2)));
        else if (came(news, OF_CHANGE, 0, true))
            (void)snprintf(what, sizeof what, "undone");
    }
    sq_end(&q);
    if (!ok || rc == 0 || (!what[0] && came(news, OF_DELIVERY, 0, false)))
        return ok;
    return add(news, NEWS_TASK, &id, str_of(what), err);
}

static bool delivery(SqNews *news, SqConn *c, const SqNoted *note, Err *err)
{
    static const char sql[] =
        "SELECT uuid, acked_at IS NOT NULL FROM deliveries WHERE delivery_no = ?1";
    Sq q;
    Uuid id;
    bool acked = false;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, note->no);
    int rc = sq_step(&q, err);
    bool ok = rc == 0
        || (rc > 0 && sq_col_bytes(&q, 0, id.b, sizeof id.b, "a delivery's id", err));
    if (ok && rc > 0)
        acked = sq_col_i64(&q, 1) != 0;
    sq_end(&q);
    if (!ok || rc == 0 || note->acked || (note->known && !acked))
        return ok; /* marked as sent: nobody's news */
    return add(news, acked ? NEWS_ACKNOWLEDGED : NEWS_FIRED, &id, STR(""), err);
}

/* What a person asked for is kept too, and is nobody's news. */
static bool briefing(SqNews *news, SqConn *c, const SqNoted *note, Err *err)
{
    static const char sql[] = "SELECT uuid, scheduled FROM briefings WHERE briefing_no = ?1";
    Sq q;
    Uuid id;
    bool sent = came(news, OF_SCHEDULE, 0, true) || came(news, OF_SCHEDULE, 0, false);
    if (!sent || !sq_begin(&q, c, sql, err))
        return !sent;
    sq_i64(&q, note->no);
    int rc = sq_step(&q, err);
    bool ok = rc == 0
        || (rc > 0 && sq_col_bytes(&q, 0, id.b, sizeof id.b, "a briefing's id", err));
    bool scheduled = ok && rc > 0 && sq_col_i64(&q, 1);
    sq_end(&q);
    return ok && (!scheduled || add(news, NEWS_BRIEFING, &id, STR(""), err));
}

bool sq_news_settle(SqNews *news, SqConn *c, Err *err)
{
    static const int order[] = {OF_TASK, OF_DELIVERY, OF_BRIEFING};
    bool ok = true;
    for (size_t k = 0; k < sizeof order / sizeof *order; k++)
        for (size_t i = 0; ok && i < news->n_noted; i++)
            if (news->noted[i].kind == order[k])
                ok = order[k] == OF_TASK       ? task(news, c, &news->noted[i], err)
                     : order[k] == OF_DELIVERY ? delivery(news, c, &news->noted[i], err)
                                               : briefing(news, c, &news->noted[i], err);
    bool schedule = came(news, OF_SCHEDULE, 0, true) || came(news, OF_SCHEDULE, 0, false);
    return ok && (!schedule || add(news, NEWS_SCHEDULE, &(Uuid){{0}}, STR(""), err));
}

void sq_news_tell(Sqlite *s, const SqNews *news)
{
    if (news->n_noted == NOTED_MAX)
        log_write(LOG_WARN, "store", "more changed elsewhere than clients are told of one by one");
    pthread_mutex_lock(&s->change_lock);
    if (s->news_fn && s->owners && news->n)
        s->news_fn(s->news_arg, &s->owners->uuid, news->list, news->n);
    pthread_mutex_unlock(&s->change_lock);
}
