/* Text to our voice to our ears and back: are the words still there?
 *
 *   sentence -> voice -> 16 kHz -> ears -> transcript; both as they are spoken (text/speakable.h),
 *   so that "$5" and "five dollars" are the same words, and numbers as the digits one hears, so
 *   that "9:05" and "905" are -> words wrong, sentences whole
 *
 * Every sixth sentence of tests/data/speech/roundtrip.txt; all of them with SOTTO_TORTURE=full
 * (make bench-voice). SOTTO_EARS=whisper-base asks another model. Goal: 95 % of the words. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "audio/pcm.h"
#include "audio/resample.h"
#include "base/mem.h"
#include "base/os.h"
#include "text/speakable.h"
#include "unit/nn/models.h"
#include "voice/ears.h"
#include "voice/mouth.h"

#define VOICE "en_US-joe-medium"
#define EARS_USUAL "whisper-tiny.en"
#define SHORT_STEP 6
#define WORDS_MAX 128
#define QUIET_MS 300

#define assert_ok(ok, err)                                                                         \
    do {                                                                                           \
        if (!(ok))                                                                                 \
            fail_msg("%s", (err).msg);                                                             \
    } while (0)

static char models[1024];

static int setup(void **state)
{
    const char *file = model_path(VOICE ".sotto");
    (void)state;
    (void)snprintf(models, sizeof models, "%.*s", (int)(strlen(file) - strlen("/" VOICE ".sotto")),
        file);
    (void)model_path("silero-vad.sotto");
    return 0;
}

/* ---- words ----------------------------------------------------------------------------------- */

typedef struct {
    Str word[WORDS_MAX];
    size_t n;
} Words;

