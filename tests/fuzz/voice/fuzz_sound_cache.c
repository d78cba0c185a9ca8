/* fuzz_sound_cache.c - a kept sound that somebody has changed, its checksum made right again: it is
 * none, or its parts lie inside it. */
#include "../require.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "voice/sound_cache.h"

#define SUM_AT 168 /* of the head: "SOTTOSND", four numbers, two names */

static const Uuid owner = {{1}};
static const Sha256 key = {{2}};
static char folder[64], path[200];

static void end(void)
{
    (void)os_remove_tree(folder, NULL);
}

static void begin(void)
{
    char id[UUID_TEXT], hex[2 * sizeof key.b + 1];
    Err err = ERR_INIT;
    (void)snprintf(folder, sizeof folder, "%s/sotto-fuzz-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    REQUIRE(mkdtemp(folder) && atexit(end) == 0);
    log_init(LOG_ERROR, "text");
    for (size_t i = 0; i < sizeof key.b; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", key.b[i]);
    (void)snprintf(path, sizeof path, "%s/%s/speech", folder, uuid_format(&owner, id));
    REQUIRE(os_mkdirs(path, 0700, &err));
    (void)snprintf(path, sizeof path, "%s/%s/speech/%s.snd", folder, id, hex);
}

static void check(const CachedSound *s)
{
    size_t sum = 0;
    REQUIRE(memchr(s->voice, 0, sizeof s->voice) && memchr(s->backend, 0, sizeof s->backend));
    for (size_t i = 0; i < s->n_places; i++)
        sum += s->places[i].samples;
    REQUIRE(sum == s->n);
    volatile int16_t last = 0;
    for (size_t i = 0; i < s->n; i++)
        last = s->pcm[i];
    (void)last;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Err err = ERR_INIT;
    Buf file, kept;
    CachedSound s;
    if (size > 1 << 20)
        return 0;
    if (!folder[0])
        begin();
    buf_init(&file, 1 << 21);
    buf_init(&kept, 1 << 21);
    REQUIRE(buf_add_mem(&file, data, size));
    if (size >= SUM_AT + 8) {
        uint64_t seed = checksum64(0, file.ptr, SUM_AT);
        uint64_t sum = checksum64(seed, file.ptr + SUM_AT + 8, size - SUM_AT - 8);
        memcpy(file.ptr + SUM_AT, &sum, sizeof sum);
    }
    REQUIRE(os_write_file(path, buf_str(&file), 0600, &err));
    SoundCache *c = sound_cache_new(folder, 1 << 22, &err);
    REQUIRE(c);
    if (sound_cache_get(c, &owner, &key, &kept, &s))
        check(&s);
    sound_cache_free(c);
    buf_release(&kept);
    buf_release(&file);
    return 0;
}
