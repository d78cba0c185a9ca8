/* Patterns, against a table and against git itself on generated rules and paths. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "ingest/ignore.h"
#include "support/unit.h"
#include "support/tempdir.h"

static IgnoreVerdict match(const char *rules, const char *path, bool folder)
{
    Err err = ERR_INIT;
    Arena *a = arena_new(1 << 20);
    IgnoreRules *r = NULL;
    assert_true(ignore_parse(str_of(rules), a, &r, &err));
    IgnoreVerdict v = ignore_match(r, str_of(path), folder);
    arena_free(a);
    return v;
}

static void table(void **state)
{
    (void)state;
    static const struct {
        const char *rules, *path;
        bool folder;
        IgnoreVerdict want;
    } cases[] = {
        {"*.log", "a.log", false, IGNORE_OUT},
        {"*.log", "deep/down/a.log", false, IGNORE_OUT},
        {"*.log", "a.logs", false, IGNORE_SILENT},
        {"/a.txt", "a.txt", false, IGNORE_OUT},
        {"/a.txt", "b/a.txt", false, IGNORE_SILENT},
        {"b/a.txt", "b/a.txt", false, IGNORE_OUT},
        {"b/a.txt", "c/b/a.txt", false, IGNORE_SILENT},
        {"build/", "build", true, IGNORE_OUT},
        {"build/", "build", false, IGNORE_SILENT},
        {"build/", "x/build", true, IGNORE_OUT},
        {"**/x", "x", false, IGNORE_OUT},
        {"**/x", "a/b/x", false, IGNORE_OUT},
        {"**/x", "ax", false, IGNORE_SILENT},
        {"a/**", "a", true, IGNORE_SILENT},
        {"a/**", "a/b/c", false, IGNORE_OUT},
        {"a/**/b", "a/b", false, IGNORE_OUT},
        {"a/**/b", "a/x/y/b", false, IGNORE_OUT},
        {"a/**/b", "ab", false, IGNORE_SILENT},
        {"a**/b", "ac/b", false, IGNORE_OUT},
        {"a**/b", "ac/d/b", false, IGNORE_SILENT},
        {"a/*/b", "a/x/b", false, IGNORE_OUT},
        {"a/*/b", "a/x/y/b", false, IGNORE_SILENT},
        {"a?c", "abc", false, IGNORE_OUT},
        {"x/a?c", "x/a/c", false, IGNORE_SILENT},
        {"*.log\n!keep.log", "keep.log", false, IGNORE_IN},
        {"*.log\n!keep.log\nkeep*", "keep.log", false, IGNORE_OUT},
        {"# no\n\\#yes", "#yes", false, IGNORE_OUT},
        {"\\!x", "!x", false, IGNORE_OUT},
        {"name  ", "name", false, IGNORE_OUT},
        {"name\\ ", "name ", false, IGNORE_OUT},
        {"name\r\n", "name", false, IGNORE_OUT},
        {"\xEF\xBB\xBFname", "name", false, IGNORE_OUT},
        {"[a-c]x", "bx", false, IGNORE_OUT},
        {"[!a-c]x", "bx", false, IGNORE_SILENT},
        {"[]]x", "]x", false, IGNORE_OUT},
        {"[[:digit:]]*", "7up", false, IGNORE_OUT},
        {"[[:nonsense:]]*", "7up", false, IGNORE_SILENT},
        {"[a", "[a", false, IGNORE_SILENT},
        {"a\\", "a\\", false, IGNORE_SILENT},
        {"/", "a", true, IGNORE_SILENT},
        {"!", "a", false, IGNORE_SILENT},
        {"", "a", false, IGNORE_SILENT},
        {"*", "anything/at/all", true, IGNORE_OUT},
        {"\xC3\xA4*", "\xC3\xA4rger", false, IGNORE_OUT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        IgnoreVerdict got = match(cases[i].rules, cases[i].path, cases[i].folder);
        if (got != cases[i].want)
            fail_msg("\"%s\" and \"%s\": %d, not %d", cases[i].rules, cases[i].path, (int)got,
                     (int)cases[i].want);
    }
}

static void limits(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Arena *a = arena_new(8 << 20);
    IgnoreRules *r;
    Buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 300; i++)
        buf_add_c(&b, "*a");
    Buf path;
    buf_init(&path, 1 << 20);
    for (int i = 0; i < 4000; i++)
        buf_add_char(&path, 'a');
    /* Would take for ever by trying. */
    assert_true(ignore_parse(buf_str(&b), a, &r, &err));
    assert_int_equal(ignore_match(r, buf_str(&path), false), IGNORE_OUT);
    buf_add_char(&path, 'b');
    assert_int_equal(ignore_match(r, buf_str(&path), false), IGNORE_SILENT);
    buf_clear(&b);
    buf_add_c(&b, "fine\n");
    for (int i = 0; i < IGNORE_PATTERN_MAX + 1; i++)
        buf_add_char(&b, 'x');
    assert_false(ignore_parse(buf_str(&b), a, &r, &err));
    assert_int_equal(err.code, ERR_VALIDATION);
    assert_non_null(strstr(err.msg, "line 2"));
    Str one = STR("sub/");
    err = ERR_INIT;
    assert_true(ignore_patterns(&one, 1, a, &r, &err));
    assert_true(ignore_covers(r, STR("a/sub/b.txt")));
    assert_false(ignore_covers(r, STR("a/sub")));
    buf_release(&b);
    buf_release(&path);
    arena_free(a);
}

