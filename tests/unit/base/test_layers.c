/* test_layers.c - the #include graph of src/ against the line of the design,
 *
 *   main -> app -> api -> { plugin, voice, assistant, ingest } -> { search, llm }
 *        -> { store, nn, audio, text, net } -> base
 *
 * A file may include its own module and any module further down; never one beside it or above. And
 * a library stays behind its fence: the one file or folder that knows it. */
#include "support/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/os.h"

static const struct {
    const char *module;
    int rank;
} line_of_modules[] = {
    {"main", 6}, {"app", 5}, {"api", 4},
    {"plugin", 3}, {"voice", 3}, {"assistant", 3}, {"ingest", 3},
    {"search", 2}, {"llm", 2},
    {"store", 1}, {"nn", 1}, {"audio", 1}, {"text", 1}, {"net", 1},
    {"base", 0},
};

/* Header (or its folder, with a slash) and where under src/ it may be included. A new library gets
 * a row here, and a reader learns which file to replace it in. */
static const struct {
    const char *header, *place;
} fences[] = {
    {"jansson.h", "base/json.c"},
    {"openssl/crypto.h", "base/first_use.c"},
    {"openssl/evp.h", "base/hash.c"},
    {"openssl/evp.h", "net/password.c"},
    {"openssl/", "net/tls.c"},
    {"nghttp2/", "net/h2"},
    {"curl/", "net/client.c"},
    {"sqlite3.h", "store/sqlite/"},
    {"dnnl", "nn/"},
    {"oneapi/", "nn/"},
    {"unicode/", "text/"},
    {"utf8proc.h", "text/"},
    {"md4c.h", "ingest/"},
    {"uchardet.h", "ingest/"},
    {"uchardet/", "ingest/"},
    {"libxml/", "ingest/"},
    {"zlib.h", "nn/whisper_rules.c"},
    {"zip.h", "ingest/package.c"},
    {"gmime/", "ingest/read_email.c"},
    {"libical/", "ingest/read_calendar.c"},
    {"archive.h", "ingest/"},
    {"archive_entry.h", "ingest/"},
    {"zip.h", "ingest/"},
    {"poppler/", "ingest/"},
    {"poppler.h", "ingest/"},
    {"fpdfview.h", "ingest/"},
    {"seccomp.h", "ingest/"},
    {"magic.h", "ingest/"},
    {"libavformat/", "ingest/read_sound.c"},
    {"libavcodec/", "ingest/read_sound.c"},
    {"libavcodec/", "audio/encode_aac.c"},
    {"libavutil/", "ingest/read_sound.c"},
    {"libavutil/", "audio/encode_aac.c"},
    {"FLAC/", "audio/encode_libs.c"},
    {"opus/", "audio/encode_libs.c"},
    {"lame/", "audio/encode_libs.c"},
    {"alsa/", "audio/alsa.c"},
    {"espeak-ng/", "voice/espeak.c"},
    {"zlib.h", "nn/whisper_rules.c"},
};

/* What the compiler and glibc bring. Anything else is a library and needs a fence. */
static const char *const system_headers[] = {
    "arm_neon.h", "assert.h", "cpuid.h",     "ctype.h",    "dirent.h",  "dlfcn.h",   "elf.h",
    "endian.h",   "errno.h",  "fcntl.h",     "float.h",    "fnmatch.h", "getopt.h",  "glob.h",
    "grp.h",      "iconv.h",  "ifaddrs.h",   "immintrin.h", "inttypes.h", "langinfo.h", "limits.h",
    "link.h",     "locale.h", "malloc.h",    "math.h",     "netdb.h",   "nmmintrin.h", "poll.h",
    "pthread.h",  "pwd.h",    "regex.h",     "sched.h",    "signal.h",  "spawn.h",   "stdalign.h",
    "stdarg.h",   "stdatomic.h", "stdbool.h", "stddef.h",  "stdint.h",  "stdio.h",   "stdlib.h",
    "string.h",   "strings.h", "syslog.h",   "termios.h",  "threads.h", "time.h",    "ucontext.h",
    "unistd.h",   "wchar.h",  "wctype.h",    "arpa/",      "asm/",      "linux/",    "net/if.h",
    "netinet/",   "sanitizer/", "sys/",
};

