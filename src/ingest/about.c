#include "ingest/about.h"

#include <math.h>

#include "base/json.h"
#include "text/dates.h"
#include "text/letters.h"
#include "text/words.h"

#define LOOK_AT 200000u
#define HEAD 2000 /* bytes at the top where a document has its own date */
#define HEAD_LINES 20
#define MENTIONED 20

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "describing the document: out of memory");
}

/* ---- author --------------------------------------------------------------------------------- */

static bool is_nobody(Str name)
{
    static const char *const names[] = {"admin",
                                        "administrator",
                                        "user",
                                        "owner",
                                        "unknown",
                                        "root",
                                        "author",
                                        "anonymous",
                                        "default",
                                        "guest",
                                        "microsoft office user",
                                        "windows user",
                                        "me",
                                        "test"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq_nocase(name, str_of(names[i])))
            return true;
    return name.len < 2;
}

/* Two to four words that begin with capitals, and nothing else. */
static bool is_name(Str s)
{
    size_t at = 0, start, end, words = 0;
    while (word_next(s, &at, &start, &end)) {
        size_t peek = start;
        if (!letter_is_upper(utf8_next(s, &peek)))
            return false;
        words++;
    }
    for (size_t i = 0; i < s.len; i++)
        if (letter_is_digit((unsigned char)s.ptr[i]) || strchr(":;!?()[]|/@", s.ptr[i]))
            return false;
    return words >= 2 && words <= 4 && s.len <= 60;
}

static bool is_ascii_start(Str line, const char *label)
{
    Str l = str_of(label);
    return line.len > l.len && str_eq_nocase(str_sub(line, 0, l.len), l);
}

static Str author_line(Str text)
{
    static const char *const labels[] = {"author:", "authors:",  "autor:",      "autorin:",
                                         "auteur:", "autore:",   "written by ", "by ",
                                         "von ",    "verfasser:"};
    Str rest = str_sub(text, 0, utf8_floor(text, HEAD)), line;
    for (size_t n = 0; n < 8 && str_next(&rest, '\n', &line);) {
        Str t = letters_trim(line);
        n += t.len > 0;
        for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
            if (!is_ascii_start(t, labels[i]))
                continue;
            Str name = letters_trim(str_sub(t, strlen(labels[i]), t.len));
            if (is_name(name))
                return name;
        }
    }
    return STR("");
}

bool about_author(const Extracted *e, Arena *a, Str *out, Err *err)
{
    Str own = letters_trim(e->author);
    if (is_nobody(own))
        own = author_line(e->text);
    *out = arena_str(a, own);
    return out->ptr != NULL || no_memory(err);
}

/* ---- dates ---------------------------------------------------------------------------------- */

/* Whether a line is there to carry its date: little else stands in it. */
static bool is_date_line(Str line, size_t start, size_t end)
{
    Str before = letters_trim(str_sub(line, 0, start)), after = str_sub(line, end, line.len);
    size_t words = 0, at = 0, from, to;
    while (word_next(before, &at, &from, &to))
        words++;
    for (at = 0; word_next(after, &at, &from, &to);)
        words++;
    return words <= 3 && before.len <= 30 && after.len <= 16;
}

/* The first date at the top of the text that has a line to itself: a letter's head, "Date: ...". */
static bool head_date(Str text, DateOrder order, DocDate *out)
{
    Str rest = str_sub(text, 0, utf8_floor(text, HEAD)), line;
    for (size_t n = 0; n < HEAD_LINES && str_next(&rest, '\n', &line);) {
        Str t = letters_trim(line);
        size_t at = 0, start, end;
        n += t.len > 0;
        if (date_next(t, order, &at, &start, &end, out) && is_date_line(t, start, end))
            return true;
    }
    return false;
}

/* "2026-11-23_bill.pdf", "IMG_20261123_101500.jpg" */
static bool name_date(Str name, DocDate *out)
{
    size_t at = 0, start, end;
    if (date_next(name, DATE_DAY_FIRST, &at, &start, &end, out))
        return true;
    for (size_t i = 0; i + 8 <= name.len; i++) {
        bool edge = i == 0 || !letter_is_digit((unsigned char)name.ptr[i - 1]);
        size_t n = i;
        while (n < name.len && letter_is_digit((unsigned char)name.ptr[n]))
            n++;
        if (edge && n - i == 8 && date_parse(str_sub(name, i, n), out))
            return true;
    }
    return false;
}

