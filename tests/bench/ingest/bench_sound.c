/* bench_sound FILE... - how fast sound files are decoded in the confined child: the best of some
 * rounds, times real time; then memory over SOTTO_ROUNDS (default 0) more decodes of the first. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/os.h"
#include "ingest/sound.h"

#define ROUNDS 5

static bool measure(Sandbox *s, const char *path)
{
    Err err = ERR_INIT;
    Snapshot input;
    Sound sound = {0};
    double best = 1e9, first = 0;
    if (!snapshot_file(path, (uint64_t)4 << 30, &input, &err)) {
        printf("%s: %s\n", path, err.msg);
        return false;
    }
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t start = clock_mono_ns();
        sound_release(&sound);
        if (!sound_decode_snapshot(s, &input, str_of(path), NULL, &sound, &err)) {
            printf("%-40s %s (%s)\n", path, err.msg, err_info(err.code)->wire);
            snapshot_release(&input);
            return false;
        }
        double ms = clock_seconds_since(start) * 1e3;
        first = i == 0 ? ms : first;
        best = ms < best ? ms : best;
    }
    const char *name = strrchr(path, '/');
    printf("%-28s %-9s %-10s %6u Hz x%u %8.2f s%s first %7.1f ms, then %7.2f ms, %6.0f x real "
           "time\n",
           name ? name + 1 : path, sound.container, sound.codec, sound.source_rate_hz,
           sound.source_channels, sound_seconds(&sound), sound.partial ? " partial" : "", first,
           best, sound_seconds(&sound) * 1e3 / best);
    sound_release(&sound);
    snapshot_release(&input);
    return true;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main(argc, argv);
    Err err = ERR_INIT;
    Sandbox *s = sandbox_new(&(SandboxOptions){0}, &err);
    if (!s)
        return 1;
    for (int i = 1; i < argc; i++)
        (void)measure(s, argv[i]);
    const char *text = getenv("SOTTO_ROUNDS");
    long rounds = text ? strtol(text, NULL, 10) : 0;
    Buf file;
    buf_init(&file, BUF_DEFAULT_MAX);
    if (rounds > 0 && argc > 1 && os_read_file(argv[1], &file, &err)) {
        uint64_t before = 0;
        for (long i = 0; i < rounds; i++) {
            Sound sound;
            if (!sound_decode(s, buf_str(&file), STR("x"), NULL, &sound, &err)) {
                printf("%s\n", err.msg);
                return 1;
            }
            sound_release(&sound);
            before = i == rounds / 10 ? os_rss_bytes() : before;
        }
        printf("%ld decodes: %" PRIu64 " KiB resident after a tenth of them, %" PRIu64
               " at the end\n",
               rounds, before >> 10, os_rss_bytes() >> 10);
    }
    buf_release(&file);
    sandbox_free(s);
    return 0;
}
