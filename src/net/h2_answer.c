/* h2_answer.c - answers as HTTP/2 frames: fields in lower case, bodies pulled by nghttp2 as flow
 * control allows. */
#include "net/h2.h"

typedef struct {
    HttpExchange *x;
    nghttp2_nv nv[HTTP_RESP_HEADERS_MAX + 12];
    size_t count;
} Fields;

static void add_field(void *arg, Str name, Str value)
{
    Fields *f = arg;
    if (f->count == sizeof f->nv / sizeof f->nv[0])
        return;
    Str lower = arena_str(f->x->req.arena, name);
    if (!lower.ptr)
        return;
    char *p = (char *)(uintptr_t)lower.ptr;
    for (size_t i = 0; i < lower.len; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] - 'A' + 'a');
    f->nv[f->count++] = (nghttp2_nv){(uint8_t *)p, (uint8_t *)(uintptr_t)value.ptr, lower.len,
                                     value.len, NGHTTP2_NV_FLAG_NONE};
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *buf, size_t room,
                         uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    (void)session;
    (void)id;
    (void)arg;
    H2Stream *st = source->ptr;
    Str left = st->streaming ? str_sub(buf_str(&st->piece), st->piece_at, st->piece.len) : st->body;
    size_t n = left.len < room ? left.len : room;
    if (n == 0 && st->streaming && !st->stream_ended) {
        st->waiting = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    if (n)
        memcpy(buf, left.ptr, n);
    if (st->streaming) {
        st->piece_at += n;
        if (st->piece_at == st->piece.len) {
            buf_release(&st->piece);
            st->piece_at = 0;
        }
    } else {
        st->body = str_sub(st->body, n, st->body.len);
    }
    if (n == left.len && (!st->streaming || st->stream_ended))
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

void h2_submit(H2Stream *st, int64_t length, bool has_body)
{
    Conn *c = st->conn;
    HttpExchange *x = st->x;
    Fields f = {.x = x};
    char status[4] = {(char)('0' + x->resp.status / 100), (char)('0' + x->resp.status / 10 % 10),
                      (char)('0' + x->resp.status % 10), '\0'};
    add_field(&f, STR(":status"), str_mem(status, 3));
    Str date = server_date_line(c->server);
    add_field(&f, STR("date"), str_sub(date, 6, date.len - 2));
    server_each_header(x, add_field, &f);
    if (length >= 0 && x->resp.status != 204 && x->resp.status != 304)
        add_field(&f, STR("content-length"),
                  arena_printf(x->req.arena, "%llu", (unsigned long long)length));
    nghttp2_data_provider body = {.source.ptr = st, .read_callback = read_body};
    st->answering = true;
    if (nghttp2_submit_response(c->u.h2->session, st->id, f.nv, f.count, has_body ? &body : NULL))
        nghttp2_submit_rst_stream(c->u.h2->session, NGHTTP2_FLAG_NONE, st->id,
                                  NGHTTP2_INTERNAL_ERROR);
}

void h2_submit_stream(H2Stream *st)
{
    Conn *c = st->conn;
    HttpExchange *x = st->x;
    bool ended = x->priv->answered, ok;
    if (!st->answering) {
        st->streaming = true;
        h2_submit(st, x->priv->stream_length, !st->is_head);
    }
    exchange_take_stream(x, &st->piece, &ok);
    if (!ok)
        nghttp2_submit_rst_stream(c->u.h2->session, NGHTTP2_FLAG_NONE, st->id,
                                  NGHTTP2_INTERNAL_ERROR);
    st->stream_ended = ended;
    if (st->waiting) {
        st->waiting = false;
        nghttp2_session_resume_data(c->u.h2->session, st->id);
    }
}
