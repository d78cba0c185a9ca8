/* sound_cache.c - see sound_cache.h. Some thousand files at most: lists are walked. */
#include "voice/sound_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/os.h"

#define MAGIC "SOTTOSND"
#define VERSION 1u
#define FOLDER "speech"
#define PATH_MAX_BYTES 4096

typedef struct {
    char magic[8];
    uint32_t version, rate_hz, samples, places;
    char voice[SOUND_CACHE_NAME], backend[SOUND_CACHE_BACKEND];
    uint64_t checksum; /* of what follows the header, seeded with the numbers above */
} Header;
_Static_assert(sizeof(Header) == 8 + 16 + 128 + 16 + 8, "no padding in the file");
_Static_assert(sizeof(CachedPlace) == 20, "no padding in the file");

typedef struct {
    Uuid owner;
    Sha256 key;
    uint64_t bytes, used; /* used: a count that grows; of files found at start, seconds */
} Entry;

struct SoundCache {
    char *dir;
    uint64_t max, bytes, now;
    pthread_mutex_t lock; /* of all but dir and max, and of the files */
    Entry *list;
    size_t n, room;
    bool read, complained;
    Metric *requests, *size;
};

SoundCache *sound_cache_new(const char *dir, uint64_t max_bytes, Err *err)
{
    SoundCache *c = mem_zalloc(sizeof *c);
    if (!c || !(c->dir = mem_strdup(dir))) {
        mem_free(c);
        err_set(err, ERR_NO_MEMORY, "no memory for the cache of spoken texts");
        return NULL;
    }
    c->max = max_bytes;
    pthread_mutex_init(&c->lock, NULL);
    c->requests = metric_counter("tts_cache_requests_total",
        "Texts to be spoken that were in the cache, or not.", "outcome");
    c->size = metric_gauge("tts_cache_bytes", "Bytes of spoken texts that are kept.", NULL);
    metric_add(c->requests, (const char *const[]){"hit"}, 0);
    metric_add(c->requests, (const char *const[]){"miss"}, 0);
    return c;
}

void sound_cache_free(SoundCache *c)
{
    if (c) {
        pthread_mutex_destroy(&c->lock);
        mem_free(c->list);
        mem_free(c->dir);
        mem_free(c);
    }
}

/* ---- files ----------------------------------------------------------------------------------- */

/* key NULL: the folder. False when it is longer than a path may be. */
static bool path_of(const SoundCache *c, const Uuid *owner, const Sha256 *key,
    char out[PATH_MAX_BYTES])
{
    char who[UUID_TEXT], hex[SHA256_HEX];
    int n = key ? snprintf(out, PATH_MAX_BYTES, "%s/%s/" FOLDER "/%s.snd", c->dir,
                      uuid_format(owner, who), sha256_hex(key, hex))
                : snprintf(out, PATH_MAX_BYTES, "%s/%s/" FOLDER, c->dir, uuid_format(owner, who));
    return n > 0 && n < PATH_MAX_BYTES;
}

static bool add(SoundCache *c, const Entry *e)
{
    if (c->n == c->room) {
        size_t room = c->room ? c->room * 2 : 64;
        Entry *list = mem_resize(c->list, room, sizeof *list);
        if (!list)
            return false;
        c->list = list;
        c->room = room;
    }
    c->list[c->n++] = *e;
    c->bytes += e->bytes;
    metric_set(c->size, NULL, (double)c->bytes);
    return true;
}

static void drop(SoundCache *c, size_t i)
{
    c->bytes -= c->list[i].bytes;
    c->list[i] = c->list[--c->n];
    metric_set(c->size, NULL, (double)c->bytes);
}

static void delete_at(SoundCache *c, size_t i)
{
    char path[PATH_MAX_BYTES];
    if (path_of(c, &c->list[i].owner, &c->list[i].key, path))
        (void)os_remove(path, NULL);
    drop(c, i);
}

static size_t find(const SoundCache *c, const Uuid *owner, const Sha256 *key)
{
    size_t i = 0;
    while (i < c->n && !(uuid_eq(&c->list[i].owner, owner) &&
                         memcmp(&c->list[i].key, key, sizeof *key) == 0))
        i++;
    return i;
}

static void make_room(SoundCache *c, uint64_t bytes)
{
    while (c->n && c->bytes + bytes > c->max) {
        size_t oldest = 0;
        for (size_t i = 1; i < c->n; i++)
            if (c->list[i].used < c->list[oldest].used)
                oldest = i;
        delete_at(c, oldest);
    }
}

