/* Conversations and facts: whole turns, lists and search, what replaces what, an older file brought
 * to them, and every allocation and write that can fail. */
#include "base/log.h"
#include "fault_vfs.h"
#include "store/sqlite/sq.h"
#include "store/talk.h"
#include "store_unit.h"
#include "support/torture.h"

/* One exchange in session fx_uuid(n); ids from the number of messages before. */
static bool say(Fx *f, const Uuid *owner, uint64_t n, const char *what, const char *answer,
    uint64_t expected, int64_t at, Err *err)
{
    TalkMessage m[] = {
        {.id = fx_uuid(n * 1000 + expected + 1), .role = TALK_PERSON, .text = str_of(what),
            .at = at},
        {.id = fx_uuid(n * 1000 + expected + 2), .role = TALK_ASSISTANT, .text = str_of(answer),
            .extra_json = STR("{\"confidence\":0.5}"), .at = at + 1},
    };
    TalkTurn t = {.session = fx_uuid(n), .title = str_of(what), .state_json = STR("{\"it\":1}"),
        .messages = m, .n_messages = 2, .at = at, .expected = expected};
    return store_talk_turn(f->s, owner, &t, err);
}

static void one_conversation(void **state)
{
    Fx *f = *state;
    Uuid id = fx_uuid(1), other = fx_uuid(2000001);
    TalkSession t;
    TalkMessagePage page;
    Err err = ERR_INIT;
    assert_err(store_talk_session(f->s, &f->owner, &id, f->a, &t, &err), err, ERR_NOT_FOUND,
        "no such conversation");
    OK(say(f, &f->owner, 1, "Who is my manager?", "Dana.", 0, 1000, &oops));
    OK(say(f, &f->owner, 1, "And hers?", "I do not know.", 2, 2000, &oops));
    store_close(f->s); /* it goes on after a restart */
    f->s = fx_open(f->dir.path);
    OK(store_talk_session(f->s, &f->owner, &id, f->a, &t, &oops));
    assert_str(t.title, "Who is my manager?");
    assert_str(t.state_json, "{\"it\":1}");
    assert_int_equal(t.n_messages, 4);
    assert_int_equal(t.created_at, 1000);
    assert_int_equal(t.updated_at, 2000);
    OK(store_talk_messages(f->s, &f->owner, &id, 10, STR(""), f->a, &page, &oops));
    assert_int_equal(page.n, 4);
    assert_int_equal(page.total, 4);
    assert_null(page.next_cursor.ptr);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(page.items[i].no, i + 1);
    assert_int_equal(page.items[2].role, TALK_PERSON);
    assert_str(page.items[2].text, "And hers?");
    assert_str(page.items[2].extra_json, "{}");
    assert_str(page.items[3].extra_json, "{\"confidence\":0.5}");
    assert_int_equal(page.items[3].at, 2001);
    err = ERR_INIT;
    assert_err(store_talk_session(f->s, &other, &id, f->a, &t, &err), err, ERR_NOT_FOUND,
        "no such");
    err = ERR_INIT;
    assert_err(store_talk_messages(f->s, &other, &id, 9, STR(""), f->a, &page, &err), err,
        ERR_NOT_FOUND, "no such");
}

static void turns_do_not_cross(void **state)
{
    Fx *f = *state;
    Err err = ERR_INIT;
    Uuid id = fx_uuid(1);
    OK(say(f, &f->owner, 1, "one", "eins", 0, 1, &oops));
    assert_err(say(f, &f->owner, 1, "two", "zwei", 0, 2, &err), err, ERR_CONFLICT, "same time");
    err = ERR_INIT;
    assert_err(say(f, &f->owner, 1, "two", "zwei", 4, 2, &err), err, ERR_CONFLICT, "same time");
    OK(store_talk_delete(f->s, &f->owner, &id, &oops));
    err = ERR_INIT; /* a deleted conversation does not come back by an answer that was under way */
    assert_err(say(f, &f->owner, 1, "two", "zwei", 2, 2, &err), err, ERR_NOT_FOUND, "deleted");
    err = ERR_INIT;
    assert_err(store_talk_delete(f->s, &f->owner, &id, &err), err, ERR_NOT_FOUND, "no such");
    err = ERR_INIT;
    assert_err(store_talk_retitle(f->s, &f->owner, &id, STR("x"), 3, &err), err, ERR_NOT_FOUND,
        "no such");
}

