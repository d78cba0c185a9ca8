/* talk.h - conversations and what the assistant was told about its person, as rows.
 *
 * A Session is a conversation: its messages in their order, and a state that the assistant keeps
 * with it (what "it" means, what was asked, what can be undone), so that it goes on after a
 * restart. A turn (what was said, what was answered, the state after it) is one transaction.
 *
 * A Fact is something the person said about themselves or their world ("my manager is Dana"). One
 * that says something else about the same subject ends the one before, which stays as history;
 * what is forgotten is gone.
 *
 * Threads: as store.h. */
#ifndef SOTTO_STORE_TALK_H
#define SOTTO_STORE_TALK_H

#include "store/store.h"

#define TALK_MAX_TEXT 65536u        /* bytes of one message */
#define TALK_MAX_TITLE 300u
#define TALK_MAX_STATE (256u << 10) /* bytes of a session's state, of a message's extra_json */
#define FACT_MAX_TEXT 1000u
#define FACT_MAX_SUBJECTS 200u /* of one look-up */

typedef struct {
    Uuid id;
    Str title;              /* made from the first thing said */
    Str state_json;         /* the assistant's own: an object; empty in lists */
    uint64_t n_messages;
    int64_t created_at, updated_at;
} TalkSession;

typedef enum { TALK_PERSON, TALK_ASSISTANT } TalkRole;
const char *talk_role_name(TalkRole r); /* "user", "assistant" */

typedef struct {
    Uuid id;
    uint64_t no;            /* grows within a session */
    TalkRole role;
    Str text;
    Str extra_json;         /* intent, citations, confidence, ...: an object, "{}" */
    int64_t at;
} TalkMessage;

/* One exchange, all or nothing. The session is made when it is not there and expected is 0;
 * expected > 0 of one that was deleted meanwhile is ERR_NOT_FOUND. */
typedef struct {
    Uuid session;
    Str title;              /* of a new session: needed when expected is 0 */
    Str state_json;         /* an object; empty: {} */
    const TalkMessage *messages; /* id, role, text, extra_json, at; in order */
    size_t n_messages;
    int64_t at;
    uint64_t expected;      /* n_messages of the session when its state was read: ERR_CONFLICT when
                             * another turn came in between */
} TalkTurn;

typedef struct {
    TalkSession *items;
    size_t n;
    uint64_t total;
    Str next_cursor;        /* ptr NULL on the last page */
} TalkSessionPage;

typedef struct {
    TalkMessage *items;     /* in their order */
    size_t n;
    uint64_t total;
    Str next_cursor;        /* towards older ones */
} TalkMessagePage;

bool store_talk_turn(Store *s, const Uuid *owner, const TalkTurn *t, Err *err);
/* ERR_NOT_FOUND. */
bool store_talk_session(Store *s, const Uuid *owner, const Uuid *id, Arena *a, TalkSession *out,
    Err *err);
/* The last used first. `q`: words in the title or in any message; empty: all. */
bool store_talk_sessions(Store *s, const Uuid *owner, Str q, size_t limit, Str cursor, Arena *a,
    TalkSessionPage *out, Err *err);
/* The last `limit` messages before the cursor. */
bool store_talk_messages(Store *s, const Uuid *owner, const Uuid *session, size_t limit,
    Str cursor, Arena *a, TalkMessagePage *out, Err *err);
/* The conversation whose messages have exactly these roles and texts, n of them and no more; the
 * last used when several do. *found false: none. */
bool store_talk_find(Store *s, const Uuid *owner, const TalkMessage *m, size_t n, Uuid *id,
    bool *found, Err *err);
bool store_talk_retitle(Store *s, const Uuid *owner, const Uuid *session, Str title, int64_t at,
    Err *err);
/* For good, one that can be brought back, too. */
bool store_talk_delete(Store *s, const Uuid *owner, const Uuid *session, Err *err);
/* The same, but that for TALK_BIN_MS it can be brought back as it was; then the next turn or
 * deletion erases it. `at`: now. ERR_NOT_FOUND. */
#define TALK_BIN_MS ((int64_t)86400000)
bool store_talk_bin(Store *s, const Uuid *owner, const Uuid *session, int64_t at, Err *err);
bool store_talk_restore(Store *s, const Uuid *owner, const Uuid *session, int64_t at, Err *err);

typedef struct {
    Uuid id;
    Str text;               /* in the person's words: "my manager is Dana" */
    Str subject;            /* folded: "my manager"; empty when the words have no such shape */
    Str value;              /* "Dana"; empty likewise */
    Str source;             /* "api"; "conversation:SESSION:MESSAGE" (ids) of what was said in one;
                             * "conversation" when that was not kept */
    int64_t created_at, updated_at;
    int64_t ended_at;       /* another fact took its place; 0: it holds */
    Uuid replaced_by;       /* nil: it holds, or what took its place was forgotten */
} Fact;

typedef struct {
    Str q;                  /* words in it; empty: all */
    Str subject;            /* exactly; ptr NULL: any */
    const Str *subjects;    /* one of these; n_subjects 0: any */
    size_t n_subjects;      /* at most FACT_MAX_SUBJECTS */
    Str subject_prefix;     /* what it begins with; empty: anything */
    Str subject_suffix;     /* what it ends with; empty: anything. Looks at all that hold */
    bool ended;             /* those that were replaced, too */
    size_t limit;           /* 1..1000 */
    Str cursor;
} FactQuery;
typedef struct {
    Fact *items;            /* the newest first */
    size_t n;
    uint64_t total;
    Str next_cursor;
} FactPage;

/* Writes the fact whole (new or known by its id). Another one that holds and has the same subject
 * (not empty) ends in the same transaction: *replaced is its id, else nil. */
bool store_fact_put(Store *s, const Uuid *owner, const Fact *f, Uuid *replaced, Err *err);
bool store_fact_get(Store *s, const Uuid *owner, const Uuid *id, Arena *a, Fact *out, Err *err);
bool store_fact_list(Store *s, const Uuid *owner, const FactQuery *q, Arena *a, FactPage *out,
    Err *err);
/* Gone for good; what it had replaced stays ended (and counts as replaced by what had replaced this
 * one), unless it held and `revive`: then the last one it replaced holds again (undoing a
 * "remember"). ERR_NOT_FOUND. */
bool store_fact_delete(Store *s, const Uuid *owner, const Uuid *id, bool revive, Err *err);

#endif
