/* What becomes of documents and ledger entries when files move or go. */
#include "store_unit.h"

static Uuid folder(void)
{
    return fx_uuid(9001);
}

/* Offers a file as ingest does: document and entry in one transaction. */
static Uuid offer(Fx *f, uint64_t n, const char *source, const char *text, bool by_hand,
    PutOutcome *outcome)
{
    DocumentPut *p = fx_doc(f->a, n, str_of(source), arena_str(f->a, str_of(text)));
    assert_true(sha256(str_of(text), &p->doc.hash, NULL));
    p->original = p->doc.content;
    p->doc.source = str_of(source);
    LedgerEntry e = {.source = str_of(source), .bytes = strlen(text), .mtime_ns = 1000 + (int64_t)n,
        .inode = n, .device = 1, .first_at = 1, .last_at = 1};
    if (!by_hand)
        e.folder = folder();
    p->ledger = &e;
    Uuid id;
    OK(store_document_put(f->s, &f->owner, p, outcome, &id, &oops));
    return id;
}

static LedgerEntry entry(Fx *f, const char *source)
{
    LedgerEntry e;
    OK(store_ledger_get(f->s, &f->owner, str_of(source), f->a, &e, &oops));
    return e;
}

static bool is_there(Fx *f, const Uuid *id, const char *source)
{
    Document d;
    Err err = ERR_INIT;
    return store_document_get(f->s, &f->owner, id, false, f->a, &d, &err)
        && (!source || str_eq(d.source, str_of(source)));
}

static void gone(void **state)
{
    Fx *f = *state;
    PutOutcome how;
    FileGone what;
    Uuid one = offer(f, 1, "/d/one.txt", "the first text", false, &how);
    Uuid twin = offer(f, 2, "/d/twin.txt", "the first text", false, &how);
    assert_int_equal(how, PUT_DUPLICATE);
    assert_true(uuid_eq(&one, &twin));
    assert_int_equal(entry(f, "/d/twin.txt").state, LEDGER_DUPLICATE);
    uint64_t n;
    OK(store_document_sources(f->s, &f->owner, &one, &n, &oops));
    assert_int_equal(n, 2);
    OK(store_file_gone(f->s, &f->owner, STR("/d/one.txt"), false, STR("gone"), &what, &oops));
    assert_int_equal(what, GONE_PASSED_ON);
    assert_true(is_there(f, &one, "/d/twin.txt"));
    assert_int_equal(entry(f, "/d/twin.txt").state, LEDGER_INDEXED);
    assert_int_equal(entry(f, "/d/one.txt").state, LEDGER_DELETED);
    assert_int_equal(entry(f, "/d/one.txt").mtime_ns, 0);
    OK(store_file_gone(f->s, &f->owner, STR("/d/twin.txt"), true, STR("gone"), &what, &oops));
    assert_int_equal(what, GONE_KEPT);
    assert_true(is_there(f, &one, NULL));
    OK(store_file_gone(f->s, &f->owner, STR("/d/twin.txt"), false, STR("gone"), &what, &oops));
    assert_int_equal(what, GONE_DELETED);
    assert_false(is_there(f, &one, NULL));
    OK(store_file_gone(f->s, &f->owner, STR("/d/twin.txt"), false, STR("gone"), &what, &oops));
    assert_int_equal(what, GONE_UNKNOWN);
    Uuid mine = offer(f, 3, "/d/mine.txt", "what a person added", true, &how);
    OK(store_file_gone(f->s, &f->owner, STR("/d/mine.txt"), false, STR("gone"), &what, &oops));
    assert_int_equal(what, GONE_KEPT);
    assert_true(is_there(f, &mine, "/d/mine.txt"));
    /* A folder that offers it later does not take it over. */
    LedgerEntry e = entry(f, "/d/mine.txt");
    e.folder = folder();
    OK(store_ledger_put(f->s, &f->owner, &e, &oops));
    Uuid owner = entry(f, "/d/mine.txt").folder;
    assert_true(uuid_is_nil(&owner));
    OK(store_document_delete(f->s, &f->owner, &mine, &oops));
    assert_int_equal(entry(f, "/d/mine.txt").state, LEDGER_DELETED);
}

