/* The ledger of every file ever offered, watched folders, counts, readiness, notices of changes. */
#include "store_unit.h"

static LedgerEntry entry(Arena *a, const char *source, LedgerState state)
{
    return (LedgerEntry){.source = arena_str(a, str_of(source)), .state = state,
        .file_type = STR("pdf"),
        .bytes = 10, .mtime_ms = 5, .n_chunks = 2, .first_at = 100, .last_at = 200};
}

static void ledger_entries(void **state)
{
    Fx *f = *state;
    Err err = ERR_INIT;
    LedgerEntry e = entry(f->a, "/home/me/ä.pdf", LEDGER_PENDING), got;
    OK(store_ledger_put(f->s, &f->owner, &e, &oops));
    OK(store_ledger_get(f->s, &f->owner, e.source, f->a, &got, &oops));
    assert_str(got.source, "/home/me/ä.pdf");
    assert_int_equal(got.state, LEDGER_PENDING);
    assert_true(uuid_is_nil(&got.document));
    e.state = LEDGER_REFUSED;
    e.reason = STR("it is encrypted");
    e.document = fx_uuid(4); /* the version before: it must be there */
    assert_err(store_ledger_put(f->s, &f->owner, &e, &err), err, ERR_CONFLICT, "deleted");
    err = ERR_INIT;
    Uuid id;
    PutOutcome outcome;
    DocumentPut *p = fx_doc(f->a, 4, STR("a"), STR("some text"));
    OK(store_document_put(f->s, &f->owner, p, &outcome, &id, &oops));
    e.document = p->doc.id;
    e.first_at = 999;
    e.last_at = 300;
    OK(store_ledger_put(f->s, &f->owner, &e, &oops));
    OK(store_ledger_get(f->s, &f->owner, e.source, f->a, &got, &oops));
    assert_int_equal(got.state, LEDGER_REFUSED);
    assert_str(got.reason, "it is encrypted");
    assert_true(uuid_eq(&got.document, &p->doc.id));
    assert_int_equal(got.first_at, 100); /* when it was first offered */
    assert_int_equal(got.last_at, 300);
    Uuid eve = fx_uuid(666);
    assert_err(store_ledger_get(f->s, &eve, e.source, f->a, &got, &err), err,
        ERR_NOT_FOUND, "ledger");
    e.document = (Uuid){{0}};
    OK(store_ledger_put(f->s, &eve, &e, &oops));
    err = ERR_INIT;
    assert_err(store_ledger_get(f->s, &eve, STR("/none"), f->a, &got, &err), err,
        ERR_NOT_FOUND, "ledger");
    LedgerEntry bad[] = {{.source = STR("")}, {.source = STR("a\xff")},
        {.source = STR("a"), .state = (LedgerState)17}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        err = ERR_INIT;
        assert_err(store_ledger_put(f->s, &f->owner, &bad[i], &err), err, ERR_VALIDATION, "");
    }
}

/* A quick reader may have read it before it is written that it waits. What failed waits again when
 * somebody asks for another attempt. */
static void what_waits_replaces_nothing_that_was_read(void **state)
{
    Fx *f = *state;
    static const LedgerState before[] = {LEDGER_INDEXED, LEDGER_DUPLICATE, LEDGER_REFUSED,
        LEDGER_FAILED, LEDGER_DELETED, LEDGER_PENDING};
    Uuid id;
    PutOutcome outcome;
    DocumentPut *p = fx_doc(f->a, 4, STR("a"), STR("some text"));
    OK(store_document_put(f->s, &f->owner, p, &outcome, &id, &oops));
    LedgerEntry waits[ARRAY_LEN(before)], got;
    for (size_t i = 0; i < ARRAY_LEN(before); i++) {
        char source[32];
        (void)snprintf(source, sizeof source, "/docs/%zu.pdf", i);
        LedgerEntry e = entry(f->a, source, before[i]);
        waits[i] = entry(f->a, source, LEDGER_PENDING);
        waits[i].bytes = 11;
        if (before[i] == LEDGER_INDEXED || before[i] == LEDGER_DUPLICATE)
            e.document = id;
        OK(store_ledger_put(f->s, &f->owner, &e, &oops));
    }
    OK(store_ledger_put_many(f->s, &f->owner, waits, ARRAY_LEN(waits), &oops));
    OK(store_ledger_put(f->s, &f->owner, &waits[0], &oops));
    for (size_t i = 0; i < ARRAY_LEN(before); i++) {
        OK(store_ledger_get(f->s, &f->owner, waits[i].source, f->a, &got, &oops));
        bool was_read = before[i] == LEDGER_INDEXED || before[i] == LEDGER_DUPLICATE;
        assert_int_equal(got.state, was_read ? before[i] : LEDGER_PENDING);
        assert_int_equal(got.bytes, was_read ? 10 : 11);
        assert_int_equal(!uuid_is_nil(&got.document), i < 2);
    }
}

