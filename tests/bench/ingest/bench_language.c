/* bench_language - how often a short text's language is found.
 *
 *   bench_language FILE [--chars N]
 *
 * FILE: language code, byte 1F, text, byte 1E (tools/abstracts.py translations makes it from the
 * package descriptions that Debian carries in many languages). Prints for each language the share
 * of texts whose first N characters (200) are recognised, are given no language, and are given
 * another one. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/os.h"
#include "base/utf8.h"
#include "ingest/extract.h"

typedef struct {
    char code[8];
    size_t n, right, none;
} Tally;

int main(int argc, char **argv)
{
    static Tally tallies[64];
    Buf file;
    Err err = ERR_INIT;
    size_t n = 0, characters = 200, all = 0;
    buf_init(&file, (size_t)1 << 30);
    if (argc > 3 && strcmp(argv[2], "--chars") == 0)
        characters = (size_t)strtoul(argv[3], NULL, 10);
    if (argc < 2 || !os_read_file(argv[1], &file, &err) || !language_preload(&err)) {
        fprintf(stderr, "bench_language FILE: %s\n", err.msg);
        return 1;
    }
    uint64_t start = clock_mono_ns();
    for (Str rest = buf_str(&file), record, code; str_next(&rest, '\x1e', &record);) {
        if (!str_next(&record, '\x1f', &code) || !record.ptr || code.len >= 8)
            continue;
        code = str_trim(code);
        size_t end = 0;
        for (size_t k = 0; k < characters && end < record.len; k++)
            (void)utf8_next(record, &end);
        ExtractOut out;
        extract_init(&out, 1 << 20);
        extract_add(&out, str_sub(record, 0, end));
        language_set(&out);
        Tally *t = NULL;
        for (size_t i = 0; i < n; i++)
            if (str_eq(code, str_of(tallies[i].code)))
                t = &tallies[i];
        if (!t && n < 64) {
            t = &tallies[n++];
            memcpy(t->code, code.ptr, code.len);
        }
        if (t) {
            t->n++;
            t->right += str_eq(buf_str(&out.language), code);
            t->none += out.language.len == 0;
            all++;
        }
        extract_release(&out);
    }
    double us = clock_seconds_since(start) * 1e6 / (double)(all ? all : 1);
    size_t right = 0;
    for (size_t i = 0; i < n; i++) {
        Tally *t = &tallies[i];
        right += t->right;
        printf("%-4s %5zu texts: %.3f right, %.3f none, %.3f another\n", t->code, t->n,
               (double)t->right / (double)t->n, (double)t->none / (double)t->n,
               (double)(t->n - t->right - t->none) / (double)t->n);
    }
    printf("all  %5zu texts of %zu characters: %.4f right, %.0f us each\n", all, characters,
           (double)right / (double)(all ? all : 1), us);
    buf_release(&file);
    return 0;
}
