/* A stranger's ggml file: whatever is accepted has every tensor, token and filter inside of the
 * file, and every tensor can be read. */
#include <stdlib.h>

#include "base/mem.h"
#include "nn/ggml_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const TensorTable *t, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < t->count; i++) {
        Tensor k = t->tensors[i];
        uint64_t dims[TENSOR_RANK + 1] = {0}, n = 1;
        Err err = ERR_INIT;
        if (k.data < data || k.bytes > size || k.data + k.bytes > data + size)
            abort();
        for (uint32_t d = 0; d < k.rank; d++)
            n *= dims[d] = k.dims[d];
        float *out = mem_array(n, sizeof *out);
        if (out && !tensor_read(t, k.name, dims, out, &err) && err.msg[0] == 0)
            abort();
        mem_free(out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Err err = ERR_INIT;
    GgmlHead head;
    TensorTable table;
    Str file = str_mem((const char *)data, size);
    if (!ggml_parse(file, &head, &table, &err)) {
        if (err.code == ERR_NONE || err.msg[0] == 0)
            abort();
        return 0;
    }
    size_t bytes = 0;
    for (uint32_t i = 0; i < head.n_tokens; i++) {
        const uint8_t *p = (const uint8_t *)head.tokens[i].ptr;
        if (p < data || p + head.tokens[i].len > data + size)
            abort();
        bytes += head.tokens[i].len;
    }
    if (bytes > size || !ggml_is(file) ||
        head.filters + (size_t)head.filter_mels * head.filter_bins * 4 > data + size)
        abort();
    read_all(&table, data, size);
    mem_free(head.tokens);
    tensor_table_release(&table);
    return 0;
}
