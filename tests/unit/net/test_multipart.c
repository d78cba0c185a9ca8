/* test_multipart.c - forms with files, as browsers, curl and attackers write them. */
#include <stdlib.h>

#include "base/mem.h"
#include "net/multipart.h"
#include "support/unit.h"

#define TYPE "multipart/form-data; boundary=B"
#define CD "Content-Disposition: form-data; "

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(ARENA_DEFAULT_MAX);
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void parse_ok(const char *body, Multipart *m)
{
    Err err = ERR_INIT;
    if (!multipart_parse(str_of(body), STR(TYPE), NULL, arena, m, &err))
        fail_msg("%s: %s", body, err.msg);
}

static void a_form_with_a_file(void **state)
{
    (void)state;
    Multipart m;
    parse_ok("--B\r\n" CD "name=\"title\"\r\n\r\nMy notes\r\n"
             "--B\r\n" CD "name=\"file\"; filename=\"n\xC3\xB6tes.txt\"\r\n"
             "Content-Type: text/plain\r\n\r\nline\r\n--B not a delimiter\r\n--Bx\r\n\r\n"
             "--B\r\n" CD "name=empty\r\n\r\n\r\n--B--\r\n", &m);
    assert_int_equal(m.count, 3);
    assert_str(m.parts[0].name, "title");
    assert_str(m.parts[0].data, "My notes");
    assert_null(m.parts[0].filename.ptr);
    assert_null(m.parts[0].content_type.ptr);
    const MultipartPart *file = multipart_find(&m, "file");
    assert_non_null(file);
    assert_str(file->filename, "n\xC3\xB6tes.txt");
    assert_str(file->content_type, "text/plain");
    assert_str(file->data, "line\r\n--B not a delimiter\r\n--Bx\r\n");
    assert_str(m.parts[2].name, "empty");
    assert_str(m.parts[2].data, "");
    assert_null(multipart_find(&m, "other"));
}

