/* query.c - reads the query language: one pass, an item at a time. */
#include "search/query.h"

#include "base/clock.h"
#include "base/utf8.h"

typedef struct {
    Str text;
    size_t at;
    Arena *a;
    Buf embed;
    KwTerm *terms;
    size_t n_terms, cap;
    size_t n_operators;
    Str *tags, *sources, *types;
    size_t n_tags, n_sources, n_types;
    int64_t since, until;
} Parser;

typedef enum { FIELD_TAG, FIELD_SOURCE, FIELD_TYPE, FIELD_AFTER, FIELD_BEFORE, FIELD_NONE } Field;
static const char *const field_names[] = {"tag:", "source:", "type:", "after:", "before:"};
static const char *const field_examples[] = {"tag:work", "source:\"My notes/*\"", "type:pdf",
                                             "after:2024-05-31", "before:2025"};

static size_t column(const Parser *p, size_t at)
{
    return utf8_count(str_sub(p->text, 0, at)) + 1;
}

/* Bytes of the white space at `at`, 0 when there is none. Control characters count as white space.
 */
static size_t space_at(Str s, size_t at)
{
    unsigned char c = (unsigned char)s.ptr[at];
    if (c <= 0x20 || c == 0x7F)
        return 1;
    if (c == 0xC2 && at + 1 < s.len && (unsigned char)s.ptr[at + 1] == 0xA0)
        return 2; /* no-break space */
    if (c == 0xE3 && str_starts(str_sub(s, at, s.len), STR("\xE3\x80\x80")))
        return 3; /* ideographic space */
    if (c == 0xE2 && at + 2 < s.len && (unsigned char)s.ptr[at + 1] == 0x80) {
        unsigned char d = (unsigned char)s.ptr[at + 2];
        if ((d >= 0x80 && d <= 0x8B) || d == 0xA8 || d == 0xA9 || d == 0xAF)
            return 3;
    }
    return 0;
}

/* Bytes of the quotation mark at `at`: the straight one, or what telephones make of it. */
static size_t quote_at(Str s, size_t at)
{
    if (s.ptr[at] == '"')
        return 1;
    if (at + 2 < s.len && (unsigned char)s.ptr[at] == 0xE2 &&
        (unsigned char)s.ptr[at + 1] == 0x80) {
        unsigned char d = (unsigned char)s.ptr[at + 2];
        if (d == 0x9C || d == 0x9D || d == 0x9E)
            return 3;
    }
    return 0;
}

static bool is_word_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80);
}

static bool has_word(Str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (is_word_byte(s.ptr[i]))
            return true;
    return false;
}

/* The end of the unquoted run that starts at `at`. */
static size_t run_end(const Parser *p, size_t at)
{
    while (at < p->text.len && !space_at(p->text, at))
        at++;
    return at;
}

/* Reads what stands between the mark at p->at and its partner; p->at moves behind it. */
static bool read_quoted(Parser *p, Str *out, Err *err)
{
    size_t open = p->at, from = open + quote_at(p->text, open), at = from;
    while (at < p->text.len && !quote_at(p->text, at))
        at++;
    if (at == p->text.len)
        return err_set(err, ERR_VALIDATION,
                       "the quotation mark at character %zu is never closed: add one at the end of "
                       "the exact "
                       "words, or leave it out",
                       column(p, open));
    *out = str_trim(str_sub(p->text, from, at));
    p->at = at + quote_at(p->text, at);
    return true;
}

static bool add_term(Parser *p, KwKind kind, Str text, bool excluded, Err *err)
{
    bool op = kind != KW_WORD || excluded;
    if (op && ++p->n_operators > QUERY_MAX_OPERATORS)
        return err_set(err, ERR_VALIDATION,
                       "more than %u exact, prefix or excluded words in one search",
                       QUERY_MAX_OPERATORS);
    if (!excluded) {
        if (p->embed.len)
            buf_add_char(&p->embed, ' ');
        buf_add(&p->embed, text);
    }
    if (p->n_terms == p->cap) /* words past the ceiling still count for the embedding */
        return true;
    p->terms[p->n_terms++] = (KwTerm){kind, text, kind != KW_WORD && !excluded, excluded, 1.0f};
    return true;
}

