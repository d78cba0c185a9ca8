/* vindex_file.c - the mapped file: creating, opening, growing, syncing, checking. The bytes are
 * described in docs/STORAGE.md, "Vector cache". */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "store/vindex_int.h"

/* The first page. crc covers the page without itself. */
typedef struct {
    char magic[8]; /* "SOTTOVEC" */
    uint32_t version, dim, seg_slots, seg_bytes;
    uint32_t byte_order; /* 0x01020304 as this machine writes it */
    uint8_t zero[VX_PAGE - 8 - 5 * 4 - 4];
    uint32_t crc;
} Super;

/* The second and third page, written in turn. */
typedef struct {
    char magic[8]; /* "VECSTATE" */
    uint64_t seq;
    uint32_t generation, slots, live, segments;
    uint32_t live_crc; /* over the live copies of all segments, in order */
    uint32_t copy;     /* 0 or 1: which live copy belongs to this state */
    uint8_t zero[VX_PAGE - 8 - 8 - 6 * 4 - 4];
    uint32_t crc;
} State;

_Static_assert(sizeof(Super) == VX_PAGE && sizeof(State) == VX_PAGE, "headers are pages");
_Static_assert(VX_SCALE % VX_PAGE == 0 && VX_SKETCHES % VX_PAGE == 0 && VX_HI % VX_PAGE == 0 &&
    VX_SEG_BYTES % VX_PAGE == 0, "segment parts are whole pages");

