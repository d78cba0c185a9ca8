/* fuzz_ignore.c - patterns of ignore files against a path: the last line of the input.
 *
 * Beside not crashing: what a rule says does not depend on comments before it, and a path that is
 * covered has a part that matches. */
#include <stdlib.h>

#include "ingest/ignore.h"

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Str all = str_mem((const char *)data, size), path = STR("a/b.txt");
    size_t cut = size;
    while (cut > 0 && data[cut - 1] != '\n')
        cut--;
    if (cut > 0) {
        path = str_sub(all, cut, size);
        all = str_sub(all, 0, cut);
    }
    if (path.len > 4096 || memchr(path.ptr, '\0', path.len))
        return 0;
    while (path.len && path.ptr[0] == '/')
        path = str_sub(path, 1, path.len);
    while (path.len && path.ptr[path.len - 1] == '/')
        path.len--;
    Arena *a = arena_new(16 << 20);
    IgnoreRules *rules, *again;
    Err err = ERR_INIT;
    if (a && ignore_parse(all, a, &rules, &err)) {
        IgnoreVerdict file = ignore_match(rules, path, false);
        IgnoreVerdict folder = ignore_match(rules, path, true);
        check(!(file == IGNORE_OUT && folder == IGNORE_SILENT)); /* folders match no fewer rules */
        Str commented = arena_printf(a, "# first\n%.*s", (int)all.len, all.ptr);
        bool plain = !memchr(all.ptr, '\0', all.len) && !str_starts(all, STR("\xEF\xBB\xBF"));
        if (commented.ptr && plain &&
            ignore_parse(commented, a, &again, &err))
            check(ignore_match(again, path, false) == file);
        (void)ignore_covers(rules, path);
    }
    arena_free(a);
    return 0;
}
