/* qd_sync.c - what other processes committed, into the working copy.
 *
 *   commits after ours, in order -> what went with them -> rows that came with them
 *
 * A row counts when the commit of its number names its transaction; others are what a process left
 * that died, or lost a race, and are deleted. While rows are read another process may commit and
 * take rows away that belong to the commits being read: then it is its commit that comes next, and
 * all is well when none comes any more.
 *
 * A new copy, and one whose next commit is in a pack (qd_pack.c), reads all rows there are: commits
 * first, then packs, so that none of either is missed while others pack. */
#include "base/log.h"
#include "store/qdrant/qd.h"

#define ROUNDS 100

typedef struct {
    uint64_t seq;
    Uuid txn;
} Commit;

typedef struct {
    QdPerson *p;
    SqApply *t;
    Arena *a;
    uint64_t from;               /* commits after this one */
    Commit *commits;             /* by number: commits[i].seq is from + 1 + i, or 0: not seen */
    size_t n, cap;
    uint64_t last;               /* up to here none is missing */
    Uuid *orphans;
    size_t n_orphans, cap_orphans;
    size_t page;                 /* points of the next page */
} Sync;

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "catching up: out of memory");
}

/* ---- pages of points ------------------------------------------------------------------------- */

typedef enum { COMMITS, PACKS, ROWS } What;

static void range_of(const Sync *s, What what, JsonW *w)
{
    jw_obj(w);
    jw_kv_cstr(w, "key", "seq");
    jw_key(w, "range");
    jw_obj(w);
    jw_kv_int(w, "gt", (int64_t)s->from);
    if (what == ROWS)
        jw_kv_int(w, "lte", (int64_t)s->last);
    jw_obj_end(w);
    jw_obj_end(w);
}

static bool filter_of(const Sync *s, What what, Buf *out, Err *err)
{
    JsonW w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_key(&w, "must");
    jw_arr(&w);
    qd_json_match(&w, "owner", str_of(s->p->text));
    if (what != ROWS)
        qd_json_match(&w, "kind", what == COMMITS ? STR("commit") : STR("pack"));
    if (what != PACKS) /* they have no number */
        range_of(s, what, &w);
    jw_arr_end(&w);
    if (what == ROWS) {
        jw_key(&w, "must_not");
        jw_arr(&w);
        qd_json_match(&w, "kind", STR("commit"));
        jw_arr_end(&w);
    }
    jw_obj_end(&w);
    return buf_check(out, "a filter", err);
}

static bool each(Sync *s, What what, QdPointFn fn, Err *err)
{
    Buf filter;
    buf_init(&filter, 8192);
    bool ok = filter_of(s, what, &filter, err);
    QdScroll all = {.filter = buf_str(&filter), .payload = "true", .page = &s->page};
    ok = ok && qd_scroll(s->p->q, &all, fn, s, err);
    buf_release(&filter);
    return ok;
}

/* ---- points ---------------------------------------------------------------------------------- */

static bool head(const Json *point, uint64_t *seq, Uuid *txn, const Json **payload)
{
    int64_t n;
    *payload = json_get(point, "payload");
    if (!json_int(json_get(*payload, "seq"), &n) || n <= 0
        || !uuid_parse(json_str(json_get(*payload, "txn")), txn))
        return false;
    *seq = (uint64_t)n;
    return true;
}

static bool bad_point(const QdPerson *p, Err *err)
{
    return err_set(err, ERR_CORRUPT, "a point of person %s in %sstate is not one of Sotto's",
        p->text, p->q->prefix);
}

static bool set_commit(Sync *s, uint64_t seq, const Uuid *txn, Err *err)
{
    size_t at = (size_t)(seq - s->from - 1);
    while (s->n <= at) {
        if (!ARENA_GROW(s->a, s->commits, s->n, s->cap))
            return no_memory(err);
        s->commits[s->n++].seq = 0;
    }
    s->commits[at] = (Commit){seq, *txn};
    return true;
}

/* It overrules a commit of the same number: see qd_pack.c. */
static bool on_pack(void *arg, const Json *point, Err *err)
{
    Sync *s = arg;
    const Json *payload = json_get(point, "payload");
    uint64_t first, last;
    Uuid txn;
    if (!qd_pack_range(payload, &first, &last) || last > 100000000)
        return bad_point(s->p, err);
    for (uint64_t seq = first; seq <= last; seq++)
        if (seq > s->from
            && !(qd_pack_txn(payload, seq, &txn) ? set_commit(s, seq, &txn, err)
                                                 : bad_point(s->p, err)))
            return false;
    return true;
}

static bool on_commit(void *arg, const Json *point, Err *err)
{
    Sync *s = arg;
    uint64_t seq;
    Uuid txn;
    const Json *payload;
    if (!head(point, &seq, &txn, &payload) || seq <= s->from || seq - s->from > 100000000)
        return bad_point(s->p, err);
    if (json_get(payload, "removed")) {
        atomic_store(&s->p->had_data, s->from > 0);
        atomic_store(&s->p->gone, true);
        return true;
    }
    if (!set_commit(s, seq, &txn, err))
        return false;
    const Json *gone = json_get(payload, "gone");
    for (size_t i = 0, n = json_count(gone); i < n; i++) {
        const Json *pair = json_at(gone, i);
        if (!sq_apply_gone(s->t, json_str(json_at(pair, 0)), json_str(json_at(pair, 1)), seq, err))
            return false;
    }
    return true;
}

