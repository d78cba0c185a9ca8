#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"

/* Standard error becomes a socket that keeps message boundaries, so that a test sees every write(2)
 * by itself. */
static int ends[2], saved_stderr;

static int capture(void **state)
{
    (void)state;
    saved_stderr = dup(STDERR_FILENO);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0 || dup2(ends[1], STDERR_FILENO) < 0)
        return -1;
    return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

static int restore(void **state)
{
    (void)state;
    (void)dup2(saved_stderr, STDERR_FILENO);
    (void)close(saved_stderr);
    (void)close(ends[0]);
    (void)close(ends[1]);
    log_init(LOG_WARN, "auto");
    log_request(STR(""));
    return 0;
}

static char line[8192];

/* The next write, or an empty Str when there is none. */
static Str next_write(void)
{
    ssize_t n = read(ends[0], line, sizeof line);
    return (Str){line, n > 0 ? (size_t)n : 0};
}

/* The next write, which must be one line of JSON. */
static Json *next_json(void)
{
    Str s = next_write();
    assert_true(s.len > 1 && s.ptr[s.len - 1] == '\n');
    assert_int_equal(str_find(s, STR("\n"), 0), s.len - 1);
    assert_true(utf8_ok(s));
    Err err = ERR_INIT;
    Json *j = json_parse(str_sub(s, 0, s.len - 1), 2, &err);
    if (!j)
        fail_msg("%s: " STR_FMT, err.msg, STR_ARG(s));
    return j;
}

static void a_json_line(void **state)
{
    (void)state;
    log_init(LOG_INFO, "json");
    clock_set_ms(1795425300000);
    errno = EBADF;
    log_write(LOG_INFO, "store", "opened %d documents", 3);
    assert_int_equal(errno, EBADF);
    Json *j = next_json();
    assert_int_equal(json_count(j), 4);
    assert_str(str_sub(json_str(json_get(j, "ts")), 0, 16), "2026-11-23T09:15");
    assert_str(json_str(json_get(j, "level")), "info");
    assert_str(json_str(json_get(j, "module")), "store");
    assert_str(json_str(json_get(j, "msg")), "opened 3 documents");
    json_free(j);
    assert_int_equal(next_write().len, 0); /* one write a line */
}

static void auto_is_json_without_a_terminal(void **state)
{
    (void)state;
    log_init(LOG_WARN, "auto");
    log_write(LOG_ERROR, "net", "x");
    json_free(next_json());
}

static void hostile_text_stays_one_valid_line(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"two\nlines", "two\nlines"},
        {"quote \" and \\ and \t", "quote \" and \\ and \t"},
        {"bell \a escape \x1b[31m", "bell \a escape \x1b[31m"},
        {"broken \xFF utf-8 \xE2\x82", "broken \xEF\xBF\xBD utf-8 \xEF\xBF\xBD\xEF\xBF\xBD"},
        {"c1 \xC2\x9B", "c1 \xC2\x9B"},
        {"\",\"level\":\"error", "\",\"level\":\"error"},
        {"", ""},
    };
    log_init(LOG_INFO, "json");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        log_write(LOG_WARN, "m\"od", "%s", rows[i].in);
        Json *j = next_json();
        assert_str(json_str(json_get(j, "msg")), rows[i].out);
        assert_str(json_str(json_get(j, "level")), "warn");
        assert_str(json_str(json_get(j, "module")), "m\"od");
        json_free(j);
    }
}

static void long_messages_are_cut_at_a_character(void **state)
{
    (void)state;
    static char text[20000];
    static const char *const units[] = {"a", "\xE2\x82\xAC", "\x01", "\"", "\xFF"};
    log_init(LOG_INFO, "json");
    for (size_t u = 0; u < ARRAY_LEN(units); u++) {
        size_t n = strlen(units[u]), at = 0;
        for (; at + n < sizeof text; at += n)
            memcpy(text + at, units[u], n);
        text[at] = '\0';
        log_write(LOG_WARN, text, "short"); /* even a module name may not burst the line */
        Json *j = next_json();
        json_free(j);
        log_write(LOG_WARN, "m", "%s", text);
        j = next_json();
        assert_true(json_str(json_get(j, "msg")).len > 500);
        json_free(j);
    }
}

