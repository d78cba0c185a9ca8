/* briefing.h - what a briefing is made of, as the store knows it, and the briefings that were made.
 *
 * Key phrases are written with their document (DocumentPut.phrases) and go with it; their date is
 * the document's own, else when it came. A day has one briefing a zone: the later one takes the
 * place of the one before.
 *
 * Threads: as store.h. */
#ifndef SOTTO_STORE_BRIEFING_H
#define SOTTO_STORE_BRIEFING_H

#include "store/store.h"

#define STORE_MAX_PHRASES 64u /* of a document */
#define STORE_BRIEF_MAX 20000u /* documents of one answer */
#define STORE_BRIEFINGS 400u /* are kept; the oldest go */

/* The little of a document that a line about it needs. */
typedef struct {
    Uuid id;
    Str title, source;
    double importance;
    int64_t created_at, updated_at;
} BriefDoc;

/* Those with updated_at in [from, until), newest first, at most STORE_BRIEF_MAX. */
bool store_brief_documents(Store *s, const Uuid *owner, int64_t from, int64_t until, Arena *a,
    BriefDoc **out, size_t *n, uint64_t *total, Err *err);

/* In how many documents of [since, until), and of before since, a phrase is. */
typedef struct {
    Str phrase;
    uint32_t recent, before;
    double rank;              /* mean over those of [since, until): 0 is the most telling phrase */
} PhraseCount;
typedef struct {
    PhraseCount *items;       /* the most frequent of [since, until) first, then by phrase */
    size_t n;
    uint32_t recent, before;  /* documents that have phrases */
    int64_t first_at;         /* of the oldest before; 0: none */
} PhraseCounts;
/* Phrases in `least` or more documents of [since, until); at most `limit`. */
bool store_phrase_counts(Store *s, const Uuid *owner, int64_t since, int64_t until, uint32_t least,
    size_t limit, Arena *a, PhraseCounts *out, Err *err);
/* Documents of [since, until) with the phrase, the most important first. */
bool store_phrase_documents(Store *s, const Uuid *owner, Str phrase, int64_t since, int64_t until,
    size_t limit, Arena *a, BriefDoc **out, size_t *n, Err *err);

/* The mean of the vectors of the document's first passages, unit length. False in *found when it
 * has none of this encoder's. */
bool store_document_vector(Store *s, const Uuid *owner, const Uuid *id, float v[VINDEX_DIM],
    bool *found, Err *err);

/* Grows with every change of tasks, reminders, calendars, facts and of what was decided about
 * commitments, as store_version does for documents. */
uint64_t store_plans_version(Store *s, const Uuid *owner);

/* ---- briefings that were made ---------------------------------------------------------------- */

typedef struct {
    Uuid id;
    Str date, zone;
    int64_t generated_at;
    bool scheduled;
    Str json;
} StoredBriefing;

/* *done_at (may be NULL): the schedule's mark, written in the same transaction; ERR_CONFLICT when
 * it is there already, or a later one: it was sent. */
bool store_briefing_put(Store *s, const Uuid *owner, const StoredBriefing *b,
    const int64_t *done_at, Err *err);
/* The latest date first; `date` empty: all. */
bool store_briefing_list(Store *s, const Uuid *owner, Str date, size_t offset, size_t limit,
    Arena *a, StoredBriefing **out, size_t *n, Err *err);

typedef struct {
    bool enabled;
    uint32_t minute;          /* of the day */
    uint32_t days;            /* bit 0: Monday */
    Str zone;                 /* empty: the person's */
    int64_t done_at;          /* up to here nothing is left to be sent; 0: never looked */
} BriefingSchedule;

/* *found false: none was stored, and *out is left alone. */
bool store_briefing_schedule(Store *s, const Uuid *owner, Arena *a, BriefingSchedule *out,
    bool *found, Err *err);
bool store_briefing_schedule_put(Store *s, const Uuid *owner, const BriefingSchedule *b, Err *err);

#endif
