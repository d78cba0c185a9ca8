/* speakable.c - see speakable.h: cutting, and the loop that tries the rules. */
#include "text/speakable_german.h"

#include "base/utf8.h"
#include "text/sentences.h"

#define SENTENCES_MAX 4096
#define OUT_MAX ((size_t)4 << 20)

/* In this order; the first that says something wins. */
static const SpeakRule number_rules[] = {rule_address, rule_file, rule_phone, rule_date, rule_time,
    rule_named, rule_dotted, rule_fraction, rule_quantity};
static const SpeakRule word_rules[] = {rule_address, rule_file, rule_dotted, rule_date,
    rule_together, rule_abbreviation, rule_roman, rule_quantity, rule_capitals};
static const SpeakRule sign_rules[] = {rule_file, rule_phone, rule_fraction, rule_quantity,
    rule_sign};

/* The cleaned sentence without list marks, doubled spaces and what was taken out of words. */
static Str squeeze(Str raw, Arena *a)
{
    char *out = arena_alloc(a, raw.len + 1);
    size_t n = 0, i = 0;
    if (!out) {
        return (Str){NULL, 0};
    }
    raw = str_trim(raw);
    if (raw.len > 1 && strchr("-*+", raw.ptr[0]) && raw.ptr[1] == ' ') {
        i = 2;
    }
    for (; i < raw.len; i++) {
        char c = raw.ptr[i] == '\n' ? ' ' : raw.ptr[i];
        if (c == '\x01' || (c == ' ' && (n == 0 || out[n - 1] == ' '))) {
            continue;
        }
        if (n && out[n - 1] == ' ' && strchr(",.;:!?", c) &&
            (i + 1 >= raw.len || !is_digit(raw.ptr[i + 1]))) {
            n--; /* what stood before it is gone */
        }
        out[n++] = c;
    }
    return str_trim(str_mem(out, n));
}

static bool is_shouting(Str s)
{
    size_t upper = 0, lower = 0;
    for (size_t i = 0; i < s.len; i++) {
        upper += is_upper(s.ptr[i]);
        lower += is_lower(s.ptr[i]);
    }
    return upper > 8 && upper > 4 * lower;
}

static size_t try_rules(const Speak *k, size_t at)
{
    char c = k->s.ptr[at];
    const SpeakRule *rules = sign_rules;
    size_t n = sizeof sign_rules / sizeof *sign_rules;
    if (is_digit(c)) {
        rules = number_rules;
        n = sizeof number_rules / sizeof *number_rules;
    } else if (is_letter(c)) {
        rules = word_rules;
        n = sizeof word_rules / sizeof *word_rules;
    }
    for (size_t i = 0; i < n; i++) {
        size_t len = rules[i](k, at);
        if (len) {
            return len;
        }
    }
    return 0;
}

/* A pause: a comma, unless there is one already or nothing before it. */
static void pause(Buf *out)
{
    while (out->len && out->ptr[out->len - 1] == ' ') {
        buf_cut(out, out->len - 1);
    }
    if (out->len && !strchr(",;:.!?", out->ptr[out->len - 1])) {
        buf_add_char(out, ',');
    }
    buf_add_char(out, ' ');
}

/* Dashes, brackets, quotes, slashes and the like; how many bytes, or 0. */
static size_t punctuation(const Speak *k, size_t at)
{
    Str s = k->s;
    char c = s.ptr[at], before = at ? s.ptr[at - 1] : ' ', behind = char_at(s, at + 1);
    bool dash = has_at(s, at, STR("\xe2\x80\x94")) || has_at(s, at, STR("\xe2\x80\x93"));
    if (dash || (c == '-' && before == ' ' && (behind == ' ' || behind == '-')) ||
        (c == '-' && before == '-' && behind == ' ') || (c == '-' && behind == '-')) {
        pause(k->out);
        return dash ? 3 : 1;
    }
    if (has_at(s, at, STR("\xe2\x80\xa6")) || has_at(s, at, STR("..."))) {
        size_t end = at + 3;
        if (end < s.len) {
            pause(k->out);
        } else {
            buf_add_char(k->out, '.');
        }
        return 3;
    }
    if (c == '(' || c == '[' || c == '{' || c == ')' || c == ']' || c == '}') {
        pause(k->out);
        return 1;
    }
    if (c == '"' || c == '|' || c == '\\' || c == '_' ||
        (c == '\'' && !(is_wordy(before) && is_wordy(behind)) &&
            !(before == 's' && behind == ' '))) {
        if (k->out->len && k->out->ptr[k->out->len - 1] != ' ') {
            buf_add_char(k->out, ' ');
        }
        return 1;
    }
    if (c == '-' && is_wordy(before) && is_wordy(behind) &&
        (is_digit(before) || is_digit(behind))) {
        buf_add_char(k->out, ' '); /* COVID-19 */
        return 1;
    }
    if (c == '/' && at) {
        bool words = is_lower(before) && is_lower(behind);
        Str left = word_before(s, at);
        if (words && !str_eq_nocase(left, STR("and"))) {
            say(k->out, STR("or"));
        }
        buf_add_char(k->out, ' ');
        return 1;
    }
    return 0;
}

