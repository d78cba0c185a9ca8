/* agree.c - see agree.h. */
#include "voice/agree.h"

void agree_init(Agree *a)
{
    *a = (Agree){0};
    buf_init(&a->settled, AGREE_TEXT_MAX * 2);
    buf_init(&a->last, AGREE_TEXT_MAX);
}

void agree_release(Agree *a)
{
    buf_release(&a->settled);
    buf_release(&a->last);
}

void agree_reset(Agree *a)
{
    buf_clear(&a->settled);
    buf_clear(&a->last);
    a->words = 0;
}

/* The next word of *text, without the white space around it; false at the end. */
static bool next_word(Str *text, Str *word)
{
    size_t from = 0;
    while (from < text->len && text->ptr[from] == ' ')
        from++;
    size_t to = from;
    while (to < text->len && text->ptr[to] != ' ')
        to++;
    *word = str_sub(*text, from, to);
    *text = str_sub(*text, to, text->len);
    return to > from;
}

static bool is_mark(char c)
{
    return (unsigned char)c < 0x80 && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
           !(c >= 'A' && c <= 'Z');
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

/* The same letters and digits; a word of nothing but marks is the same as another such. */
static bool same_word(Str a, Str b)
{
    size_t i = 0, k = 0;
    for (;;) {
        while (i < a.len && is_mark(a.ptr[i]))
            i++;
        while (k < b.len && is_mark(b.ptr[k]))
            k++;
        if (i == a.len || k == b.len)
            return i == a.len && k == b.len;
        if (lower(a.ptr[i++]) != lower(b.ptr[k++]))
            return false;
    }
}

/* How many words at the beginning of both are the same. */
static size_t common(Str a, Str b)
{
    Str x, y;
    size_t n = 0;
    while (next_word(&a, &x) && next_word(&b, &y) && same_word(x, y))
        n++;
    return n;
}

/* Words [from, to) of text, each with a space before it unless it is the first of out. */
static size_t add_words(Buf *out, size_t begin, Str text, size_t from, size_t to)
{
    Str word;
    size_t n = 0, i = 0;
    for (; i < to && next_word(&text, &word); i++) {
        if (i < from)
            continue;
        if (out->len > begin)
            buf_add_char(out, ' ');
        buf_add(out, word);
        n++;
    }
    return n;
}

static size_t count(Str text)
{
    Str word;
    size_t n = 0;
    while (next_word(&text, &word))
        n++;
    return n;
}

bool agree_add(Agree *a, Str hypothesis, bool whole, Buf *out, size_t *settled)
{
    Str h = hypothesis;
    size_t begin = out->len;
    if (h.len > AGREE_TEXT_MAX) {
        h = str_sub(h, 0, AGREE_TEXT_MAX);
        whole = false;
    }
    size_t words = count(h), agreed = common(h, buf_str(&a->last));
    /* One that has changed its mind about settled words has nothing to add to them, until the next
     * says the same. */
    bool fits = agreed >= a->words || common(h, buf_str(&a->settled)) >= a->words;
    /* What is cut off at the end agrees with nothing. */
    if (!whole && agreed == words && agreed)
        agreed--;
    if (agreed > a->words)
        a->words += add_words(&a->settled, 0, h, a->words, agreed);
    buf_clear(&a->last);
    buf_add(&a->last, h);
    buf_add(out, buf_str(&a->settled));
    *settled = a->settled.len;
    size_t show = whole || words <= 1 ? words : words - 1;
    if (fits)
        add_words(out, begin, h, a->words, show);
    return buf_ok(out) && buf_ok(&a->settled) && buf_ok(&a->last);
}