static int rank_of(Str module)
{
    for (size_t i = 0; i < ARRAY_LEN(line_of_modules); i++)
        if (str_eq(module, str_of(line_of_modules[i].module)))
            return line_of_modules[i].rank;
    return -1;
}

/* The first folder of a path below src/; a file in src/ itself is "main". */
static Str module_of(const char *path)
{
    const char *slash = strchr(path, '/');
    return slash ? str_mem(path, (size_t)(slash - path)) : STR("main");
}

/* NULL when `file` may include "target", else why not. */
static const char *judge_include(const char *file, const char *target)
{
    Str from = module_of(file), to = module_of(target);
    if (!strchr(target, '/'))
        return "name the header with its module, as \"base/str.h\"";
    if (strstr(target, ".."))
        return "no way around the modules by ..";
    if (rank_of(from) < 0 || rank_of(to) < 0)
        return "a module that is not in the line";
    if (str_eq(from, to))
        return NULL;
    if (strncmp(file, "store/qdrant/", 13) == 0 && str_eq(to, STR("net")))
        return NULL; /* a back end that is reached by HTTP: the one step beside */
    if (rank_of(to) == rank_of(from))
        return "modules side by side do not know each other";
    return rank_of(to) > rank_of(from) ? "an include upwards" : NULL;
}

static bool matches(const char *header, const char *pattern)
{
    size_t n = strlen(pattern);
    bool folder = n > 0 && pattern[n - 1] == '/';
    bool prefix = folder || strcmp(pattern, "dnnl") == 0;
    return prefix ? strncmp(header, pattern, n) == 0 : strcmp(header, pattern) == 0;
}

/* NULL when `file` may include <header>, else why not. */
static const char *judge_library(const char *file, const char *header)
{
    for (size_t i = 0; i < ARRAY_LEN(system_headers); i++)
        if (matches(header, system_headers[i]))
            return NULL;
    const char *verdict = "a library without a fence: add a row to the table";
    for (size_t i = 0; i < ARRAY_LEN(fences); i++) {
        if (!matches(header, fences[i].header))
            continue;
        if (str_starts(str_of(file), str_of(fences[i].place)))
            return NULL;
        verdict = "a library outside its fence";
    }
    return verdict;
}

/* The name between the marks of a line `#include "name"` or `#include <name>`; false for others. */
static bool parse_include(Str line, char *mark, char name[256])
{
    line = str_trim(line);
    if (!str_starts(line, STR("#")))
        return false;
    line = str_trim(str_sub(line, 1, line.len));
    if (!str_starts(line, STR("include")))
        return false;
    line = str_trim(str_sub(line, 7, line.len));
    if (line.len < 2 || (line.ptr[0] != '"' && line.ptr[0] != '<'))
        return false;
    *mark = line.ptr[0];
    size_t end = str_find(line, *mark == '"' ? STR("\"") : STR(">"), 1);
    if (end == SIZE_MAX || end > 255)
        return false;
    memcpy(name, line.ptr + 1, end - 1);
    name[end - 1] = '\0';
    return true;
}

static size_t files, includes, faults;

static void check_file(const char *root, const char *file)
{
    char path[1024], name[256], mark = 0;
    Err err = ERR_INIT;
    Buf text;
    (void)snprintf(path, sizeof path, "%s/%s", root, file);
    buf_init(&text, BUF_DEFAULT_MAX);
    if (!os_read_file(path, &text, &err))
        fail_msg("%s", err.msg);
    files++;
    Str rest = buf_str(&text), line;
    for (int number = 1; str_next(&rest, '\n', &line); number++) {
        if (!parse_include(line, &mark, name))
            continue;
        includes++;
        const char *fault = mark == '"' ? judge_include(file, name) : judge_library(file, name);
        if (!fault && mark == '"') {
            (void)snprintf(path, sizeof path, "%s/%s", root, name);
            fault = os_exists(path) ? NULL : "no such header";
        }
        if (fault) {
            print_error("src/%s:%d: includes %s: %s\n", file, number, name, fault);
            faults++;
        }
    }
    buf_release(&text);
}

