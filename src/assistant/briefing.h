/* briefing.h - the morning page: what is due, the day, what came, what is written about more than
 * before, and what is worth another look.
 *
 *   store, tasks, calendars -> five sections, each line with its reason and its source -> cache
 *     -> text, HTML, JSON, Atom, speech; at its time into the history and to who listens
 *
 * The same data, minute, date and zone give the same bytes: nothing depends on the order of work,
 * on random numbers or on the machine. docs/BRIEFING.md has every formula.
 *
 * Threads: a Briefings is shared; calls block (disk, encoder). `worker` chooses the encoder
 * scratch: one caller a worker number at a time. */
#ifndef SOTTO_ASSISTANT_BRIEFING_H
#define SOTTO_ASSISTANT_BRIEFING_H

#include "assistant/calendar.h"
#include "assistant/tasks.h"
#include "base/json.h"
#include "base/work.h"
#include "search/search.h"
#include "store/briefing.h"

typedef struct Briefings Briefings;

typedef struct {
    Store *store;
    Uuid owner;
    Tasks *tasks;
    Calendars *calendars; /* may be NULL: there are no events */
    Search *search;       /* the encoder; NULL: likeness is judged by words */
    struct Llm *llm;      /* writes summaries once briefings_start ran; NULL: they are extracts */
    Work *work;           /* where briefings_start builds; NULL: on its own thread, as worker 0 */
} BriefingsOptions;

Briefings *briefings_new(const BriefingsOptions *o, Err *err);
void briefings_free(Briefings *b); /* after briefings_stop */

/* For who has no briefings_start: summaries that a build found missing are written by the language
 * model (when there is one) between begin and end; `left` are not written yet. A briefing that is
 * asked for behind it has those that were. */
bool briefings_write_begin(Briefings *b, Err *err);
size_t briefings_write_left(Briefings *b);
void briefings_write_end(Briefings *b);

/* ---- a briefing ------------------------------------------------------------------------------ */

typedef enum { BRIEFING_DUE, BRIEFING_TODAY, BRIEFING_RECENT, BRIEFING_TRENDS, BRIEFING_AGAIN,
    BRIEFING_SECTIONS } BriefingKind;
const char *briefing_section_title(BriefingKind k);    /* "Important Reminders", ... */
const char *briefing_section_priority(BriefingKind k); /* "Critical", "High", "Medium", "Low" */

typedef enum { BRIEFING_OF_DOCUMENT, BRIEFING_OF_TASK, BRIEFING_OF_EVENT,
    BRIEFING_OF_FACT } BriefingOf;

typedef struct {
    BriefingOf of;
    Uuid id;
    Str title, source;
} BriefingSource;

typedef struct {
    Str text;                /* the line, one line of plain text */
    Str reason;              /* why it is here */
    BriefingSource *sources; /* the first is the line's own */
    size_t n_sources;
    double score;            /* by the section's formula */
    int64_t at;              /* when it is due or begins; TASK_NO_TIME */
    bool timed, overdue;
    uint32_t recent, before; /* of a trend: documents */
    uint32_t recent_of, before_of; /* and of how many */
} BriefingItem;

/* Documents of one place. Their lines are items[first .. first + n). */
typedef struct {
    Str name;
    uint32_t created, changed;
    Str summary;             /* sentences of theirs; may be empty */
    bool by_model;           /* the summary is in a language model's words */
    size_t first, n;
} BriefingGroup;

typedef struct {
    Str lead;                /* a sentence or two; always there */
    BriefingItem *items;
    size_t n;
    uint64_t more;           /* that were left out */
    BriefingGroup *groups;   /* BRIEFING_RECENT */
    size_t n_groups;
} BriefingSection;

typedef struct {
    Uuid id;                 /* of person, date and zone */
    char date[16];           /* YYYY-MM-DD */
    const char *zone_name;
    const Zone *zone;
    int64_t as_of;           /* whole minutes */
    Str headline;
    BriefingSection sections[BRIEFING_SECTIONS];
} Briefing;

typedef struct {
    Str date; /* YYYY-MM-DD, or an RFC 3339 instant; empty: now */
    Str zone; /* IANA name; empty: the person's */
} BriefingAsk;

/* One briefing that does not change; given back with briefing_release. */
typedef struct BriefingShot BriefingShot;
const Briefing *briefing_of(const BriefingShot *s);
void briefing_release(BriefingShot *s); /* NULL is allowed */

/* Now, or as of the end of a day that is past, or the begin of one to come. From the cache when
 * nothing changed. ERR_VALIDATION for a date or zone that is none. */
BriefingShot *briefing_get(Briefings *b, const BriefingAsk *ask, unsigned worker, Err *err);

/* ---- in other forms -------------------------------------------------------------------------- */

/* Each appends. A DailyBriefing of the contract, with `items` and `groups`. */
void briefing_json(const Briefing *b, JsonW *w);
void briefing_text(const Briefing *b, Buf *out);
void briefing_html(const Briefing *b, Buf *out);
/* Sentences to be read aloud: no paths, no marks. */
void briefing_speech(const Briefing *b, Buf *out);
/* What stands under a section's title, as briefing_text has it. */
void briefing_section_text(const Briefing *b, BriefingKind k, Buf *out);
/* Atom (RFC 4287) of the history, newest first. `base` is where the interface is reached. */
bool briefing_atom(const StoredBriefing *list, size_t n, Str base, const Uuid *owner, Buf *out,
    Err *err);

/* ---- schedule and history -------------------------------------------------------------------- */

#define BRIEFING_DEFAULT_MINUTE (7 * 60)
#define BRIEFING_EVERY_DAY 127u

/* The stored one, else every day at seven. */
bool briefings_schedule(Briefings *b, Arena *a, BriefingSchedule *out, Err *err);
/* ERR_VALIDATION for a zone that is none. What was due before is not sent any more. */
bool briefings_set_schedule(Briefings *b, const BriefingSchedule *s, Err *err);
/* The first time after `ms`, or the last at or before it; TASK_NO_TIME when there is none. */
int64_t briefing_next(const BriefingSchedule *s, const Zone *z, int64_t ms);
int64_t briefing_last(const BriefingSchedule *s, const Zone *z, int64_t ms);
/* The zone of a schedule, kept until the end; NULL when the machine has none of that name. */
const Zone *briefings_zone(Briefings *b, Str name);

/* After it is durable; on a thread of the schedule's. */
typedef void (*BriefingListener)(void *arg, const StoredBriefing *b);
void briefings_listen(Briefings *b, BriefingListener fn, void *arg); /* one; NULL: nobody */
/* Another process sent it, or changed the schedule (store_on_news). */
bool briefings_heard(Briefings *b, const StoreNews *news, Err *err);

/* Sends what is due by now; *sent false: nothing was. Late, it is sent once, as of now. */
bool briefings_run_once(Briefings *b, unsigned worker, bool *sent, Err *err);
/* A thread that does so at its time, and keeps today's briefing built. */
bool briefings_start(Briefings *b, Err *err);
void briefings_stop(Briefings *b); /* NULL and not started are allowed */

#endif
