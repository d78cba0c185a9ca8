/* sound.h - what the tests of sound share: how much of a tone is in a sound, and a sandbox whose
 * zygote is the test program itself. Include cmocka.h first. */
#ifndef SOTTO_TESTS_SOUND_H
#define SOTTO_TESTS_SOUND_H

#include <math.h>

#include "ingest/sound.h"

static Sandbox *box;

static int box_open(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    box = sandbox_new(&(SandboxOptions){0}, &err);
    return box ? 0 : -1;
}

static int box_close(void **state)
{
    (void)state;
    sandbox_free(box);
    return 0;
}

/* Amplitude of a tone in the middle half of the samples, and what share of their power it is. */
static void sound_tone(const Sound *s, double hz, double *amplitude, double *share)
{
    double re = 0, im = 0, power = 0;
    uint64_t from = s->samples / 4, to = s->samples * 3 / 4;
    for (uint64_t i = from; i < to; i++) {
        double x = s->pcm[i] / 32768.0, at = 2 * M_PI * hz * (double)i / s->rate_hz;
        re += x * cos(at);
        im += x * sin(at);
        power += x * x;
    }
    double n = (double)(to - from);
    *amplitude = 2 * sqrt(re * re + im * im) / n;
    *share = power > 0 ? *amplitude * *amplitude / 2 / (power / n) : 0;
}

#endif
