/* commitments.c - what a document commits a person to, as the store keeps it.
 *
 * Times in a text are understood as of the text's own day: the date its file gives itself, else the
 * moment it is read. */
#include "ingest/understand.h"

#include "base/clock.h"
#include "text/commitment.h"
#include "text/dates.h"
#include "text/letters.h"

#define MOST 200

/* The same words in other white space, with the same date, are the same commitment. */
static bool make_key(Str words, int64_t due, uint8_t key[16], Err *err)
{
    Buf b;
    Sha256 hash;
    buf_init(&b, (size_t)4 * COMMITMENT_SENTENCE_MAX);
    (void)letters_squeeze(&b, words);
    buf_printf(&b, "\n%lld", (long long)due);
    bool ok = buf_check(&b, "a sentence", err) && sha256(buf_str(&b), &hash, err);
    buf_release(&b);
    if (ok)
        memcpy(key, hash.b, 16);
    return ok;
}

/* A name-based UUID (RFC 9562, version 8): reading the document again gives the same. */
static bool make_id(const Uuid *document, const uint8_t key[16], Uuid *out, Err *err)
{
    char both[32];
    Sha256 hash;
    memcpy(both, document->b, 16);
    memcpy(both + 16, key, 16);
    if (!sha256(str_mem(both, sizeof both), &hash, err))
        return false;
    memcpy(out->b, hash.b, 16);
    out->b[6] = (uint8_t)((out->b[6] & 0x0F) | 0x80);
    out->b[8] = (uint8_t)((out->b[8] & 0x3F) | 0x80);
    return true;
}

static int64_t day_of(const Extracted *e)
{
    DocDate d;
    if (date_parse(e->created, &d) || date_parse(e->modified, &d))
        return d.ms;
    return clock_now_ms();
}

bool understand_commitments(const Extracted *e, Str title, const Uuid *document, const Zone *zone,
                            Arena *a, CommitmentNew **out, size_t *n, Err *err)
{
    Commitment *found = ARENA_NEW_ARRAY(a, Commitment, MOST);
    CommitmentNew *rows = ARENA_NEW_ARRAY(a, CommitmentNew, MOST);
    if (!found || !rows)
        return err_set(err, ERR_NO_MEMORY, "reading what a document commits to: out of memory");
    WhenContext c = {.now_ms = day_of(e), .zone = zone, .prefer = WHEN_FUTURE,
        .day_first = date_order(e->text, e->language) == DATE_DAY_FIRST};
    size_t got = commitment_find(e->text, title, &c, COMMITMENT_STRONG, found, MOST);
    for (size_t i = 0; i < got; i++) {
        const Commitment *f = &found[i];
        CommitmentNew *r = &rows[i];
        *r = (CommitmentNew){.kind = (int)f->kind, .start = f->start, .end = f->end,
            .due_at = f->due_ms, .timed = f->timed, .strength = f->strength};
        if (!make_key(str_sub(e->text, f->start, f->end), f->due_ms, r->key, err) ||
            !make_id(document, r->key, &r->id, err))
            return false;
    }
    *out = rows;
    *n = got;
    return true;
}
