/* sq_news.h - what the rows that came from elsewhere tell of tasks, reminders and briefings.
 *
 *   a row is about to be put or to go -> noted -> the end of the transaction -> StoreNews
 *
 * What happened is read from what is there then: the change that a task names, if it came now; a
 * delivery that was not here, or was not acknowledged here; a scheduled briefing with its schedule.
 *
 * Threads: the writer's. */
#ifndef SOTTO_STORE_SQLITE_SQ_NEWS_H
#define SOTTO_STORE_SQLITE_SQ_NEWS_H

#include "store/sqlite/sq.h"

typedef struct {
    int kind;     /* of the table */
    int64_t no;   /* its key */
    bool known;   /* there was a row before */
    bool acked;   /* of a delivery: that row said so */
} SqNoted;

typedef struct {
    bool wanted;  /* somebody listens */
    Arena *a;
    SqNoted *noted;
    size_t n_noted, cap_noted;
    StoreNews *list;
    size_t n, cap;
} SqNews;

/* Before the row is put (`known`: over another one). */
bool sq_news_comes(SqNews *news, SqConn *c, Str table, Str key, bool known, Err *err);
/* Before it goes. */
bool sq_news_goes(SqNews *news, SqConn *c, Str table, Str key, Err *err);
/* The list, before COMMIT. */
bool sq_news_settle(SqNews *news, SqConn *c, Err *err);
/* After it. */
void sq_news_tell(Sqlite *s, const SqNews *news);

#endif
