/* briefing_int.h - what the files of the briefing share: the object, and one that is being built.
 * Nobody outside of the assistant includes it. Threads: a BriefingBuild is one thread's. */
#ifndef SOTTO_ASSISTANT_BRIEFING_INT_H
#define SOTTO_ASSISTANT_BRIEFING_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "assistant/briefing.h"
#include "store/language.h"

#define BRIEF_DAY_MS ((int64_t)86400000)
#define BRIEF_AHEAD_DAYS 7 /* of what is due */
#define BRIEF_VECTORS 1024 /* sentences whose embeddings are kept */
#define BRIEF_ZONES 16
#define BRIEF_CACHED 4
#define BRIEF_WISHES 16 /* summaries that are waited for */
#define BRIEF_WISH_DOCS 8

typedef struct {
    uint64_t hash;
    uint32_t len; /* 0: empty */
    float v[MINILM_DIM];
} BriefVector;

/* A summary that the language model is to write. */
typedef struct {
    Sha256 key;
    Str text; /* of the documents; our own */
    size_t words;
    Uuid documents[BRIEF_WISH_DOCS];
    size_t n;
} BriefWish;

struct BriefingShot {
    Arena *a;
    Briefing b;
    atomic_uint refs;
    uint64_t documents, plans, made; /* versions it was built of */
    int64_t good_until;        /* nothing in it changes before */
};

struct Briefings {
    BriefingsOptions o;
    pthread_mutex_t lock;       /* of the members up to zones */
    BriefingShot *cache[BRIEF_CACHED]; /* the last asked for first */
    BriefVector *vectors;       /* [BRIEF_VECTORS]; a text's place is its hash */
    struct {
        char name[ZONE_NAME_MAX];
        Zone *zone;
    } zones[BRIEF_ZONES];
    size_t n_zones;
    pthread_mutex_t build_lock; /* one is built at a time */
    pthread_mutex_t send_lock;
    pthread_mutex_t listen_lock;
    BriefingListener listener;
    void *listener_arg;
    pthread_mutex_t run_lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool running, stop, job_done;
    atomic_bool asked;          /* somebody reads it: worth keeping built */
    atomic_ullong made;         /* texts of the language model's, since the start */
    pthread_mutex_t write_lock; /* of what follows; briefing_write.c */
    pthread_cond_t write_wake;
    pthread_t writer;
    bool writing;
    BriefWish wishes[BRIEF_WISHES]; /* the first is being written */
    size_t n_wishes;
};

typedef struct {
    Briefings *x;
    Store *store;
    const Uuid *owner;
    Tasks *tasks;
    const Zone *zone;
    int64_t as_of, day_from, day_until;
    unsigned worker;
    Arena *a;
    Err *err;
    Briefing *out;
    BriefDoc *recent;           /* of the last 24 hours, newest first */
    size_t n_recent;
    uint64_t total_recent;
    int64_t good_until;         /* becomes the first moment at which something would change */
} BriefingBuild;

typedef bool BriefSectionFn(BriefingBuild *b);
BriefSectionFn brief_due, brief_today, brief_recent, brief_trends, brief_again;

bool brief_no_memory(BriefingBuild *b);
/* The language model's summary of `text`, which was made of these documents, in at most `words`
 * words; empty: there is none, or not yet. */
bool brief_written(BriefingBuild *b, Str text, const Uuid *documents, size_t n, size_t words,
    Str *out);
/* Of what the model made the sentences that the source proves, on one line, in at most `words`
 * words. ptr NULL: no memory. */
Str brief_proven(Arena *a, Str made, Str source, size_t words);
bool brief_write_start(Briefings *x, Err *err);
void brief_write_stop(Briefings *x);
/* out[n][MINILM_DIM], unit length; *have false when there is no encoder. Texts that were embedded
 * before are not again. */
bool brief_embed(BriefingBuild *b, const Str *texts, size_t n, float **out, bool *have);
float brief_likeness(const float *x, const float *y);
/* Calendar days from the build's day to that of `ms`; negative: past. */
int64_t brief_days_between(BriefingBuild *b, int64_t ms);
/* Midnight of the day that is `days` after the build's, whatever the clock does in between. */
int64_t brief_midnight(BriefingBuild *b, int days);

/* What somebody is to do, to be compared with another (briefing_same.c). */
typedef struct {
    Str said;
    Str text;      /* brief_duty's; empty: not looked at, and only equal words are the same */
    int64_t at;    /* TASK_NO_TIME: no time */
    bool timed;
    float *vector; /* of the text; NULL: there is no encoder */
} BriefDuty;
/* A line without what it says about time. ptr NULL: no memory. */
Str brief_duty(BriefingBuild *b, Str text);
bool brief_same_duty(BriefingBuild *b, const BriefDuty *x, const BriefDuty *y);
/* One line of a text: white space squeezed, at most `max` bytes, cut at a word. ptr NULL without
 * memory. */
Str brief_line(Arena *a, Str text, size_t max);
/* "today at 09:12" from the build's moment. */
Str brief_when(BriefingBuild *b, int64_t ms, bool timed);
/* The more important first: importance, then time, title and id. */
int brief_doc_order(const void *x, const void *y);
BriefingSource brief_source(BriefingBuild *b, const BriefDoc *d);
/* Something changes at `ms`. */
void brief_changes_at(BriefingBuild *b, int64_t ms);
/* Birthdays and the like of the next days that the person told of. Score is the caller's. */
bool brief_days(BriefingBuild *b, BriefingItem *out, size_t max, size_t *n);
/* "Good morning, Jo. " when it is known what the person is called. */
bool brief_greeting(BriefingBuild *b, Buf *out);
void brief_count(Buf *out, uint64_t n, const char *one, const char *many);

#endif
