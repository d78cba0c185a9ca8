/* espeak.c - see espeak.h. */
#include "voice/espeak.h"

#include <espeak-ng/speak_lib.h>
#include <pthread.h>

#include "base/os.h"
#include "base/utf8.h"

#define CLAUSE_MAX ((size_t)8 << 10)
#define PIECE_MS 50

static struct {
    pthread_mutex_t lock;
    bool tried;
    Err err; /* why it is not there */
    int rate;
    char voice[48];
    __typeof__(&espeak_Initialize) initialize;
    __typeof__(&espeak_SetVoiceByName) set_voice;
    __typeof__(&espeak_TextToPhonemes) phonemes;
    __typeof__(&espeak_SetSynthCallback) set_callback;
    __typeof__(&espeak_SetParameter) set_parameter;
    __typeof__(&espeak_Synth) synth;
    EspeakSink sink;
    void *arg;
    bool stopped;
} lib = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* espeak-ng 1.51 opens a sound device when it starts, also when it is never to play: that asks
 * PulseAudio, which makes a folder "pulse" among the person's settings. The linker prefers a
 * program's own symbol (it is exported by the build), so the library gets this one: no device. */
struct audio_object;
struct audio_object *create_audio_device_object(const char *device, const char *application,
    const char *description);
__attribute__((visibility("default"), used)) struct audio_object *create_audio_device_object(
    const char *device, const char *application, const char *description)
{
    (void)device;
    (void)application;
    (void)description;
    return NULL;
}

/* Under the lock. */

static bool load(Err *err)
{
    void *so = os_dlopen((const char *const[]){"libespeak-ng.so.1", NULL}, "libespeak-ng1", err);
    const struct {
        const char *name;
        void *to;
    } symbols[] = {{"espeak_Initialize", &lib.initialize},
        {"espeak_SetVoiceByName", &lib.set_voice}, {"espeak_TextToPhonemes", &lib.phonemes},
        {"espeak_SetSynthCallback", &lib.set_callback},
        {"espeak_SetParameter", &lib.set_parameter}, {"espeak_Synth", &lib.synth}};
    if (!so) {
        return false;
    }
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        if (!os_sym(so, symbols[i].name, symbols[i].to, err)) {
            return false;
        }
    }
    /* SYNCHRONOUS: it works in the caller's thread and starts none of its own. */
    lib.rate = lib.initialize(AUDIO_OUTPUT_SYNCHRONOUS, PIECE_MS, NULL,
        espeakINITIALIZE_DONT_EXIT);
    return lib.rate > 0 || err_set(err, ERR_UNAVAILABLE,
        "espeak-ng finds no data folder; install the package espeak-ng-data");
}

static bool ready(Err *err)
{
    if (!lib.tried) {
        lib.tried = true;
        load(&lib.err);
    }
    if (lib.err.code != ERR_NONE && err) {
        *err = lib.err;
    }
    return lib.err.code == ERR_NONE;
}

static bool use_voice(const char *voice, Err *err)
{
    if (strcmp(lib.voice, voice) == 0) {
        return true;
    }
    lib.voice[0] = 0;
    if (strlen(voice) >= sizeof lib.voice || lib.set_voice(voice) != EE_OK) {
        return err_set(err, ERR_NOT_FOUND, "espeak-ng has no voice \"%.40s\"", voice);
    }
    memcpy(lib.voice, voice, strlen(voice) + 1);
    return true;
}

bool espeak_available(Err *err)
{
    pthread_mutex_lock(&lib.lock);
    bool ok = ready(err);
    pthread_mutex_unlock(&lib.lock);
    return ok;
}

uint32_t espeak_rate_hz(void)
{
    pthread_mutex_lock(&lib.lock);
    uint32_t rate = ready(NULL) ? (uint32_t)lib.rate : 0;
    pthread_mutex_unlock(&lib.lock);
    return rate;
}

/* Phonemes. */

