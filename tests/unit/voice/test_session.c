/* A session without sockets, threads or models: sound is fed sample by sample with a set clock, and
 * speech is whatever is loud. Text that grows: words that were settled stay. The same with the real
 * detector is in test_live.c and tests/e2e/test_live.py. */
#include "support/unit.h"

#include <math.h>

#include "base/mem.h"
#include "voice/agree.h"
#include "voice/session.h"

#define HZ SESSION_RATE_HZ
#define EVENTS 64

typedef struct {
    SessionEvent e[EVENTS];
    size_t n;
    Session *s;
    float loudest; /* of the sound of the last ENDED */
} Log;

static float loud(void *arg, const float frame[ENDPOINT_FRAME])
{
    float sum = 0;
    (void)arg;
    for (size_t i = 0; i < ENDPOINT_FRAME; i++)
        sum += fabsf(frame[i]);
    return sum / ENDPOINT_FRAME > 0.05f ? 0.9f : 0.01f;
}

static void on_event(void *arg, const SessionEvent *e)
{
    Log *l = arg;
    assert_true(l->n < EVENTS && e->from <= e->to);
    l->e[l->n++] = *e;
    if (e->kind != SESSION_ENDED)
        return;
    size_t n = (size_t)(e->to - e->from);
    float *pcm = mem_array(n + 1, sizeof *pcm);
    assert_non_null(pcm);
    assert_int_equal(session_sound(l->s, e->from, e->to, pcm), n); /* all of it is there */
    l->loudest = 0;
    for (size_t i = 0; i < n; i++)
        l->loudest = fmaxf(l->loudest, fabsf(pcm[i]));
    mem_free(pcm);
}

static Log start(const SessionOptions *o)
{
    Err err = ERR_INIT;
    SessionOptions with = *o;
    with.judge = loud;
    Log l = {.s = session_new(&with, &err)};
    if (!l.s)
        fail_msg("%s", err.msg);
    return l;
}

/* ms of a tone or of silence, in pieces of `piece` bytes; the clock goes on `speed` times slower
 * than the sound (0: not at all). */
static void feed(Log *l, unsigned ms, bool sound, size_t piece, uint64_t *clock_ns, double pace)
{
    Err err = ERR_INIT;
    size_t n = (size_t)ms * HZ / 1000, len = n * 2;
    int16_t *pcm = mem_array(n, sizeof *pcm);
    assert_non_null(pcm);
    for (size_t i = 0; i < n; i++)
        pcm[i] = sound ? (int16_t)((i / 20 % 2) ? 9000 : -9000) : 0;
    for (size_t at = 0; at < len; at += piece) {
        size_t now = len - at < piece ? len - at : piece;
        *clock_ns += (uint64_t)((double)now / 2 / HZ * 1e9 * pace);
        Str bytes = {(const char *)pcm + at, now};
        if (!session_feed(l->s, bytes, *clock_ns, on_event, l, &err))
            fail_msg("%s", err.msg);
    }
    mem_free(pcm);
}

static size_t count(const Log *l, SessionKind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++)
        n += l->e[i].kind == kind;
    return n;
}

static const SessionEvent *last(const Log *l, SessionKind kind)
{
    for (size_t i = l->n; i-- > 0;)
        if (l->e[i].kind == kind)
            return &l->e[i];
    fail_msg("there was no event %d", (int)kind);
    return NULL;
}