/* One character of a word, or a sign that nobody knows. */
static size_t copy(const Speak *k, size_t at)
{
    char c = k->s.ptr[at];
    if (c == ' ' && (k->out->len == 0 || k->out->ptr[k->out->len - 1] == ' ')) {
        return 1;
    }
    if (strchr(",.;:!?", c)) {
        while (k->out->len && strchr(" ,;:", k->out->ptr[k->out->len - 1])) {
            buf_cut(k->out, k->out->len - 1);
        }
        bool doubled = k->out->len && strchr(".!?", k->out->ptr[k->out->len - 1]) && c == '.';
        if (k->out->len && !doubled) {
            buf_add_char(k->out, c);
        }
        return 1;
    }
    if (strchr("*^<>=#~", c)) {
        return 1;
    }
    size_t next = at; /* a whole character: rules look at the beginnings of characters only */
    utf8_next(k->s, &next);
    buf_add(k->out, str_sub(k->s, at, next));
    return next - at;
}

/* What stands before `at` is a letter that is not ASCII: the word goes on. */
static bool goes_on(Str s, size_t at)
{
    size_t i = at;
    while (i > 0 && ((unsigned char)s.ptr[i - 1] & 0xc0) == 0x80) {
        i--;
    }
    return i < at && i > 0 && (unsigned char)s.ptr[i - 1] >= 0xc3 && !is_mark(s.ptr[i - 1]);
}

/* A word that no rule knows: camelCase and snake_case come apart. */
static size_t plain_word(const Speak *k, size_t at)
{
    Str w = word_at(k->s, at);
    if (!goes_on(k->s, at) && k->out->len && !strchr(" '-", k->out->ptr[k->out->len - 1])) {
        buf_add_char(k->out, ' ');
    }
    for (size_t i = 0; i < w.len; i++) {
        bool hump = i > 1 && is_upper(w.ptr[i]) && is_lower(w.ptr[i - 1]) && w.len > i + 2 &&
            !str_starts(w, STR("Mc")) && !str_starts(w, STR("Mac"));
        if (hump || (i > 0 && is_digit(w.ptr[i]) != is_digit(w.ptr[i - 1]) &&
            (is_digit(w.ptr[i])))) {
            buf_add_char(k->out, ' ');
        }
        SpeakNumber n;
        if (is_digit(w.ptr[i]) && number_at(str_sub(w, 0, w.len), i, &n)) {
            say_number(k->out, &n);
            i += n.len - 1;
            if (i + 1 < w.len) {
                buf_add_char(k->out, ' ');
            }
            continue;
        }
        buf_add_char(k->out, w.ptr[i]);
    }
    return w.len;
}

static void finish(Buf *out)
{
    while (out->len && strchr(" ,;", out->ptr[out->len - 1])) {
        buf_cut(out, out->len - 1);
    }
    if (out->len && !strchr(".!?:", out->ptr[out->len - 1])) {
        buf_add_char(out, '.');
    }
}

static void speak_into(Buf *out, Str s, SpeakableOrder order)
{
    Speak k = {.s = s, .out = out, .order = order, .shouting = is_shouting(s)};
    bool after_rule = false;
    for (size_t at = 0; at < s.len;) {
        char c = s.ptr[at], before = at ? s.ptr[at - 1] : ' ';
        bool inside = is_wordy(c) && (unsigned char)c < 0x80 && at && is_wordy(before) &&
            !after_rule &&
            (unsigned char)before < 0x80;
        inside = inside || (is_letter(c) && goes_on(s, at));
        size_t n = c == ' ' || inside ? 0 : try_rules(&k, at);
        after_rule = n > 0;
        n = n ? n : punctuation(&k, at);
        n = n ? n : is_letter(c) || is_digit(c) ? plain_word(&k, at) : copy(&k, at);
        at += n;
        if (after_rule && at < s.len && is_wordy(s.ptr[at]) && (unsigned char)s.ptr[at] < 0x80) {
            buf_add_char(out, ' ');
        }
    }
    finish(out);
}

