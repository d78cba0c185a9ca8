/* fuzz_sound_frame.c - the answer of a child that a hostile sound file has taken over. */
#include <stdlib.h>

#include "base/utf8.h"
#include "ingest/sound_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static void check_name(const char *name)
{
    size_t n = strnlen(name, SOUND_NAME);
    REQUIRE(n < SOUND_NAME);
    for (size_t i = 0; i < n; i++)
        REQUIRE(name[i] > 0x20 && name[i] < 0x7F);
}

static void check_tag(const char *tag, size_t room)
{
    size_t n = strnlen(tag, room);
    REQUIRE(n < room && utf8_ok(str_mem(tag, n)));
    for (size_t i = 0; i < n; i++)
        REQUIRE((unsigned char)tag[i] >= 0x20 && tag[i] != 0x7F);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Sound s = {0};
    Err err = ERR_INIT;
    Str frame = str_mem((const char *)data, size);
    if (!sound_frame_parse(frame, 16000, 2, &s, &err)) {
        REQUIRE(err.code != ERR_NONE && utf8_ok(str_of(err.msg)) && !s.pcm);
        return 0;
    }
    REQUIRE(s.samples > 0 && s.samples <= 32000 && s.rate_hz == 16000 && !s.map);
    REQUIRE((const char *)s.pcm == frame.ptr + SOUND_HEADER);
    REQUIRE(SOUND_HEADER + s.samples * 2 == size);
    check_name(s.container);
    check_name(s.codec);
    check_tag(s.tags.title, SOUND_TAG);
    check_tag(s.tags.author, SOUND_TAG);
    check_tag(s.tags.created, SOUND_DATE);
    float block[64];
    for (uint64_t at = 0; at < s.samples; at += 64)
        REQUIRE(sound_read(&s, at, 64, block) > 0);
    return 0;
}
