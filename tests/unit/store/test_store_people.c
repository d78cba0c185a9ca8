/* test_store_people.c - people, credentials and the audit log; and that a person goes whole. */
#include "store_unit.h"

#include "base/os.h"
#include "store/people.h"
#include "store/talk.h"

static Person person(uint64_t n, const char *name)
{
    return (Person){.id = fx_uuid(n), .name = str_of(name), .password = STR("$scrypt$x"),
                    .created_at = 1000};
}

static Credential credential(uint64_t n, uint64_t owner)
{
    Credential c = {.id = fx_uuid(n), .owner = fx_uuid(owner), .name = STR("tablet"), .scopes = 3,
                    .created_at = 5, .expires_at = 7};
    memset(c.hash.b, (int)n, sizeof c.hash.b);
    return c;
}

static void people(void **state)
{
    Fx *f = *state;
    Person ann = person(1, "Ann"), bob = person(2, "bob"), *list;
    size_t n;
    OK(store_person_put(f->s, &ann, &oops));
    OK(store_person_put(f->s, &bob, &oops));
    Person other = person(3, "ANN");
    assert_false(store_person_put(f->s, &other, &oops));
    assert_int_equal(oops.code, ERR_CONFLICT);
    static const char *const bad[] = {"", "a b", "a/b", "\xC3\xA4", "a\n", "x'; DROP TABLE people"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        other.name = str_of(bad[i]);
        assert_false(store_person_put(f->s, &other, &oops));
        assert_int_equal(oops.code, ERR_VALIDATION);
    }
    ann.admin = true;
    ann.password = STR("");
    OK(store_person_put(f->s, &ann, &oops));
    store_close(f->s);
    f->s = fx_open(f->dir.path);
    OK(store_person_list(f->s, f->a, &list, &n, &oops));
    assert_int_equal(n, 2);
    assert_true(str_eq(list[0].name, STR("Ann")) && list[0].admin && !list[0].password.len);
    assert_true(str_eq(list[1].name, STR("bob")) && !list[1].admin && list[1].password.len);
}

static void credentials(void **state)
{
    Fx *f = *state;
    Person ann = person(1, "ann");
    Credential c = credential(10, 1), d = credential(11, 1), stray = credential(12, 9), *list;
    size_t n;
    int64_t at = 99;
    OK(store_person_put(f->s, &ann, &oops));
    OK(store_credential_put(f->s, &c, &oops));
    OK(store_credential_put(f->s, &d, &oops));
    assert_false(store_credential_put(f->s, &stray, &oops));
    assert_int_equal(oops.code, ERR_NOT_FOUND);
    OK(store_credential_used(f->s, &c.id, &at, 1, &oops));
    at = 50;
    OK(store_credential_used(f->s, &c.id, &at, 1, &oops)); /* an older use says nothing new */
    OK(store_credential_delete(f->s, &d.id, 1, &oops));
    OK(store_credential_delete(f->s, &d.id, 1, &oops));
    OK(store_credential_list(f->s, f->a, &list, &n, &oops));
    assert_int_equal(n, 1);
    assert_true(uuid_eq(&list[0].id, &c.id) && uuid_eq(&list[0].owner, &ann.id));
    assert_memory_equal(list[0].hash.b, c.hash.b, 32);
    assert_int_equal(list[0].used_at, 99);
    assert_int_equal(list[0].expires_at, 7);
}

static void audit(void **state)
{
    Fx *f = *state;
    AuditEntry e[3], *list;
    size_t n;
    Uuid ann = fx_uuid(1);
    for (int i = 0; i < 3; i++)
        e[i] = (AuditEntry){.at = 100 + i, .person = i == 1 ? (Uuid){{0}} : ann, .who = STR("ann"),
                            .via = STR("session"), .address = STR("::1"), .status = 200 + i,
                            .action = i == 2 ? STR("DELETE /x") : STR("POST /y"),
                            .object = STR("/y")};
    OK(store_audit_add(f->s, e, 3, 0, &oops));
    OK(store_audit_list(f->s, &(AuditQuery){.limit = 10}, f->a, &list, &n, &oops));
    assert_int_equal(n, 3);
    assert_true(list[0].no > list[1].no && list[0].status == 202);
    OK(store_audit_list(f->s, &(AuditQuery){.limit = 10, .person = &ann}, f->a, &list, &n, &oops));
    assert_int_equal(n, 2);
    OK(store_audit_list(f->s, &(AuditQuery){.limit = 10, .action = STR("DELETE")}, f->a, &list, &n,
                        &oops));
    assert_int_equal(n, 1);
    OK(store_audit_list(f->s, &(AuditQuery){.limit = 1, .before = list[0].no}, f->a, &list, &n,
                        &oops));
    assert_true(n == 1 && list[0].status == 201);
    OK(store_audit_add(f->s, e, 0, 102, &oops)); /* what is older is forgotten */
    OK(store_audit_list(f->s, &(AuditQuery){.limit = 10}, f->a, &list, &n, &oops));
    assert_true(n == 1 && list[0].at == 102);
    assert_false(store_audit_list(f->s, &(AuditQuery){.limit = 0}, f->a, &list, &n, &oops));
}

