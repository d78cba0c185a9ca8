/* fuzz_wav.c - the WAVE reader: what it accepts lies in the file and reads as finite samples. */
#include <math.h>
#include <stdlib.h>

#include "audio/wav.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Wav w;
    Err err = ERR_INIT;
    Str file = str_mem((const char *)data, size);
    if (!wav_parse(file, &w, &err)) {
        REQUIRE(err.code == ERR_VALIDATION || err.code == ERR_UNSUPPORTED_MEDIA);
        REQUIRE(utf8_ok(str_of(err.msg)));
        return 0;
    }
    REQUIRE(w.frames > 0 && w.data.ptr >= file.ptr && w.data.len <= size);
    REQUIRE(w.data.ptr + w.data.len <= file.ptr + file.len);
    REQUIRE(w.data.len == w.frames * w.channels * pcm_sample_bytes(w.format));
    REQUIRE(w.rate_hz >= PCM_RATE_MIN_HZ && w.rate_hz <= PCM_RATE_MAX_HZ);
    uint64_t at = 0;
    float block[257];
    for (size_t n; (n = wav_read(&w, at, 257, block)) > 0; at += n)
        for (size_t i = 0; i < n; i++)
            REQUIRE(isfinite(block[i]));
    REQUIRE(at == w.frames);
    return 0;
}
