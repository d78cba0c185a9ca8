#include "ingest/understand.h"

#include "text/keyphrase.h"
#include "text/letters.h"
#include "text/sentences.h"
#include "text/summary.h"

#define TITLE_MAX 300      /* bytes; longer ones are no titles */
#define SENTENCE_TITLE 80
#define TAGS 8
#define SUMMARY_WORDS 60

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "describing the document: out of memory");
}

/* ---- title --------------------------------------------------------------------------------- */

/* What word processors and printers leave in the title field. */
static bool is_junk_title(Str t)
{
    static const char *const starts[] = {
        "untitled",        "unbenannt", "microsoft word", "microsoft powerpoint",
        "microsoft excel", "document1", "dokument1",      "about:blank",
        "file:///",        "index",     "title",          "(anonymous)",
        "(unspecified)",   "print",     "slide 1",        "powerpoint presentation",
        "new page"};
    static const char *const ends[] = {".doc", ".docx", ".dvi", ".indd", ".qxd", ".tex",
                                       ".ps",  ".odt",  ".xls", ".rtf",  ".txt", ".ppt",
                                       ".pdf", ".html", ".htm", ".md"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        Str s = str_of(starts[i]);
        bool whole = i >= 8 || i == 4 || i == 5 || i < 2;
        if (t.len >= s.len && str_eq_nocase(str_sub(t, 0, s.len), s) &&
            (!whole || t.len <= s.len + 2))
            return true;
    }
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (str_ends_nocase(t, str_of(ends[i])))
            return true;
    size_t at = 0;
    while (at < t.len)
        if (letter_is_word(utf8_next(t, &at)) && !letter_is_digit((unsigned char)t.ptr[at - 1]))
            return false;
    return true; /* no letter in it */
}

static bool squeezed(Str s, size_t max, Arena *a, Str *out, Err *err)
{
    Buf b;
    buf_init(&b, s.len + 16);
    (void)letters_squeeze(&b, s);
    Str cut = letters_cut(buf_str(&b), max);
    *out = arena_str(a, cut);
    buf_release(&b);
    return out->ptr ? true : no_memory(err);
}

bool understand_filename(Str filename, Arena *a, Str *out, Err *err)
{
    for (size_t at; (at = str_find(filename, STR("/"), 0)) != SIZE_MAX;)
        filename = str_sub(filename, at + 1, filename.len);
    size_t dot = filename.len;
    while (dot > 1 && filename.ptr[dot - 1] != '.')
        dot--;
    if (dot > 1 && filename.len - dot <= 8)
        filename = str_sub(filename, 0, dot - 1);
    char *name = arena_cstr(a, filename);
    if (!name)
        return no_memory(err);
    bool spaces = memchr(name, ' ', filename.len) != NULL;
    for (size_t i = 0; i < filename.len; i++) {
        bool date = i > 0 && i + 1 < filename.len && letter_is_digit((unsigned char)name[i - 1]) &&
                    letter_is_digit((unsigned char)name[i + 1]);
        if (name[i] == '_' || (name[i] == '-' && !spaces && !date))
            name[i] = ' ';
    }
    return squeezed(str_of(name), TITLE_MAX, a, out, err);
}

/* The row of names that stands above a table is no title. */
static bool is_in_table(const Extracted *e, const Mark *heading)
{
    for (size_t i = 0; i < e->n_marks && i < 1000; i++)
        if (e->marks[i].kind == MARK_TABLE && e->marks[i].start <= heading->start &&
            heading->end <= e->marks[i].end)
            return true;
    return false;
}

bool understand_title(const Extracted *e, Str filename, Arena *a, Str *out, Err *err)
{
    Str own = letters_trim(e->title);
    if (own.len > 0 && own.len <= TITLE_MAX && !is_junk_title(own))
        return squeezed(own, TITLE_MAX, a, out, err);
    for (size_t i = 0; i < e->n_marks && i < 1000; i++) {
        Str h = letters_trim(str_sub(e->text, e->marks[i].start, e->marks[i].end));
        if (e->marks[i].kind == MARK_HEADING && h.len > 0 && h.len <= TITLE_MAX &&
            !is_junk_title(h) && !is_in_table(e, &e->marks[i]))
            return squeezed(h, TITLE_MAX, a, out, err);
    }
    if (filename.len > 0) {
        if (!understand_filename(filename, a, out, err))
            return false;
        if (out->len > 0)
            return true;
    }
    size_t at = 0, start, end;
    if (!sentence_next(e->text, &at, &start, &end))
        start = end = 0;
    return squeezed(letters_cut(str_sub(e->text, start, end), SENTENCE_TITLE), TITLE_MAX, a, out,
                    err);
}