static Field field_at(Str item)
{
    for (int f = 0; f < FIELD_NONE; f++) {
        size_t n = strlen(field_names[f]);
        if (item.len >= n && str_eq_nocase(str_sub(item, 0, n), str_of(field_names[f])))
            return (Field)f;
    }
    return FIELD_NONE;
}

static bool digits(Str s, size_t from, size_t n, int *out)
{
    int v = 0;
    for (size_t i = from; i < from + n; i++) {
        if (i >= s.len || s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        v = v * 10 + (s.ptr[i] - '0');
    }
    *out = v;
    return true;
}

bool query_date(Str text, int64_t *ms)
{
    int year, month = 1;
    if (text.len != 4 && text.len != 7)
        return clock_parse(text, ms);
    if (!digits(text, 0, 4, &year) || year < 1)
        return false;
    if (text.len == 7 &&
        (text.ptr[4] != '-' || !digits(text, 5, 2, &month) || month < 1 || month > 12))
        return false;
    *ms = clock_days_from_civil(year, month, 1) * INT64_C(86400000);
    return true;
}

static bool add_date(Parser *p, Field f, Str value, size_t start, Err *err)
{
    int64_t ms;
    if (!query_date(value, &ms))
        return err_set(err, ERR_VALIDATION,
                       "%s at character %zu has no date that can be read (\"%.*s\"): write YYYY, "
                       "YYYY-MM, "
                       "YYYY-MM-DD or a time like 2024-05-31T09:30:00Z",
                       field_names[f], column(p, start),
                       (int)(value.len > 60 ? utf8_floor(value, 60) : value.len), value.ptr);
    /* 0 means "open" in a DocFilter: one millisecond beside the epoch says the same */
    if (ms == 0)
        ms = f == FIELD_AFTER ? -1 : 1;
    if (f == FIELD_AFTER)
        p->since = p->since && p->since > ms ? p->since : ms;
    else
        p->until = p->until && p->until < ms ? p->until : ms;
    return true;
}

static bool add_filter(Parser *p, Field f, Str value, size_t start, Err *err)
{
    Str *list = f == FIELD_TAG ? p->tags : f == FIELD_SOURCE ? p->sources : p->types;
    size_t *n = f == FIELD_TAG ? &p->n_tags : f == FIELD_SOURCE ? &p->n_sources : &p->n_types;
    if (f == FIELD_AFTER || f == FIELD_BEFORE)
        return add_date(p, f, value, start, err);
    if (*n == QUERY_MAX_OPERATORS)
        return err_set(err, ERR_VALIDATION, "more than %u times %s in one search",
                       QUERY_MAX_OPERATORS, field_names[f]);
    list[(*n)++] = value;
    return true;
}

static bool read_field(Parser *p, Field f, Err *err)
{
    size_t start = p->at;
    Str value = {NULL, 0};
    p->at += strlen(field_names[f]);
    if (p->at < p->text.len && quote_at(p->text, p->at)) {
        if (!read_quoted(p, &value, err))
            return false;
    } else if (p->at < p->text.len) {
        size_t end = run_end(p, p->at);
        value = str_sub(p->text, p->at, end);
        p->at = end;
    }
    if (value.len == 0)
        return err_set(err, ERR_VALIDATION,
                       "%s at character %zu needs a value right behind it, such as %s (to search "
                       "for the word "
                       "itself, write \"%.*s\")",
                       field_names[f], column(p, start), field_examples[f],
                       (int)strlen(field_names[f]) - 1, field_names[f]);
    return add_filter(p, f, value, start, err);
}

/* -5 and -3.2 are temperatures and balances, not wishes; -- begins an option or is a dash. */
static bool is_exclusion(Str item)
{
    if (item.len < 2 || item.ptr[0] != '-')
        return false;
    if (quote_at(item, 1))
        return true;
    return is_word_byte(item.ptr[1]) && !(item.ptr[1] >= '0' && item.ptr[1] <= '9');
}

/* A bare item: a word, a prefix, or either excluded. */
static bool read_word(Parser *p, bool excluded, Err *err)
{
    size_t end = run_end(p, p->at);
    Str item = str_sub(p->text, p->at, end);
    p->at = end;
    /* "invoice*," and "(invoice*)" are prefixes too: punctuation behind the star says nothing. But
     * *this* is emphasis, as people write it. */
    Str bare = item;
    while (bare.len && strchr(".,;:!?)]}", bare.ptr[bare.len - 1]))
        bare.len--;
    if (bare.len > 1 && bare.ptr[0] != '*' && bare.ptr[bare.len - 1] == '*' &&
        is_word_byte(bare.ptr[bare.len - 2])) {
        size_t from = 0;
        bare.len--;
        while (from < bare.len && !is_word_byte(bare.ptr[from]))
            from++;
        return add_term(p, KW_PREFIX, str_sub(bare, from, bare.len), excluded, err);
    }
    if (excluded && !has_word(item))
        return true;
    return add_term(p, KW_WORD, item, excluded, err);
}

static bool read_item(Parser *p, Err *err)
{
    size_t start = p->at;
    Str item = str_sub(p->text, start, run_end(p, start));
    bool excluded = is_exclusion(item);
    Field f = field_at(excluded ? str_sub(item, 1, item.len) : item);
    if (f != FIELD_NONE && excluded)
        return err_set(err, ERR_VALIDATION,
                       "-%s at character %zu: a filter cannot be excluded, only "
                       "words can",
                       field_names[f], column(p, start));
    if (f != FIELD_NONE)
        return read_field(p, f, err);
    p->at += excluded;
    if (quote_at(p->text, p->at)) {
        Str words;
        if (!read_quoted(p, &words, err))
            return false;
        return !has_word(words) || add_term(p, KW_PHRASE, words, excluded, err);
    }
    return read_word(p, excluded, err);
}

static bool check_text(Str text, Err *err)
{
    size_t valid = utf8_valid_len(text);
    if (text.len > QUERY_MAX_BYTES)
        return err_set(err, ERR_VALIDATION, "a search of %zu bytes is too long: at most %u",
                       text.len, QUERY_MAX_BYTES);
    if (valid != text.len)
        return err_set(err, ERR_VALIDATION, "the search is not UTF-8 at byte %zu", valid + 1);
    return true;
}

static bool parser_init(Parser *p, Str text, Arena *a, Err *err)
{
    *p = (Parser){.text = text, .a = a};
    /* every item takes two bytes at least, one of them white space or a mark */
    p->cap = text.len / 2 + 1 < QUERY_MAX_WORDS ? text.len / 2 + 1 : QUERY_MAX_WORDS;
    p->terms = ARENA_NEW_ARRAY(a, KwTerm, p->cap);
    p->tags = ARENA_NEW_ARRAY(a, Str, QUERY_MAX_OPERATORS);
    p->sources = ARENA_NEW_ARRAY(a, Str, QUERY_MAX_OPERATORS);
    p->types = ARENA_NEW_ARRAY(a, Str, QUERY_MAX_OPERATORS);
    buf_init(&p->embed, (size_t)2 * QUERY_MAX_BYTES);
    if (!p->terms || !p->tags || !p->sources || !p->types)
        return err_set(err, ERR_NO_MEMORY, "reading the search: out of memory");
    return true;
}

static bool finish(Parser *p, Query *out, Err *err)
{
    Query q = {.embed = arena_buf(p->a, &p->embed), .terms = p->terms, .n_terms = p->n_terms};
    if (!q.embed.ptr)
        return err_set(err, ERR_NO_MEMORY, "reading the search: out of memory");
    for (size_t i = 0; i < q.n_terms; i++)
        q.n_ranking += !q.terms[i].excluded && has_word(q.terms[i].text);
    if (!q.n_ranking) {
        bool filters = p->n_tags || p->n_sources || p->n_types || p->since || p->until;
        return err_set(err, ERR_VALIDATION, "%s",
                       filters || p->n_operators ? "the search has only filters or excluded words: "
                                                   "add a word to look for"
                                                 : "the search is empty: write what to look for");
    }
    q.filter = (DocFilter){.tags = p->tags,
                           .n_tags = p->n_tags,
                           .sources = p->sources,
                           .n_sources = p->n_sources,
                           .types = p->types,
                           .n_types = p->n_types,
                           .since = p->since,
                           .until = p->until};
    *out = q;
    return true;
}

bool query_parse(Str text, Arena *a, Query *out, Err *err)
{
    Parser p;
    if (!check_text(text, err) || !parser_init(&p, text, a, err))
        return false;
    bool ok = true;
    while (ok && p.at < text.len) {
        size_t n = space_at(text, p.at);
        if (n)
            p.at += n;
        else
            ok = read_item(&p, err);
    }
    ok = ok && finish(&p, out, err);
    buf_release(&p.embed);
    return ok;
}