static bool orphan(Sync *s, const Json *point, Err *err)
{
    if (!ARENA_GROW(s->a, s->orphans, s->n_orphans, s->cap_orphans))
        return no_memory(err);
    if (uuid_parse(json_str(json_get(point, "id")), &s->orphans[s->n_orphans]))
        s->n_orphans++;
    return true;
}

static bool on_row(void *arg, const Json *point, Err *err)
{
    Sync *s = arg;
    uint64_t seq;
    Uuid txn;
    const Json *payload;
    if (!head(point, &seq, &txn, &payload) || seq <= s->from || seq > s->last)
        return bad_point(s->p, err);
    if (!uuid_eq(&txn, &s->commits[seq - s->from - 1].txn))
        return orphan(s, point, err);
    return sq_apply_row(s->t, json_str(json_get(payload, "kind")),
        json_str(json_get(payload, "key")), json_get(payload, "row"), seq, &txn, err);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

/* The ids of the commit after `seq` and of its pack, asked for at once. */
static bool after(QdPerson *p, uint64_t seq, bool *commit, bool *pack, Err *err)
{
    Uuid next, packed;
    char one[UUID_TEXT], two[UUID_TEXT];
    Json *got = NULL;
    Buf b;
    *commit = *pack = false;
    if (!qd_commit_id(p, seq + 1, &next, err)
        || !qd_pack_id(p, qd_pack_of(seq + 1), &packed, err))
        return false;
    buf_init(&b, 512);
    buf_printf(&b, "{\"ids\":[\"%s\",\"%s\"],\"with_payload\":false,\"with_vector\":false}",
        uuid_format(&next, one), uuid_format(&packed, two));
    bool ok =
        qd_ask(p->q, "POST", false, "/points?consistency=majority", buf_str(&b), &got, err);
    buf_release(&b);
    const Json *points = json_get(got, "result");
    for (size_t i = 0, n = json_count(points); ok && i < n; i++) {
        Uuid id;
        bool known = uuid_parse(json_str(json_get(json_at(points, i), "id")), &id);
        *commit = *commit || (known && uuid_eq(&id, &next));
        *pack = *pack || (known && uuid_eq(&id, &packed));
    }
    json_free(got);
    return ok;
}

static bool all_commits(Sync *s, Err *err)
{
    s->n = 0;
    return each(s, COMMITS, on_commit, err) && each(s, PACKS, on_pack, err);
}

/* The commits that come next. *anew: what went before is forgotten there, so all is compared. */
static bool next_commits(Sync *s, bool *anew, Err *err)
{
    bool commit, pack;
    *anew = false;
    s->n = 0;
    s->from = sq_apply_seq(s->t);
    if (!s->from)
        return all_commits(s, err);
    if (!each(s, COMMITS, on_commit, err) || !after(s->p, s->from, &commit, &pack, err))
        return false;
    if (!pack)
        return true;
    *anew = true;
    s->from = 0;
    return all_commits(s, err) && sq_apply_anew(s->t, err);
}

/* *more: there was something. */
static bool round_of(Sync *s, bool *more, Err *err)
{
    bool anew;
    s->n_orphans = 0;
    if (!next_commits(s, &anew, err))
        return false;
    s->last = s->from;
    while (s->last - s->from < s->n && s->commits[s->last - s->from].seq)
        s->last++;
    *more = s->last > s->from;
    if (!s->from && s->n && s->last < sq_apply_seq(s->t) + !sq_apply_seq(s->t))
        return err_set(err, ERR_UNAVAILABLE, "Qdrant has not all commits of person %s (%llu of "
            "%zu); is a node behind?", s->p->text, (unsigned long long)s->last, s->n);
    if (!*more)
        return true;
    if (!each(s, ROWS, on_row, err) || (anew && !sq_apply_seen_all(s->t, err)))
        return false;
    metric_add(s->p->q->synced, NULL, (double)(s->last - s->from));
    return sq_apply_done(s->t, s->last, &s->commits[s->last - s->from - 1].txn, err);
}

static bool rounds(void *arg, SqApply *t, Err *err)
{
    Sync *s = arg;
    bool more = true;
    s->t = t;
    s->a = arena_new((size_t)1 << 32);
    if (!s->a)
        return no_memory(err);
    bool ok = true;
    for (int i = 0; ok && more && i < ROUNDS; i++) {
        ok = round_of(s, &more, err);
        if (ok && s->n_orphans)
            (void)qd_delete_ids(s->p->q, false, s->orphans, s->n_orphans, NULL);
        arena_reset(s->a);
        s->commits = NULL;
        s->orphans = NULL;
        s->cap = s->cap_orphans = 0;
    }
    arena_free(s->a);
    return ok;
}

bool qd_sync(QdPerson *p, Err *err)
{
    Sync s = {.p = p, .page = 64};
    return sq_replica_apply(p->local, rounds, &s, err);
}

bool qd_behind(QdPerson *p, bool *behind, Err *err)
{
    bool commit, pack;
    if (!after(p, sq_replica_seq(p->local), &commit, &pack, err))
        return false;
    *behind = commit || pack;
    return true;
}
