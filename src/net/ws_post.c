/* ws_post.c - messages to WebSockets from any thread.
 *
 * A message for which there is no memory cannot be posted, and a client that waits for it would
 * wait for ever: its connection is closed instead (1013), by a list in the server that needs none.
 * When even that is full, every WebSocket is: they come back, and nothing is lost from the data. */
#include "base/mem.h"
#include "net/conn.h"
#include "net/ws_frame.h"

#define MANY_A_TURN 200 /* of a message to many; about a millisecond */

typedef struct {
    Server *server;
    WsId id;
    int code;       /* of a close */
    uint8_t opcode;
    size_t len;
    char bytes[];
} Posted;

static void run_posted(void *arg)
{
    Posted *p = arg;
    Str bytes = str_mem(p->bytes, p->len);
    if (p->opcode == WS_OP_CLOSE)
        ws_close(p->server, p->id, p->code, bytes);
    else if (p->opcode == WS_OP_TEXT)
        ws_send_text(p->server, p->id, bytes);
    else
        ws_send_binary(p->server, p->id, bytes);
    mem_free(p);
}

/* ---- messages that were lost ----------------------------------------------------------------- */

void ws_lost_init(struct WsLost *l)
{
    pthread_mutex_init(&l->lock, NULL);
}

void ws_lost_release(struct WsLost *l)
{
    pthread_mutex_destroy(&l->lock);
}

static void close_lost(Server *s, WsId id)
{
    ws_close(s, id, WS_CLOSE_TRY_LATER, STR("no memory"));
}

static void run_lost(LoopPost *post)
{
    struct WsLost *l = (struct WsLost *)post;
    Server *s = (Server *)((char *)l - offsetof(Server, lost));
    WsId ids[WS_LOST_IDS];
    pthread_mutex_lock(&l->lock);
    size_t n = l->n;
    bool all = l->all;
    memcpy(ids, l->ids, n * sizeof *ids);
    l->n = 0;
    l->all = l->posted = false;
    pthread_mutex_unlock(&l->lock);
    for (size_t i = 0; i < n; i++)
        close_lost(s, ids[i]);
    for (Conn *c = all ? s->conns : NULL, *next; c; c = next) {
        next = c->next;
        if (c->proto == &ws_proto)
            close_lost(s, ws_id_of(c));
    }
}

void ws_post_lost(Server *s, WsId id)
{
    struct WsLost *l = &s->lost;
    pthread_mutex_lock(&l->lock);
    if (l->n < WS_LOST_IDS)
        l->ids[l->n++] = id;
    else
        l->all = true;
    if (!l->posted && !atomic_load(&s->ended)) {
        l->post.fn = run_lost;
        l->posted = loop_post(s->loop, &l->post);
    }
    pthread_mutex_unlock(&l->lock);
}

/* ---- posts ----------------------------------------------------------------------------------- */

static bool post(Server *s, WsId id, uint8_t opcode, int code, Str bytes)
{
    Posted *p = bytes.len <= SIZE_MAX / 2 ? mem_alloc(sizeof *p + bytes.len) : NULL;
    if (p) {
        *p = (Posted){s, id, code, opcode, bytes.len};
        if (bytes.len)
            memcpy(p->bytes, bytes.ptr, bytes.len);
        if (server_post(s, run_posted, p))
            return true;
    }
    mem_free(p);
    ws_post_lost(s, id);
    return false;
}

typedef struct {
    LoopPost post;
    Server *server;
    size_t count, at, len;
    char *bytes;
    WsId ids[];
} PostedMany;

static void run_many(LoopPost *post)
{
    PostedMany *p = (PostedMany *)post;
    size_t end = p->count - p->at > MANY_A_TURN ? p->at + MANY_A_TURN : p->count;
    for (; p->at < end; p->at++)
        ws_send_text(p->server, p->ids[p->at], str_mem(p->bytes, p->len));
    if (p->at < p->count)
        loop_repeat(p->server->loop, post);
    else
        mem_free(p);
}

bool ws_post_text_many(Server *s, const WsId *ids, size_t count, Str message)
{
    if (count == 0)
        return true;
    bool fits = message.len <= SIZE_MAX / 4 && count <= SIZE_MAX / 4 / sizeof *ids;
    PostedMany *p = fits ? mem_alloc(sizeof *p + count * sizeof *ids + message.len) : NULL;
    if (p) {
        *p = (PostedMany){{NULL, run_many}, s, count, 0, message.len, (char *)(p->ids + count)};
        memcpy(p->ids, ids, count * sizeof *ids);
        if (message.len)
            memcpy(p->bytes, message.ptr, message.len);
        if (!atomic_load(&s->ended) && loop_post(s->loop, &p->post))
            return true;
    }
    mem_free(p);
    for (size_t i = 0; i < count; i++)
        ws_post_lost(s, ids[i]);
    return false;
}

bool ws_post_text(Server *s, WsId id, Str message)
{
    return post(s, id, WS_OP_TEXT, 0, message);
}

bool ws_post_binary(Server *s, WsId id, Str message)
{
    return post(s, id, WS_OP_BINARY, 0, message);
}

bool ws_post_close(Server *s, WsId id, int code, Str reason)
{
    return post(s, id, WS_OP_CLOSE, code, reason);
}
