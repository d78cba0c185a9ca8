/* read_wav.c - WAVE files with plain samples, by our own reader (audio/wav.h): no library is loaded
 * for them. WAVEs with another codec are ERR_UNSUPPORTED_MEDIA here and read_sound.c's business. */
#include "audio/wav.h"
#include "ingest/sound_frame.h"

static const char *codec_of(PcmFormat format)
{
    static const char *const names[PCM_FORMATS] = {
        [PCM_U8] = "pcm_u8",        [PCM_S8] = "pcm_s8",       [PCM_S16] = "pcm_s16le",
        [PCM_S24] = "pcm_s24le",    [PCM_S32] = "pcm_s32le",   [PCM_F32] = "pcm_f32le",
        [PCM_F64] = "pcm_f64le",    [PCM_ALAW] = "pcm_alaw",   [PCM_MULAW] = "pcm_mulaw"};
    return names[format];
}

static bool read_wav(Str data, Str filename, SoundSink *to, Err *err)
{
    Wav w;
    float block[RESAMPLE_BLOCK];
    (void)filename;
    if (!wav_parse(data, &w, err) ||
        !sound_source(to, w.rate_hz, w.channels, "wav", codec_of(w.format), err))
        return false;
    to->head.partial = w.cut_short;
    size_t n;
    for (uint64_t at = 0; (n = wav_read(&w, at, RESAMPLE_BLOCK, block)) > 0; at += n)
        if (!sound_push(to, block, n, err))
            return false;
    return true;
}

const Reader reader_wav = {.type = "wav", .preload = resample_preload, .sound = read_wav};