/* The few letters with marks that espeak writes composed. */
static bool add_decomposed(Buf *out, uint32_t code)
{
    static const struct {
        uint16_t code, base, mark;
    } table[] = {{0xe3, 'a', 0x303}, {0xe7, 'c', 0x327}, {0xf1, 'n', 0x303}, {0xf5, 'o', 0x303},
        {0x129, 'i', 0x303}, {0x169, 'u', 0x303}, {0x1ebd, 'e', 0x303}, {0x1ef9, 'y', 0x303},
        {0x1e37, 'l', 0x323}, {0xe4, 'a', 0x308}, {0xf6, 'o', 0x308}, {0xfc, 'u', 0x308}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].code == code) {
            return utf8_append(out, table[i].base) && utf8_append(out, table[i].mark);
        }
    }
    return utf8_append(out, code);
}

/* Without "(en)" and the like, which mark words of another language. */
static void add_phonemes(Buf *out, Str s)
{
    size_t at = 0;
    while (at < s.len) {
        size_t close;
        if (s.ptr[at] == '(' && (close = str_find(s, STR(")"), at)) != SIZE_MAX) {
            at = close + 1;
            continue;
        }
        uint32_t code = utf8_next(s, &at);
        if (code != UTF8_INVALID) {
            add_decomposed(out, code);
        }
    }
}

static bool vowel_at(Str s, size_t at)
{
    static const char vowels[] = "aeiouæɐɑɒɔəɚɛɜɝɪᵻʊʌ";
    size_t v = 0;
    uint32_t code = at < s.len ? utf8_next(s, &at) : 0;
    while (at < s.len && (code == 0x2c8 || code == 0x2cc)) { /* stress */
        code = utf8_next(s, &at);
    }
    while (v < sizeof vowels - 1) {
        if (utf8_next(str_of(vowels), &v) == code) {
            return true;
        }
    }
    return false;
}

/* Piper's voices were trained with phonemes of espeak-ng 1.52, where two things are written
 * otherwise than by the 1.51 of Debian 12 in English: the glide from an i to a word that begins
 * with a vowel ("ðɪʲ ˈɑːfɪs"), and the vowel of "door" (ɔː, not oː). */
static void as_trained(Buf *out, Str s)
{
    for (size_t at = 0; at < s.len;) {
        Str rest = str_sub(s, at, s.len);
        Str before = str_sub(s, 0, at);
        if (str_starts(rest, STR("oːɹ"))) {
            buf_add(out, STR("ɔːɹ"));
            at += STR("oːɹ").len;
            continue;
        }
        bool i = str_ends(before, STR("i")) || str_ends(before, STR("iː")) ||
            str_ends(before, STR("ðɪ"));
        if (s.ptr[at] == ' ' && i && vowel_at(s, at + 1)) {
            buf_add(out, STR("ʲ"));
        }
        buf_add_char(out, s.ptr[at++]);
    }
}

bool espeak_phonemes(const char *voice, Str clause, Buf *out, Err *err)
{
    char text[CLAUSE_MAX + 1];
    clause = str_sub(clause, 0, utf8_floor(clause, CLAUSE_MAX));
    memcpy(text, clause.ptr, clause.len);
    text[clause.len] = 0;
    pthread_mutex_lock(&lib.lock);
    bool ok = ready(err) && use_voice(voice, err);
    const void *rest = text;
    bool first = true;
    Buf ipa;
    buf_init(&ipa, 16 * CLAUSE_MAX);
    while (ok && rest) {
        const void *before = rest;
        const char *p = lib.phonemes(&rest, espeakCHARS_UTF8, espeakPHONEMES_IPA);
        if (!p || rest == before) {
            break;
        }
        if (!first && *p) {
            buf_add_char(&ipa, ' ');
        }
        first = first && !*p;
        add_phonemes(&ipa, str_of(p));
    }
    pthread_mutex_unlock(&lib.lock);
    ok = ok && buf_check(&ipa, "a clause's phonemes", err);
    if (str_starts(str_of(voice), STR("en"))) {
        as_trained(out, buf_str(&ipa));
    } else {
        buf_add(out, buf_str(&ipa));
    }
    buf_release(&ipa);
    return ok && buf_check(out, "a sentence's phonemes", err);
}