static void test_one_utterance_in_pieces_of_any_size(void **state)
{
    (void)state;
    uint64_t from = 0, to = 0;
    static const size_t pieces[] = {1, 3, 640, 1023, 64000};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        uint64_t clock = 1;
        Log l = start(&(SessionOptions){.continuous = true});
        feed(&l, 500, false, pieces[i], &clock, 1);
        feed(&l, 700, true, pieces[i], &clock, 1);
        feed(&l, 900, false, pieces[i], &clock, 1);
        assert_int_equal(count(&l, SESSION_BEGAN), 1);
        assert_int_equal(count(&l, SESSION_ENDED), 1);
        const SessionEvent *maybe = last(&l, SESSION_MAYBE), *ended = last(&l, SESSION_ENDED);
        /* What is transcribed in the pause is what is said to be the utterance. */
        assert_true(maybe->from == ended->from && maybe->to == ended->to && ended->by_silence);
        assert_true(l.loudest > 0.2f);
        /* Pre-roll before, some silence behind, and nothing of the second that follows. */
        assert_in_range(ended->to - ended->from, (700 + 250) * 16, (700 + 560) * 16);
        if (i && (ended->from != from || ended->to != to))
            fail_msg("pieces of %zu bytes found another utterance", pieces[i]);
        from = ended->from;
        to = ended->to;
        session_free(l.s);
    }
}

static void test_pauses_and_the_clock(void **state)
{
    (void)state;
    uint64_t clock = 1;
    Err err = ERR_INIT;
    /* Pushed at once: the pause of 900 ms is none, the sound is one utterance. */
    Log l = start(&(SessionOptions){.rate_hz = HZ});
    feed(&l, 400, true, 3200, &clock, 0);
    feed(&l, 900, false, 3200, &clock, 0);
    feed(&l, 400, true, 3200, &clock, 0);
    feed(&l, 900, false, 3200, &clock, 0);
    assert_int_equal(count(&l, SESSION_ENDED), 0);
    assert_true(session_hearing(l.s) && session_due_ns(l.s) > clock);
    session_tick(l.s, session_due_ns(l.s) - 1, on_event, &l);
    assert_int_equal(count(&l, SESSION_ENDED), 0);
    session_tick(l.s, session_due_ns(l.s), on_event, &l);
    assert_int_equal(count(&l, SESSION_ENDED), 1);
    assert_int_equal(count(&l, SESSION_BEGAN), 1);
    assert_true(last(&l, SESSION_ENDED)->to - last(&l, SESSION_ENDED)->from > 1700 * 16);
    session_free(l.s);
    /* At the pace of speech it is two, and a short pause is said and taken back. */
    l = start(&(SessionOptions){.silence_ms = 400});
    feed(&l, 400, true, 640, &clock, 1);
    feed(&l, 250, false, 640, &clock, 1);
    feed(&l, 400, true, 640, &clock, 1);
    assert_int_equal(count(&l, SESSION_MAYBE), 1);
    assert_int_equal(count(&l, SESSION_RESUMED), 1);
    feed(&l, 900, false, 640, &clock, 1);
    feed(&l, 400, true, 640, &clock, 1);
    assert_int_equal(count(&l, SESSION_ENDED), 1);
    assert_true(session_finish(l.s, on_event, &l, &err)); /* cut off in the middle of it */
    assert_int_equal(count(&l, SESSION_ENDED), 2);
    assert_false(last(&l, SESSION_ENDED)->by_silence);
    session_free(l.s);
}

static void test_manual_and_nothing_found(void **state)
{
    (void)state;
    uint64_t clock = 1;
    Err err = ERR_INIT;
    Log l = start(&(SessionOptions){.manual = true});
    feed(&l, 400, true, 640, &clock, 1);
    feed(&l, 3000, false, 640, &clock, 1);
    session_tick(l.s, UINT64_MAX, on_event, &l);
    assert_int_equal(count(&l, SESSION_ENDED), 0);
    assert_true(session_finish(l.s, on_event, &l, &err));
    assert_int_equal(count(&l, SESSION_ENDED), 1);
    session_free(l.s);
    /* 60 ms are not found; said to be over they are all there is, without the silence before. */
    l = start(&(SessionOptions){.rate_hz = HZ});
    feed(&l, 60, true, 640, &clock, 1);
    assert_true(session_finish(l.s, on_event, &l, &err));
    assert_int_equal(count(&l, SESSION_ENDED), 1);
    assert_int_equal(last(&l, SESSION_ENDED)->to - last(&l, SESSION_ENDED)->from, 60 * 16);
    /* No sound at all says nothing. */
    assert_true(session_finish(l.s, on_event, &l, &err));
    assert_int_equal(count(&l, SESSION_ENDED), 1);
    /* And it is new. */
    feed(&l, 400, true, 640, &clock, 1);
    assert_true(session_finish(l.s, on_event, &l, &err));
    assert_int_equal(last(&l, SESSION_ENDED)->utterance, 2);
    session_free(l.s);
}