static void a_day_to_bring_it_back(void **state)
{
    Fx *f = *state;
    Err err = ERR_INIT;
    Uuid id = fx_uuid(1), other = fx_uuid(2000001), found;
    TalkSession t;
    TalkMessagePage page;
    TalkSessionPage list;
    TalkMessage said[] = {{.role = TALK_PERSON, .text = STR("one")},
                          {.role = TALK_ASSISTANT, .text = STR("eins")}};
    bool same = true;
    OK(say(f, &f->owner, 1, "one", "eins", 0, 1, &oops));
    assert_err(store_talk_restore(f->s, &f->owner, &id, 2, &err), err, ERR_NOT_FOUND, "no such");
    OK(store_talk_bin(f->s, &f->owner, &id, 1000, &oops));
    err = ERR_INIT; /* nothing finds it */
    assert_err(store_talk_bin(f->s, &f->owner, &id, 1000, &err), err, ERR_NOT_FOUND, "no such");
    err = ERR_INIT;
    assert_err(store_talk_session(f->s, &f->owner, &id, f->a, &t, &err), err, ERR_NOT_FOUND, "no");
    err = ERR_INIT;
    assert_err(store_talk_messages(f->s, &f->owner, &id, 7, STR(""), f->a, &page, &err), err,
               ERR_NOT_FOUND, "no such");
    err = ERR_INIT;
    assert_err(store_talk_retitle(f->s, &f->owner, &id, STR("x"), 3, &err), err, ERR_NOT_FOUND,
               "no such");
    err = ERR_INIT;
    assert_err(say(f, &f->owner, 1, "two", "zwei", 2, 2, &err), err, ERR_NOT_FOUND, "deleted");
    OK(store_talk_sessions(f->s, &f->owner, STR("one"), 5, STR(""), f->a, &list, &oops));
    assert_int_equal(list.total, 0);
    OK(store_talk_find(f->s, &f->owner, said, 2, &found, &same, &oops));
    assert_false(same);
    err = ERR_INIT; /* nor does anybody else bring it back */
    assert_err(store_talk_restore(f->s, &other, &id, 2, &err), err, ERR_NOT_FOUND, "no such");
    OK(store_talk_restore(f->s, &f->owner, &id, 1000 + TALK_BIN_MS, &oops));
    OK(store_talk_messages(f->s, &f->owner, &id, 7, STR(""), f->a, &page, &oops));
    assert_int_equal(page.n, 2);
    OK(say(f, &f->owner, 1, "two", "zwei", 2, 2000, &oops));
    /* After a day it does not come back, and the next turn erases it. */
    OK(store_talk_bin(f->s, &f->owner, &id, 3000, &oops));
    err = ERR_INIT;
    assert_err(store_talk_restore(f->s, &f->owner, &id, 3001 + TALK_BIN_MS, &err), err,
               ERR_NOT_FOUND, "no such");
    OK(say(f, &f->owner, 2, "x", "y", 0, 3001 + TALK_BIN_MS, &oops));
    err = ERR_INIT;
    assert_err(store_talk_delete(f->s, &f->owner, &id, &err), err, ERR_NOT_FOUND, "no such");
    Uuid second = fx_uuid(2); /* for good, though it could have been brought back */
    OK(store_talk_bin(f->s, &f->owner, &second, 4000 + TALK_BIN_MS, &oops));
    OK(store_talk_delete(f->s, &f->owner, &second, &oops));
    err = ERR_INIT;
    assert_err(store_talk_restore(f->s, &f->owner, &second, 4001 + TALK_BIN_MS, &err), err,
               ERR_NOT_FOUND, "no such");
}