static void moved(void **state)
{
    Fx *f = *state;
    PutOutcome how;
    Err err = ERR_INIT;
    Uuid id = offer(f, 1, "/d/old.txt", "a text that moves", false, &how);
    (void)offer(f, 2, "/d/there.txt", "a text that stays", false, &how);
    LedgerEntry found, to = entry(f, "/d/old.txt");
    OK(store_ledger_by_file(f->s, &f->owner, 1, to.mtime_ns, to.bytes, f->a, &found, &oops));
    assert_str(found.source, "/d/old.txt");
    assert_err(store_ledger_by_file(f->s, &f->owner, 1, 5, to.bytes, f->a, &found, &err), err,
        ERR_NOT_FOUND, "no such entry");
    to.source = STR("/d/there.txt");
    err = ERR_INIT;
    assert_err(store_file_moved(f->s, &f->owner, STR("/d/old.txt"), &to, STR("there.txt"), &err),
        err, ERR_CONFLICT, "already");
    to.source = STR("/d/new.txt");
    OK(store_file_moved(f->s, &f->owner, STR("/d/old.txt"), &to, STR("new.txt"), &oops));
    assert_true(is_there(f, &id, "/d/new.txt"));
    assert_int_equal(entry(f, "/d/new.txt").state, LEDGER_INDEXED);
    LedgerEntry left = entry(f, "/d/old.txt");
    assert_int_equal(left.state, LEDGER_DELETED);
    assert_str(left.reason, "it is now /d/new.txt");
    err = ERR_INIT;
    assert_err(store_file_moved(f->s, &f->owner, STR("/d/old.txt"), &to, STR("x"), &err), err,
        ERR_NOT_FOUND, "no such entry");
}

/* A file takes other bytes, which another document has already: its old one goes with the entry. */
static void superseded(void **state)
{
    Fx *f = *state;
    PutOutcome how;
    Uuid old = offer(f, 1, "/d/a.txt", "the old bytes", false, &how);
    Uuid other = offer(f, 2, "/d/b.txt", "the other bytes", false, &how);
    Uuid now = offer(f, 3, "/d/a.txt", "the other bytes", false, &how);
    assert_int_equal(how, PUT_DUPLICATE);
    assert_true(uuid_eq(&now, &other));
    assert_false(is_there(f, &old, NULL));
    /* But not what a person had added. */
    Uuid mine = offer(f, 4, "/d/c.txt", "my own bytes", true, &how);
    (void)offer(f, 5, "/d/c.txt", "the other bytes", false, &how);
    assert_true(is_there(f, &mine, NULL));
}

static void adopted(void **state)
{
    Fx *f = *state;
    PutOutcome how;
    (void)offer(f, 1, "/d/a.txt", "of a folder that was", false, &how);
    (void)offer(f, 2, "/dd/b.txt", "of another folder", false, &how);
    (void)offer(f, 3, "/d/mine.txt", "of a person", true, &how);
    Folder again = {.id = fx_uuid(77), .path = STR("/d"), .created_at = 1, .keep = true,
        .watch = FOLDER_POLL, .synced_at = 5, .device = 6, .inode = 7};
    OK(store_folder_put(f->s, &f->owner, &again, &oops));
    Uuid a = entry(f, "/d/a.txt").folder, b = entry(f, "/dd/b.txt").folder;
    Uuid mine = entry(f, "/d/mine.txt").folder, before = folder();
    assert_true(uuid_eq(&a, &again.id));
    assert_true(uuid_eq(&b, &before));
    assert_true(uuid_is_nil(&mine));
    Folder *list;
    size_t n;
    OK(store_folder_list(f->s, &f->owner, f->a, &list, &n, &oops));
    assert_int_equal(n, 1);
    assert_true(list[0].keep && !list[0].paused && list[0].watch == FOLDER_POLL);
    assert_true(list[0].synced_at == 5 && list[0].device == 6 && list[0].inode == 7);
    LedgerPage page;
    LedgerQuery q = {.folder = &again.id, .limit = 10};
    OK(store_ledger_list(f->s, &f->owner, &q, f->a, &page, &oops));
    assert_int_equal(page.n, 1);
    q = (LedgerQuery){.q = STR("MINE."), .limit = 10};
    OK(store_ledger_list(f->s, &f->owner, &q, f->a, &page, &oops));
    assert_int_equal(page.n, 1);
    q.q = STR("%");
    OK(store_ledger_list(f->s, &f->owner, &q, f->a, &page, &oops));
    assert_int_equal(page.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {T(gone), T(moved), T(superseded), T(adopted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