static void test_interruptions(void **state)
{
    (void)state;
    uint64_t clock = 1;
    Log l = start(&(SessionOptions){.continuous = true, .interrupt_ms = 320});
    session_speaking(l.s, true);
    feed(&l, 500, false, 640, &clock, 1);
    feed(&l, 200, true, 640, &clock, 1); /* a cough */
    feed(&l, 900, false, 640, &clock, 1);
    assert_int_equal(count(&l, SESSION_DROPPED), 1);
    assert_int_equal(count(&l, SESSION_BEGAN) + count(&l, SESSION_INTERRUPTED), 0);
    feed(&l, 600, true, 640, &clock, 1);
    assert_int_equal(count(&l, SESSION_INTERRUPTED), 1);
    const SessionEvent *e = last(&l, SESSION_INTERRUPTED);
    /* Decided a third of a second after it began, and heard from before its beginning. */
    assert_in_range(e->heard - e->from, (320 + 250) * 16, (320 + 460) * 16);
    session_speaking(l.s, false);
    feed(&l, 900, false, 640, &clock, 1);
    assert_int_equal(count(&l, SESSION_ENDED), 1);
    session_free(l.s);
    /* Never, when nothing may; and what was doubtful counts when the answer is over. */
    l = start(&(SessionOptions){.continuous = true, .interrupt_ms = UINT32_MAX});
    session_speaking(l.s, true);
    feed(&l, 2000, true, 640, &clock, 1);
    assert_int_equal(l.n, 0);
    session_speaking(l.s, false);
    feed(&l, 100, true, 640, &clock, 1);
    assert_int_equal(count(&l, SESSION_BEGAN), 1);
    session_free(l.s);
}

static void test_taken_early(void **state)
{
    (void)state;
    uint64_t clock = 1;
    Log l = start(&(SessionOptions){.continuous = true});
    feed(&l, 500, true, 640, &clock, 1);
    assert_false(session_take(l.s, on_event, &l)); /* no pause */
    feed(&l, 250, false, 640, &clock, 1);
    assert_true(session_take(l.s, on_event, &l));
    assert_int_equal(count(&l, SESSION_ENDED), 1);
    uint64_t to = last(&l, SESSION_ENDED)->to;
    feed(&l, 500, true, 640, &clock, 1); /* more words after all */
    feed(&l, 900, false, 640, &clock, 1);
    assert_int_equal(count(&l, SESSION_BEGAN), 2);
    assert_int_equal(count(&l, SESSION_ENDED), 2);
    assert_true(last(&l, SESSION_ENDED)->from >= to); /* nothing is heard twice */
    session_free(l.s);
}

static void test_long_and_short_of_memory(void **state)
{
    (void)state;
    uint64_t clock = 1;
    Err err = ERR_INIT;
    /* Two minutes of speech without a pause: refused, not grown for ever. */
    Log l = start(&(SessionOptions){.rate_hz = HZ});
    int16_t *pcm = mem_array(HZ, sizeof *pcm);
    assert_non_null(pcm);
    for (size_t i = 0; i < HZ; i++)
        pcm[i] = (int16_t)((i / 20 % 2) ? 9000 : -9000);
    bool ok = true;
    unsigned seconds = 0;
    for (; ok && seconds < 200; seconds++)
        ok = session_feed(l.s, (Str){(const char *)pcm, HZ * 2}, clock += 1000000000u, on_event, &l,
                          &err);
    assert_false(ok);
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_in_range(seconds, 119, 123);
    assert_int_equal(count(&l, SESSION_ENDED), 0);
    session_free(l.s);
    /* In a continuous one it is cut into utterances of at most 30 s, gapless. */
    l = start(&(SessionOptions){.continuous = true});
    for (seconds = 0; seconds < 100; seconds++)
        assert_true(session_feed(l.s, (Str){(const char *)pcm, HZ * 2}, clock += 1000000000u,
                                 on_event, &l, &err));
    assert_true(count(&l, SESSION_ENDED) >= 3);
    uint64_t to = 0;
    for (size_t i = 0; i < l.n; i++)
        if (l.e[i].kind == SESSION_ENDED) {
            assert_true(!to || l.e[i].from == to);
            to = l.e[i].to;
        }
    session_free(l.s);
    mem_free(pcm);
}

