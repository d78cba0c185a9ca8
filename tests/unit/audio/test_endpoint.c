/* Where an utterance begins and ends, with a detector that reads its answer from the sound itself:
 * a frame's first sample is the probability. So every event has an exact place. */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "audio/endpoint.h"
#include "base/mem.h"

#define F ENDPOINT_FRAME
#define MAX_FRAMES 4000

static float frames[MAX_FRAMES];
static size_t n_frames;
static EndpointEvent events[200];
static size_t n_events;

static float first_sample(void *arg, const float frame[F])
{
    (*(size_t *)arg)++;
    return frame[0];
}

static void hear(void *arg, const EndpointEvent *event)
{
    (void)arg;
    assert_true(n_events < ARRAY_LEN(events));
    events[n_events++] = *event;
}

/* "..##--": . is 0.02, # is 0.95, - is 0.4 (between the thresholds), ? is not a number. */
static void script(const char *text)
{
    n_frames = 0;
    for (; *text; text++) {
        size_t n = 1;
        if (*text >= '0' && *text <= '9') {
            char *end;
            n = strtoul(text, &end, 10);
            text = end;
        }
        float p = *text == '#' ? 0.95f : *text == '-' ? 0.4f : *text == '?' ? (float)NAN : 0.02f;
        for (; n > 0; n--) {
            assert_true(n_frames < MAX_FRAMES);
            frames[n_frames++] = p;
        }
    }
}

static void run(const EndpointOptions *o, size_t block, size_t extra)
{
    Err err = ERR_INIT;
    size_t asked = 0;
    Endpointer *e = endpoint_new(o, first_sample, &asked, &err);
    if (!e)
        fail_msg("%s", err.msg);
    n_events = 0;
    size_t all = n_frames * F + extra;
    float *pcm = mem_array(all + 1, sizeof *pcm);
    assert_non_null(pcm);
    for (size_t i = 0; i < all; i++)
        pcm[i] = i / F < n_frames ? frames[i / F] : 0;
    for (size_t at = 0, now; at < all; at += now) {
        now = block < all - at ? block : all - at;
        endpoint_feed(e, pcm + at, now, hear, NULL);
    }
    endpoint_finish(e, hear, NULL);
    assert_int_equal(asked, n_frames + (extra > 0));
    mem_free(pcm);
    endpoint_free(e);
}

/* Events as text: S E C P R N with the frame (and what is left of one in samples). */
static void expect(const char *wanted)
{
    char text[2000] = "";
    for (size_t i = 0; i < n_events; i++) {
        static const char letters[] = "SPRECN"; /* START PAUSE RESUME END CUT NOTHING */
        size_t used = strlen(text);
        (void)snprintf(text + used, sizeof text - used, "%s%c%llu", i ? " " : "",
                       letters[events[i].kind], (unsigned long long)(events[i].at / F));
        if (events[i].at % F)
            (void)snprintf(text + strlen(text), sizeof text - strlen(text), "+%llu",
                           (unsigned long long)(events[i].at % F));
    }
    assert_string_equal(text, wanted);
}

static void places_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *script, *wanted;
    } rows[] = {
        {"100.", ""},
        {"50.#50.", ""},                       /* a click */
        {"50.##50.", ""},                      /* too short still */
        {"50.#5.#5.#50.", ""},                 /* clicks far apart */
        {"50.3#50.", "S40 P53 E58"},           /* from 10 frames before; 5 of silence stay */
        {"50.#.#.#50.", "S40 P55 E60"},        /* within twice the minimum */
        {"2.30#50.", "S0 P32 E37"},            /* no pre-roll before the beginning */
        {"20.20#8.20#50.", "S10 P40 R48 P68 E73"}, /* a pause is not the end */
        {"20.20#-6.20#50.", "S10 P41 R47 P67 E72"}, /* half-sure holds */
        {"20.20#30-20.", "S10 P70 E75"},
        {"20.20#20.10#30.", "S10 P40 E45 S50 P70 E75"},
        {"20.20#19.4#30.", "S10 P40 E45 S49 P63 E68"},
        {"50.20-50.", ""},                     /* never sure */
        {"10.20#", "S0 E30"},                  /* the stream ends in the middle */
        {"10.20#3.", "S0 E33"},
        {"10.20#8.", "S0 P30 E35"},
        {"20.10#?5#40.", "S10 P36 E41"},       /* a detector that gives no number */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        script(rows[i].script);
        run(NULL, 160, 0);
        expect(rows[i].wanted);
    }
}

