/* kindex_file.c - the snapshot and what opening makes of it. The bytes are described in
 * docs/STORAGE.md, "Keyword cache"; the journal that follows them is in kindex_journal.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/os.h"
#include "store/kindex_file.h"

#define CHUNK ((size_t)1 << 20) /* the body's checksum runs over pieces of this size */

typedef struct {
    int fd;
    const char *path;
    uint8_t *chunk;
    size_t used;
    uint64_t written, sum;
} Writer;

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

static bool flush(Writer *w, Err *err)
{
    w->sum = checksum64(w->sum, w->chunk, w->used);
    if (!kx_write_at(w->fd, w->chunk, w->used, KX_PAGE + w->written, w->path, err))
        return false;
    w->written += w->used;
    w->used = 0;
    return true;
}

static bool put(Writer *w, const void *data, size_t n, Err *err)
{
    const uint8_t *p = data;
    while (n > 0) {
        size_t room = CHUNK - w->used, now = n < room ? n : room;
        memcpy(w->chunk + w->used, p, now);
        w->used += now;
        p += now;
        n -= now;
        if (w->used == CHUNK && !flush(w, err))
            return false;
    }
    return true;
}

static bool put_pool(Writer *w, const KxPool *p, Err *err)
{
    if (p->base_units && !put(w, p->base, (size_t)p->base_units * KX_UNIT, err))
        return false;
    uint64_t left = p->next - p->base_units;
    for (uint32_t i = 0; i < p->n_ext && left > 0; i++) {
        uint64_t units = left < KX_EXTENT ? left : KX_EXTENT;
        if (!put(w, p->ext[i], (size_t)units * KX_UNIT, err))
            return false;
        left -= units;
    }
    return true;
}

/* Everything in the order of KxHeader's counts. Caller keeps writers away. */
static bool put_all(Writer *w, const Kindex *k, Err *err)
{
    return put_pool(w, &k->pool, err) && put(w, k->terms, k->n_terms * sizeof *k->terms, err) &&
           put(w, k->hash, (size_t)k->hash_cap * 4, err) &&
           put(w, k->bucket, sizeof k->bucket, err) &&
           put(w, k->id, (size_t)k->slots * 8, err) && put(w, k->len, (size_t)k->slots * 4, err) &&
           put(w, k->fwd, (size_t)k->slots * 4, err) && put(w, k->texts, k->texts_len, err) &&
           (w->used == 0 || flush(w, err));
}

static uint64_t body_bytes(const KxHeader *h)
{
    return (uint64_t)h->pool_units * KX_UNIT + (uint64_t)h->terms * sizeof(KxTerm) +
           (uint64_t)h->hash_cap * 4 + sizeof((Kindex *)0)->bucket + (uint64_t)h->slots * 16 +
           h->texts_len;
}

static void fill_header(KxHeader *h, const Kindex *k, uint64_t seq)
{
    *h = (KxHeader){.magic = "SOTTOKEY", .version = KX_VERSION, .byte_order = 0x01020304,
        .seq = seq, .seed = k->seed, .total_len = k->total_len, .pool_units = k->pool.next,
        .terms = k->n_terms, .hash_cap = k->hash_cap, .texts_len = k->texts_len,
        .slots = k->slots, .live = k->live};
    memcpy(h->free_head, k->pool.free_head, sizeof h->free_head);
}

/* Writes a new file beside the old one; *fd is the new file. The pending journal is in it. */
static bool write_snapshot(Kindex *k, const char *temporary, uint64_t seq, int *fd, uint64_t *bytes,
    Err *err)
{
    Writer w = {.path = temporary, .chunk = mem_alloc(CHUNK)};
    if (!w.chunk)
        return err_set(err, ERR_NO_MEMORY, "no memory to write %s", temporary);
    w.fd = *fd = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (w.fd < 0) {
        mem_free(w.chunk);
        return err_set_errno(err, ERR_IO, errno, "cannot create %s", temporary);
    }
    KxHeader h;
    pthread_rwlock_rdlock(&k->lock); /* readers go on, writers wait until it is in the page cache */
    bool ok = put_all(&w, k, err);
    fill_header(&h, k, seq);
    if (ok) {
        buf_clear(&k->pending); /* only writers and syncs touch it, and both wait */
        k->whole = false;
    }
    pthread_rwlock_unlock(&k->lock);
    mem_free(w.chunk);
    h.body_sum = w.sum;
    h.crc = crc32c(0, &h, sizeof h - 4);
    *bytes = KX_PAGE + w.written;
    return ok && kx_write_at(w.fd, &h, sizeof h, 0, temporary, err) &&
           kx_sync_fd(w.fd, temporary, err);
}