/* ---- tags and summary ----------------------------------------------------------------------- */

bool understand_tags(const Extracted *e, Str title, Arena *a, Str **out, size_t *n, Err *err)
{
    return keyphrase_find(e->text, title, TAGS, a, out, n, err);
}

bool understand_summary(const Extracted *e, Arena *a, Str *out, Err *err)
{
    return summary_make(e->text, e->marks, e->n_marks, SUMMARY_WORDS, a, out, err);
}

/* ---- importance ----------------------------------------------------------------------------- */

/* Words of duties and rights: what costs a person something to miss (English and German). */
static const char *const duty_words[] = {
    "agreement", "appointment",  "bill",         "cancel",       "cancellation", "contract",
    "deadline",  "deposit",      "due",          "expires",      "expiry",       "fee",
    "fine",      "insurance",    "invoice",      "landlord",     "lease",        "must",
    "notice",    "obligation",   "obliged",      "overdue",      "passport",     "payable",
    "payment",   "penalty",      "policy",       "prescription", "reminder",     "renew",
    "renewal",   "rent",         "required",     "shall",        "sign",         "signature",
    "submit",    "tax",          "tenant",       "terminate",    "termination",  "urgent",
    "visa",      "warranty",     "frist",        "fällig",       "kündigung",    "kündigungsfrist",
    "mahnung",   "miete",        "mietvertrag",  "pflicht",      "rechnung",     "steuer",
    "termin",    "unterschrift", "versicherung", "vertrag",      "vermieter",    "zahlung"};
static const char *const months[] = {"january",  "february", "march",  "april",     "may",
                                     "june",     "july",     "august", "september", "october",
                                     "november", "december", "januar", "februar",   "märz",
                                     "mai",      "juni",     "juli",   "oktober",   "dezember"};
static const char *const currencies[] = {"eur",     "euro", "euros",  "usd", "dollar",
                                         "dollars", "gbp",  "pounds", "chf"};

static bool is_in(const char *const *list, size_t n, Str word)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(str_of(list[i]), word))
            return true;
    return false;
}
#define IN(list, word) is_in((list), sizeof(list) / sizeof *(list), (word))

/* "2026-03-01", "1.3.2026", "3/14/26": digits and two separators of one kind. */
static bool is_date(Str s)
{
    size_t separators = 0, digits = 0;
    char kind = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (letter_is_digit((unsigned char)s.ptr[i])) {
            digits++;
        } else if ((s.ptr[i] == '-' || s.ptr[i] == '.' || s.ptr[i] == '/') && i > 0 &&
                   (kind == 0 || kind == s.ptr[i])) {
            kind = s.ptr[i];
            separators++;
        } else {
            return false;
        }
    }
    return separators == 2 && digits >= 4 && digits <= 8;
}

static double share(size_t n, size_t full)
{
    return n >= full ? 1.0 : (double)n / (double)full;
}

Importance understand_importance(const Extracted *e)
{
    Str text = str_sub(e->text, 0, utf8_floor(e->text, 200000)), rest = text, token;
    size_t words = 0, duty = 0, dates = 0, money = 0, headings = 0;
    bool number_before = false;
    while (str_next(&rest, ' ', &token)) {
        Str line;
        while (str_next(&token, '\n', &line)) {
            Str w = line;
            while (w.len > 0 && strchr("(\"'[", w.ptr[0]))
                w = str_sub(w, 1, w.len);
            while (w.len > 0 && strchr(".,;:!?)\"']", w.ptr[w.len - 1]))
                w.len--;
            if (w.len == 0 || w.len > 40)
                continue;
            Buf lower;
            buf_init(&lower, 128);
            (void)letters_lower(&lower, w);
            Str l = buf_str(&lower);
            bool digits = letter_is_digit((unsigned char)w.ptr[0]);
            bool sign = str_find(w, STR("\xE2\x82\xAC"), 0) != SIZE_MAX || w.ptr[0] == '$' ||
                        str_starts(w, STR("\xC2\xA3"));
            words++;
            duty += IN(duty_words, l);
            dates += is_date(w) || (number_before && IN(months, l));
            money += sign || (number_before && IN(currencies, l));
            number_before = digits;
            buf_release(&lower);
        }
    }
    for (size_t i = 0; i < e->n_marks; i++)
        headings += e->marks[i].kind == MARK_HEADING;
    Importance v = {.duty = share(duty, 6), .dates = share(dates, 4), .money = share(money, 4),
        .length = share(words, 600), .structure = share(headings, 3)};
    v.score =
        0.2 + 0.35 * v.duty + 0.15 * v.dates + 0.15 * v.money + 0.1 * v.length + 0.05 * v.structure;
    return v;
}