/* ---- git ------------------------------------------------------------------------------------- */

enum { RULE_FILES = 60, PATHS = 40 };

static uint64_t seed = 20261123;
static unsigned roll(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((seed >> 33) % n);
}

static void random_path(Buf *out)
{
    static const char *const names[] = {"a", "b", "ab", "a.txt", "b.txt", "foo", "bar", "x-y",
                                        "[z]", "a b", "#c", "!d", "aa", "ba"};
    unsigned depth = 1 + roll(4);
    buf_clear(out);
    for (unsigned i = 0; i < depth; i++)
        buf_printf(out, "%s%s", i ? "/" : "", names[roll(sizeof names / sizeof *names)]);
}

static void random_rule(Buf *out)
{
    static const char *const parts[] = {"a", "b", "ab", "foo", "*", "**", "?", "*.txt", "a*", "*b",
                                        "[ab]", "[!a]", "[a-f]*", "\\[z\\]", "x-y", "a b",
                                        "\\#c", "b?", "[[:alpha:]]", "**a", "***", "[]z]*",
                                        "f[o-]o", "a\\ b"};
    unsigned n = 1 + roll(3);
    buf_add_c(out, roll(5) == 0 ? "!" : "");
    buf_add_c(out, roll(4) == 0 ? "/" : "");
    for (unsigned i = 0; i < n; i++)
        buf_printf(out, "%s%s", i ? "/" : "", parts[roll(sizeof parts / sizeof *parts)]);
    buf_add_c(out, roll(4) == 0 ? "/" : "");
    buf_add_c(out, roll(10) == 0 ? "  " : "");
    buf_add_c(out, "\n");
}

/* As a scan decides: the first folder on the way that is out ends it. */
static bool ours(const IgnoreRules *r, Str path)
{
    for (size_t end = 0; end <= path.len; end++) {
        if (end < path.len && path.ptr[end] != '/')
            continue;
        if (ignore_match(r, str_sub(path, 0, end), end < path.len) == IGNORE_OUT)
            return true;
    }
    return false;
}

/* Runs git; its standard input and output are files. */
static int git(const char *const *argv, const char *in, const char *out)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        int from = open(in, O_RDONLY | O_CLOEXEC);
        int to = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (from >= 0 && to >= 0 && dup2(from, 0) == 0 && dup2(to, 1) == 1)
            (void)execvp("git", (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A line of check-ignore -v -n: "file:line:rule<TAB>path", "::" without a rule; a rule with '!'
 * takes back. */
static bool theirs(Str line)
{
    const char *colon = memchr(line.ptr, ':', line.len);
    assert_non_null(colon);
    colon = memchr(colon + 1, ':', (size_t)(line.ptr + line.len - colon - 1));
    assert_non_null(colon);
    return line.ptr[0] != ':' && colon[1] != '!';
}

static void one_turn(const TempDir *t, size_t *compared, size_t *left_out)
{
    Err err = ERR_INIT;
    Arena *a = arena_new(1 << 20);
    Buf rules, paths, path, answer;
    IgnoreRules *r;
    buf_init(&rules, 1 << 16);
    buf_init(&paths, 1 << 16);
    buf_init(&path, 4096);
    buf_init(&answer, 1 << 20);
    for (unsigned i = 1 + roll(4); i > 0; i--)
        random_rule(&rules);
    for (int i = 0; i < PATHS; i++) {
        random_path(&path);
        buf_add(&paths, buf_str(&path));
        buf_add_char(&paths, '\n');
    }
    assert_true(ignore_parse(buf_str(&rules), a, &r, &err));
    assert_true(os_write_file(tempdir_file(t, ".gitignore"), buf_str(&rules), 0600, &err));
    assert_true(os_write_file(tempdir_file(t, "paths"), buf_str(&paths), 0600, &err));
    const char *argv[] = {"git", "-C", t->path, "check-ignore", "--no-index", "-v", "-n", "--stdin",
                          NULL};
    assert_in_range(git(argv, tempdir_file(t, "paths"), tempdir_file(t, "answer")), 0, 1);
    assert_true(os_read_file(tempdir_file(t, "answer"), &answer, &err));
    Str lines = buf_str(&answer), names = buf_str(&paths), line, name;
    for (int i = 0; i < PATHS; i++) {
        assert_true(str_next(&lines, '\n', &line) && line.len > 0);
        assert_true(str_next(&names, '\n', &name));
        bool git_says = theirs(line);
        if (ours(r, name) != git_says)
            fail_msg("rules:\n%s\npath: " STR_FMT "\ngit says %d", rules.ptr, STR_ARG(name),
                     (int)git_says);
        ++*compared;
        *left_out += git_says;
    }
    buf_release(&rules);
    buf_release(&paths);
    buf_release(&path);
    buf_release(&answer);
    arena_free(a);
}

static void as_git_does(void **state)
{
    (void)state;
    TempDir t;
    size_t compared = 0, left_out = 0;
    tempdir_make(&t);
    const char *init[] = {"git", "-C", t.path, "init", "-q", NULL};
    if (git(init, "/dev/null", "/dev/null") != 0)
        fail_msg("git is needed to compare with: install the package git");
    for (int turn = 0; turn < RULE_FILES; turn++)
        one_turn(&t, &compared, &left_out);
    /* The cases tell something. */
    assert_true(left_out > compared / 10 && left_out < compared * 9 / 10);
    tempdir_remove(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table), cmocka_unit_test(limits),
                                       cmocka_unit_test(as_git_does)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