static void ledger_pages(void **state)
{
    Fx *f = *state;
    for (int i = 0; i < 45; i++) {
        char source[64];
        (void)snprintf(source, sizeof source, "/%s/f%03d", i % 3 ? "docs" : "docs2", i);
        LedgerEntry e = entry(f->a, source, (LedgerState)(i % 6));
        OK(store_ledger_put(f->s, &f->owner, &e, &oops));
    }
    LedgerState refused = LEDGER_REFUSED;
    const struct {
        const char *under;
        const LedgerState *state;
        size_t n, counted;
    } rows[] = {{"", NULL, 45, 45}, {"/docs", NULL, 45, 45}, {"/docs/", NULL, 30, 30},
        {"/docs2/", NULL, 15, 15}, {"/none", NULL, 0, 0}, {"", &refused, 7, 45},
        {"/docs/f001", NULL, 1, 1}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        LedgerQuery q = {.state = rows[i].state, .under = str_of(rows[i].under), .limit = 4};
        size_t n = 0, counted = 0;
        Str last = STR("");
        do {
            LedgerPage page;
            OK(store_ledger_list(f->s, &f->owner, &q, f->a, &page, &oops));
            counted = 0;
            for (int s = 0; s <= LEDGER_DELETED; s++)
                counted += page.counts[s];
            for (size_t j = 0; j < page.n; j++) {
                assert_true(str_cmp(last, page.items[j].source) < 0);
                last = page.items[j].source;
                assert_true(!rows[i].state || page.items[j].state == *rows[i].state);
            }
            n += page.n;
            q.cursor = page.next_cursor;
        } while (q.cursor.ptr);
        assert_int_equal(n, rows[i].n);
        assert_int_equal(counted, rows[i].counted);
    }
    for (int s = 0; s <= LEDGER_DELETED; s++)
        assert_string_not_equal(ledger_state_name((LedgerState)s), "unknown");
}

static void folders(void **state)
{
    Fx *f = *state;
    Err err = ERR_INIT;
    Str include[] = {STR("*.pdf"), STR("a \"quoted\" \\ name")}, exclude[] = {STR("tmp/*")};
    Folder a = {.id = fx_uuid(1), .path = STR("/b"), .include = include, .n_include = 2,
        .exclude = exclude, .n_exclude = 1, .created_at = 7};
    Folder b = {.id = fx_uuid(2), .path = STR("/a"), .created_at = 8};
    OK(store_folder_put(f->s, &f->owner, &a, &oops));
    OK(store_folder_put(f->s, &f->owner, &b, &oops));
    Folder twin = {.id = fx_uuid(3), .path = STR("/a")};
    assert_err(store_folder_put(f->s, &f->owner, &twin, &err), err,
        ERR_CONFLICT, "watched already");
    Folder *got;
    size_t n;
    OK(store_folder_list(f->s, &f->owner, f->a, &got, &n, &oops));
    assert_int_equal(n, 2);
    assert_str(got[0].path, "/a");
    assert_int_equal(got[0].n_include, 0);
    assert_str(got[1].include[1], "a \"quoted\" \\ name");
    assert_str(got[1].exclude[0], "tmp/*");
    assert_int_equal(got[1].created_at, 7);
    a.n_include = 1;
    OK(store_folder_put(f->s, &f->owner, &a, &oops));
    OK(store_folder_list(f->s, &f->owner, f->a, &got, &n, &oops));
    assert_int_equal(got[1].n_include, 1);
    Uuid eve = fx_uuid(666);
    err = ERR_INIT;
    assert_err(store_folder_delete(f->s, &eve, &a.id, &err), err, ERR_NOT_FOUND, "no such folder");
    OK(store_folder_put(f->s, &eve, &a, &oops));
    OK(store_folder_delete(f->s, &f->owner, &a.id, &oops));
    err = ERR_INIT;
    assert_err(store_folder_delete(f->s, &f->owner, &a.id, &err), err,
        ERR_NOT_FOUND, "no such folder");
    OK(store_folder_list(f->s, &f->owner, f->a, &got, &n, &oops));
    assert_int_equal(n, 1);
    OK(store_folder_list(f->s, &eve, f->a, &got, &n, &oops));
    assert_int_equal(n, 1);
    Folder bad = {.id = {{0}}, .path = STR("/x")};
    err = ERR_INIT;
    assert_err(store_folder_put(f->s, &f->owner, &bad, &err), err,
        ERR_VALIDATION, "an id and a path");
}

