/* spill.c - see spill.h. */
#include "base/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"

#define LOOK_EVERY 8u

typedef struct {
    char *base;
    size_t bytes, at; /* at: where in the file */
    bool ours;        /* a block; else watched */
    bool in_file;     /* its pages can be let go of */
} Range;

struct Spill {
    int fd;
    size_t end; /* of the file; places are not used twice, holes cost nothing */
    pthread_mutex_t lock;
    Range *ranges;
    size_t n, cap;
    Spill *next;
};

static struct {
    pthread_mutex_t lock; /* taken before a Spill's */
    Spill *first;
    size_t after;         /* mapped bytes that the last trim left */
    _Atomic unsigned asked;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static int open_nameless(const char *dir)
{
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    char path[4096];
    if (snprintf(path, sizeof path, "%s/spill-XXXXXX", dir) >= (int)sizeof path)
        return -1;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(path);
    return fd;
}

Spill *spill_open(const char *dir, Err *err)
{
    Spill *s = mem_zalloc(sizeof *s);
    if (!s) {
        err_set(err, ERR_NO_MEMORY, "opening a cache: out of memory");
        return NULL;
    }
    s->fd = open_nameless(dir);
    if (s->fd < 0) {
        err_set_errno(err, ERR_IO, errno, "cannot create a file in %s", dir);
        mem_free(s);
        return NULL;
    }
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_lock(&all.lock);
    s->next = all.first;
    all.first = s;
    pthread_mutex_unlock(&all.lock);
    return s;
}

void spill_close(Spill *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&all.lock);
    Spill **at = &all.first;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    pthread_mutex_unlock(&all.lock);
    for (size_t i = 0; i < s->n; i++)
        if (s->ranges[i].ours)
            munmap(s->ranges[i].base, s->ranges[i].bytes);
    close(s->fd);
    pthread_mutex_destroy(&s->lock);
    mem_free(s->ranges);
    mem_free(s);
}

/* ---- blocks --------------------------------------------------------------------------------- */

/* A new range at the list's end; with the lock held. */
static Range *map(Spill *s, size_t bytes)
{
    if (!MEM_GROW(s->ranges, s->n, s->cap))
        return NULL;
    bool in_file = fallocate(s->fd, 0, (off_t)s->end, (off_t)bytes) == 0;
    void *p = in_file
        ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, (off_t)s->end)
        : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    s->ranges[s->n] = (Range){p, bytes, s->end, true, in_file};
    s->end += in_file ? bytes : 0;
    return &s->ranges[s->n++];
}

static Range *find(Spill *s, const void *base, bool ours)
{
    for (size_t i = s->n; i-- > 0;)
        if (s->ranges[i].base == base && s->ranges[i].ours == ours)
            return &s->ranges[i];
    return NULL;
}

static void drop(Spill *s, Range *r)
{
    if (r->ours) {
        munmap(r->base, r->bytes);
        if (r->in_file)
            (void)fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)r->at,
                (off_t)r->bytes);
    }
    *r = s->ranges[--s->n];
}

void *spill_resize(Spill *s, void *block, size_t count, size_t size)
{
    size_t bytes, page = page_bytes();
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
        return NULL;
    bytes = bytes ? (bytes + page - 1) / page * page : page;
    char *p = block;
    pthread_mutex_lock(&s->lock);
    Range *old = block ? find(s, block, true) : NULL;
    if (!old || old->bytes != bytes) {
        size_t index = old ? (size_t)(old - s->ranges) : 0;
        bool had = old != NULL;
        Range *r = map(s, bytes);
        p = r ? r->base : NULL;
        if (r && had) {
            old = &s->ranges[index];
            memcpy(p, block, old->bytes < bytes ? old->bytes : bytes);
            drop(s, old);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return p;
}

void spill_free(Spill *s, void *block)
{
    if (!block)
        return;
    pthread_mutex_lock(&s->lock);
    Range *r = find(s, block, true);
    if (r)
        drop(s, r);
    pthread_mutex_unlock(&s->lock);
}

bool spill_watch(Spill *s, void *base, size_t bytes)
{
    pthread_mutex_lock(&s->lock);
    bool ok = MEM_GROW(s->ranges, s->n, s->cap);
    if (ok)
        s->ranges[s->n++] = (Range){base, bytes, 0, false, true};
    pthread_mutex_unlock(&s->lock);
    return ok;
}

void spill_unwatch(Spill *s, void *base)
{
    pthread_mutex_lock(&s->lock);
    Range *r = find(s, base, false);
    if (r)
        drop(s, r);
    pthread_mutex_unlock(&s->lock);
}

/* ---- letting go ----------------------------------------------------------------------------- */

void spill_cool(Spill *s)
{
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->n; i++)
        if (s->ranges[i].in_file)
            (void)madvise(s->ranges[i].base, s->ranges[i].bytes, MADV_DONTNEED);
    pthread_mutex_unlock(&s->lock);
}

/* Resident pages that are mapped of files, of the whole process; 0: unknown. */
static size_t mapped_bytes(void)
{
    char text[128];
    unsigned long pages, resident, shared;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return 0;
    text[n] = 0;
    return sscanf(text, "%lu %lu %lu", &pages, &resident, &shared) == 3 ? shared * page_bytes() : 0;
}

void spill_trim(size_t budget)
{
    if (atomic_fetch_add_explicit(&all.asked, 1, memory_order_relaxed) % LOOK_EVERY)
        return;
    size_t now = mapped_bytes();
    pthread_mutex_lock(&all.lock);
    if (now < all.after)
        all.after = now;
    bool over = all.first && now > all.after + budget;
    for (Spill *s = all.first; over && s; s = s->next)
        spill_cool(s);
    if (over)
        all.after = mapped_bytes();
    pthread_mutex_unlock(&all.lock);
}