bool kx_snapshot(Kindex *k, uint64_t seq, Err *err)
{
    size_t n = strlen(k->path);
    char *temporary = mem_alloc(n + 5);
    if (!temporary)
        return err_set(err, ERR_NO_MEMORY, "no memory to write %s", k->path);
    memcpy(temporary, k->path, n);
    memcpy(temporary + n, ".new", 5);
    int fd = -1;
    uint64_t bytes = 0;
    bool ok = write_snapshot(k, temporary, seq, &fd, &bytes, err);
    if (ok && rename(temporary, k->path) != 0)
        ok = err_set_errno(err, ERR_IO, errno, "cannot replace %s", k->path);
    if (ok) {
        if (k->fd >= 0)
            close(k->fd);
        k->fd = fd;
        k->snapshot_bytes = k->file_end = bytes;
        /* Should the folder's entry not survive a power cut, the old file is there: also whole. */
        char *slash = strrchr(temporary, '/');
        if (slash)
            *slash = '\0';
        ok = os_sync_dir(slash ? (slash == temporary ? "/" : temporary) : ".", err);
    } else {
        if (fd >= 0)
            close(fd);
        unlink(temporary);
    }
    mem_free(temporary);
    return ok;
}

Kindex *kindex_create(const char *path, Err *err)
{
    Kindex *k = kx_new(path, err);
    if (!k || !path)
        return k;
    k->whole = true;
    if (kindex_sync(k, 0, err))
        return k;
    kindex_close(k);
    return NULL;
}

/* ---- opening ------------------------------------------------------------------------------ */

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

static bool check_body(const uint8_t *body, uint64_t n, uint64_t expected, const char *path,
    Err *err)
{
    uint64_t sum = 0;
    for (uint64_t at = 0; at < n; at += CHUNK)
        sum = checksum64(sum, body + at, n - at < CHUNK ? (size_t)(n - at) : CHUNK);
    return sum == expected || err_set(err, ERR_CORRUPT, "%s does not match its checksum", path);
}

/* A copy on the heap of the next n bytes; an empty one is NULL and fine. */
static bool copy(void *to, const uint8_t **from, size_t n)
{
    void *p = n ? mem_alloc(n) : NULL;
    if (p)
        memcpy(p, *from, n);
    memcpy(to, &p, sizeof p);
    *from += n;
    return p || n == 0;
}

static bool take_over(Kindex *k, const KxHeader *h, uint8_t *file, Err *err)
{
    const uint8_t *p = file + KX_PAGE + (size_t)h->pool_units * KX_UNIT;
    k->seed = h->seed;
    k->total_len = h->total_len;
    k->pool.base = file + KX_PAGE;
    k->pool.base_units = k->pool.next = h->pool_units;
    memcpy(k->pool.free_head, h->free_head, sizeof h->free_head);
    bool ok = copy(&k->terms, &p, (size_t)h->terms * sizeof(KxTerm)) &&
              copy(&k->hash, &p, (size_t)h->hash_cap * 4);
    memcpy(k->bucket, p, sizeof k->bucket);
    p += sizeof k->bucket;
    ok = ok && copy(&k->id, &p, (size_t)h->slots * 8) && copy(&k->len, &p, (size_t)h->slots * 4) &&
         copy(&k->fwd, &p, (size_t)h->slots * 4) && copy(&k->texts, &p, h->texts_len);
    if (!ok)
        return err_set(err, ERR_NO_MEMORY, "no memory to open %s", k->path);
    k->n_terms = k->cap_terms = h->terms;
    k->hash_cap = h->hash_cap;
    k->slots = k->cap_slots = h->slots;
    k->texts_len = k->texts_cap = h->texts_len;
    k->live = h->live;
    return true;
}

static bool load(Kindex *k, Err *err)
{
    struct stat st;
    if (fstat(k->fd, &st) != 0)
        return err_set_errno(err, ERR_IO, errno, "cannot read %s", k->path);
    uint64_t size = (uint64_t)st.st_size;
    if (size < KX_PAGE)
        return err_set(err, ERR_CORRUPT, "%s is cut short", k->path);
    /* Private and writable: what changes is copied page by page, the file is not touched. */
    uint8_t *file = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, k->fd, 0);
    if (file == MAP_FAILED)
        return err_set_errno(err, ERR_NO_MEMORY, errno, "cannot map %s", k->path);
    KxHeader h;
    memcpy(&h, file, sizeof h);
    uint64_t body;
    if (!check_header(&h, size, k->path, err) ||
        !check_body(file + KX_PAGE, body = body_bytes(&h), h.body_sum, k->path, err)) {
        munmap(file, size);
        return false;
    }
    k->mapped = (size_t)size;
    if (!take_over(k, &h, file, err)) {
        k->pool.base = file + KX_PAGE; /* for kindex_close */
        return false;
    }
    k->snapshot_bytes = KX_PAGE + body;
    atomic_store(&k->seq, h.seq);
    return kx_read_journal(k, str_mem((const char *)file, (size_t)size), err);
}

Kindex *kindex_open(const char *path, Err *err)
{
    Kindex *k = kx_new(path, err);
    if (!k)
        return NULL;
    k->fd = open(path, O_RDWR | O_CLOEXEC);
    if (k->fd < 0) {
        err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "cannot open %s", path);
    } else if (load(k, err)) {
        return k;
    }
    kindex_close(k);
    return NULL;
}