static bool has_words(Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (is_wordy(s.ptr[i])) {
            return true;
        }
    }
    return false;
}

/* How the words of a sentence are changed; NULL: not at all. */
typedef struct {
    SpeakableLanguage language;
    SpeakableOrder order;
} How;

static void change(Buf *out, Str s, const How *how)
{
    if (!how || how->language == SPEAKABLE_OTHER) {
        buf_add(out, s);
    } else if (how->language == SPEAKABLE_GERMAN) {
        speakable_german(out, s);
    } else {
        speak_into(out, s, how->order);
    }
}

static bool cut(Str text, const char *clean, const How *how, Arena *a,
    SpeakableSentence **out, size_t *n, Err *err)
{
    Str all = str_mem(clean, text.len);
    SpeakableSentence *list = NULL;
    size_t cap = 0, count = 0, at = 0, from, to;
    Buf words;
    buf_init(&words, OUT_MAX);
    bool ok = clean != NULL;
    while (ok && count < SENTENCES_MAX && sentence_next(all, &at, &from, &to)) {
        size_t start, end;
        while (how && speakable_goes_on(how->language, all, from, to) &&
            sentence_next(all, &at, &start, &end)) {
            to = end;
        }
        size_t short_to = how ? speakable_break(all, from, to) : to;
        at = short_to < to ? short_to : at;
        to = short_to;
        buf_clear(&words);
        Str s = squeeze(str_sub(all, from, to), a);
        ok = s.ptr != NULL;
        if (ok) {
            change(&words, s, how);
        }
        if (!ok || (buf_ok(&words) && !has_words(buf_str(&words)))) {
            continue;
        }
        if (count == cap) {
            cap = cap ? 2 * cap : 16;
            SpeakableSentence *more = arena_array(a, cap, sizeof *more);
            if (more && count) {
                memcpy(more, list, count * sizeof *list);
            }
            list = more;
        }
        Str said = arena_buf(a, &words);
        ok = list != NULL && said.ptr != NULL;
        if (ok) {
            list[count++] = (SpeakableSentence){said, from, to};
        }
    }
    buf_release(&words);
    if (!ok) {
        return err_set(err, ERR_NO_MEMORY, "no memory to make the text speakable");
    }
    *out = list;
    *n = count;
    return true;
}

bool speakable_sentences(Str text, SpeakableOrder order, Arena *a, SpeakableSentence **out,
    size_t *n, Err *err)
{
    return speakable_sentences_in(SPEAKABLE_ENGLISH, text, order, a, out, n, err);
}

bool speakable_sentences_in(SpeakableLanguage language, Str text, SpeakableOrder order, Arena *a,
    SpeakableSentence **out, size_t *n, Err *err)
{
    How how = {language, order};
    return cut(text, speakable_clean(text, a), &how, a, out, n, err);
}

SpeakableLanguage speakable_language(Str code)
{
    Str first = str_sub(code, 0, code.len < 2 ? code.len : 2);
    bool two = code.len < 3 || !is_letter(code.ptr[2]);
    return !code.len || (two && str_eq_nocase(first, STR("en"))) ? SPEAKABLE_ENGLISH
        : two && str_eq_nocase(first, STR("de"))                 ? SPEAKABLE_GERMAN
                                                                 : SPEAKABLE_OTHER;
}

bool speakable_cut(Str text, Arena *a, SpeakableSentence **out, size_t *n, Err *err)
{
    return cut(text, arena_cstr(a, text), NULL, a, out, n, err);
}

Str speakable_text(Str text, SpeakableOrder order, Arena *a)
{
    SpeakableSentence *list;
    size_t n;
    Buf all;
    if (!speakable_sentences(text, order, a, &list, &n, NULL)) {
        return (Str){NULL, 0};
    }
    buf_init(&all, OUT_MAX);
    for (size_t i = 0; i < n; i++) {
        say(&all, list[i].text);
    }
    Str out = arena_buf(a, &all);
    buf_release(&all);
    return out;
}
