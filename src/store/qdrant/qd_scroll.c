/* qd_scroll.c - all points of personal_state that a filter names, page by page. */
#include "store/qdrant/qd.h"

#define PAGE_LEAST 16u

static bool page_of(Qd *q, const QdScroll *s, size_t points, Str offset, Json **out, Err *err)
{
    Buf b;
    JsonW w;
    buf_init(&b, (size_t)1 << 20);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_key(&w, "filter");
    jw_raw(&w, s->filter);
    jw_kv_int(&w, "limit", (int64_t)points);
    jw_key(&w, "with_payload");
    jw_raw(&w, str_of(s->payload));
    jw_kv_bool(&w, "with_vector", false);
    if (offset.ptr)
        jw_kv_str(&w, "offset", offset);
    jw_obj_end(&w);
    bool ok = buf_check(&b, "a request", err)
        && qd_ask(q, "POST", false, "/points/scroll?consistency=majority", buf_str(&b), out, err);
    buf_release(&b);
    return ok;
}

/* Originals are rows of 256 KiB, most others have some hundred bytes. */
static size_t next_page(size_t points)
{
    size_t each = points ? qd_http_size() / points + 1 : 1, fit = QD_PAGE_BYTES / each;
    return fit < PAGE_LEAST ? PAGE_LEAST : fit < QD_PAGE ? fit : QD_PAGE;
}

bool qd_scroll(Qd *q, const QdScroll *s, QdPointFn fn, void *arg, Err *err)
{
    char next[64];
    Str offset = {NULL, 0};
    size_t points = s->page ? *s->page : QD_PAGE;
    bool ok = true;
    do {
        Json *answer = NULL;
        if (!page_of(q, s, points, offset, &answer, err))
            return false;
        const Json *result = json_get(answer, "result"), *all = json_get(result, "points");
        points = next_page(json_count(all));
        for (size_t i = 0, n = json_count(all); ok && i < n; i++)
            ok = fn(arg, json_at(all, i), err);
        Str id = json_str(json_get(result, "next_page_offset"));
        if (id.ptr && str_eq(id, offset)) /* it would go on for ever */
            ok = err_set(err, ERR_UNAVAILABLE, "Qdrant gives the same page again and again");
        offset = (Str){NULL, 0};
        if (id.ptr && id.len < sizeof next) {
            memcpy(next, id.ptr, id.len);
            offset = (Str){next, id.len};
        }
        json_free(answer);
    } while (ok && offset.ptr);
    if (s->page)
        *s->page = points;
    return ok;
}
