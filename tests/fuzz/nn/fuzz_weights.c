/* Our own weights file with any header and table. The header's checksum is made right first, so
 * that what is behind it gets tested. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "nn/weights_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(int fd, const uint8_t *data, size_t size)
{
    if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    char path[64];
    if (fd < 0 && (fd = memfd_create("weights", 0)) < 0)
        abort();
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    uint8_t *copy = mem_alloc(size);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    uint32_t count = 0;
    if (size >= 128)
        memcpy(&count, copy + 12, 4);
    if (size >= 128 && count <= (size - 128) / 96) {
        uint64_t bytes = size, sum;
        memcpy(copy + 16, &bytes, 8);
        memset(copy + 24, 0, 8);
        sum = checksum64(checksum64(0, copy, 128), copy + 128, (size_t)count * 96);
        memcpy(copy + 24, &sum, 8);
    }
    put(fd, copy, size);
    mem_free(copy);
    Err err = ERR_INIT;
    WeightsFile *f = weights_open(path, "m", &err);
    if (!f) {
        if (err.code == ERR_NONE || err.msg[0] == 0)
            abort();
        return 0;
    }
    for (size_t i = 0; i < weights_count(f); i++) {
        WeightsTensor t;
        weights_at(f, i, &t);
        const uint8_t *p = t.data;
        unsigned sum = 0;
        for (uint64_t k = 0; k < t.bytes; k += 997)
            sum += p[k];
        if (t.bytes && sum + p[t.bytes - 1] == 0xffffffffu)
            abort();
        (void)weights_need(f, t.name, t.type, t.rank, t.dims, NULL, &err);
    }
    (void)weights_verify(f, &err);
    weights_close(f);
    return 0;
}
