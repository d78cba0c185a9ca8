/* far.h - another machine, for fuzz targets: in place of net/client.c, so that what it answers is
 * the input and no socket is needed. Included by exactly one file of a program, which then has no
 * other client.
 *
 * The input is answers, one behind the other, with a line "===" between:
 *
 *   200                          a status; 0: it cannot be reached
 *   Content-Type: audio/wav      headers, then an empty line
 *
 *   the body
 *
 * A body comes in pieces of 1..97 bytes, by its length, as client.h promises: on_head before the
 * first one, tick before each. When there is no answer left, nobody can be reached. */
#ifndef SOTTO_TESTS_FUZZ_FAR_H
#define SOTTO_TESTS_FUZZ_FAR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/mem.h"
#include "net/client.h"

static struct {
    pthread_mutex_t lock; /* some ask from threads of their own */
    Str rest;          /* answers that are left */
    atomic_bool hurry; /* it asked to be asked again: who can be cancelled is, nobody waits */
    atomic_bool asking; /* a request is on its way */
    /* May answer in place of the input; false: it does not. */
    bool (*instead)(const ClientRequest *q, Str *answer);
} far = {.lock = PTHREAD_MUTEX_INITIALIZER};

static inline void far_begin(const uint8_t *data, size_t size)
{
    far.rest = str_mem((const char *)data, size);
    atomic_store(&far.asking, false);
    atomic_store(&far.hurry, false);
}

static Str far_next(const ClientRequest *q)
{
    Str answer;
    pthread_mutex_lock(&far.lock);
    if (!far.instead || !far.instead(q, &answer)) {
        size_t end = str_find(far.rest, STR("\n===\n"), 0);
        answer = str_sub(far.rest, 0, end);
        far.rest = end == SIZE_MAX ? STR("") : str_sub(far.rest, end + 5, far.rest.len);
    }
    pthread_mutex_unlock(&far.lock);
    return answer;
}

/* Gives the body on; false: *err says who did not want it. */
static bool far_give(const ClientRequest *q, int status, Str headers, Str body, Buf *kept, Err *err)
{
    bool flows = q->on_data != NULL;
    size_t step = 1 + body.len % 97;
    uint64_t most = q->max_bytes ? q->max_bytes : (uint64_t)64 << 20;
    for (size_t at = 0; at < body.len; at += step) {
        Str piece = str_sub(body, at, at + step);
        if (q->tick && !q->tick(q->arg))
            return err_set(err, ERR_CANCELLED, "the request was cancelled");
        if (at == 0 && q->on_head)
            flows = q->on_head(q->arg, status, headers) && flows;
        if (at + piece.len > most)
            return err_set(err, ERR_TOO_LARGE, "the answer is too large");
        if (flows && !q->on_data(q->arg, piece))
            return err_set(err, ERR_CANCELLED, "the request was cancelled");
        if (!flows && !buf_add(kept, piece))
            return err_set(err, ERR_NO_MEMORY, "no memory for an answer");
    }
    return true;
}

bool client_request(const ClientRequest *q, ClientResponse *out, Err *err)
{
    Str answer = far_next(q), line;
    uint64_t status = 0;
    (void)str_next(&answer, '\n', &line);
    if (!str_to_u64(str_trim(line), &status) || status < 100 || status > 599) {
        atomic_store(&far.hurry, true);
        return err_set(err, ERR_UNAVAILABLE, "cannot reach anybody");
    }
    size_t end = str_starts(answer, STR("\n")) ? 0 : str_find(answer, STR("\n\n"), 0);
    Str headers = str_sub(answer, 0, end);
    Str body = end == SIZE_MAX ? STR("") : str_sub(answer, end + (end ? 2 : 1), answer.len);
    if (status == 408 || status == 429 || status >= 500)
        atomic_store(&far.hurry, true);
    buf_init(&out->headers, 1 << 20);
    buf_init(&out->body, SIZE_MAX);
    out->status = (int)status;
    atomic_store(&far.asking, true);
    bool ok = buf_add(&out->headers, headers) &&
              far_give(q, (int)status, headers, body, &out->body, err);
    atomic_store(&far.asking, false);
    if (!ok)
        client_response_release(out);
    return ok;
}

void client_response_release(ClientResponse *r)
{
    buf_release(&r->headers);
    buf_release(&r->body);
}

Str client_header_in(Str lines, const char *name)
{
    Str want = str_of(name), line;
    while (str_next(&lines, '\n', &line)) {
        size_t colon = str_find(line, STR(":"), 0);
        if (colon != SIZE_MAX && str_eq_nocase(str_sub(line, 0, colon), want))
            return str_trim(str_sub(line, colon + 1, line.len));
    }
    return (Str){NULL, 0};
}

Str client_header(const ClientResponse *r, const char *name)
{
    return client_header_in(buf_str(&r->headers), name);
}

bool client_download(const ClientRequest *q, const char *path, Err *err)
{
    (void)q;
    (void)path;
    return err_set(err, ERR_UNAVAILABLE, "nothing is downloaded here");
}

struct ClientPool {
    int nothing;
};

ClientPool *client_pool_new(Err *err)
{
    ClientPool *p = mem_zalloc(sizeof *p);
    if (!p)
        err_set(err, ERR_NO_MEMORY, "no memory for connections");
    return p;
}

void client_pool_free(ClientPool *p)
{
    mem_free(p);
}

void client_metrics(void)
{
}

void client_test_public(const char *address)
{
    (void)address;
}

#endif