static void counts(void **state)
{
    Fx *f = *state;
    StoreStats st;
    OK(store_stats(f->s, &f->owner, f->a, &st, &oops));
    assert_int_equal(st.documents, 0);
    Str tags[] = {STR("a"), STR("b")};
    uint64_t chunks = 0, bytes = 0, text = 0;
    for (uint64_t i = 1; i <= 5; i++) {
        DocumentPut *p = fx_doc(f->a, i, STR("t"), fx_text(f->a, i, 100, 20, 100));
        p->doc.tags = tags;
        p->doc.n_tags = 1 + i % 2;
        if (i == 3) {
            p->original = STR("something else");
            sha256(p->original, &p->doc.hash, NULL);
        }
        chunks += p->n_chunks;
        bytes += p->original.len;
        text += p->doc.content.len;
        fx_put(f, &f->owner, p, NULL);
    }
    LedgerEntry e = entry(f->a, "/x", LEDGER_FAILED);
    OK(store_ledger_put(f->s, &f->owner, &e, &oops));
    OK(store_stats(f->s, &f->owner, f->a, &st, &oops));
    assert_int_equal(st.documents, 5);
    assert_int_equal(st.chunks, chunks);
    assert_int_equal(st.original_bytes, bytes);
    assert_int_equal(st.text_bytes, text);
    assert_int_equal(st.tags, 2);
    assert_int_equal(st.ledger_entries, 1);
    assert_true(st.database_bytes > 0);
    assert_str(st.model, FX_MODEL);
    assert_str(st.backend, fx_qdrant() ? "qdrant" : "sqlite");
    assert_true(st.schema_version >= 1);
    OK(store_ready(f->s, &oops));
}

typedef struct {
    char log[512];
} Log;

static void on_change(void *arg, const Uuid *owner, ChangeKind kind, const Uuid *document)
{
    Log *l = arg;
    Uuid me = fx_uuid(1000000), one = fx_uuid(1);
    size_t n = strlen(l->log);
    (void)snprintf(l->log + n, sizeof l->log - n, "%s%s%c ", uuid_eq(owner, &me) ? "" : "?",
        uuid_eq(document, &one) ? "one" : "other", "cud"[kind]);
}

static void notices(void **state)
{
    Fx *f = *state;
    Log log = {""};
    store_on_change(f->s, on_change, &log);
    DocumentPut *p = fx_doc(f->a, 1, STR("t"), STR("walnut"));
    fx_put(f, &f->owner, p, NULL);
    fx_put(f, &f->owner, fx_doc(f->a, 2, STR("t"), STR("walnut")),
        NULL); /* a duplicate: no change */
    fx_put(f, &f->owner, p, NULL);
    OK(store_document_patch(f->s, &f->owner, &p->doc.id, &(DocPatch){.updated_at = 3}, &oops));
    OK(store_document_delete(f->s, &f->owner, &p->doc.id, &oops));
    Err err = ERR_INIT;
    assert_false(store_document_delete(f->s, &f->owner, &p->doc.id, &err));
    assert_string_equal(log.log, "onec oneu oneu oned ");
    store_on_change(f->s, NULL, NULL);
    fx_put(f, &f->owner, p, NULL);
    assert_string_equal(log.log, "onec oneu oneu oned ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(ledger_entries),
        T(what_waits_replaces_nothing_that_was_read),
        T(ledger_pages),
        T(folders),
        T(counts),
        T(notices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