/* Where the clause that starts at `from` ends: behind its punctuation and what closes with it. */
static size_t clause_end(Str s, size_t from, char *mark)
{
    for (size_t i = from; i < s.len; i++) {
        char c = s.ptr[i];
        if (!strchr(",;:.!?", c)) {
            continue;
        }
        size_t end = i + 1;
        while (end < s.len && strchr(",;:.!?\"')]", s.ptr[end])) {
            c = strchr(".!?", s.ptr[end]) && s.ptr[end] ? s.ptr[end] : c;
            end++;
        }
        if (end == s.len || s.ptr[end] == ' ' || s.ptr[end] == '\n') {
            *mark = c;
            return end;
        }
        i = end - 1;
    }
    *mark = 0;
    return s.len;
}

bool espeak_sentence(const char *voice, Str sentence, Arena *a, Buf *out, size_t **ends,
    size_t *n_ends, Err *err)
{
    size_t most = sentence.len / 2 + 2, n = 0;
    size_t *list = ends ? arena_alloc(a, most * sizeof *list) : NULL;
    if (ends && !list) {
        return err_set(err, ERR_NO_MEMORY, "no memory for a sentence's phonemes");
    }
    for (size_t at = 0; at < sentence.len;) {
        char mark;
        size_t end = clause_end(sentence, at, &mark), before = out->len;
        Str clause = str_trim(str_sub(sentence, at, end));
        at = end;
        if (!espeak_phonemes(voice, clause, out, err)) {
            return false;
        }
        if (out->len == before) {
            continue; /* nothing to be said in it: no pause of its own either */
        }
        if (mark) {
            buf_add_char(out, mark);
        }
        if (at < sentence.len) {
            buf_add_char(out, ' ');
        }
        if (list && n < most) {
            list[n++] = out->len;
        }
    }
    if (ends) {
        *ends = list;
        *n_ends = n;
    }
    return buf_check(out, "a sentence's phonemes", err);
}

/* Its own voice. */

static int on_sound(short *pcm, int n, espeak_EVENT *events)
{
    (void)events;
    if (pcm && n > 0 && !lib.stopped && !lib.sink(lib.arg, pcm, (size_t)n)) {
        lib.stopped = true;
    }
    return lib.stopped;
}

bool espeak_say(const char *voice, Str text, unsigned words_a_minute, EspeakSink sink, void *arg,
    Err *err)
{
    Buf copy;
    buf_init(&copy, (size_t)1 << 20);
    buf_add(&copy, text);
    buf_add_char(&copy, '\0');
    if (!buf_check(&copy, "a text to speak", err)) {
        buf_release(&copy);
        return false;
    }
    pthread_mutex_lock(&lib.lock);
    bool ok = ready(err) && use_voice(voice, err);
    if (ok) {
        lib.sink = sink;
        lib.arg = arg;
        lib.stopped = false;
        lib.set_callback(on_sound);
        lib.set_parameter(espeakRATE, (int)words_a_minute, 0);
        espeak_ERROR e = lib.synth(copy.ptr, copy.len, 0, POS_CHARACTER, 0, espeakCHARS_UTF8, NULL,
            NULL);
        if (lib.stopped) {
            ok = err_set(err, ERR_CANCELLED, "speaking was stopped");
        } else if (e != EE_OK) {
            ok = err_set(err, ERR_INTERNAL, "espeak-ng could not speak (its error %d)", (int)e);
        }
        lib.sink = NULL;
    }
    pthread_mutex_unlock(&lib.lock);
    buf_release(&copy);
    return ok;
}
