/* What a briefing is made of, in the store: phrases over time, the documents of a day, vectors of
 * documents, versions; each person's own. */
#include "store_unit.h"

#include <math.h>

#include "store/briefing.h"
#include "store/tasks.h"
#include "support/store_fixture.h"
#include "support/tempdir.h"

#define DAY 86400000LL
#define NOW 1795420800000LL

static const Uuid ann = {{1}}, bob = {{2}};

typedef struct {
    TempDir dir;
    Store *s;
    Arena *a;
} World;

static int world_up(void **state)
{
    World *w = calloc(1, sizeof *w);
    Err err = ERR_INIT;
    tempdir_make(&w->dir);
    w->a = arena_new((size_t)1 << 30);
    w->s = store_open_sqlite(&(StoreOptions){.dir = w->dir.path, .model = FX_MODEL}, &err);
    if (!w->s)
        fail_msg("%s", err.msg);
    *state = w;
    return 0;
}

static int world_down(void **state)
{
    World *w = *state;
    store_close(w->s);
    arena_free(w->a);
    tempdir_remove(&w->dir);
    free(w);
    return 0;
}

static Uuid put(World *w, const Uuid *owner, uint64_t n, int64_t at, int64_t written, Str x, Str y)
{
    Err err = ERR_INIT;
    PutOutcome outcome;
    Uuid id;
    Str phrases[] = {x, y};
    DocumentPut *p = fx_doc(w->a, n, arena_printf(w->a, "Document %d", (int)n),
        fx_text(w->a, n + (uint64_t)at, 60, 20, 1000));
    p->doc.created_at = p->doc.updated_at = at;
    p->doc.importance = (double)(n % 10) / 10;
    p->phrases = phrases;
    p->n_phrases = y.ptr ? 2 : 1;
    p->written_at = written;
    if (!store_document_put(w->s, owner, p, &outcome, &id, &err))
        fail_msg("%s", err.msg);
    return id;
}

static PhraseCounts counts(World *w, const Uuid *owner, uint32_t least)
{
    PhraseCounts c;
    Err err = ERR_INIT;
    if (!store_phrase_counts(w->s, owner, NOW - 7 * DAY, NOW, least, 10, w->a, &c, &err))
        fail_msg("%s", err.msg);
    return c;
}

static void phrases(void **state)
{
    World *w = *state;
    put(w, &ann, 1, NOW - 30 * DAY, 0, STR("rose"), STR("garden"));
    put(w, &ann, 2, NOW - 3 * DAY, 0, STR("garden"), STR("heat pump"));
    Uuid third = put(w, &ann, 3, NOW - 2 * DAY, 0, STR("heat pump"), (Str){NULL, 0});
    /* An old letter that came now. */
    put(w, &ann, 4, NOW - DAY, NOW - 400 * DAY, STR("heat pump"), (Str){NULL, 0});
    put(w, &bob, 5, NOW - DAY, 0, STR("heat pump"), (Str){NULL, 0});
    PhraseCounts c = counts(w, &ann, 1);
    assert_int_equal(c.recent, 2);
    assert_int_equal(c.before, 2);
    assert_true(c.first_at == NOW - 400 * DAY);
    assert_int_equal(c.n, 2);
    assert_true(str_eq(c.items[0].phrase, STR("heat pump")));
    assert_int_equal(c.items[0].recent, 2);
    assert_int_equal(c.items[0].before, 1);
    assert_true(fabs(c.items[0].rank - 0.5) < 1e-9);
    assert_true(str_eq(c.items[1].phrase, STR("garden")) && c.items[1].before == 1);
    assert_int_equal(counts(w, &ann, 2).n, 1);
    assert_int_equal(counts(w, &bob, 1).n, 1);
    assert_int_equal(counts(w, &(Uuid){{9}}, 1).recent, 0);
    /* They go with their document, and follow when it is put again. */
    Err err = ERR_INIT;
    assert_true(store_document_delete(w->s, &ann, &third, &err));
    assert_int_equal(counts(w, &ann, 1).items[1].recent, 1);
    put(w, &ann, 2, NOW - DAY, 0, STR("piano"), (Str){NULL, 0});
    c = counts(w, &ann, 1);
    assert_int_equal(c.n, 1);
    assert_true(str_eq(c.items[0].phrase, STR("piano")));
    BriefDoc *docs;
    size_t n;
    assert_true(store_phrase_documents(w->s, &ann, STR("piano"), NOW - 7 * DAY, NOW, 5, w->a, &docs,
        &n, &err));
    assert_true(n == 1);
    assert_true(str_eq(docs[0].title, STR("Document 2")));
}

static void too_many(void **state)
{
    World *w = *state;
    Err err = ERR_INIT;
    PutOutcome outcome;
    Uuid id;
    Str many[STORE_MAX_PHRASES + 1];
    DocumentPut *p = fx_doc(w->a, 1, STR("A"), STR("Some text."));
    for (size_t i = 0; i <= STORE_MAX_PHRASES; i++)
        many[i] = STR("again");
    p->phrases = many;
    p->n_phrases = STORE_MAX_PHRASES + 1;
    assert_false(store_document_put(w->s, &ann, p, &outcome, &id, &err));
    assert_int_equal(err.code, ERR_TOO_LARGE);
    p->n_phrases--; /* the same one again and again is kept once */
    assert_true(store_document_put(w->s, &ann, p, &outcome, &id, &err));
    many[0] = STR("\xFF");
    p->n_phrases = 1;
    err = ERR_INIT;
    assert_false(store_document_put(w->s, &ann, p, &outcome, &id, &err));
    assert_int_equal(err.code, ERR_VALIDATION);
}