static void variants(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        size_t count;
        const char *name, *filename, *data; /* of the first part */
    } cases[] = {
        {"--B--", 0, NULL, NULL, NULL},
        {"--B--\r\nepilogue --B\r\n", 0, NULL, NULL, NULL},
        {"preamble\r\n--B\r\n" CD "name=a\r\n\r\n1\r\n--B--", 1, "a", NULL, "1"},
        {"--B \t\r\n" CD "name=a\r\n\r\n1\r\n--B \r\n" CD "name=b\r\n\r\n2\r\n--B--", 2, "a",
         NULL, "1"},
        {"--B\r\n" CD "name=a\r\n\r\n\r\n\r\n\r\n--B--", 1, "a", NULL, "\r\n\r\n"},
        {"--B\r\n" CD "name=a\r\n\r\n\r\n--B--", 1, "a", NULL, ""},
        {"--B\r\n" CD "name=a\r\n\r\n--B--", 1, "a", NULL, ""}, /* no line between */
        {"--B\r\ncontent-disposition:form-data;NAME=\"a\"\r\n\r\n1\r\n--B--", 1, "a", NULL, "1"},
        {"--B\r\nX: y\r\n" CD "name=\"a\";\r\n\r\n1\r\n--B--", 1, "a", NULL, "1"},
        {"--B\r\n" CD "name=\"a b\"; filename=\"\"\r\n\r\n1\r\n--B--", 1, "a b", "", "1"},
        {"--B\r\n" CD "name=\"a\\\"b\"\r\n\r\n1\r\n--B--", 1, "a\"b", NULL, "1"},
        {"--B\r\n" CD "name=\"a%22b\"\r\n\r\n1\r\n--B--", 1, "a\"b", NULL, "1"},
        {"--B\r\n" CD "name=f; filename=\"a;b.txt\"\r\n\r\n1\r\n--B--", 1, "f", "a;b.txt", "1"},
        {"--B\r\n" CD "name=f; filename=\"C:\\dir\\x.txt\"\r\n\r\n1\r\n--B--", 1, "f", "x.txt",
         "1"},
        {"--B\r\n" CD "name=f; filename=\"../../etc/passwd\"\r\n\r\n1\r\n--B--", 1, "f", "passwd",
         "1"},
        {"--B\r\n" CD "name=f; filename=\"a/..\"\r\n\r\n1\r\n--B--", 1, "f", "", "1"},
        {"--B\r\n" CD "name=f; filename=x; filename*=UTF-8''%E2%82%AC%20rates\r\n\r\n1\r\n--B--",
         1, "f", "\xE2\x82\xAC rates", "1"},
        {"--B\r\n" CD "name=f; filename*=utf-8'en'..%2Fa.txt\r\n\r\n1\r\n--B--", 1, "f", "a.txt",
         "1"},
        {"--B\r\nContent-Transfer-Encoding: binary\r\n" CD "name=a\r\n\r\n1\r\n--B--", 1, "a",
         NULL, "1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Multipart m;
        parse_ok(cases[i].body, &m);
        assert_int_equal(m.count, cases[i].count);
        if (!cases[i].count)
            continue;
        assert_str(m.parts[0].name, cases[i].name);
        assert_str(m.parts[0].data, cases[i].data);
        if (cases[i].filename)
            assert_str(m.parts[0].filename, cases[i].filename);
        else
            assert_null(m.parts[0].filename.ptr);
    }
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *body, *why;
    } cases[] = {
        {"", "boundary does not occur"},
        {"--A\r\n" CD "name=a\r\n\r\n1\r\n--A--", "boundary does not occur"},
        {"--B", "boundary does not occur"},
        {"--B\n" CD "name=a\n\n1\n--B--", "boundary does not occur"},
        {"--B\r\n", "headers do not end"},
        {"--B\r\n" CD "name=a\r\n", "headers do not end"},
        {"--B\r\n" CD "name=a\r\n\r\n1", "cut off"},
        {"--B\r\n" CD "name=a\r\n\r\n1\r\n", "cut off"},
        {"--B\r\n" CD "name=a\r\n\r\n1\r\n--B", "cut off"},
        {"--B\r\n" CD "name=a\r\n\r\n1\r\n--B-", "cut off"},
        {"--B\r\n" CD "name=a\r\n\r\n1\r\n--B\r\n", "part 2 of the form"},
        {"--B\r\n\r\n1\r\n--B--", "one Content-Disposition"},
        {"--B\r\nX: y\r\n\r\n1\r\n--B--", "one Content-Disposition"},
        {"--B\r\n" CD "name=a\r\n" CD "name=a\r\n\r\n1\r\n--B--", "one Content-Disposition"},
        {"--B\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--B--",
         "one Content-Disposition"},
        {"--B\r\n" CD "filename=a\r\n\r\n1\r\n--B--", "no name"},
        {"--B\r\n" CD "name\r\n\r\n1\r\n--B--", "malformed"},
        {"--B\r\n" CD "name=a b=c; =x\r\n\r\n1\r\n--B--", "malformed"},
        {"--B\r\n" CD "name=\"a\"b\r\n\r\n1\r\n--B--", "malformed"},
        {"--B\r\n" CD "name=\"a\r\n\r\n1\r\n--B--", "does not end"},
        {"--B\r\n" CD "name=a; name=b\r\n\r\n1\r\n--B--", "twice"},
        {"--B\r\n" CD "name=\"\xFF\"\r\n\r\n1\r\n--B--", "UTF-8"},
        {"--B\r\n" CD "name=f; filename=\"a\tb\"\r\n\r\n1\r\n--B--", "control character"},
        {"--B\r\n" CD "name=f; filename=\"a\x01" "b\"\r\n\r\n1\r\n--B--", "not allowed"},
        {"--B\r\n" CD "name=f; filename*=latin1''x\r\n\r\n1\r\n--B--", "UTF-8''"},
        {"--B\r\n" CD "name=f; filename*=UTF-8''%zz\r\n\r\n1\r\n--B--", "escape"},
        {"--B\r\n" CD "name=f; filename*=UTF-8''a%00b\r\n\r\n1\r\n--B--", "NUL"},
        {"--B\r\nno colon\r\n\r\n1\r\n--B--", "colon"},
        {"--B\r\nBad Name: x\r\n\r\n1\r\n--B--", "not allowed"},
        {"--B\r\n" CD "name=a\r\nContent-Transfer-Encoding: base64\r\n\r\n1\r\n--B--",
         "Transfer-Encoding"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Err err = ERR_INIT;
        Multipart m;
        bool ok = multipart_parse(str_of(cases[i].body), STR(TYPE), NULL, arena, &m, &err);
        if (ok)
            fail_msg("accepted: %s", cases[i].body);
        assert_err(ok, err, ERR_VALIDATION, cases[i].why);
    }
}

