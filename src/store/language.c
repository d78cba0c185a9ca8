/* language.c - checks what every back end would have to check, then calls through the table. */
#include "store/language.h"

#include "base/utf8.h"
#include "store/store_ops.h"

bool store_tokens_add(Store *s, const Uuid *owner, int64_t day, int64_t delta, uint64_t *total,
    Err *err)
{
    return s->ops->tokens_add(s, owner, day, delta, total, err);
}

bool store_tokens_used(Store *s, const Uuid *owner, int64_t day, uint64_t *total, Err *err)
{
    return s->ops->tokens_used(s, owner, day, total, err);
}

bool store_made_put(Store *s, const Uuid *owner, const MadeText *t, Err *err)
{
    if (t->text.len > STORE_MADE_BYTES || !utf8_ok(t->text)
        || t->n_documents > STORE_MADE_DOCUMENTS)
        return err_set(err, ERR_VALIDATION, "a text that was made has at most %u bytes of UTF-8, "
            "and %u documents", STORE_MADE_BYTES, STORE_MADE_DOCUMENTS);
    return s->ops->made_put(s, owner, t, err);
}

bool store_made_get(Store *s, const Uuid *owner, const Sha256 *key, Arena *a, Str *text,
    bool *found, Err *err)
{
    return s->ops->made_get(s, owner, key, a, text, found, err);
}
