/* WordPiece over any bytes, with a good vocabulary and with a damaged one (first byte odd: the rest
 * up to byte 0xff is written over the structure from an offset of two bytes). */
#include <stdlib.h>

#include "base/mem.h"
#include "nn/wordpiece.h"

#define VOCAB                                                                                      \
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\nworld\n##s\n##ing\nwalk\n##ed\ncafe\n,\n!\na\n##"  \
    "a\nb\n##b\n"                                                                                  \
    "\xe6\x97\xa5\n\xce\xb1\n##\xcc\xa8\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(const WordPiece *w, Str text)
{
    uint32_t ids[64], ends[64], cut[16];
    size_t n = wordpiece_encode(w, text, ids, ends, 64), total;
    if (n < 2 || wordpiece_encode_cut(w, text, cut, 16, &total) > 16 || total != n)
        abort();
    for (size_t i = 0; i < n && i < 64; i++)
        if (ids[i] >= w->count || ends[i] > text.len || (i && ends[i] < ends[i - 1]))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Buf blob;
    Err err = ERR_INIT;
    WordPiece w;
    if (!blob.ptr) {
        buf_init(&blob, 1 << 20);
        if (!wordpiece_build(STR(VOCAB), &blob, &err))
            abort();
    }
    if (size == 0)
        return 0;
    if (data[0] % 2 == 0) {
        if (!wordpiece_attach(&w, buf_str(&blob), &err))
            abort();
        encode(&w, str_mem((const char *)data + 1, size - 1));
        return 0;
    }
    if (size < 3)
        return 0;
    char *copy = mem_alloc(blob.len);
    size_t at = (size_t)(data[1] << 8 | data[2]) % blob.len, i = 3;
    if (!copy)
        return 0;
    memcpy(copy, blob.ptr, blob.len);
    for (; i < size && data[i] != 0xff && at < blob.len; i++)
        copy[at++] = (char)data[i];
    if (wordpiece_attach(&w, str_mem(copy, blob.len), &err))
        encode(&w, str_mem((const char *)data + i, size - i));
    mem_free(copy);
    return 0;
}
