/* What a chat endpoint may send: events cut anywhere, chunks of any shape. The text that is given
 * out is the text that is kept, and the same however the bytes were cut. */
#include <stdlib.h>

#include "llm/chat.h"
#include "llm/sse.h"

static bool add(void *arg, Str piece)
{
    return buf_add(arg, piece);
}

static bool on_event(void *arg, Str event, Str data, Err *err)
{
    (void)event;
    return chat_event(arg, data, err);
}

static bool feed(Str all, size_t step, Buf *shown, Buf *kept)
{
    ChatAnswer c;
    Sse s;
    Err err = ERR_INIT;
    chat_init(&c, add, shown);
    sse_init(&s, 1 << 16, on_event, &c);
    bool ok = true;
    for (size_t at = 0; ok && at < all.len; at += step)
        ok = sse_feed(&s, str_sub(all, at, at + step), &err);
    ok = ok && sse_end(&s, &err) && chat_end(&c, &err);
    if (!ok && err.code == ERR_NONE)
        abort();
    (void)buf_add(kept, buf_str(&c.text));
    chat_release(&c);
    sse_release(&s);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Buf shown, kept, again;
    if (size < 1 || size > 1 << 16)
        return 0;
    Str all = str_mem((const char *)data + 1, size - 1);
    buf_init(&shown, SIZE_MAX);
    buf_init(&kept, SIZE_MAX);
    buf_init(&again, SIZE_MAX);
    bool ok = feed(all, 1u + data[0] % 64u, &shown, &kept);
    if (!str_eq(buf_str(&shown), buf_str(&kept)))
        abort();
    buf_clear(&shown);
    if (feed(all, SIZE_MAX / 2, &shown, &again) != ok || !str_eq(buf_str(&kept), buf_str(&again)))
        abort();
    ChatAnswer c;
    Err err = ERR_INIT;
    chat_init(&c, NULL, NULL);
    (void)(chat_whole(&c, all, &err) && chat_end(&c, &err));
    chat_release(&c);
    buf_release(&shown);
    buf_release(&kept);
    buf_release(&again);
    return 0;
}