static void request_ids_belong_to_a_thread(void **state)
{
    (void)state;
    log_init(LOG_INFO, "json");
    log_request(STR("abc-1"));
    log_write(LOG_WARN, "m", "x");
    Json *j = next_json();
    assert_str(json_str(json_get(j, "request_id")), "abc-1");
    json_free(j);
    log_request((Str){NULL, 0});
    log_write(LOG_WARN, "m", "x");
    j = next_json();
    assert_null(json_get(j, "request_id"));
    json_free(j);
}

static void levels(void **state)
{
    (void)state;
    LogLevel level = LOG_DEBUG;
    assert_true(log_level_parse("error", &level) && level == LOG_ERROR);
    assert_true(log_level_parse("warn", &level) && level == LOG_WARN);
    assert_true(log_level_parse("info", &level) && level == LOG_INFO);
    assert_true(log_level_parse("debug", &level) && level == LOG_DEBUG);
    assert_false(log_level_parse("verbose", &level));
    assert_false(log_level_parse("", &level));
    assert_int_equal(level, LOG_DEBUG);
    log_init(LOG_WARN, "json");
    assert_true(log_on(LOG_ERROR) && log_on(LOG_WARN));
    assert_false(log_on(LOG_INFO) || log_on(LOG_DEBUG));
    log_write(LOG_INFO, "m", "unseen");
    assert_int_equal(next_write().len, 0);
}

static void a_text_line(void **state)
{
    (void)state;
    log_init(LOG_DEBUG, "text");
    log_write(LOG_INFO, "store", "one\ntwo \x1b[31m \"quoted\" caf\xC3\xA9");
    Str s = next_write();
    assert_true(s.len > 9 && s.ptr[2] == ':' && s.ptr[5] == ':' && s.ptr[8] == ' ');
    assert_str(str_sub(s, 9, s.len),
               "info  store: one\\ntwo \\u001b[31m \"quoted\" caf\xC3\xA9\n");
    log_write(LOG_ERROR, "net", "x");
    assert_str(str_sub(next_write(), 9, 99), "error net: x\n");
}

static void *write_many(void *arg)
{
    for (int i = 0; i < 50; i++)
        log_write(LOG_WARN, "thread", "%s %d", (const char *)arg, i);
    return NULL;
}

static void threads_never_mix_lines(void **state)
{
    (void)state;
    static const char *const names[] = {"one", "two", "three", "four"};
    pthread_t t[4];
    size_t seen = 0;
    log_init(LOG_INFO, "json");
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, write_many, (void *)(uintptr_t)names[i]), 0);
    for (size_t i = 0; i < 4; i++) /* the socket's buffer holds 200 lines; nothing blocks */
        (void)pthread_join(t[i], NULL);
    for (; seen < 200; seen++)
        json_free(next_json());
    assert_int_equal(next_write().len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_json_line, capture, restore),
        cmocka_unit_test_setup_teardown(auto_is_json_without_a_terminal, capture, restore),
        cmocka_unit_test_setup_teardown(hostile_text_stays_one_valid_line, capture, restore),
        cmocka_unit_test_setup_teardown(long_messages_are_cut_at_a_character, capture, restore),
        cmocka_unit_test_setup_teardown(request_ids_belong_to_a_thread, capture, restore),
        cmocka_unit_test_setup_teardown(levels, capture, restore),
        cmocka_unit_test_setup_teardown(a_text_line, capture, restore),
        cmocka_unit_test_setup_teardown(threads_never_mix_lines, capture, restore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