static void documents_of_a_day(void **state)
{
    World *w = *state;
    Err err = ERR_INIT;
    BriefDoc *docs;
    size_t n;
    uint64_t total;
    for (uint64_t i = 0; i < 50; i++)
        put(w, &ann, i, NOW - (int64_t)i * 3600000, 0, STR("x"), (Str){NULL, 0});
    assert_true(store_brief_documents(w->s, &ann, NOW - DAY, NOW + 1, w->a, &docs, &n, &total,
        &err));
    assert_int_equal(n, 25); /* the ends: one begins a day ago, to the millisecond */
    assert_int_equal(total, 25);
    assert_true(docs[0].updated_at == NOW && docs[24].updated_at == NOW - DAY);
    assert_true(store_brief_documents(w->s, &bob, NOW - DAY, NOW, w->a, &docs, &n, &total, &err));
    assert_int_equal(n, 0);
}

static void vectors(void **state)
{
    World *w = *state;
    Err err = ERR_INIT;
    float v[VINDEX_DIM], part[VINDEX_DIM], sum[VINDEX_DIM] = {0};
    bool found;
    DocumentPut *p = fx_doc(w->a, 7, STR("T"), STR("One passage.\n\nAnother passage."));
    PutOutcome outcome;
    Uuid id;
    assert_true(store_document_put(w->s, &ann, p, &outcome, &id, &err));
    assert_true(store_document_vector(w->s, &ann, &id, v, &found, &err) && found);
    fx_vector_of(STR("One passage."), part);
    for (int i = 0; i < VINDEX_DIM; i++)
        sum[i] += part[i];
    fx_vector_of(STR("Another passage."), part);
    double dot = 0, square = 0, length = 0;
    for (int i = 0; i < VINDEX_DIM; i++) {
        sum[i] += part[i];
        dot += (double)v[i] * sum[i];
        square += (double)sum[i] * sum[i];
        length += (double)v[i] * v[i];
    }
    assert_true(fabs(length - 1) < 1e-4);
    assert_true(dot / sqrt(square) > 0.999);
    assert_true(store_document_vector(w->s, &bob, &id, v, &found, &err) && !found);
    p->model = "another-encoder";
    assert_true(store_document_put(w->s, &ann, p, &outcome, &id, &err));
    assert_true(store_document_vector(w->s, &ann, &id, v, &found, &err) && !found);
}

static void versions(void **state)
{
    World *w = *state;
    Err err = ERR_INIT;
    Uuid change;
    put(w, &ann, 1, NOW, 0, STR("x"), (Str){NULL, 0});
    uint64_t documents = store_version(w->s, &ann), plans = store_plans_version(w->s, &ann);
    Task t = {.id = {{7}}, .title = STR("call"), .notes = STR(""), .due_at = TASK_NO_TIME,
        .due_end = TASK_NO_TIME, .zone = STR("UTC"), .rrule = STR(""), .source = STR("text"),
        .extra_json = STR("{}"), .series_start = TASK_NO_TIME, .series_at = TASK_NO_TIME,
        .completed_at = TASK_NO_TIME, .snoozed_until = TASK_NO_TIME, .created_at = NOW,
        .updated_at = NOW};
    TaskChange c = {.what = "created", .at = NOW, .put = &t, .n_put = 1};
    if (!store_task_change(w->s, &ann, &c, &change, &err))
        fail_msg("%s", err.msg);
    assert_true(store_plans_version(w->s, &ann) > plans);
    assert_true(store_version(w->s, &ann) == documents);
    plans = store_plans_version(w->s, &ann);
    put(w, &ann, 2, NOW, 0, STR("y"), (Str){NULL, 0});
    assert_true(store_plans_version(w->s, &ann) == plans);
    /* What is remembered of a briefing changes neither. */
    documents = store_version(w->s, &ann);
    StoredBriefing row = {.id = {{3}}, .date = STR("2026-11-23"), .zone = STR("UTC"),
        .json = STR("{}")};
    assert_true(store_briefing_put(w->s, &ann, &row, NULL, &err));
    assert_true(store_version(w->s, &ann) == documents && store_plans_version(w->s, &ann) == plans);
    StoredBriefing *list;
    size_t n;
    assert_true(store_briefing_list(w->s, &bob, STR(""), 0, 10, w->a, &list, &n, &err) && n == 0);
    assert_true(store_briefing_list(w->s, &ann, STR("2026-11-24"), 0, 10, w->a, &list, &n, &err)
        && n == 0);
    assert_true(store_briefing_list(w->s, &ann, STR("2026-11-23"), 0, 10, w->a, &list, &n, &err)
        && n == 1);
}

#define B(test) cmocka_unit_test_setup_teardown(test, world_up, world_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        B(phrases), B(too_many), B(documents_of_a_day), B(vectors), B(versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
