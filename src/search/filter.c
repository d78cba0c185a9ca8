/* filter.c - two filters that both hold, as one. */
#include "search/query.h"

static Str *join(const Str *x, size_t n, const Str *y, size_t m, Arena *a)
{
    Str *out = ARENA_NEW_ARRAY(a, Str, n + m + 1);
    if (out && n)
        memcpy(out, x, n * sizeof *x);
    if (out && m)
        memcpy(out + n, y, m * sizeof *y);
    return out;
}

/* What both patterns match: "ab*" and "abc*" give "abc*". False when nothing does. */
static bool meet(Str x, Str y, bool prefixes, Str *out)
{
    bool px = prefixes && x.len && x.ptr[x.len - 1] == '*';
    bool py = prefixes && y.len && y.ptr[y.len - 1] == '*';
    Str bx = str_sub(x, 0, x.len - px), by = str_sub(y, 0, y.len - py);
    if (px && str_starts(by, bx)) {
        *out = y;
        return true;
    }
    if (py && str_starts(bx, by)) {
        *out = x;
        return true;
    }
    *out = x;
    return str_eq(x, y);
}

/* Lists of which any may match: the pairwise meets, or the one that is not empty. */
static bool meet_lists(const Str *x, size_t n, const Str *y, size_t m, bool prefixes, Arena *a,
                       const Str **out, size_t *n_out, bool *none)
{
    if (!n || !m) {
        *out = n ? x : y;
        *n_out = n ? n : m;
        return true;
    }
    Str *list = ARENA_NEW_ARRAY(a, Str, n * m);
    size_t count = 0;
    if (!list)
        return false;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            if (meet(x[i], y[j], prefixes, &list[count]))
                count++;
    *out = list;
    *n_out = count;
    *none |= count == 0;
    return true;
}

static bool meet_ids(const DocFilter *x, const DocFilter *y, Arena *a, DocFilter *out, bool *none)
{
    if (!x->n_ids || !y->n_ids) {
        out->ids = x->n_ids ? x->ids : y->ids;
        out->n_ids = x->n_ids ? x->n_ids : y->n_ids;
        return true;
    }
    Uuid *list = ARENA_NEW_ARRAY(a, Uuid, x->n_ids);
    size_t count = 0;
    if (!list)
        return false;
    for (size_t i = 0; i < x->n_ids; i++)
        for (size_t j = 0; j < y->n_ids; j++)
            if (memcmp(&x->ids[i], &y->ids[j], sizeof(Uuid)) == 0) {
                list[count++] = x->ids[i];
                break;
            }
    out->ids = list;
    out->n_ids = count;
    *none |= count == 0;
    return true;
}

bool filter_and(const DocFilter *x, const DocFilter *y, Arena *a, DocFilter *out, bool *none,
                Err *err)
{
    DocFilter f = {.q = x->q.len ? x->q : y->q};
    bool empty = false;
    f.tags = join(x->tags, x->n_tags, y->tags, y->n_tags, a);
    f.n_tags = x->n_tags + y->n_tags;
    if (x->q.len && y->q.len)
        f.q = arena_printf(a, STR_FMT " " STR_FMT, STR_ARG(x->q), STR_ARG(y->q));
    bool ok = f.tags && (!f.q.len || f.q.ptr) &&
              meet_lists(x->sources, x->n_sources, y->sources, y->n_sources, true, a, &f.sources,
                         &f.n_sources, &empty) &&
              meet_lists(x->types, x->n_types, y->types, y->n_types, false, a, &f.types, &f.n_types,
                         &empty) &&
              meet_lists(x->languages, x->n_languages, y->languages, y->n_languages, false, a,
                         &f.languages, &f.n_languages, &empty) &&
              meet_ids(x, y, a, &f, &empty);
    if (!ok)
        return err_set(err, ERR_NO_MEMORY, "joining two filters: out of memory");
    f.since = !x->since             ? y->since
              : !y->since           ? x->since
              : x->since > y->since ? x->since
                                    : y->since;
    f.until = !x->until             ? y->until
              : !y->until           ? x->until
              : x->until < y->until ? x->until
                                    : y->until;
    empty |= f.since && f.until && f.since >= f.until;
    *out = f;
    *none = empty;
    return true;
}