static void read_folder(SoundCache *c, const Uuid *owner)
{
    char path[PATH_MAX_BYTES];
    DIR *d = path_of(c, owner, NULL, path) ? opendir(path) : NULL;
    for (struct dirent *f; d && (f = readdir(d));) {
        Entry e = {.owner = *owner};
        struct stat st;
        Str name = str_of(f->d_name);
        if (!str_ends(name, STR(".snd")) || !sha256_parse(str_sub(name, 0, name.len - 4), &e.key) ||
            fstatat(dirfd(d), f->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        e.bytes = (uint64_t)st.st_size;
        e.used = (uint64_t)st.st_mtim.tv_sec;
        c->now = c->now < e.used ? e.used : c->now;
        (void)add(c, &e);
    }
    if (d)
        closedir(d);
}

static void read_all(SoundCache *c)
{
    if (c->read)
        return;
    c->read = true;
    DIR *d = opendir(c->dir);
    for (struct dirent *f; d && (f = readdir(d));) {
        Uuid owner;
        if (uuid_parse(str_of(f->d_name), &owner))
            read_folder(c, &owner);
    }
    if (d)
        closedir(d);
    make_room(c, 0);
}

/* ---- one sound ------------------------------------------------------------------------------- */

static uint64_t checksum(const Header *h, const char *data, size_t n)
{
    uint64_t seed = checksum64(0, h, offsetof(Header, checksum));
    return checksum64(seed, data, n);
}

static bool add_up(const CachedPlace *places, size_t n, uint64_t samples)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += places[i].samples;
    return sum == samples;
}

static bool read_sound(const Buf *file, CachedSound *out)
{
    Header h;
    const char *data = file->ptr + sizeof h;
    if (file->len < sizeof h)
        return false;
    memcpy(&h, file->ptr, sizeof h);
    uint64_t places = (uint64_t)h.places * sizeof(CachedPlace), n = (uint64_t)h.samples * 2;
    if (memcmp(h.magic, MAGIC, 8) != 0 || h.version != VERSION ||
        places + n != file->len - sizeof h ||
        h.checksum != checksum(&h, data, (size_t)(places + n)))
        return false;
    h.voice[sizeof h.voice - 1] = h.backend[sizeof h.backend - 1] = '\0';
    *out = (CachedSound){.rate_hz = h.rate_hz, .n_places = h.places, .n = h.samples};
    memcpy(out->voice, h.voice, sizeof h.voice);
    memcpy(out->backend, h.backend, sizeof h.backend);
    /* A Buf's memory is aligned for anything, and the header is a multiple of eight long. */
    out->places = (const CachedPlace *)(const void *)data;
    out->pcm = (const int16_t *)(const void *)(data + places);
    return add_up(out->places, out->n_places, out->n);
}

bool sound_cache_get(SoundCache *c, const Uuid *owner, const Sha256 *key, Buf *file,
    CachedSound *out)
{
    char path[PATH_MAX_BYTES];
    pthread_mutex_lock(&c->lock);
    read_all(c);
    size_t i = find(c, owner, key);
    bool ok = i < c->n && path_of(c, owner, key, path);
    if (ok) {
        buf_clear(file);
        ok = os_read_file(path, file, NULL) && read_sound(file, out);
        if (ok) {
            c->list[i].used = ++c->now;
            (void)utimensat(AT_FDCWD, path, NULL, 0); /* the order, for the next start */
        } else {
            delete_at(c, i);
        }
    }
    pthread_mutex_unlock(&c->lock);
    METRIC_INC(c->requests, ok ? "hit" : "miss");
    return ok;
}

static bool write_sound(const char *path, const CachedSound *s, Buf *file, Err *err)
{
    Header h = {.magic = MAGIC, .version = VERSION, .rate_hz = s->rate_hz,
        .samples = (uint32_t)s->n, .places = (uint32_t)s->n_places};
    memcpy(h.voice, s->voice, sizeof h.voice);
    memcpy(h.backend, s->backend, sizeof h.backend);
    buf_add_mem(file, &h, sizeof h);
    buf_add_mem(file, s->places, s->n_places * sizeof *s->places);
    buf_add_mem(file, s->pcm, s->n * sizeof *s->pcm);
    if (!buf_check(file, "a spoken text", err))
        return false;
    h.checksum = checksum(&h, file->ptr + sizeof h, file->len - sizeof h);
    memcpy(file->ptr, &h, sizeof h);
    return os_write_file(path, buf_str(file), 0600, err);
}

void sound_cache_put(SoundCache *c, const Uuid *owner, const Sha256 *key, const CachedSound *s)
{
    Entry e = {.owner = *owner, .key = *key,
        .bytes = sizeof(Header) + s->n_places * sizeof *s->places + s->n * sizeof *s->pcm};
    char path[PATH_MAX_BYTES];
    Err err = ERR_INIT;
    Buf file;
    if (e.bytes > c->max / 8)
        return;
    buf_init(&file, (size_t)e.bytes + 1);
    pthread_mutex_lock(&c->lock);
    read_all(c);
    size_t i = find(c, owner, key);
    if (i < c->n)
        drop(c, i);
    make_room(c, e.bytes);
    e.used = ++c->now;
    bool ok = path_of(c, owner, NULL, path) && os_mkdirs(path, 0700, &err) &&
              path_of(c, owner, key, path) && write_sound(path, s, &file, &err);
    if (ok && !add(c, &e))
        (void)os_remove(path, NULL);
    bool tell = !ok && err.code != ERR_NONE && !c->complained;
    c->complained = c->complained || tell;
    pthread_mutex_unlock(&c->lock);
    buf_release(&file);
    if (tell)
        log_write(LOG_WARN, "voice", "spoken texts cannot be kept: %s", err.msg);
}

bool sound_cache_forget(SoundCache *c, const Uuid *owner, Err *err)
{
    char path[PATH_MAX_BYTES];
    bool ok = true;
    pthread_mutex_lock(&c->lock);
    read_all(c);
    for (size_t i = c->n; i-- > 0;) {
        Entry e = c->list[i];
        if (owner && !uuid_eq(&e.owner, owner))
            continue;
        if (ok && path_of(c, &e.owner, &e.key, path))
            ok = os_remove(path, err);
        if (ok)
            drop(c, i);
    }
    pthread_mutex_unlock(&c->lock);
    return ok;
}
