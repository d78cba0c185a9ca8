/* qd_pipe.c - see qd_pipe.h. */
#include "store/qdrant/qd_pipe.h"

#define BODY_MAX ((size_t)64 << 20)

static void begin_batch(QdPipe *p)
{
    buf_clear(&p->body);
    jw_init(&p->w, &p->body);
    jw_obj(&p->w);
    jw_key(&p->w, "points");
    jw_arr(&p->w);
    p->n = 0;
}

void qd_pipe_begin(QdPipe *p, Qd *q, bool knowledge)
{
    memset(p, 0, sizeof *p);
    p->q = q;
    p->knowledge = knowledge;
    buf_init(&p->body, BODY_MAX);
    begin_batch(p);
}

JsonW *qd_pipe_point(QdPipe *p)
{
    return &p->w;
}

static bool put(QdFlight *f)
{
    return qd_ask(f->q, "PUT", f->knowledge, "/points?wait=true", buf_str(&f->body), NULL, &f->err);
}

static void *fly(void *arg)
{
    QdFlight *f = arg;
    f->ok = put(f);
    return NULL;
}

static bool land(QdFlight *f, Err *err)
{
    if (!f->flying)
        return true;
    pthread_join(f->thread, NULL);
    f->flying = false;
    buf_release(&f->body);
    if (!f->ok && err)
        *err = f->err;
    return f->ok;
}

static bool send_batch(QdPipe *p, bool last, Err *err)
{
    if (!p->n)
        return true;
    jw_arr_end(&p->w);
    jw_obj_end(&p->w);
    if (!buf_check(&p->body, "a batch of points", err))
        return false;
    QdFlight *f = &p->flights[p->next++ % QD_FLIGHTS];
    if (!land(f, err))
        return false;
    *f = (QdFlight){.q = p->q, .knowledge = p->knowledge, .body = p->body, .err = ERR_INIT};
    buf_init(&p->body, BODY_MAX);
    /* The last one, or one that no thread can be had for, is sent from here. */
    f->flying = !last && pthread_create(&f->thread, NULL, fly, f) == 0;
    bool ok = f->flying || put(f);
    if (!f->flying) {
        buf_release(&f->body);
        if (!ok && err)
            *err = f->err;
    }
    begin_batch(p);
    return ok;
}

bool qd_pipe_pointed(QdPipe *p, Err *err)
{
    p->n++;
    return (p->n < QD_BATCH && p->body.len < QD_BATCH_BYTES) || send_batch(p, false, err);
}

bool qd_pipe_end(QdPipe *p, Err *err)
{
    bool ok = err && send_batch(p, true, err);
    for (size_t i = 0; i < QD_FLIGHTS; i++)
        ok = land(&p->flights[i], ok ? err : NULL) && ok;
    buf_release(&p->body);
    return ok;
}