static void pages_of_messages(void **state)
{
    Fx *f = *state;
    Uuid id = fx_uuid(1);
    TalkMessagePage page;
    Str cursor = STR("");
    uint64_t next = 50;
    char text[32];
    for (uint64_t i = 0; i < 25; i++) {
        (void)snprintf(text, sizeof text, "number %d", (int)i);
        OK(say(f, &f->owner, 1, text, "yes", 2 * i, 10 + (int64_t)i, &oops));
    }
    do { /* from the end to the beginning, each page in its order */
        OK(store_talk_messages(f->s, &f->owner, &id, 7, cursor, f->a, &page, &oops));
        assert_int_equal(page.total, 50);
        for (size_t i = page.n; i-- > 0; next--)
            assert_int_equal(page.items[i].no, next);
        cursor = page.next_cursor;
    } while (cursor.ptr);
    assert_int_equal(next, 0);
    Err err = ERR_INIT;
    assert_err(store_talk_messages(f->s, &f->owner, &id, 7, STR("x"), f->a, &page, &err), err,
        ERR_VALIDATION, "cursor");
}

static TalkSessionPage list(Fx *f, const char *q, size_t limit, Str cursor)
{
    TalkSessionPage page;
    OK(store_talk_sessions(f->s, &f->owner, str_of(q), limit, cursor, f->a, &page, &oops));
    return page;
}

static void lists_and_search(void **state)
{
    Fx *f = *state;
    Uuid second = fx_uuid(2), other = fx_uuid(2000001);
    assert_int_equal(list(f, "", 5, STR("")).total, 0);
    OK(say(f, &f->owner, 1, "Where is the spare key?", "With Dana.", 0, 100, &oops));
    OK(say(f, &f->owner, 2, "When is the lease up?", "In March.", 0, 200, &oops));
    OK(say(f, &f->owner, 3, "Remind me of the lease", "I will.", 0, 300, &oops));
    OK(say(f, &other, 4, "lease", "another person's", 0, 400, &oops));
    OK(say(f, &f->owner, 1, "Where does she live?", "In \xC3\x84ngelholm.", 2, 500, &oops));
    TalkSessionPage page = list(f, "", 2, STR(""));
    assert_int_equal(page.total, 3);
    assert_int_equal(page.n, 2);
    Uuid first = fx_uuid(1);
    assert_true(uuid_eq(&page.items[0].id, &first)); /* used last */
    assert_int_equal(page.items[0].n_messages, 4);
    assert_int_equal(page.items[0].state_json.len, 0);
    page = list(f, "", 2, page.next_cursor);
    assert_int_equal(page.n, 1);
    assert_true(uuid_eq(&page.items[0].id, &second));
    assert_null(page.next_cursor.ptr);
    assert_int_equal(list(f, "lease", 5, STR("")).total, 2);
    assert_int_equal(list(f, "LEASE march", 5, STR("")).n, 1); /* title and message together */
    assert_int_equal(list(f, "angelholm", 5, STR("")).n, 1);
    assert_int_equal(list(f, "submarine", 5, STR("")).n, 0);
    assert_int_equal(list(f, "?!", 5, STR("")).n, 0);
    OK(store_talk_retitle(f->s, &f->owner, &second, STR("Submarine"), 600, &oops));
    page = list(f, "submarine", 5, STR(""));
    assert_int_equal(page.n, 1);
    assert_str(page.items[0].title, "Submarine");
    OK(store_talk_delete(f->s, &f->owner, &second, &oops));
    assert_int_equal(list(f, "march", 5, STR("")).n, 0);
    assert_int_equal(list(f, "", 5, STR("")).total, 2);
    Err err = ERR_INIT;
    assert_err(store_talk_sessions(f->s, &f->owner, STR(""), 5, STR("1"), f->a, &page, &err), err,
        ERR_VALIDATION, "cursor");
}

static bool find(Fx *f, const char *const *texts, size_t n, uint64_t *which)
{
    TalkMessage m[8] = {{.no = 0}};
    Uuid id;
    bool found;
    for (size_t i = 0; i < n; i++)
        m[i] = (TalkMessage){.role = i % 2 ? TALK_ASSISTANT : TALK_PERSON,
            .text = str_of(texts[i])};
    OK(store_talk_find(f->s, &f->owner, m, n, &id, &found, &oops));
    for (*which = 1; found && *which < 9; ++*which) {
        Uuid want = fx_uuid(*which);
        if (uuid_eq(&id, &want))
            break;
    }
    return found;
}

