/* kindex_file.c - opening: mapping a snapshot (kindex_snapshot.c writes it) and following its
 * journal (kindex_journal.c). The bytes are described in docs/STORAGE.md, "Keyword cache". */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/os.h"
#include "store/kindex_file.h"

bool kx_write_at(int fd, const void *data, size_t n, uint64_t at, const char *path, Err *err)
{
    const char *p = data;
    while (n > 0) {
        ssize_t done = pwrite(fd, p, n, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return err_set_errno(err, ERR_IO, done < 0 ? errno : EIO, "cannot write %s", path);
        p += done;
        n -= (size_t)done;
        at += (uint64_t)done;
    }
    return true;
}

bool kx_sync_fd(int fd, const char *path, Err *err)
{
    while (fdatasync(fd) != 0)
        if (errno != EINTR)
            return err_set_errno(err, ERR_IO, errno, "cannot sync %s", path);
    return true;
}

Kindex *kindex_create(const char *path, Err *err)
{
    return kindex_create_on(path, NULL, err);
}

Kindex *kindex_create_on(const char *path, Spill *spill, Err *err)
{
    Kindex *k = kx_new(path, spill, err);
    if (!k || !path)
        return k;
    k->whole = true;
    if (kindex_sync(k, 0, err))
        return k;
    kindex_close(k);
    return NULL;
}

/* ---- opening ------------------------------------------------------------------------------ */

static uint64_t body_bytes(const KxHeader *h)
{
    return (uint64_t)h->pool_units * KX_UNIT + (uint64_t)h->terms * sizeof(KxTerm) +
           (uint64_t)h->hash_cap * 4 + sizeof((Kindex *)0)->bucket + (uint64_t)h->slots * 16 +
           h->texts_len;
}

static bool check_header(const KxHeader *h, uint64_t file_size, const char *path, Err *err)
{
    if (memcmp(h->magic, "SOTTOKEY", 8) != 0)
        return err_set(err, ERR_CORRUPT, "%s is no keyword index", path);
    if (crc32c(0, h, sizeof *h - 4) != h->crc)
        return err_set(err, ERR_CORRUPT, "the first page of %s does not match its checksum", path);
    if (h->version != KX_VERSION || h->byte_order != 0x01020304)
        return err_set(err, ERR_CORRUPT, "%s has version %u; this program writes version %u", path,
            h->version, KX_VERSION);
    bool power_of_two = (h->hash_cap & (h->hash_cap - 1)) == 0;
    if (h->slots > KX_MAX_SLOTS || h->live > h->slots || !power_of_two ||
        (h->terms > 0 && h->terms >= h->hash_cap))
        return err_set(err, ERR_CORRUPT, "the first page of %s contradicts itself", path);
    if (file_size < KX_PAGE + body_bytes(h))
        return err_set(err, ERR_CORRUPT, "%s is cut short", path);
    return true;
}

/* Pages are let go of now and then while much is read. */
static void cool(const Kindex *k, uint64_t at)
{
    if (k->pool.spill && at / KX_CHUNK % 8 == 7)
        spill_cool(k->pool.spill);
}

/* Reads the whole file, 1 MB at a time: what is mapped need not stay. */
static bool check_body(const Kindex *k, const uint8_t *body, uint64_t n, uint64_t expected,
    Err *err)
{
    uint64_t sum = 0;
    for (uint64_t at = 0; at < n; at += KX_CHUNK) {
        sum = checksum64(sum, body + at, n - at < KX_CHUNK ? (size_t)(n - at) : KX_CHUNK);
        cool(k, at);
    }
    return sum == expected
        || err_set(err, ERR_CORRUPT, "%s does not match its checksum", k->path);
}

/* A copy, on the heap or in the spill, of the next n bytes; an empty one is NULL and fine. */
static bool copy(const Kindex *k, void *to, const uint8_t **from, size_t n)
{
    char *p = n ? kx_resize(k, NULL, n, 1) : NULL;
    for (size_t at = 0; p && at < n; at += KX_CHUNK) {
        memcpy(p + at, *from + at, n - at < KX_CHUNK ? n - at : KX_CHUNK);
        cool(k, at);
    }
    memcpy(to, &p, sizeof p);
    *from += n;
    return p || n == 0;
}

static bool take_over(Kindex *k, const KxHeader *h, uint8_t *file, Err *err)
{
    const uint8_t *p = file + KX_PAGE;
    size_t pool = (size_t)h->pool_units * KX_UNIT;
    k->seed = h->seed;
    k->total_len = h->total_len;
    /* With a spill what changes must not become the process' own, as pages of a private mapping
     * would. */
    bool ok = !k->pool.spill || copy(k, &k->pool.base, &p, pool);
    p = file + KX_PAGE + pool;
    k->pool.base_units = k->pool.next = ok ? h->pool_units : 0;
    memcpy(k->pool.free_head, h->free_head, sizeof h->free_head);
    ok = ok && copy(k, &k->terms, &p, (size_t)h->terms * sizeof(KxTerm)) &&
         copy(k, &k->hash, &p, (size_t)h->hash_cap * 4);
    p = file + KX_PAGE + pool + (size_t)h->terms * sizeof(KxTerm) + (size_t)h->hash_cap * 4;
    memcpy(k->bucket, p, sizeof k->bucket);
    p += sizeof k->bucket;
    ok = ok && copy(k, &k->id, &p, (size_t)h->slots * 8) &&
         copy(k, &k->len, &p, (size_t)h->slots * 4) &&
         copy(k, &k->fwd, &p, (size_t)h->slots * 4) && copy(k, &k->texts, &p, h->texts_len);
    if (!ok)
        return err_set(err, ERR_NO_MEMORY, "no memory to open %s", k->path);
    k->n_terms = k->cap_terms = h->terms;
    k->hash_cap = h->hash_cap;
    k->slots = k->cap_slots = h->slots;
    k->texts_len = k->texts_cap = h->texts_len;
    k->live = h->live;
    return true;
}

bool kx_map(Kindex *k, int fd, Err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return err_set_errno(err, ERR_IO, errno, "cannot read %s", k->path);
    uint64_t size = (uint64_t)st.st_size;
    if (size < KX_PAGE)
        return err_set(err, ERR_CORRUPT, "%s is cut short", k->path);
    /* Private and writable: what changes is copied page by page, the file is not touched. */
    uint8_t *file = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
    if (file == MAP_FAILED)
        return err_set_errno(err, ERR_NO_MEMORY, errno, "cannot map %s", k->path);
    KxHeader h;
    memcpy(&h, file, sizeof h);
    if (k->pool.spill && !spill_watch(k->pool.spill, file, size)) {
        munmap(file, size);
        return err_set(err, ERR_NO_MEMORY, "no memory to open %s", k->path);
    }
    if (!check_header(&h, size, k->path, err) ||
        !check_body(k, file + KX_PAGE, body_bytes(&h), h.body_sum, err)) {
        if (k->pool.spill)
            spill_unwatch(k->pool.spill, file);
        munmap(file, size);
        return false;
    }
    k->mapped = (size_t)size; /* from here on kindex_close unmaps it */
    k->file = file;
    if (!k->pool.spill)
        k->pool.base = file + KX_PAGE;
    if (!take_over(k, &h, file, err))
        return false;
    k->snapshot_bytes = KX_PAGE + body_bytes(&h);
    atomic_store(&k->seq, h.seq);
    return true;
}

/* What was copied into the spill is needed no more. */
static void unmap_file(Kindex *k)
{
    if (!k->pool.spill || !k->file)
        return;
    spill_unwatch(k->pool.spill, k->file);
    munmap(k->file, k->mapped);
    k->file = NULL;
    k->mapped = 0;
}

Kindex *kindex_open(const char *path, Err *err)
{
    return kindex_open_on(path, NULL, err);
}

Kindex *kindex_open_on(const char *path, Spill *spill, Err *err)
{
    Kindex *k = kx_new(path, spill, err);
    if (!k)
        return NULL;
    k->fd = open(path, O_RDWR | O_CLOEXEC);
    if (k->fd < 0) {
        err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "cannot open %s", path);
    } else if (kx_map(k, k->fd, err) &&
               kx_read_journal(k, str_mem((const char *)k->file, k->mapped), err)) {
        unmap_file(k);
        return k;
    }
    kindex_close(k);
    return NULL;
}
