/* Editing a line: keys in, text and cursor out, and what is drawn. */
#include "support/unit.h"

#include <stdio.h>

#include "app/line.h"

static LineEdit e;

static int up(void **state)
{
    Err err = ERR_INIT;
    (void)state;
    return line_edit_init(&e, &err) ? 0 : -1;
}

static int down(void **state)
{
    (void)state;
    line_edit_release(&e);
    return 0;
}

static LineEvent keys(const char *bytes)
{
    LineEvent event = LINE_MORE;
    for (; *bytes; bytes++)
        event = line_edit_feed(&e, *bytes);
    return event;
}

static void editing(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *text;
        size_t at;
    } cases[] = {
        {"hello", "hello", 5},
        {"hllo\x01\x06" "e", "hello", 2},                    /* Ctrl-A, Ctrl-F */
        {"helo\x1B[Dl", "hello", 4},                         /* left */
        {"ello\x1B[Hh", "hello", 1},                         /* Home */
        {"ello\x1BOHh\x1BOF!", "hello!", 6},                 /* Home, End the other way */
        {"ello\x1B[1~h\x1B[4~!", "hello!", 6},
        {"hexllo\x1B[D\x1B[D\x1B[D\x7F", "hello", 2},        /* Backspace */
        {"hexllo\x1B[D\x1B[D\x1B[D\x1B[D\x1B[3~", "hello", 2}, /* Delete */
        {"\x7F\x1B[3~\x17\x0B\x15\x14", "", 0},              /* nothing to take */
        {"one two\x17", "one ", 4},                          /* Ctrl-W */
        {"one two  \x17", "one ", 4},
        {"one two\x1B" "bX", "one Xtwo", 5},                 /* Alt-B */
        {"one two\x01\x1B" "fX", "oneX two", 4},             /* Alt-F */
        {"one two\x1B[D\x1B[D\x0B", "one t", 5},             /* Ctrl-K */
        {"one two\x1B[D\x1B[D\x15", "wo", 0},                /* Ctrl-U */
        {"ab\x14", "ba", 2},                                 /* Ctrl-T */
        {"a\xC3\xA9\x14", "\xC3\xA9" "a", 3},
        {"caf\xC3\xA9\x7F" "e", "cafe", 4},                  /* characters, not bytes */
        {"\xC3\xA9\x1B[D\x1B[C!", "\xC3\xA9!", 3},
        {"\xF0\x9F\x8D\x8B\x1B[D" "x", "x\xF0\x9F\x8D\x8B", 1},
        {"a\xFF" "b\xC3z\x80", "abz", 3},                    /* broken bytes */
        {"a\xC2\x9B" "b\x02\x1D", "ab", 1},                  /* a C1 control; Ctrl-B; unknown */
        {"a\tb", "a b", 3},
        {"a\x1B[1;5Cb\x1B[200~c\x1Bzd", "abcd", 4},          /* sequences nobody knows */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        line_edit_accept(&e);
        e.n_history = 0;
        assert_int_equal(keys(cases[i].keys), LINE_MORE);
        assert_str(buf_str(&e.text), cases[i].text);
        assert_int_equal(e.at, cases[i].at);
    }
}

static void ends(void **state)
{
    (void)state;
    assert_int_equal(keys("\x04"), LINE_EOF);
    assert_int_equal(keys("a\x01\x04"), LINE_MORE); /* deletes what is there */
    assert_int_equal(e.text.len, 0);
    assert_int_equal(keys("a\r"), LINE_DONE);
    assert_int_equal(keys("\x03"), LINE_INTERRUPT);
    assert_int_equal(keys("\x0C"), LINE_CLEAR);
}

static void say(const char *line)
{
    keys(line);
    line_edit_accept(&e);
}

static void history(void **state)
{
    (void)state;
    keys("\x1B[A\x1B[B"); /* there is none */
    say("one");
    say("two");
    say("two"); /* kept once */
    say("");
    assert_int_equal(e.n_history, 2);
    keys("half");
    keys("\x1B[A");
    assert_str(buf_str(&e.text), "two");
    keys("\x10\x10\x10"); /* Ctrl-P; stays at the first */
    assert_str(buf_str(&e.text), "one");
    keys("!\x1B[B");
    assert_str(buf_str(&e.text), "two");
    keys("\x0E\x0E");
    assert_str(buf_str(&e.text), "half"); /* what was begun */
    line_edit_accept(&e);
    for (int i = 0; i < (int)LINE_HISTORY + 50; i++) {
        char line[20];
        (void)snprintf(line, sizeof line, "line %d", i);
        say(line);
    }
    assert_int_equal(e.n_history, LINE_HISTORY);
    assert_str(e.history[LINE_HISTORY - 1], "line 249");
}

static void too_long(void **state)
{
    (void)state;
    for (size_t i = 0; i < LINE_MAX_BYTES + 10; i++)
        line_edit_feed(&e, 'x');
    assert_int_equal(e.text.len, LINE_MAX_BYTES);
    assert_true(e.full);
    line_edit_accept(&e);
    assert_false(e.full);
}

static void drawn(const char *typed, size_t width, const char *want)
{
    Buf out;
    buf_init(&out, 1 << 16);
    line_edit_accept(&e);
    keys(typed);
    line_edit_draw(&e, STR("> "), width, &out);
    assert_str(buf_str(&out), want);
    buf_release(&out);
}

static void drawing(void **state)
{
    (void)state;
    drawn("", 20, "\r> \x1B[K\r\x1B[2C");
    drawn("hello", 20, "\r> hello\x1B[K\r\x1B[7C");
    drawn("hello\x1B[D\x1B[D", 20, "\r> hello\x1B[K\r\x1B[5C");
    drawn("caf\xC3\xA9", 20, "\r> caf\xC3\xA9\x1B[K\r\x1B[6C");
    drawn("0123456789abcdef", 12, "\r> 89abcdef\x1B[K\r\x1B[10C"); /* scrolled to its end */
    drawn("0123456789abcdef\x01", 12, "\r> 012345678\x1B[K\r\x1B[2C");
    /* On any row the cursor stays on it. */
    for (size_t width = 4; width < 40; width++) {
        Buf out;
        buf_init(&out, 1 << 16);
        line_edit_draw(&e, STR("> "), width, &out);
        Str shown = buf_str(&out);
        shown = str_sub(shown, 1, str_find(shown, STR("\x1B"), 0));
        assert_true(term_columns(shown) < width);
        buf_release(&out);
    }
}

#define T(test) cmocka_unit_test_setup_teardown(test, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {T(editing), T(ends), T(history), T(too_long), T(drawing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
