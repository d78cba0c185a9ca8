#include "store/cues.h"

#include "store/store_ops.h"

bool store_cues(Store *s, const Uuid *owner, const Uuid *document, uint32_t start, uint32_t end,
    Arena *a, Cue **out, size_t *n, Err *err)
{
    return s->ops->cues(s, owner, document, start, end, a, out, n, err);
}

bool store_said_at(Store *s, const Uuid *owner, const Uuid *document, uint32_t start, uint32_t end,
    uint32_t *from_ms, uint32_t *to_ms)
{
    Cue *cues = NULL;
    size_t n = 0;
    Arena *a = arena_new((size_t)16 << 20);
    bool found = a && store_cues(s, owner, document, start, end, a, &cues, &n, NULL) && n > 0;
    if (found) {
        *from_ms = cues[0].start_ms;
        *to_ms = cues[n - 1].end_ms;
    }
    arena_free(a);
    return found;
}