/* Spellings of one sound. */
static Str same(Str w)
{
    static const char *const pairs[][2] = {{"ok", "okay"}, {"mister", "mr"}, {"missus", "mrs"},
        {"colour", "color"}, {"labour", "labor"}, {"neighbours", "neighbors"}, {"litres", "liters"},
        {"metres", "meters"}, {"metre", "meter"}, {"youre", "your"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (str_eq(w, str_of(pairs[i][0])))
            return str_of(pairs[i][1]);
    return w;
}

/* A number's word: its value, or a factor (hundred, thousand, ...); -1: none. */
static int64_t number_of(Str w)
{
    static const char *const small[] = {"zero", "one", "two", "three", "four", "five", "six",
        "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen",
        "sixteen", "seventeen", "eighteen", "nineteen", "twenty", "thirty", "forty", "fifty",
        "sixty", "seventy", "eighty", "ninety", "hundred", "thousand", "million"};
    static const char *const nth[] = {"zeroth", "first", "second", "third", "fourth", "fifth",
        "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth",
        "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
        "twentieth", "thirtieth", "fortieth", "fiftieth", "sixtieth", "seventieth", "eightieth",
        "ninetieth", "hundredth", "thousandth", "millionth"};
    for (int i = 0; i < 31; i++)
        if (str_eq(w, str_of(small[i])) || str_eq(w, str_of(nth[i])))
            return i <= 20 ? i : i < 28 ? (i - 18) * 10 : i == 28 ? 100 : i == 29 ? 1000 : 1000000;
    return str_eq(w, STR("oh")) ? 0 : -1;
}

/* A number that is being heard, as digits: "nine oh five" and "nine hundred five" are 905. */
typedef struct {
    Buf *out;
    int64_t whole, part; /* whole: before the last thousand or million; part -1: none */
    bool open;
} Number;

static void number_end(Number *n)
{
    if (n->open && (n->part >= 0 || n->whole))
        buf_printf(n->out, "%lld", (long long)(n->whole + (n->part > 0 ? n->part : 0)));
    n->whole = 0;
    n->part = -1;
}

static void number_add(Number *n, int64_t v)
{
    int64_t last = n->part < 0 ? 0 : n->part % 100;
    bool fits = n->part < 0 || (v < 10 && last >= 20 && last % 10 == 0 && v > 0) ||
                (v < 100 && v > 0 && n->part >= 100 && last == 0);
    n->open = true;
    if (v >= 1000) {
        n->whole = (n->whole + (n->part > 0 ? n->part : 1)) * v;
        n->part = -1;
    } else if (v == 100) {
        n->part = (n->part > 0 ? n->part : 1) * 100;
    } else {
        if (!fits)
            number_end(n);
        n->part = (n->part > 0 ? n->part : 0) + v;
    }
}

/* Lower-case words of a text as it is spoken; what is no letter or digit parts them, but an
 * apostrophe and the points of "P.M." do not. */
static void words_of(Str text, Arena *a, Words *out)
{
    Str said = speakable_text(text, SPEAKABLE_MDY, a);
    Buf b, c;
    buf_init(&b, 1 << 16);
    buf_init(&c, 1 << 16);
    for (size_t i = 0; i <= said.len; i++) {
        char ch = i < said.len ? said.ptr[i] : ' ';
        bool upper = ch >= 'A' && ch <= 'Z';
        if (upper || (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9'))
            buf_add_char(&b, upper ? (char)(ch + 32) : ch);
        else if (ch != '\'' && !(ch == '.' && i > 0 && said.ptr[i - 1] >= 'A' &&
                                   said.ptr[i - 1] <= 'Z'))
            buf_add_char(&b, ' ');
    }
    Str rest = buf_str(&b), one;
    Number n = {.out = &c, .part = -1};
    while (str_next(&rest, ' ', &one)) {
        int64_t v = number_of(one);
        if (!one.len || (n.open && str_eq(one, STR("point"))))
            continue;
        if (v >= 0) {
            number_add(&n, v);
            continue;
        }
        number_end(&n);
        buf_add_c(&c, n.open ? " " : "");
        n.open = false;
        buf_add(&c, same(one));
        buf_add_char(&c, ' ');
    }
    number_end(&n);
    rest = arena_buf(a, &c);
    out->n = 0;
    while (str_next(&rest, ' ', &one))
        if (one.len && out->n < WORDS_MAX)
            out->word[out->n++] = one;
    buf_release(&b);
    buf_release(&c);
}

/* Least number of words put in, left out and changed. */
static size_t distance(const Words *a, const Words *b)
{
    size_t row[WORDS_MAX + 1];
    for (size_t j = 0; j <= b->n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a->n; i++) {
        size_t before = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b->n; j++) {
            size_t change = before + !str_eq(a->word[i - 1], b->word[j - 1]);
            size_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            before = row[j];
            row[j] = change < least ? change : least;
        }
    }
    return row[b->n];
}

/* ---- sound ----------------------------------------------------------------------------------- */

static bool collect(void *arg, const int16_t *pcm, size_t n, const VoicePlace *place)
{
    (void)place;
    return buf_add_mem(arg, pcm, n * sizeof *pcm);
}

static Str round_trip(Mouth *m, Ears *e, Str text, Arena *a)
{
    Err err = ERR_INIT;
    Buf bytes;
    buf_init(&bytes, 64 << 20);
    MouthTurn *t = mouth_turn(m, STR(VOICE), &err);
    assert_non_null(t);
    uint32_t rate = mouth_info(t)->rate_hz;
    VoiceSay say = {.seed = 1, .sink = collect, .arg = &bytes};
    assert_ok(mouth_say(t, text, &say, NULL, &err), err);
    mouth_done(t);
    /* As a microphone hears it: with a moment of silence around. */
    size_t quiet = rate * QUIET_MS / 1000, n = bytes.len / 2 + 2 * quiet;
    size_t n16 = resample_length(n, rate, EARS_RATE_HZ);
    float *pcm = mem_zalloc(n * sizeof *pcm), *heard = mem_array(n16, sizeof *heard);
    pcm_from_s16((const int16_t *)(const void *)bytes.ptr, n - 2 * quiet, pcm + quiet);
    assert_ok(resample_all(pcm, n, rate, EARS_RATE_HZ, heard, &err), err);
    WhisperResult r;
    EarsRequest q = {.options = {.language = STR("en")}};
    assert_ok(ears_hear(e, &q, heard, n16, a, &r, &err), err);
    mem_free(pcm);
    mem_free(heard);
    buf_release(&bytes);
    return r.text;
}

static void test_round_trip(void **state)
{
    const char *full = getenv("SOTTO_TORTURE"), *asked = getenv("SOTTO_EARS");
    bool all = full && strcmp(full, "full") == 0;
    Err err = ERR_INIT;
    Buf file;
    (void)state;
    Ears *e = ears_new(&(EarsOptions){.models_dir = models,
        .model = asked ? asked : EARS_USUAL}, &err);
    Mouth *m = mouth_new(&(MouthOptions){.models_dir = models}, &err);
    assert_non_null(e);
    assert_non_null(m);
    buf_init(&file, 1 << 20);
    assert_ok(os_read_file(SOTTO_SOURCE_DIR "/tests/data/speech/roundtrip.txt", &file, &err), err);
    Str rest = buf_str(&file), line;
    size_t k = 0, sentences = 0, whole = 0, words = 0, wrong = 0;
    while (str_next(&rest, '\n', &line)) {
        if (!line.len || line.ptr[0] == '#' || (k++ % SHORT_STEP && !all))
            continue;
        Arena *a = arena_new(16 << 20);
        Words said, heard;
        Str back = round_trip(m, e, line, a);
        words_of(line, a, &said);
        words_of(back, a, &heard);
        size_t d = distance(&said, &heard);
        sentences++;
        whole += d == 0;
        words += said.n;
        wrong += d < said.n ? d : said.n;
        if (d)
            printf("  %zu of %2zu wrong: " STR_FMT "\n        heard as: " STR_FMT "\n", d, said.n,
                STR_ARG(line), STR_ARG(back));
        arena_free(a);
    }
    printf("  %zu sentences: %.1f %% word for word; %.2f %% of %zu words\n", sentences,
        100.0 * (double)whole / (double)sentences,
        100.0 * (double)(words - wrong) / (double)words, words);
    assert_true(sentences >= (all ? 100 : 20));
    assert_true((words - wrong) * 100 >= words * 95);
    assert_true(whole * 100 >= sentences * (all ? 80 : 70)); /* the ears themselves err in some */
    buf_release(&file);
    mouth_free(m);
    ears_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
