#include "app/pages.h"

#include <stdio.h>

bool cli_pages(Cli *cli, Call *call, Str first, size_t limit, PageFn each, void *arg, Err *err)
{
    Buf target, cursor;
    buf_init(&target, 4 << 20);
    buf_init(&cursor, 64 << 10);
    bool ok = true;
    while (ok && limit > 0) {
        char number[24];
        snprintf(number, sizeof number, "%zu", limit);
        buf_clear(&target);
        buf_add(&target, first);
        call_param(&target, "limit", str_of(number));
        if (cursor.len)
            call_param(&target, "cursor", buf_str(&cursor));
        Json *j = call_get(call, buf_str(&target), NULL, err);
        ok = j != NULL;
        limit = ok ? each(cli, arg, j) : 0;
        Str next = json_str(json_get(j, "next_cursor"));
        buf_clear(&cursor);
        buf_add(&cursor, next);
        if (!next.len)
            limit = 0;
        json_free(j);
        ok = ok && cli_flush(cli, err);
    }
    buf_release(&target);
    buf_release(&cursor);
    return ok;
}
