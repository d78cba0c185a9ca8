/* Any text in any language: sentences in order and inside of it, in valid UTF-8, with something to
 * be said. The first byte says how: its lowest bit the order of day and month, the next two the
 * language. */
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
    static const SpeakableLanguage languages[] = {SPEAKABLE_ENGLISH, SPEAKABLE_GERMAN,
        SPEAKABLE_OTHER, SPEAKABLE_GERMAN};
    SpeakableLanguage language = languages[size ? data[0] >> 1 & 3 : 0];
    Str text = str_mem((const char *)data, size);
    if (!speakable_sentences_in(language, text, order, a, &list, &n, &err))
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
