/* A vocabulary's structure of any bytes, and any text through one: ids give the text back. */
#include <stdlib.h>

#include "base/mem.h"
#include "nn/bpe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void attach_any(Str blob)
{
    Bpe b;
    Err err = ERR_INIT;
    uint32_t ids[64];
    uint32_t *copy = mem_alloc(blob.len + 4); /* aligned, as the mapped file is */
    if (!copy)
        return;
    memcpy(copy, blob.ptr, blob.len);
    if (bpe_attach(&b, str_mem((const char *)copy, blob.len), &err))
        (void)bpe_encode(&b, STR("any text at all, 1234 'll\n "), ids, 64);
    else if (err.msg[0] == 0)
        abort();
    mem_free(copy);
}

/* All bytes, and a few longer tokens. */
static Bpe *small(void)
{
    static Bpe b;
    static Buf blob;
    static char bytes[256];
    Str tokens[262] = {[256] = STR("th"), STR("the"), STR(" t"), STR(" the"), STR("in"),
                       STR("ing")};
    Err err = ERR_INIT;
    if (b.count)
        return &b;
    for (int i = 0; i < 256; i++) {
        bytes[i] = (char)i;
        tokens[i] = str_mem(&bytes[i], 1);
    }
    buf_init(&blob, 1 << 20);
    if (!bpe_build(tokens, 262, &blob, &err) || !bpe_attach(&b, buf_str(&blob), &err))
        abort();
    return &b;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Str text = str_mem((const char *)data, size);
    if (size > 65536)
        return 0;
    attach_any(text);
    uint32_t *ids = mem_array(size + 1, sizeof *ids);
    if (!ids)
        return 0;
    size_t n = bpe_encode(small(), text, ids, size), at = 0;
    if (n > size)
        abort();
    for (size_t i = 0; i < n; i++) {
        Str token = bpe_token(small(), ids[i]);
        if (token.len == 0 || token.len > size - at || memcmp(token.ptr, data + at, token.len) != 0)
            abort();
        at += token.len;
    }
    if (at != size)
        abort();
    mem_free(ids);
    return 0;
}