static void found_by_what_was_said(void **state)
{
    Fx *f = *state;
    uint64_t which;
    static const char *const said[] = {"hello", "Hello.", "and you?", "Well.", "good", "Yes."};
    static const char *const other[] = {"hallo", "Hello."};
    assert_false(find(f, said, 2, &which));
    OK(say(f, &f->owner, 1, "hello", "Hello.", 0, 1, &oops));
    OK(say(f, &f->owner, 2, "hello", "Hello.", 0, 2, &oops));
    assert_true(find(f, said, 2, &which));
    assert_int_equal(which, 2); /* the last used */
    OK(say(f, &f->owner, 1, "and you?", "Well.", 2, 3, &oops));
    assert_true(find(f, said, 4, &which));
    assert_int_equal(which, 1);
    OK(say(f, &f->owner, 2, "good", "Yes.", 2, 4, &oops));
    assert_false(find(f, said, 2, &which)); /* both went on */
    assert_false(find(f, said, 6, &which));
    assert_false(find(f, said, 1, &which));
    assert_false(find(f, other, 2, &which));
    assert_false(find(f, said, 0, &which));
}

static void refused_turns(void **state)
{
    Fx *f = *state;
    char *big = calloc(1, TALK_MAX_TEXT + 2);
    memset(big, 'x', TALK_MAX_TEXT + 1);
    TalkMessage good = {.id = fx_uuid(5), .text = STR("hello")};
    const struct {
        TalkMessage m;
        const char *title, *json;
        ErrCode code;
        const char *why;
    } cases[] = {
        {good, "", "{}", ERR_VALIDATION, "needs a title"},
        {good, "t", "[]", ERR_VALIDATION, "no JSON object"},
        {good, "t", "{", ERR_VALIDATION, "state of a conversation"},
        {{.text = STR("x")}, "t", "{}", ERR_VALIDATION, "needs an id"},
        {{.id = fx_uuid(5), .text = STR("\xFF")}, "t", "{}", ERR_VALIDATION, "not UTF-8 at byte 0"},
        {{.id = fx_uuid(5), .text = STR("a\0b")}, "t", "{}", ERR_VALIDATION, "zero byte"},
        {{.id = fx_uuid(5), .text = str_of(big)}, "t", "{}", ERR_TOO_LARGE, "at most 65536"},
        {{.id = fx_uuid(5), .text = STR("x"), .extra_json = STR("7")}, "t", "{}", ERR_VALIDATION,
            "beside a message"},
        {{.id = fx_uuid(5), .role = (TalkRole)7, .text = STR("x")}, "t", "{}", ERR_VALIDATION,
            "the assistant's"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Err err = ERR_INIT;
        TalkTurn t = {.session = fx_uuid(1), .title = str_of(cases[i].title),
            .state_json = str_of(cases[i].json), .messages = &cases[i].m, .n_messages = 1};
        assert_err(store_talk_turn(f->s, &f->owner, &t, &err), err, cases[i].code, cases[i].why);
    }
    free(big);
    assert_int_equal(list(f, "", 5, STR("")).total, 0);
}

/* ---- facts ----------------------------------------------------------------------------------- */

static Fact fact(uint64_t n, const char *subject, const char *value, int64_t at)
{
    static char text[256];
    (void)snprintf(text, sizeof text, "%s is %s", subject, value);
    return (Fact){.id = fx_uuid(n), .text = str_of(text), .subject = str_of(subject),
        .value = str_of(value), .source = STR("api"), .created_at = at, .updated_at = at};
}

static Uuid put_fact(Fx *f, Fact x)
{
    Uuid replaced;
    OK(store_fact_put(f->s, &f->owner, &x, &replaced, &oops));
    return replaced;
}

static Fact get_fact(Fx *f, uint64_t n)
{
    Fact x;
    Uuid id = fx_uuid(n);
    OK(store_fact_get(f->s, &f->owner, &id, f->a, &x, &oops));
    return x;
}

static FactPage facts(Fx *f, FactQuery q)
{
    FactPage page;
    q.limit = q.limit ? q.limit : 10;
    OK(store_fact_list(f->s, &f->owner, &q, f->a, &page, &oops));
    return page;
}

static void one_fact_a_subject(void **state)
{
    Fx *f = *state;
    Uuid one = fx_uuid(1), two = fx_uuid(2);
    Uuid r = put_fact(f, fact(1, "my manager", "Dana", 10));
    assert_true(uuid_is_nil(&r));
    r = put_fact(f, fact(2, "my manager", "Priya", 20));
    assert_true(uuid_eq(&r, &one));
    put_fact(f, fact(3, "my sister", "Ada", 30));
    Fact plain = {.id = fx_uuid(4), .text = STR("I like walnuts"), .created_at = 40,
        .updated_at = 40};
    put_fact(f, plain);
    plain.id = fx_uuid(5); /* no subject: neither takes the other's place */
    r = put_fact(f, plain);
    assert_true(uuid_is_nil(&r));
    Fact old = get_fact(f, 1);
    assert_int_equal(old.ended_at, 20);
    assert_true(uuid_eq(&old.replaced_by, &two));
    assert_int_equal(facts(f, (FactQuery){0}).total, 4);
    assert_int_equal(facts(f, (FactQuery){.ended = true}).total, 5);
    FactPage page = facts(f, (FactQuery){.subject = STR("my manager")});
    assert_int_equal(page.n, 1);
    assert_str(page.items[0].value, "Priya");
    assert_int_equal(facts(f, (FactQuery){.subject = STR("")}).n, 2);
    assert_int_equal(facts(f, (FactQuery){.q = STR("WALNUTS")}).n, 2);
    assert_int_equal(facts(f, (FactQuery){.q = STR("dana")}).n, 0);
    assert_int_equal(facts(f, (FactQuery){.q = STR("dana"), .ended = true}).n, 1);
    page = facts(f, (FactQuery){.limit = 3, .ended = true});
    assert_int_equal(page.n, 3);
    Uuid five = fx_uuid(5);
    assert_true(uuid_eq(&page.items[0].id, &five)); /* the newest first */
    page = facts(f, (FactQuery){.limit = 3, .ended = true, .cursor = page.next_cursor});
    assert_int_equal(page.n, 2);
    assert_true(uuid_eq(&page.items[1].id, &one));
    assert_null(page.next_cursor.ptr);
    /* Another wording of a known one: the same row, and its old subject is free. */
    put_fact(f, fact(3, "my cousin", "Ada", 50));
    assert_int_equal(get_fact(f, 3).updated_at, 50);
    assert_int_equal(facts(f, (FactQuery){.subject = STR("my sister"), .ended = true}).n, 0);
}

static void forgetting_and_taking_back(void **state)
{
    Fx *f = *state;
    Uuid one = fx_uuid(1), two = fx_uuid(2), three = fx_uuid(3);
    put_fact(f, fact(1, "my desk", "A", 10));
    put_fact(f, fact(2, "my desk", "B", 20));
    put_fact(f, fact(3, "my desk", "C", 30));
    OK(store_fact_delete(f->s, &f->owner, &two, true, &oops)); /* did not hold: nothing revives */
    Fact first = get_fact(f, 1);
    assert_int_equal(first.ended_at, 20);
    assert_true(uuid_eq(&first.replaced_by, &three));
    OK(store_fact_delete(f->s, &f->owner, &three, true, &oops)); /* "undo" of remembering C */
    first = get_fact(f, 1);
    assert_int_equal(first.ended_at, 0);
    assert_true(uuid_is_nil(&first.replaced_by));
    put_fact(f, fact(4, "my desk", "D", 40));
    Uuid four = fx_uuid(4);
    OK(store_fact_delete(f->s, &f->owner, &four, false, &oops)); /* "forget my desk" */
    first = get_fact(f, 1);
    assert_int_equal(first.ended_at, 40);
    assert_true(uuid_is_nil(&first.replaced_by));
    assert_int_equal(facts(f, (FactQuery){0}).n, 0);
    OK(store_fact_delete(f->s, &f->owner, &one, false, &oops));
    Err err = ERR_INIT;
    assert_err(store_fact_delete(f->s, &f->owner, &one, false, &err), err, ERR_NOT_FOUND,
        "no such fact");
    Uuid other = fx_uuid(2000001);
    Fact x;
    put_fact(f, fact(7, "my desk", "E", 50));
    Uuid seven = fx_uuid(7);
    err = ERR_INIT;
    assert_err(store_fact_get(f->s, &other, &seven, f->a, &x, &err), err, ERR_NOT_FOUND, "no such");
    err = ERR_INIT;
    assert_err(store_fact_delete(f->s, &other, &seven, false, &err), err, ERR_NOT_FOUND, "no such");
}

/* What was forgotten is in no byte of the folder's files once the log is written back. */
static void forgotten_bytes_are_gone(void **state)
{
    ONLY_SQLITE;
    Fx *f = *state;
    Uuid one = fx_uuid(1);
    put_fact(f, fact(1, "my zebrafinch", "quixotically loud", 10));
    OK(say(f, &f->owner, 1, "platypusquestion", "ornithorhynchus", 0, 1, &oops));
    OK(store_fact_delete(f->s, &f->owner, &one, false, &oops));
    OK(store_talk_delete(f->s, &f->owner, &one, &oops));
    store_close(f->s);
    f->s = NULL;
    Buf bytes;
    buf_init(&bytes, (size_t)64 << 20);
    OK(os_read_file(tempdir_file(&f->dir, "sotto.db"), &bytes, &oops));
    assert_true(bytes.len > 4096);
    static const char *const words[] = {"zebrafinch", "quixotically", "platypusquestion",
        "ornithorhynchus"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        assert_int_equal(str_find(buf_str(&bytes), str_of(words[i]), 0), SIZE_MAX);
    buf_release(&bytes);
}

/* ---- older files, faults --------------------------------------------------------------------- */

extern const char schema_talk_sql[];

static void an_older_file(void **state)
{
    Fx *f = *state;
    int before = 0;
    TempDir dir;
    while (SQ_MIGRATIONS[before].sql != schema_talk_sql)
        before++;
    tempdir_make(&dir);
    SqConn *c = sq_conn_open(tempdir_file(&dir, "sotto.db"), SQ_WRITER, &oops);
    assert_non_null(c);
    OK(sq_migrate(c, SQ_MIGRATIONS, before, &oops));
    assert_false(sq_exec(c, "SELECT * FROM sessions", "looking", NULL));
    sq_conn_close(c);
    store_close(f->s);
    f->s = fx_open(dir.path);
    OK(say(f, &f->owner, 1, "hello", "Good morning.", 0, 1, &oops));
    put_fact(f, fact(1, "my desk", "A", 10));
    fx_check(f->s);
    store_close(f->s);
    f->s = fx_open(f->dir.path);
    tempdir_remove(&dir);
}

/* By the thread that has the connection. */
typedef struct {
    SqWrite w;
    const char *sql;
} Harm;

static bool apply_harm(Sqlite *s, SqWrite *w, Err *err)
{
    return sq_exec(s->writer.conn, ((Harm *)w)->sql, "harm", err);
}

static bool harm(Fx *f, const char *sql, Err *err)
{
    Harm h = {.w = {.apply = apply_harm}, .sql = sql};
    return sq_write(sq_of(f->s), &h.w, err);
}

static void doctor_finds(void **state)
{
    ONLY_SQLITE;
    Fx *f = *state;
    const struct {
        const char *harm, *mend, *finding;
    } cases[] = {
        {"UPDATE sessions SET state = '['", "UPDATE sessions SET state = '{}'",
            "its state is no JSON object"},
        {"UPDATE sessions SET n_messages = 3", "UPDATE sessions SET n_messages = 2",
            "messages are missing"},
        {"UPDATE messages SET extra = '1'", "UPDATE messages SET extra = '{}'",
            "what is kept beside it"},
        {"UPDATE messages SET role = 5", "UPDATE messages SET role = 0", "it is nobody's"},
        {"UPDATE facts SET ended_at = 1, replaced_by = zeroblob(16)",
            "UPDATE facts SET ended_at = NULL, replaced_by = NULL", "what took its place"},
    };
    OK(say(f, &f->owner, 1, "hello", "Good morning.", 0, 1, &oops));
    put_fact(f, fact(1, "my desk", "A", 10));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Err err = ERR_INIT;
        Buf report;
        buf_init(&report, 1 << 20);
        OK(harm(f, cases[i].harm, &oops));
        assert_false(store_check(f->s, false, &report, &err));
        if (str_find(buf_str(&report), str_of(cases[i].finding), 0) == SIZE_MAX)
            fail_msg("%s: " STR_FMT, cases[i].harm, STR_ARG(buf_str(&report)));
        OK(harm(f, cases[i].mend, &oops));
        buf_release(&report);
    }
}

typedef struct {
    Fx *f;
    uint64_t turns; /* that were acknowledged */
    Err err;
} Try;

static bool try_all(void *arg)
{
    Try *t = arg;
    Fx *f = t->f;
    Store *s = f->s;
    const Uuid *me = &f->owner;
    Uuid id = fx_uuid(1), replaced;
    TalkSession session;
    TalkSessionPage sessions;
    TalkMessagePage messages;
    FactPage found;
    Fact x = fact(1, "my desk", "A", 10);
    FactQuery q = {.q = STR("desk"), .limit = 1, .ended = true};
    t->err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    bool said = a && say(f, me, 1, "hello there", "Hello.", 2 * t->turns, 5, &t->err);
    t->turns += said;
    bool ok = said && store_talk_session(s, me, &id, a, &session, &t->err)
        && store_talk_sessions(s, me, STR("hello"), 1, STR(""), a, &sessions, &t->err)
        && store_talk_messages(s, me, &id, 1, STR(""), a, &messages, &t->err)
        && store_talk_retitle(s, me, &id, STR("Greeting"), 6, &t->err)
        && store_fact_put(s, me, &x, &replaced, &t->err)
        && store_fact_list(s, me, &q, a, &found, &t->err)
        && store_fact_get(s, me, &id, a, &x, &t->err);
    mem_test_fail(0, 0);
    if (ok) {
        assert_int_equal(sessions.n, 1);
        assert_int_equal(found.n, 1);
        assert_non_null(messages.next_cursor.ptr);
    } else if (a) {
        assert_int_equal(t->err.code, ERR_NO_MEMORY);
    }
    arena_free(a);
    /* As many turns as were acknowledged, whatever failed. */
    Err err = ERR_INIT;
    bool there = store_talk_session(s, me, &id, f->a, &session, &err);
    assert_true(there || err.code == ERR_NOT_FOUND);
    assert_int_equal(there ? session.n_messages : 0, 2 * t->turns);
    return ok;
}

static void without_memory(void **state)
{
    ONLY_SQLITE;
    Try t = {.f = *state};
    assert_true(torture_alloc(try_all, &t, 0) > 5);
    assert_true(torture_alloc(try_all, &t, 1) > 5);
}

/* A turn and a fact whose nth write fails: not acknowledged, then not there; else whole. */
static void failing_disk(void **state)
{
    ONLY_SQLITE;
    Fx *f = *state;
    Uuid id = fx_uuid(1);
    uint64_t turns = 1;
    OK(say(f, &f->owner, 1, "first", "yes", 0, 1, &oops));
    for (long nth = 1; nth < 200; nth++) {
        TalkSession t;
        Err err = ERR_INIT;
        fault_set(nth, nth % 2, nth % 3 ? SQLITE_FULL : SQLITE_IOERR);
        bool ok = say(f, &f->owner, 1, "again", "yes", 2 * turns, nth, &err);
        long hits = atomic_load(&fault_hits);
        fault_set(0, false, 0);
        assert_true(ok || err.code == ERR_STORAGE_FULL || err.code == ERR_IO);
        turns += ok;
        OK(store_talk_session(f->s, &f->owner, &id, f->a, &t, &oops));
        assert_int_equal(t.n_messages, 2 * turns);
        if (ok && !hits) {
            assert_true(nth > 2);
            return;
        }
    }
    fail_msg("a turn writes more than 200 times");
}

static int install(void **state)
{
    (void)state;
    log_init(LOG_ERROR, "text"); /* warnings are what these tests are about */
    return fault_install() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(one_conversation),
        T(turns_do_not_cross),
        T(a_day_to_bring_it_back),
        T(pages_of_messages),
        T(lists_and_search),
        T(found_by_what_was_said),
        T(refused_turns),
        T(one_fact_a_subject),
        T(forgetting_and_taking_back),
        T(forgotten_bytes_are_gone),
        T(an_older_file),
        T(doctor_finds),
        T(without_memory),
        T(failing_disk),
    };
    return cmocka_run_group_tests(tests, install, NULL);
}