static void put_date(JsonW *w, const char *key, bool there, const DocDate *d)
{
    char text[DATE_TEXT_MAX];
    if (there)
        jw_kv_cstr(w, key, date_format(d, text));
    else
        jw_kv_null(w, key);
}

static bool earlier(const DocDate *a, const DocDate *b)
{
    return a->ms < b->ms;
}

/* Days that the text names, each once, in their order. */
static size_t mentioned(Str text, DateOrder order, DocDate out[MENTIONED])
{
    size_t n = 0, at = 0, start, end;
    DocDate d;
    text = str_sub(text, 0, utf8_floor(text, LOOK_AT));
    while (n < MENTIONED && date_next(text, order, &at, &start, &end, &d)) {
        size_t to = n;
        while (to > 0 && earlier(&d, &out[to - 1]))
            to--;
        if (to > 0 && out[to - 1].ms == d.ms)
            continue;
        memmove(out + to + 1, out + to, (n - to) * sizeof *out);
        out[to] = d;
        n++;
    }
    return n;
}

static void put_dates(JsonW *w, const Extracted *e, Str filename)
{
    DocDate created, modified, text, own = {0}, all[MENTIONED];
    char day[DATE_TEXT_MAX];
    DateOrder order = date_order(str_sub(e->text, 0, utf8_floor(e->text, LOOK_AT)), e->language);
    bool has_created = e->created.len > 0 && date_parse(e->created, &created);
    bool has_modified = e->modified.len > 0 && date_parse(e->modified, &modified);
    const char *from = NULL;
    if (head_date(e->text, order, &text)) {
        own = text;
        from = "text";
    } else if (has_created) {
        own = created;
        from = "metadata";
    } else if (name_date(filename, &own)) {
        from = "filename";
    }
    jw_key(w, "dates");
    jw_obj(w);
    put_date(w, "document", from != NULL, &own);
    if (from)
        jw_kv_cstr(w, "document_from", from);
    put_date(w, "created", has_created, &created);
    put_date(w, "modified", has_modified, &modified);
    jw_key(w, "mentioned");
    jw_arr(w);
    size_t n = mentioned(e->text, order, all);
    for (size_t i = 0; i < n; i++)
        jw_str(w, str_of(date_format(&all[i], day)));
    jw_arr_end(w);
    jw_obj_end(w);
}

/* ---- importance ----------------------------------------------------------------------------- */

static double rounded(double v)
{
    return round(v * 1e4) / 1e4;
}

static void put_reasons(JsonW *w, const Importance *v, const double *given)
{
    jw_key(w, "importance_reasons");
    jw_arr(w);
    jw_obj(w);
    jw_kv_cstr(w, "signal", given ? "given" : "base");
    jw_kv_num(w, "contribution", given ? *given : IMPORTANCE_BASE);
    jw_obj_end(w);
    for (size_t s = 0; !given && s < IMPORTANCE_SIGNALS; s++) {
        const ImportanceReason *r = &v->reasons[s];
        jw_obj(w);
        jw_kv_cstr(w, "signal", importance_signal_name((ImportanceSignal)s));
        jw_kv_int(w, "count", (int64_t)r->count);
        jw_kv_num(w, "value", rounded(r->value));
        jw_kv_num(w, "weight", r->weight);
        jw_kv_num(w, "contribution", rounded(r->weight * r->value));
        if (r->n_found) {
            jw_key(w, "found");
            jw_arr(w);
            for (size_t i = 0; i < r->n_found; i++)
                jw_str(w, r->found[i]);
            jw_arr_end(w);
        }
        jw_obj_end(w);
    }
    jw_arr_end(w);
}

bool about_json(const Extracted *e, Str filename, const Importance *v, const double *given,
                Arena *a, Str *out, Err *err)
{
    Buf b;
    JsonW w;
    buf_init(&b, 1 << 16);
    jw_init(&w, &b);
    jw_obj(&w);
    put_dates(&w, e, filename);
    put_reasons(&w, v, given);
    jw_obj_end(&w);
    *out = arena_buf(a, &b);
    buf_release(&b);
    return out->ptr != NULL || no_memory(err);
}