static uint64_t documents_of(Fx *f, const Uuid *owner)
{
    DocPage page;
    OK(store_document_list(f->s, owner, &(DocFilter){0}, SORT_UPDATED_DESC, 10, STR(""), f->a,
                           &page, &oops));
    return page.total;
}

static void a_person_goes_whole(void **state)
{
    Fx *f = *state;
    Person ann = person(1, "ann"), bob = person(2, "bob"), *list;
    Credential c = credential(10, 1), *tokens;
    size_t n;
    PutOutcome outcome;
    Uuid id;
    OK(store_person_put(f->s, &ann, &oops));
    OK(store_person_put(f->s, &bob, &oops));
    OK(store_credential_put(f->s, &c, &oops));
    for (uint64_t i = 0; i < 450; i++) {
        char text[80];
        int len = snprintf(text, sizeof text, "zanzibarquux number %d is here", (int)i);
        DocumentPut *p = fx_doc(f->a, 100 + i, STR("Title"), str_mem(text, (size_t)len));
        OK(store_document_put(f->s, &ann.id, p, &outcome, &id, &oops));
    }
    DocumentPut *shared = fx_doc(f->a, 5000, STR("Both"), STR("the same bytes for both"));
    OK(store_document_put(f->s, &ann.id, shared, &outcome, &id, &oops));
    shared = fx_doc(f->a, 5001, STR("Both"), STR("the same bytes for both"));
    OK(store_document_put(f->s, &bob.id, shared, &outcome, &id, &oops));
    Fact fact = {.id = fx_uuid(70), .text = STR("my manager is Dana"), .subject = STR("manager"),
                 .value = STR("Dana"), .source = STR("api"), .created_at = 1, .updated_at = 1};
    Uuid replaced;
    OK(store_fact_put(f->s, &ann.id, &fact, &replaced, &oops));
    OK(store_person_remove(f->s, &ann.id, &oops));
    assert_false(store_person_remove(f->s, &ann.id, &oops));
    assert_int_equal(oops.code, ERR_NOT_FOUND);
    for (int again = 0; again < 2; again++) {
        OK(store_person_list(f->s, f->a, &list, &n, &oops));
        assert_true(n == 1 && str_eq(list[0].name, STR("bob")));
        OK(store_credential_list(f->s, f->a, &tokens, &n, &oops));
        assert_int_equal(n, 0);
        assert_int_equal(documents_of(f, &ann.id), 0);
        assert_int_equal(documents_of(f, &bob.id), 1);
        fx_check(f->s);
        if (again)
            break;
        /* While it is open nobody can be that owner again, not even by a write on its way. */
        DocumentPut *late = fx_doc(f->a, 6000, STR("Late"), STR("came too late"));
        assert_false(store_document_put(f->s, &ann.id, late, &outcome, &id, &oops));
        assert_int_equal(oops.code, ERR_NOT_FOUND);
        assert_false(store_fact_put(f->s, &ann.id, &fact, &replaced, &oops));
        if (fx_qdrant()) {
            store_close(f->s);
            f->s = fx_open(f->dir.path);
            continue; /* there is no file to look into */
        }
        store_close(f->s);
        char path[700], cache[800];
        Buf file;
        (void)snprintf(path, sizeof path, "%s/sotto.db", f->dir.path);
        buf_init(&file, (size_t)1 << 30);
        OK(os_read_file(path, &file, &oops));
        assert_true(str_find(buf_str(&file), STR("zanzibarquux"), 0) == SIZE_MAX);
        assert_true(str_find(buf_str(&file), STR("my manager"), 0) == SIZE_MAX);
        buf_release(&file);
        char text[UUID_TEXT];
        (void)snprintf(cache, sizeof cache, "%s/cache/%s", f->dir.path,
                       uuid_format(&ann.id, text));
        assert_false(os_exists(cache));
        f->s = fx_open(f->dir.path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(people, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(credentials, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(audit, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(a_person_goes_whole, fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
