/* fuzz_query.c - any bytes as a query: refused with a message, or terms that point into the text.
 */
#include <stdint.h>
#include <stdlib.h>

#include "search/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Str text = {(const char *)data, size};
    Query q;
    Err err = ERR_INIT;
    if (!a)
        return 0;
    if (!query_parse(text, a, &q, &err)) {
        if (err.code != ERR_VALIDATION || !err.msg[0])
            abort();
    } else {
        if (!q.n_ranking || q.n_terms > QUERY_MAX_WORDS || q.embed.len > 2 * QUERY_MAX_BYTES)
            abort();
        for (size_t i = 0; i < q.n_terms; i++) {
            Str t = q.terms[i].text;
            if (!t.len || t.ptr < text.ptr || t.ptr + t.len > text.ptr + text.len)
                abort();
            if (q.terms[i].required && q.terms[i].excluded)
                abort();
        }
        if (q.filter.since && q.filter.until) {
            DocFilter both;
            bool none;
            if (!filter_and(&q.filter, &q.filter, a, &both, &none, &err) ||
                none != (q.filter.since >= q.filter.until))
                abort();
        }
    }
    arena_free(a);
    return 0;
}
