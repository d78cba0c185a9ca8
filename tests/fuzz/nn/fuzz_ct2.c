/* A stranger's CTranslate2 model.bin: whatever is accepted has every tensor inside of the file, and
 * every tensor can be read under the name it was given. */
#include <stdlib.h>

#include "base/mem.h"
#include "nn/ct2_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Err err = ERR_INIT;
    TensorTable table;
    if (!ct2_parse(str_mem((const char *)data, size), &table, &err)) {
        if (err.code == ERR_NONE || err.msg[0] == 0)
            abort();
        return 0;
    }
    for (size_t i = 0; i < table.count; i++) {
        Tensor k = table.tensors[i];
        uint64_t dims[TENSOR_RANK + 1] = {0}, n = 1;
        if (k.data < data || k.bytes > size || k.data + k.bytes > data + size)
            abort();
        for (uint32_t d = 0; d < k.rank; d++)
            n *= dims[d] = k.dims[d];
        float *out = mem_array(n, sizeof *out);
        err = ERR_INIT;
        if (out && !tensor_read(&table, k.name, dims, out, &err) && err.msg[0] == 0)
            abort();
        mem_free(out);
    }
    tensor_table_release(&table);
    return 0;
}