static bool write_page(int fd, const void *page, off_t at, const char *path, Err *err)
{
    const char *p = page;
    for (size_t done = 0; done < VX_PAGE;) {
        ssize_t n = pwrite(fd, p + done, VX_PAGE - done, at + (off_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_set_errno(err, ERR_IO, n < 0 ? errno : EIO, "cannot write %s", path);
        done += (size_t)n;
    }
    return true;
}

static bool read_page(int fd, void *page, off_t at, const char *path, Err *err)
{
    char *p = page;
    for (size_t done = 0; done < VX_PAGE;) {
        ssize_t n = pread(fd, p + done, VX_PAGE - done, at + (off_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set_errno(err, ERR_IO, errno, "cannot read %s", path);
        if (n == 0)
            return err_set(err, ERR_CORRUPT, "%s is cut short", path);
        done += (size_t)n;
    }
    return true;
}

static bool sync_file(int fd, const char *path, Err *err)
{
    while (fdatasync(fd) != 0)
        if (errno != EINTR)
            return err_set_errno(err, ERR_IO, errno, "cannot sync %s", path);
    return true;
}

/* posix_fallocate rather than ftruncate: a full disk must be an error here and not a SIGBUS when
 * the mapping is written. */
static bool grow_file(Vindex *v, Err *err)
{
    off_t at = (off_t)VX_OFF_SEGS + (off_t)v->n_segs * VX_SEG_BYTES;
    int rc;
    do {
        rc = posix_fallocate(v->fd, at, VX_SEG_BYTES);
    } while (rc == EINTR);
    return rc == 0 || err_set_errno(err, ERR_IO, rc, "cannot grow %s", v->path);
}

bool vx_add_segment(Vindex *v, bool grow, Err *err)
{
    if (v->n_segs == VX_MAX_SEGS)
        return err_set(err, ERR_STORAGE_FULL, "the vector index holds %u slots and cannot grow",
            VX_MAX_SEGS * VX_SEG_SLOTS);
    VxSegment *s = mem_zalloc(sizeof *s);
    if (!s)
        return err_set(err, ERR_NO_MEMORY, "no memory for more vectors");
    if (v->fd >= 0 && grow && !grow_file(v, err)) {
        mem_free(s);
        return false;
    }
    off_t at = (off_t)VX_OFF_SEGS + (off_t)v->n_segs * VX_SEG_BYTES;
    int flags = v->fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
    void *p = mmap(NULL, VX_SEG_BYTES, PROT_READ | PROT_WRITE, flags, v->fd, v->fd >= 0 ? at : 0);
    if (p == MAP_FAILED) {
        mem_free(s);
        return err_set_errno(err, ERR_NO_MEMORY, errno, "cannot map more vectors");
    }
    s->base = p;
    if (v->spill && v->fd >= 0 && !spill_watch(v->spill, p, VX_SEG_BYTES)) {
        munmap(p, VX_SEG_BYTES);
        mem_free(s);
        return err_set(err, ERR_NO_MEMORY, "no memory for more vectors");
    }
    atomic_store_explicit(&v->segs[v->n_segs], s, memory_order_release);
    v->n_segs++;
    return true;
}

Vindex *vindex_create(const char *path, Err *err)
{
    return vindex_create_on(path, NULL, err);
}

Vindex *vindex_create_on(const char *path, Spill *spill, Err *err)
{
    Vindex *v = vx_new(path, spill, err);
    if (!v || !path)
        return v;
    Super super = {.magic = "SOTTOVEC", .version = VX_VERSION, .dim = VINDEX_DIM,
        .seg_slots = VX_SEG_SLOTS, .seg_bytes = VX_SEG_BYTES, .byte_order = 0x01020304};
    super.crc = crc32c(0, &super, VX_PAGE - 4);
    /* A new inode: whoever has the old file mapped keeps it whole. */
    if (unlink(path) != 0 && errno != ENOENT) {
        err_set_errno(err, ERR_IO, errno, "cannot replace %s", path);
        goto fail;
    }
    v->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (v->fd < 0) {
        err_set_errno(err, ERR_IO, errno, "cannot create %s", path);
        goto fail;
    }
    /* Both places of states are there from the first day, even while nothing is in the index. */
    int rc = posix_fallocate(v->fd, 0, VX_OFF_SEGS);
    if (rc != 0) {
        err_set_errno(err, ERR_IO, rc, "cannot create %s", path);
        goto fail;
    }
    v->durable_copy = 1;
    if (!write_page(v->fd, &super, VX_OFF_SUPER, path, err) || !vindex_sync(v, 0, err))
        goto fail;
    return v;
fail:
    vindex_close(v);
    return NULL;
}

static uint32_t live_crc(const Vindex *v, uint32_t segments, unsigned copy)
{
    uint32_t crc = 0;
    for (uint32_t i = 0; i < segments; i++)
        crc = crc32c(crc, vx_live_copy(atomic_load(&v->segs[i]), copy), (size_t)VX_SEG_WORDS * 8);
    return crc;
}

/* Writes the live bits of this moment into `copy` of every segment; the segments' pages that did
 * not change stay clean. Caller holds lock. */
static void snapshot(Vindex *v, State *state, unsigned copy)
{
    for (uint32_t i = 0; i < v->n_segs; i++) {
        VxSegment *s = atomic_load(&v->segs[i]);
        uint64_t *to = vx_live_copy(s, copy);
        for (uint32_t w = 0; w < VX_SEG_WORDS; w++) {
            uint64_t now = atomic_load(&s->live[w]);
            if (to[w] != now)
                to[w] = now;
        }
    }
    *state = (State){.magic = "VECSTATE", .generation = ++v->generation, .copy = copy,
        .slots = atomic_load(&v->slots), .live = atomic_load(&v->live), .segments = v->n_segs};
}

bool vindex_sync(Vindex *v, uint64_t seq, Err *err)
{
    pthread_mutex_lock(&v->sync_lock);
    State state;
    unsigned copy = v->durable_copy ^ 1;
    pthread_mutex_lock(&v->lock);
    snapshot(v, &state, copy);
    pthread_mutex_unlock(&v->lock);
    bool ok = !v->failed;
    if (!ok)
        err_set(err, ERR_IO, "%s could not be synced before: rebuild it", v->path);
    if (ok && v->fd >= 0) {
        state.seq = seq;
        state.live_crc = live_crc(v, state.segments, copy);
        state.crc = crc32c(0, &state, VX_PAGE - 4);
        /* A failed sync may have dropped pages that now look clean: never trust the file again. */
        ok = sync_file(v->fd, v->path, err) &&
             write_page(v->fd, &state, VX_OFF_STATE(copy), v->path, err) &&
             sync_file(v->fd, v->path, err);
        v->failed = !ok;
    }
    if (ok) {
        v->durable_copy = copy;
        atomic_store(&v->seq, seq);
        pthread_mutex_lock(&v->lock);
        vx_begin_grace(v, copy);
        pthread_mutex_unlock(&v->lock);
    }
    pthread_mutex_unlock(&v->sync_lock);
    return ok;
}

/* ---- opening ------------------------------------------------------------------------------ */

static bool check_super(Vindex *v, Err *err)
{
    Super s;
    if (!read_page(v->fd, &s, VX_OFF_SUPER, v->path, err))
        return false;
    if (memcmp(s.magic, "SOTTOVEC", 8) != 0)
        return err_set(err, ERR_CORRUPT, "%s is no vector index", v->path);
    if (crc32c(0, &s, VX_PAGE - 4) != s.crc)
        return err_set(err, ERR_CORRUPT, "the first page of %s does not match its checksum",
            v->path);
    if (s.version != VX_VERSION)
        return err_set(err, ERR_CORRUPT, "%s has version %u; this program writes version %u",
            v->path, s.version, VX_VERSION);
    if (s.dim != VINDEX_DIM || s.seg_slots != VX_SEG_SLOTS || s.seg_bytes != VX_SEG_BYTES ||
        s.byte_order != 0x01020304)
        return err_set(err, ERR_CORRUPT, "%s was made with another layout", v->path);
    return true;
}

static bool read_state(Vindex *v, unsigned at, uint64_t file_size, State *s, Err *err)
{
    if (!read_page(v->fd, s, VX_OFF_STATE(at), v->path, err))
        return false;
    if (memcmp(s->magic, "VECSTATE", 8) != 0 || crc32c(0, s, VX_PAGE - 4) != s->crc)
        return err_set(err, ERR_CORRUPT, "no whole state in %s", v->path);
    if (s->copy != at || s->segments > VX_MAX_SEGS || s->live > s->slots ||
        s->slots > (uint64_t)s->segments * VX_SEG_SLOTS)
        return err_set(err, ERR_CORRUPT, "the state in %s contradicts itself", v->path);
    if (file_size < VX_OFF_SEGS + (uint64_t)s->segments * VX_SEG_BYTES)
        return err_set(err, ERR_CORRUPT, "%s is cut short", v->path);
    return true;
}

/* Takes over the live bits of a state; false when they are damaged, or when a slot that is live in
 * it has been written for a later one (then the header of that later one was lost). */
static bool load_live(Vindex *v, const State *state, Err *err)
{
    if (live_crc(v, state->segments, state->copy) != state->live_crc)
        return err_set(err, ERR_CORRUPT, "the live bits of %s do not match", v->path);
    uint64_t count = 0;
    for (uint32_t i = 0; i < state->segments; i++) {
        VxSegment *s = atomic_load(&v->segs[i]);
        const uint64_t *live = vx_live_copy(s, state->copy);
        const uint32_t *born = vx_borns(s);
        for (uint32_t w = 0; w < VX_SEG_WORDS; w++) {
            for (uint64_t m = live[w]; m; m &= m - 1) {
                uint32_t j = w * 64 + (uint32_t)__builtin_ctzll(m);
                if (born[j] > state->generation || i * VX_SEG_SLOTS + j >= state->slots)
                    return err_set(err, ERR_CORRUPT, "%s holds a slot of a lost state", v->path);
            }
            s->busy[w] = live[w];
            atomic_store(&s->live[w], live[w]);
            count += (uint64_t)__builtin_popcountll(live[w]);
        }
    }
    if (count != state->live)
        return err_set(err, ERR_CORRUPT, "%s counts %u live slots but marks %llu", v->path,
            state->live, (unsigned long long)count);
    return true;
}

static bool load_state(Vindex *v, const State *state, Err *err)
{
    while (v->n_segs < state->segments)
        if (!vx_add_segment(v, false, err))
            return false;
    for (uint32_t i = state->segments; i < v->n_segs; i++) { /* mapped for a state that failed */
        VxSegment *s = atomic_load(&v->segs[i]);
        memset(s->busy, 0, sizeof s->busy);
        for (uint32_t w = 0; w < VX_SEG_WORDS; w++)
            atomic_store(&s->live[w], 0);
    }
    if (!load_live(v, state, err))
        return false;
    atomic_store(&v->slots, state->slots);
    atomic_store(&v->live, state->live);
    v->n_free = state->slots - state->live;
    v->generation = state->generation;
    v->durable_copy = state->copy;
    atomic_store(&v->seq, state->seq);
    return true;
}

static bool open_newest(Vindex *v, Err *err)
{
    struct stat st;
    if (fstat(v->fd, &st) != 0)
        return err_set_errno(err, ERR_IO, errno, "cannot read %s", v->path);
    if (!check_super(v, err))
        return false;
    State states[2];
    bool whole[2];
    Err why = ERR_INIT;
    for (unsigned i = 0; i < 2; i++)
        whole[i] = read_state(v, i, (uint64_t)st.st_size, &states[i], &why);
    unsigned best = !whole[0] || (whole[1] && states[1].generation > states[0].generation);
    for (unsigned tried = 0; tried < 2; tried++, best ^= 1) {
        if (!whole[best])
            continue;
        if (load_state(v, &states[best], &why))
            return true;
        if (why.code != ERR_CORRUPT)
            break;
    }
    if (err)
        *err = why;
    return false;
}

Vindex *vindex_open(const char *path, Err *err)
{
    return vindex_open_on(path, NULL, err);
}

Vindex *vindex_open_on(const char *path, Spill *spill, Err *err)
{
    Vindex *v = vx_new(path, spill, err);
    if (!v)
        return NULL;
    v->fd = open(path, O_RDWR | O_CLOEXEC);
    if (v->fd < 0) {
        err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "cannot open %s", path);
        goto fail;
    }
    if (!open_newest(v, err))
        goto fail;
    return v;
fail:
    vindex_close(v);
    return NULL;
}

bool vindex_verify(Vindex *v, Err *err)
{
    unsigned ticket = vindex_enter(v);
    uint32_t slots = vindex_slots(v);
    bool ok = true;
    for (uint32_t slot = 0; slot < slots && ok; slot++) {
        const VxSegment *s = vx_segment(v, slot);
        uint32_t i = slot % VX_SEG_SLOTS;
        if (vx_is_live(s, i) &&
            (vx_check_of(s, i) != vx_checks(s)[i] || !isfinite(vx_scales(s)[i])))
            ok = err_set(err, ERR_CORRUPT, "vector %u of %s does not match its checksum", slot,
                v->path ? v->path : "the index");
    }
    vindex_leave(v, ticket);
    return ok;
}