static void block_sizes_do_not_matter(void **state)
{
    (void)state;
    static const size_t blocks[] = {1, 7, 160, 512, 513, 4096, 1000000};
    script("20.20#8.20#50.3#100.5#30.");
    run(NULL, 512, 0);
    EndpointEvent wanted[ARRAY_LEN(events)];
    size_t n = n_events;
    memcpy(wanted, events, sizeof wanted);
    assert_true(n >= 8);
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
        run(NULL, blocks[i], 0);
        assert_int_equal(n_events, n);
        for (size_t k = 0; k < n; k++) {
            assert_int_equal(events[k].kind, wanted[k].kind);
            assert_int_equal(events[k].at, wanted[k].at);
            assert_int_equal(events[k].decided, wanted[k].decided);
        }
    }
}

static void options_are_heeded(void **state)
{
    (void)state;
    script("50.20#12.10#60.");
    run(&(EndpointOptions){.silence_ms = 320, .preroll_ms = 64, .keep_silence_ms = 64}, 512, 0);
    expect("S48 P70 E72 S80 P92 E94");
    assert_int_equal(events[2].decided, 80 * F); /* 320 ms after the last word */
    run(&(EndpointOptions){.silence_ms = 96, .pause_ms = 64}, 512, 0);
    expect("S40 P70 E73 S73 P92 E95"); /* pre-roll never reaches into what was said */
    run(&(EndpointOptions){.min_speech_ms = 384}, 512, 0);
    expect("S40 P70 R82 P92 E97");
    run(&(EndpointOptions){.min_speech_ms = 800}, 512, 0);
    expect("S40 P92 E97");
    run(&(EndpointOptions){.start = 0.96f}, 512, 0);
    expect("");
    script("40.20#100.");
    run(&(EndpointOptions){.patience_ms = 960}, 512, 0);
    expect("N30 S30 P60 E65 N109");
    assert_int_equal(events[3].decided, 79 * F);
}

/* Cut where speech is least likely in the last two seconds, and on at once. */
static void what_is_too_long_is_cut(void **state)
{
    (void)state;
    script("20.70#-60#-40#50."); /* 125 frames reach to 144 */
    run(&(EndpointOptions){.max_ms = 4000, .preroll_ms = 32}, 512, 0);
    expect("S19 C90 S90 P192 E197");
    assert_int_equal(events[1].decided, 144 * F);
    script("20.1000#50.");
    run(&(EndpointOptions){.max_ms = 3000}, 512, 0);
    uint64_t at = events[0].at;
    size_t cuts = 0;
    for (size_t i = 0; i < n_events; i++) {
        if (events[i].kind == ENDPOINT_START)
            assert_true(i == 0 || events[i].at == at);
        if (events[i].kind == ENDPOINT_CUT) {
            assert_true(events[i].at > at && events[i].at - at <= 3000 * 16 + F);
            at = events[i].at;
            cuts++;
        }
    }
    assert_true(cuts >= 10);
}

static void the_last_frame_may_be_short(void **state)
{
    (void)state;
    script("10.20#");
    run(NULL, 100, 77);
    expect("S0 E30+77");
    assert_true(events[1].decided == 30 * F + 77);
    script("10.20#18.");
    run(NULL, 100, 3);
    expect("S0 P30 E35");
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const struct {
        EndpointOptions o;
        const char *words;
    } rows[] = {
        {{.start = 1.5f}, "thresholds"},       {{.start = 0.3f, .stop = 0.4f}, "thresholds"},
        {{.start = -1}, "thresholds"},         {{.start = (float)NAN}, "thresholds"},
        {{.silence_ms = 50}, "silence_ms"},    {{.silence_ms = 20000}, "silence_ms"},
        {{.preroll_ms = 5000}, "preroll_ms"},  {{.min_speech_ms = 5000}, "min_speech_ms"},
        {{.max_ms = 100}, "max_ms"},           {{.keep_silence_ms = 700}, "keep_silence_ms"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Err err = ERR_INIT;
        size_t asked;
        assert_err(endpoint_new(&rows[i].o, first_sample, &asked, &err) != NULL, err,
                   ERR_VALIDATION, rows[i].words);
    }
}

static void a_new_stream_starts_anew(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    size_t asked = 0;
    Endpointer *e = endpoint_new(NULL, first_sample, &asked, &err);
    assert_non_null(e);
    float loud[F] = {0.9f}, quiet[F] = {0};
    for (int round = 0; round < 3; round++) {
        n_events = 0;
        assert_false(endpoint_is_speech(e));
        for (int i = 0; i < 20; i++)
            endpoint_feed(e, i < 10 ? quiet : loud, F, hear, NULL);
        assert_true(endpoint_is_speech(e));
        assert_true(endpoint_probability(e) == 0.9f);
        endpoint_feed(e, loud, 100, hear, NULL);
        endpoint_finish(e, hear, NULL);
        expect("S0 E20+100");
        endpoint_reset(e);
    }
    endpoint_free(e);
    endpoint_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_exact),
        cmocka_unit_test(block_sizes_do_not_matter),
        cmocka_unit_test(options_are_heeded),
        cmocka_unit_test(what_is_too_long_is_cut),
        cmocka_unit_test(the_last_frame_may_be_short),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(a_new_stream_starts_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