static void walk(const char *root, const char *below)
{
    char path[1024];
    struct dirent **names;
    (void)snprintf(path, sizeof path, "%s/%s", root, below);
    int count = scandir(path, &names, NULL, alphasort);
    assert_true(count >= 0);
    for (int i = 0; i < count; i++) {
        char inner[512];
        (void)snprintf(inner, sizeof inner, "%s%s%.255s", below, *below ? "/" : "",
                       names[i]->d_name);
        (void)snprintf(path, sizeof path, "%s/%s", root, inner);
        if (names[i]->d_name[0] != '.' && os_is_dir(path))
            walk(root, inner);
        else if (str_ends(str_of(inner), STR(".c")) || str_ends(str_of(inner), STR(".h")))
            check_file(root, inner);
        free(names[i]);
    }
    free(names);
}

static void the_source_tree_keeps_the_line(void **state)
{
    (void)state;
    files = includes = faults = 0;
    walk(SOTTO_SOURCE_DIR "/src", "");
    print_message("%zu files, %zu includes\n", files, includes);
    assert_int_equal(faults, 0);
    assert_true(files > 30 && includes > 100);
}

/* The checker itself: it can say no. */
static void includes_are_judged(void **state)
{
    (void)state;
    static const struct {
        const char *file, *target;
        bool allowed;
    } rows[] = {
        {"main.c", "app/cli.h", true},
        {"main.c", "base/err.h", true},
        {"app/app.c", "main.h", false},
        {"app/app.c", "net/server.h", true},
        {"api/search.c", "app/config.h", false},
        {"ingest/ingest.c", "search/search.h", true},
        {"ingest/ingest.c", "assistant/intent.h", false},
        {"search/hybrid.c", "store/store.h", true},
        {"search/hybrid.c", "ingest/ingest.h", false},
        {"search/hybrid.c", "llm/chat.h", false},
        {"store/sqlite/documents.c", "store/store.h", true},
        {"store/sqlite/documents.c", "nn/minilm.h", false},
        {"store/qdrant/qd_http.c", "net/client.h", true},
        {"store/qdrant/qd_http.c", "text/dates.h", false},
        {"store/sqlite/documents.c", "net/client.h", false},
        {"text/chunk.c", "nn/minilm.h", false},
        {"base/json.c", "text/chunk.h", false},
        {"base/json.c", "base/str.h", true},
        {"base/json.c", "str.h", false},
        {"base/json.c", "base/../text/chunk.h", false},
        {"base/json.c", "odd/thing.h", false},
        {"odd/thing.c", "base/str.h", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if ((judge_include(rows[i].file, rows[i].target) == NULL) != rows[i].allowed)
            fail_msg("%s includes %s", rows[i].file, rows[i].target);
}

static void libraries_are_judged(void **state)
{
    (void)state;
    static const struct {
        const char *file, *header;
        bool allowed;
    } rows[] = {
        {"base/json.c", "jansson.h", true},      {"base/str.c", "jansson.h", false},
        {"api/search.c", "jansson.h", false},    {"store/sqlite/open.c", "sqlite3.h", true},
        {"search/hybrid.c", "sqlite3.h", false}, {"net/tls.c", "openssl/ssl.h", true},
        {"base/hash.c", "openssl/ssl.h", false}, {"base/hash.c", "openssl/evp.h", true},
        {"app/app.c", "stdio.h", true},          {"app/app.c", "sys/stat.h", true},
        {"app/app.c", "brandnew.h", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if ((judge_library(rows[i].file, rows[i].header) == NULL) != rows[i].allowed)
            fail_msg("%s includes <%s>", rows[i].file, rows[i].header);
}

static void include_lines_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *line, *name;
        char mark;
    } rows[] = {
        {"#include \"base/str.h\"", "base/str.h", '"'}, {"  #  include <a.h> /* x */", "a.h", '<'},
        {"#include<b.h>", "b.h", '<'},                  {"#includes \"x\"", NULL, 0},
        {"// #include \"x\"", NULL, 0},                 {"#include \"x", NULL, 0},
        {"#define X", NULL, 0},                         {"", NULL, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char name[256], mark = 0;
        bool is = parse_include(str_of(rows[i].line), &mark, name);
        assert_int_equal(is, rows[i].name != NULL);
        if (is) {
            assert_string_equal(name, rows[i].name);
            assert_int_equal(mark, rows[i].mark);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_source_tree_keeps_the_line),
        cmocka_unit_test(includes_are_judged),
        cmocka_unit_test(libraries_are_judged),
        cmocka_unit_test(include_lines_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
