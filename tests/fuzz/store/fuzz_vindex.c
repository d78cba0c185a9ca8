/* fuzz_vindex.c - opening a vector index's file that somebody has changed: an error or an index
 * that can be searched, written and closed, whatever its bytes.
 *
 * Input: a byte of flags (1, 2, 4: make the checksum of the superblock, of state 0, of state 1
 * right again; 8: and that of the live bits in both; 16: go on writing; 32: cut the file), two
 * bytes for where to cut, in 256ths of a segment, then changes: four bytes of offset, one of
 * length, the bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "store/vindex_int.h"
#include "../../unit/store/vindex_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_BYTES (VX_OFF_SEGS + VX_SEG_BYTES)

static int fd = -1;
static char path[40];
static uint8_t *good;

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void add(Vindex *v, uint64_t id)
{
    float x[VINDEX_DIM];
    VindexCode code;
    uint32_t slot;
    data_vector(id, x);
    vindex_encode(x, &code);
    (void)vindex_add(v, id, id, &code, &slot, NULL);
}

static void make_good(void)
{
    char name[] = "/tmp/sotto-fuzz-vindex-XXXXXX";
    int made = mkstemp(name);
    close(made);
    Vindex *v = vindex_create(name, NULL);
    require(v);
    for (uint64_t i = 0; i < 150; i++)
        add(v, i);
    require(vindex_sync(v, 1, NULL));
    vindex_delete(v, 3);
    require(vindex_sync(v, 2, NULL));
    good = mem_alloc(FILE_BYTES);
    require(good && pread(v->fd, good, FILE_BYTES, 0) == FILE_BYTES);
    vindex_close(v);
    unlink(name);
    fd = memfd_create("vindex", MFD_CLOEXEC);
    require(fd >= 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
}

static void stamp(uint64_t page)
{
    uint8_t b[VX_PAGE];
    require(pread(fd, b, VX_PAGE, (off_t)page) == VX_PAGE);
    uint32_t crc = crc32c(0, b, VX_PAGE - 4);
    require(pwrite(fd, &crc, 4, (off_t)page + VX_PAGE - 4) == 4);
}

static void stamp_live(unsigned copy)
{
    uint8_t live[512];
    require(pread(fd, live, 512, VX_OFF_SEGS + VX_LIVE(copy)) == 512);
    uint32_t crc = crc32c(0, live, 512);
    require(pwrite(fd, &crc, 4, VX_OFF_STATE(copy) + 32) == 4);
}

static void use(Vindex *v, bool write)
{
    float q[VINDEX_DIM], mean, stddev;
    VindexHit hits[8];
    data_vector(9, q);
    for (int mode = VINDEX_AUTO; mode <= VINDEX_TWO_STAGE; mode++) {
        int n = vindex_search(v, q, 8, NULL, 0, (VindexMode)mode, hits, &mean, &stddev, NULL);
        for (int i = 0; i < n; i++)
            require(vindex_is_live(v, hits[i].slot));
    }
    (void)vindex_verify(v, NULL);
    for (uint64_t i = 0; write && i < 20; i++) {
        add(v, 200 + i);
        vindex_delete(v, (uint32_t)i * 3);
        if (i % 8 == 0)
            (void)vindex_sync(v, 3 + i, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!good)
        make_good();
    if (size < 3)
        return 0;
    unsigned flags = data[0];
    uint64_t cut = (uint64_t)(data[1] | data[2] << 8) * (VX_SEG_BYTES / 256);
    require(ftruncate(fd, 0) == 0 && pwrite(fd, good, FILE_BYTES, 0) == FILE_BYTES);
    for (size_t at = 3; at + 5 < size;) {
        uint32_t offset, len = data[at + 4];
        memcpy(&offset, data + at, 4);
        offset %= FILE_BYTES - 255;
        at += 5;
        len = len < size - at ? len : (uint32_t)(size - at);
        require(pwrite(fd, data + at, len, offset) == (ssize_t)len);
        at += len;
    }
    for (unsigned copy = 0; copy < 2 && flags & 8; copy++)
        stamp_live(copy);
    for (unsigned page = 0; page < 3; page++)
        if (flags >> page & 1)
            stamp(page * VX_PAGE);
    if (flags & 32)
        require(ftruncate(fd, (off_t)cut) == 0);
    Vindex *v = vindex_open(path, NULL);
    if (v)
        use(v, flags & 16);
    vindex_close(v);
    return 0;
}