static void content_types(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        ErrCode code; /* ERR_NONE: parsed */
    } cases[] = {
        {"multipart/form-data; boundary=B", ERR_NONE},
        {"Multipart/Form-Data;BOUNDARY=\"B\"", ERR_NONE},
        {"multipart/form-data; charset=utf-8; boundary=B", ERR_NONE},
        {"multipart/form-data", ERR_VALIDATION},
        {"multipart/form-data; boundary=", ERR_VALIDATION},
        {"multipart/form-data; boundary=\"\"", ERR_VALIDATION},
        {"multipart/form-data; boundary=\"a\x7f\"", ERR_VALIDATION},
        {"multipart/form-data; boundary=\"a \"", ERR_VALIDATION},
        {"multipart/form-data; boundary="
         "0123456789012345678901234567890123456789012345678901234567890123456789X",
         ERR_VALIDATION},
        {"multipart/mixed; boundary=B", ERR_UNSUPPORTED_MEDIA},
        {"application/json", ERR_UNSUPPORTED_MEDIA},
        {"", ERR_UNSUPPORTED_MEDIA},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Err err = ERR_INIT;
        Multipart m;
        bool ok = multipart_parse(STR("--B--"), str_of(cases[i].type), NULL, arena, &m, &err);
        assert_int_equal(ok, cases[i].code == ERR_NONE);
        assert_int_equal(err.code, cases[i].code);
    }
}

static void limits(void **state)
{
    (void)state;
    MultipartLimits l = {.parts = 2, .header_bytes = 60, .name_bytes = 3};
    static const struct {
        const char *body, *why; /* NULL: at the limit */
    } cases[] = {
        {"--B\r\n" CD "name=a\r\n\r\n1\r\n--B\r\n" CD "name=b\r\n\r\n2\r\n--B--", NULL},
        {"--B\r\n" CD "name=a\r\n\r\n1\r\n--B\r\n" CD "name=b\r\n\r\n2\r\n--B\r\n" CD
         "name=c\r\n\r\n3\r\n--B--", "more than 2 parts"},
        {"--B\r\n" CD "name=abc\r\n\r\n1\r\n--B--", NULL},
        {"--B\r\n" CD "name=abcd\r\n\r\n1\r\n--B--", "longer than 3"},
        {"--B\r\n" CD "name=a; filename=abcd\r\n\r\n1\r\n--B--", "longer than 3"},
        {"--B\r\n" CD "name=a\r\nX: yyyyyyyyyy\r\n\r\n1\r\n--B--", NULL},
        {"--B\r\n" CD "name=a\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n\r\n1\r\n--B--",
         "longer than 60"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Err err = ERR_INIT;
        Multipart m;
        bool ok = multipart_parse(str_of(cases[i].body), STR(TYPE), &l, arena, &m, &err);
        if (cases[i].why)
            assert_err(ok, err, ERR_TOO_LARGE, cases[i].why);
        else if (!ok)
            fail_msg("%s", err.msg);
    }
}

/* Any bytes but the delimiter come back as they went in. */
static void binary_data(void **state)
{
    (void)state;
    srand(7);
    for (int round = 0; round < 300; round++) {
        Buf b;
        char data[2000];
        size_t n = (size_t)rand() % sizeof data;
        for (size_t i = 0; i < n; i++)
            data[i] = "\r\n-B\0xyz"[rand() % 8];
        for (size_t i = 0; i + 4 < n; i++) /* no delimiter inside */
            if (memcmp(data + i, "\r\n--B", 5) == 0)
                data[i + 4] = 'C';
        if (n >= 3 && memcmp(data, "--B", 3) == 0)
            data[0] = 'x';
        buf_init(&b, 65536);
        buf_add_c(&b, "--B\r\n" CD "name=f; filename=x\r\n\r\n");
        buf_add_mem(&b, data, n);
        buf_add_c(&b, "\r\n--B--\r\n");
        Multipart m;
        Err err = ERR_INIT;
        if (!multipart_parse(buf_str(&b), STR(TYPE), NULL, arena, &m, &err))
            fail_msg("%s", err.msg);
        assert_int_equal(m.count, 1);
        assert_true(str_eq(m.parts[0].data, str_mem(data, n)));
        buf_release(&b);
    }
}

/* A body cut anywhere is refused: a part of an upload is never taken for the whole. */
static void every_cut_is_refused(void **state)
{
    (void)state;
    static const char body[] = "--B\r\n" CD "name=a; filename=f\r\n\r\ndata\r\n--B--";
    for (size_t n = 0; n < sizeof body - 1; n++) {
        Multipart m;
        Err err = ERR_INIT;
        if (multipart_parse(str_mem(body, n), STR(TYPE), NULL, arena, &m, &err))
            fail_msg("%zu bytes were taken for a whole form", n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_with_a_file), cmocka_unit_test(variants),
        cmocka_unit_test(refused),            cmocka_unit_test(content_types),
        cmocka_unit_test(limits),             cmocka_unit_test(binary_data),
        cmocka_unit_test(every_cut_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
