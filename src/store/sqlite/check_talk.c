/* check_talk.c - what the tables of conversations and facts promise and no constraint holds. */
#include <stdio.h>

#include "store/sqlite/sq_talk.h"

/* Each row of `sql` is the id of something that is wrong. */
static const struct {
    const char *sql, *what;
} CHECKS[] = {
    {"SELECT uuid FROM sessions WHERE CASE WHEN json_valid(state) "
     "THEN json_type(state) <> 'object' ELSE 1 END",
     "conversation %s: its state is no JSON object"},
    {"SELECT s.uuid FROM sessions s WHERE (s.n_messages, s.n_messages) IS NOT "
     "(SELECT count(*), coalesce(max(no), 0) FROM messages m WHERE m.session_no = s.session_no)",
     "conversation %s: messages are missing, or more than it counts"},
    {"SELECT uuid FROM messages WHERE CASE WHEN json_valid(extra) "
     "THEN json_type(extra) <> 'object' ELSE 1 END",
     "message %s: what is kept beside it is no JSON object"},
    {"SELECT uuid FROM messages WHERE role NOT IN (0, 1)", "message %s: it is nobody's"},
    {"SELECT uuid FROM messages WHERE session_no NOT IN (SELECT session_no FROM sessions)",
     "message %s: it belongs to no conversation"},
    {"SELECT uuid FROM facts WHERE ended_at IS NULL AND replaced_by IS NOT NULL",
     "fact %s: it was replaced and holds"},
    {"SELECT f.uuid FROM facts f WHERE f.replaced_by IS NOT NULL AND NOT EXISTS "
     "(SELECT 1 FROM facts o WHERE o.owner_no = f.owner_no AND o.uuid = f.replaced_by)",
     "fact %s: what took its place is not there"},
};

static bool check_one(SqConn *c, const char *sql, const char *what, SqFindingFn fn, void *arg,
    Err *err)
{
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        while ((rc = sq_step(&q, err)) > 0) {
            Uuid id;
            char text[UUID_TEXT], line[200];
            if (!sq_col_bytes(&q, 0, id.b, sizeof id.b, "an id", err)) {
                rc = -1;
                break;
            }
            const char *gap = strstr(what, "%s");
            (void)snprintf(line, sizeof line, "%.*s%s%s", (int)(gap - what), what,
                uuid_format(&id, text), gap + 2);
            fn(arg, line);
        }
    }
    sq_end(&q);
    return rc == 0;
}

bool sq_talk_check(SqConn *c, SqFindingFn fn, void *arg, Err *err)
{
    for (size_t i = 0; i < sizeof CHECKS / sizeof *CHECKS; i++)
        if (!check_one(c, CHECKS[i].sql, CHECKS[i].what, fn, arg, err))
            return false;
    return true;
}
