/* Any text: sentences in order and inside of it, in valid UTF-8, with something to be said. */
#include <stdlib.h>

#include "base/utf8.h"
#include "text/speakable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena *a = arena_new((size_t)64 << 20);
    SpeakableSentence *list = NULL;
    size_t n = 0, before = 0;
    Err err = ERR_INIT;
    if (!a || size > 8192) {
        arena_free(a);
        return 0;
    }
    SpeakableOrder order = size && data[0] & 1 ? SPEAKABLE_DMY : SPEAKABLE_MDY;
    if (!speakable_sentences(str_mem((const char *)data, size), order, a, &list, &n, &err))
        abort();
    for (size_t i = 0; i < n; i++) {
        if (list[i].from < before || list[i].to <= list[i].from || list[i].to > size ||
            list[i].text.len == 0 || !utf8_ok(list[i].text))
            abort();
        before = list[i].to;
    }
    arena_free(a);
    return 0;
}
