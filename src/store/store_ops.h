/* store_ops.h - the table a back end fills; for back ends and store.c only.
 *
 * A back end's own struct begins with a Store. store.c checks what every back end would have to
 * check (limits, UTF-8, offsets) and then calls through the table, so an entry may trust its
 * arguments. Each entry has the contract of the function of the same name in store.h. */
#ifndef SOTTO_STORE_STORE_OPS_H
#define SOTTO_STORE_STORE_OPS_H

#include "store/briefing.h"
#include "store/calendar.h"
#include "store/language.h"
#include "store/store.h"
#include "store/commitments.h"
#include "store/cues.h"
#include "store/settings.h"
#include "store/people.h"
#include "store/interactions.h"
#include "store/talk.h"
#include "store/tasks.h"
#include "store/wakes.h"

struct StoreOps {
    void (*close)(Store *s);
    bool (*document_put)(Store *s, const Uuid *owner, const DocumentPut *put, PutOutcome *outcome,
        Uuid *id, Err *err);
    bool (*document_get)(Store *s, const Uuid *owner, const Uuid *id, bool with_content, Arena *a,
        Document *out, Err *err);
    bool (*document_by_hash)(Store *s, const Uuid *owner, const Sha256 *hash, Uuid *id, Err *err);
    bool (*document_list)(Store *s, const Uuid *owner, const DocFilter *filter, DocSort sort,
        size_t limit, Str cursor, Arena *a, DocPage *out, Err *err);
    bool (*document_patch)(Store *s, const Uuid *owner, const Uuid *id, const DocPatch *patch,
        Err *err);
    bool (*document_delete)(Store *s, const Uuid *owner, const Uuid *id, Err *err);
    bool (*part_hold)(Store *s, const Uuid *owner, const Uuid *id, const Uuid *parent, Err *err);
    bool (*original)(Store *s, const Uuid *owner, const Uuid *id, uint64_t offset, size_t length,
        Arena *a, Str *out, uint64_t *total, Err *err);
    bool (*candidates)(Store *s, const Uuid *owner, const CandidateQuery *q, Arena *a,
        Candidates *out, Err *err);
    bool (*chunks_get)(Store *s, const Uuid *owner, const uint64_t *chunk_nos, size_t n, Arena *a,
        Chunk *out, Err *err);
    bool (*documents_get)(Store *s, const Uuid *owner, const uint64_t *doc_nos, size_t n,
        bool with_content, Arena *a, Document *out, Err *err);
    bool (*chunk_by_id)(Store *s, const Uuid *owner, const Uuid *id, Arena *a, Chunk *out,
        Uuid *document, Err *err);
    bool (*tokenize)(Store *s, Str text, bool (*fn)(void *arg, Str stem, size_t start, size_t end),
        void *arg, Err *err);
    bool (*suggest)(Store *s, const Uuid *owner, Str prefix, size_t limit, Arena *a, Str *out,
        size_t *n, Err *err);
    uint64_t (*version)(Store *s, const Uuid *owner);
    void (*read_hold)(Store *s); /* these two may be NULL */
    void (*read_release)(Store *s);
    bool (*near_documents)(Store *s, const Uuid *owner, const Uuid *id, double least, size_t max,
        Arena *a, NearDocument **out, size_t *n, Err *err);
    bool (*near_groups)(Store *s, const Uuid *owner, double least, size_t offset, size_t limit,
        Arena *a, NearPage *out, Err *err);
    bool (*ledger_put)(Store *s, const Uuid *owner, const LedgerEntry *e, Err *err);
    bool (*ledger_get)(Store *s, const Uuid *owner, Str source, Arena *a, LedgerEntry *out,
        Err *err);
    bool (*ledger_list)(Store *s, const Uuid *owner, const LedgerQuery *q, Arena *a,
        LedgerPage *out, Err *err);
    bool (*ledger_put_many)(Store *s, const Uuid *owner, const LedgerEntry *e, size_t n, Err *err);
    bool (*ledger_each)(Store *s, const Uuid *owner, Str under,
        bool (*fn)(void *arg, const LedgerEntry *e), void *arg, Err *err);
    bool (*file_gone)(Store *s, const Uuid *owner, Str source, bool keep, Str reason,
        FileGone *what, Err *err);
    bool (*file_moved)(Store *s, const Uuid *owner, Str from, const LedgerEntry *to, Str filename,
        Err *err);
    bool (*ledger_by_file)(Store *s, const Uuid *owner, uint64_t inode, int64_t mtime_ns,
        uint64_t bytes, Arena *a, LedgerEntry *out, Err *err);
    bool (*document_sources)(Store *s, const Uuid *owner, const Uuid *document, uint64_t *n,
        Err *err);
    bool (*folder_put)(Store *s, const Uuid *owner, const Folder *f, Err *err);
    bool (*folder_list)(Store *s, const Uuid *owner, Arena *a, Folder **out, size_t *n, Err *err);
    bool (*folder_delete)(Store *s, const Uuid *owner, const Uuid *id, Err *err);
    bool (*stats)(Store *s, const Uuid *owner, Arena *a, StoreStats *out, Err *err);
    bool (*check)(Store *s, bool repair, Buf *report, Err *err);
    bool (*backup)(Store *s, const char *path, Err *err);
    bool (*ready)(Store *s, Err *err);
    void (*on_change)(Store *s, StoreChangeFn fn, void *arg);
    /* tasks.h */
    bool (*task_change)(Store *s, const Uuid *owner, const TaskChange *c, Uuid *change, Err *err);
    bool (*task_undo)(Store *s, const Uuid *owner, const Uuid *change, Arena *a,
        TaskChangeInfo *info, Err *err);
    bool (*task_changes)(Store *s, const Uuid *owner, size_t limit, Arena *a, TaskChangeInfo **out,
        size_t *n, Err *err);
    bool (*task_get)(Store *s, const Uuid *owner, const Uuid *id, Arena *a, Task *out, Err *err);
    bool (*task_list)(Store *s, const Uuid *owner, const TaskFilter *f, TaskSort sort, size_t limit,
        Str cursor, Arena *a, TaskPage *out, Err *err);
    bool (*task_counts)(Store *s, const Uuid *owner, uint64_t *counts, Err *err);
    bool (*task_next)(Store *s, const Uuid *owner, int64_t *at, Err *err);
    bool (*task_due)(Store *s, const Uuid *owner, int64_t now, size_t limit, Arena *a, Task **out,
        size_t *n, Err *err);
    bool (*task_fire)(Store *s, const Uuid *owner, const TaskFiring *f, size_t n, int64_t now,
        Arena *a, Delivery **out, size_t *n_out, Err *err);
    bool (*delivery_unsent)(Store *s, const Uuid *owner, size_t limit, Arena *a, Delivery **out,
        size_t *n, Err *err);
    bool (*delivery_sent)(Store *s, const Uuid *owner, const Uuid *ids, size_t n, int64_t at,
        Err *err);
    bool (*delivery_waiting)(Store *s, const Uuid *owner, size_t limit, Arena *a, Delivery **out,
        size_t *n, Err *err);
    bool (*delivery_get)(Store *s, const Uuid *owner, const Uuid *id, Delivery *out, Err *err);
    bool (*delivery_ack)(Store *s, const Uuid *owner, const Uuid *ids, size_t n, int64_t at,
        bool *first, Err *err);
    /* calendar.h */
    bool (*calendar_put)(Store *s, const Uuid *owner, const Calendar *c, Err *err);
    bool (*calendar_list)(Store *s, const Uuid *owner, Arena *a, Calendar **out, size_t *n,
        Err *err);
    bool (*calendar_delete)(Store *s, const Uuid *owner, const Uuid *id, Err *err);
    bool (*event_apply)(Store *s, const Uuid *owner, const EventBatch *b, EventCounts *counts,
        Err *err);
    bool (*event_get)(Store *s, const Uuid *owner, const Uuid *id, Arena *a, CalEvent *out,
        Err *err);
    bool (*event_delete)(Store *s, const Uuid *owner, const Uuid *id, Err *err);
    bool (*event_list)(Store *s, const Uuid *owner, const EventQuery *q, Arena *a, CalEvent **out,
        size_t *n, bool *more, Err *err);
    bool (*event_replaced)(Store *s, const Uuid *owner, Arena *a, EventReplaced **out, size_t *n,
        Err *err);
    bool (*zone_list)(Store *s, const Uuid *owner, Arena *a, CalZone **out, size_t *n, Err *err);
    /* commitments.h */
    bool (*commitment_list)(Store *s, const Uuid *owner, const CommitmentQuery *q, Arena *a,
        StoredCommitment **out, size_t *n, uint64_t *total, Err *err);
    bool (*commitment_get)(Store *s, const Uuid *owner, const Uuid *id, Arena *a,
        StoredCommitment *out, Err *err);
    bool (*commitment_decide)(Store *s, const Uuid *owner, const Uuid *id, CommitmentState state,
        const Uuid *task, Err *err);
    /* talk.h */
    bool (*talk_turn)(Store *s, const Uuid *owner, const TalkTurn *t, Err *err);
    bool (*talk_session)(Store *s, const Uuid *owner, const Uuid *id, Arena *a, TalkSession *out,
        Err *err);
    bool (*talk_sessions)(Store *s, const Uuid *owner, Str q, size_t limit, Str cursor, Arena *a,
        TalkSessionPage *out, Err *err);
    bool (*talk_messages)(Store *s, const Uuid *owner, const Uuid *session, size_t limit,
        Str cursor, Arena *a, TalkMessagePage *out, Err *err);
    bool (*talk_find)(Store *s, const Uuid *owner, const TalkMessage *m, size_t n, Uuid *id,
        bool *found, Err *err);
    bool (*talk_retitle)(Store *s, const Uuid *owner, const Uuid *session, Str title, int64_t at,
        Err *err);
    bool (*talk_delete)(Store *s, const Uuid *owner, const Uuid *session, Err *err);
    bool (*talk_bin)(Store *s, const Uuid *owner, const Uuid *session, int64_t at, Err *err);
    bool (*talk_restore)(Store *s, const Uuid *owner, const Uuid *session, int64_t at, Err *err);
    bool (*fact_put)(Store *s, const Uuid *owner, const Fact *f, Uuid *replaced, Err *err);
    bool (*fact_get)(Store *s, const Uuid *owner, const Uuid *id, Arena *a, Fact *out, Err *err);
    bool (*fact_list)(Store *s, const Uuid *owner, const FactQuery *q, Arena *a, FactPage *out,
        Err *err);
    bool (*fact_delete)(Store *s, const Uuid *owner, const Uuid *id, bool revive, Err *err);
    /* briefing.h */
    bool (*brief_documents)(Store *s, const Uuid *owner, int64_t from, int64_t until, Arena *a,
        BriefDoc **out, size_t *n, uint64_t *total, Err *err);
    bool (*phrase_counts)(Store *s, const Uuid *owner, int64_t since, int64_t until, uint32_t least,
        size_t limit, Arena *a, PhraseCounts *out, Err *err);
    bool (*phrase_documents)(Store *s, const Uuid *owner, Str phrase, int64_t since, int64_t until,
        size_t limit, Arena *a, BriefDoc **out, size_t *n, Err *err);
    bool (*document_vector)(Store *s, const Uuid *owner, const Uuid *id, float v[VINDEX_DIM],
        bool *found, Err *err);
    uint64_t (*plans_version)(Store *s, const Uuid *owner);
    bool (*briefing_put)(Store *s, const Uuid *owner, const StoredBriefing *b,
        const int64_t *done_at, Err *err);
    bool (*briefing_list)(Store *s, const Uuid *owner, Str date, size_t offset, size_t limit,
        Arena *a, StoredBriefing **out, size_t *n, Err *err);
    bool (*briefing_schedule)(Store *s, const Uuid *owner, Arena *a, BriefingSchedule *out,
        bool *found, Err *err);
    bool (*briefing_schedule_put)(Store *s, const Uuid *owner, const BriefingSchedule *b, Err *err);
    /* interactions.h */
    bool (*interaction_put)(Store *s, const Uuid *owner, const StoredInteraction *i, Err *err);
    bool (*interaction_get)(Store *s, const Uuid *owner, const Uuid *id, Arena *a,
        StoredInteraction *out, Err *err);
    bool (*interaction_list)(Store *s, const Uuid *owner, size_t limit, Str cursor, Arena *a,
        InteractionPage *out, Err *err);
    bool (*interaction_delete)(Store *s, const Uuid *owner, const Uuid *id, uint64_t *n, Err *err);
    /* language.h */
    bool (*tokens_add)(Store *s, const Uuid *owner, int64_t day, int64_t delta, uint64_t *total,
        Err *err);
    bool (*tokens_used)(Store *s, const Uuid *owner, int64_t day, uint64_t *total, Err *err);
    bool (*made_put)(Store *s, const Uuid *owner, const MadeText *t, Err *err);
    bool (*made_get)(Store *s, const Uuid *owner, const Sha256 *key, Arena *a, Str *text,
        bool *found, Err *err);
    /* cues.h */
    bool (*cues)(Store *s, const Uuid *owner, const Uuid *document, uint32_t start, uint32_t end,
        Arena *a, Cue **out, size_t *n, Err *err);
    /* settings.h */
    bool (*setting_list)(Store *s, const Uuid *owner, Arena *a, StoredSetting **out, size_t *n,
        Err *err);
    bool (*setting_put)(Store *s, const Uuid *owner, const StoredSetting *list, size_t n,
        Err *err);
    /* people.h */
    bool (*person_put)(Store *s, const Person *p, Err *err);
    bool (*person_list)(Store *s, Arena *a, Person **out, size_t *n, Err *err);
    bool (*person_remove)(Store *s, const Uuid *person, Err *err);
    bool (*person_clear)(Store *s, const Uuid *person, Err *err);
    bool (*credential_put)(Store *s, const Credential *c, Err *err);
    bool (*credential_list)(Store *s, Arena *a, Credential **out, size_t *n, Err *err);
    bool (*credential_delete)(Store *s, const Uuid *ids, size_t n, Err *err);
    bool (*credential_used)(Store *s, const Uuid *ids, const int64_t *at, size_t n, Err *err);
    bool (*audit_add)(Store *s, const AuditEntry *e, size_t n, int64_t keep_since, Err *err);
    bool (*audit_list)(Store *s, const AuditQuery *q, Arena *a, AuditEntry **out, size_t *n,
        Err *err);
    bool (*wakes)(Store *s, int64_t until, Arena *a, StoreWake **out, size_t *n, Err *err);
    void (*rest)(Store *s, const Uuid *owner);
    void (*on_news)(Store *s, StoreNewsFn fn, void *arg);
};

struct Store {
    const StoreOps *ops;
};

/* Limits that hold for every back end. */
#define STORE_MAX_TITLE 4096u
#define STORE_MAX_NAME 8192u       /* source, filename */
#define STORE_MAX_WORD 256u        /* a tag, a type, a media type */
#define STORE_MAX_TAGS 256u
#define STORE_MAX_JSON (1u << 20)
#define STORE_MAX_TEXT ((size_t)1 << 30) /* of extracted text */
#define STORE_MAX_ORIGINAL ((size_t)8 << 30)
#define STORE_MAX_CHUNK 32768u     /* bytes of one passage, and of its context */
#define STORE_MAX_CHUNKS 1000000u
#define STORE_MAX_ANY 1000u        /* tags, sources, types or ids of a filter */
#define STORE_MAX_PAGE 1000u       /* items of one list page */
#define STORE_MAX_K 1000u
#define STORE_MAX_CUES 1000000u

/* At most `max` bytes (else ERR_TOO_LARGE) of UTF-8 without a zero byte (else ERR_VALIDATION);
 * `what` names it in the error. */
bool store_text_ok(Str s, size_t max, const char *what, Err *err);

#endif