static void test_options_are_checked(void **state)
{
    (void)state;
    static const struct {
        SessionOptions o;
        const char *word;
    } bad[] = {{{.rate_hz = 100}, "rate"}, {{.rate_hz = 400000}, "rate"},
               {{.silence_ms = 20}, "silence_ms"}, {{.silence_ms = 99999}, "silence_ms"},
               {{.preroll_ms = 9000}, "preroll_ms"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Err err = ERR_INIT;
        assert_null(session_new(&bad[i].o, &err));
        assert_int_equal(err.code, ERR_VALIDATION);
        assert_non_null(strstr(err.msg, bad[i].word));
    }
    for (uint64_t n = 1; n < 8; n++) { /* the nth allocation fails */
        Err err = ERR_INIT;
        mem_test_fail(n, 0);
        Session *s = session_new(&(SessionOptions){.judge = loud}, &err);
        mem_test_fail(0, 0);
        if (!s)
            assert_int_equal(err.code, ERR_NO_MEMORY);
        session_free(s);
    }
}

/* ---- text that grows ------------------------------------------------------------------------- */

static void check(Agree *a, const char *hypothesis, bool whole, const char *shown,
                  const char *settled)
{
    Buf b;
    size_t n;
    buf_init(&b, 4096);
    assert_true(agree_add(a, str_of(hypothesis), whole, &b, &n));
    if (!str_eq(buf_str(&b), str_of(shown)) || !str_eq(str_sub(buf_str(&b), 0, n), str_of(settled)))
        fail_msg("\"%s\" shows \"" STR_FMT "\", %zu settled", hypothesis, STR_ARG(buf_str(&b)), n);
    buf_release(&b);
}

static void test_words_do_not_flicker(void **state)
{
    (void)state;
    Agree a;
    agree_init(&a);
    check(&a, "", false, "", "");
    check(&a, "Remind", false, "Remind", "");
    check(&a, "Remind me too", false, "Remind me", "Remind");
    check(&a, "Remind me to call", false, "Remind me to", "Remind me");
    check(&a, "remind me, to call the bank", false, "Remind me to call the", "Remind me to call");
    /* A hypothesis that changes its mind: what was settled stays, what follows is shown anew. */
    check(&a, "We mind me two fall the", false, "Remind me to call", "Remind me to call");
    check(&a, "Remind me to call the bank.", true, "Remind me to call the bank.",
          "Remind me to call");
    check(&a, "Remind me to call the bank.", true, "Remind me to call the bank.",
          "Remind me to call the bank.");
    check(&a, "", false, "Remind me to call the bank.", "Remind me to call the bank.");
    agree_reset(&a);
    check(&a, "\xc3\x9c" "ber  alles", true, "\xc3\x9c" "ber alles", "");
    agree_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_utterance_in_pieces_of_any_size),
        cmocka_unit_test(test_pauses_and_the_clock),
        cmocka_unit_test(test_manual_and_nothing_found),
        cmocka_unit_test(test_interruptions),
        cmocka_unit_test(test_taken_early),
        cmocka_unit_test(test_long_and_short_of_memory),
        cmocka_unit_test(test_options_are_checked),
        cmocka_unit_test(test_words_do_not_flicker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
