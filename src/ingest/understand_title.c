/* understand_title.c - what a document is called; docs/INGEST.md states the rules. */
#include "ingest/understand.h"

#include "text/dates.h"
#include "text/letters.h"
#include "text/sentences.h"
#include "text/words.h"

#define TITLE_MAX 300      /* bytes; longer ones are no titles */
#define LINE_MAX_BYTES 120 /* of a line of text that may be a title */
#define LINES 6            /* of the text that are looked at */
#define SENTENCE_TITLE 80

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "finding the title: out of memory");
}

/* What word processors, printers and web kits leave in the title field: those that are the whole
 * title (but for a number), and those that begin it. */
static const char *const whole[] = {"untitled",
                                    "untitled document",
                                    "unbenannt",
                                    "sans titre",
                                    "sin título",
                                    "senza titolo",
                                    "document",
                                    "dokument",
                                    "documento",
                                    "home",
                                    "file",
                                    "index",
                                    "title",
                                    "(anonymous)",
                                    "(unspecified)",
                                    "print",
                                    "slide",
                                    "new page",
                                    "powerpoint presentation",
                                    "presentation",
                                    "präsentation",
                                    "no title",
                                    "no subject",
                                    "(no subject)",
                                    "new document",
                                    "neues dokument",
                                    "word document",
                                    "normal",
                                    "page",
                                    "scan",
                                    "scanned document",
                                    "welcome",
                                    "tabelle",
                                    "sheet",
                                    "book",
                                    "mappe",
                                    "root entry",
                                    "default",
                                    "template"};
static const char *const beginnings[] = {"microsoft word",  "microsoft powerpoint",
                                         "microsoft excel", "about:",
                                         "file://",         "http://",
                                         "https://",        "www.",
                                         "untitled-",       "acrobat pdfmaker"};
static const char *const endings[] = {
    ".doc", ".docx", ".dvi",  ".indd", ".qxd",  ".tex", ".ps",  ".odt", ".xls", ".xlsx", ".rtf",
    ".txt", ".ppt",  ".pptx", ".pdf",  ".html", ".htm", ".md",  ".eml", ".csv", ".ods",  ".epub",
    ".jpg", ".jpeg", ".png",  ".tif",  ".tiff", ".cdr", ".pub", ".wpd", ".php", ".asp",  ".jsp"};

static bool is_path(Str t)
{
    bool drive = t.len > 3 && t.ptr[1] == ':' && (t.ptr[2] == '\\' || t.ptr[2] == '/');
    size_t slashes = 0, spaces = 0;
    for (size_t i = 0; i < t.len; i++) {
        slashes += t.ptr[i] == '/' || t.ptr[i] == '\\';
        spaces += t.ptr[i] == ' ';
    }
    return drive || str_starts(t, STR("\\\\")) || (str_starts(t, STR("/")) && slashes > 1) ||
           (slashes > 2 && spaces == 0);
}

/* The number that programs count by, off the end: "Document1", "Slide 1", "untitled (2)". */
static Str without_number(Str t)
{
    while (t.len > 0 &&
           (letter_is_digit((unsigned char)t.ptr[t.len - 1]) || strchr(" ()-_.", t.ptr[t.len - 1])))
        t.len--;
    return t;
}

static bool has_letter(Str t)
{
    for (size_t at = 0; at < t.len;) {
        uint32_t c = utf8_next(t, &at);
        if (letter_is_word(c) && !letter_is_digit(c))
            return true;
    }
    return false;
}

static bool is_junk(Str t)
{
    Str bare = without_number(t);
    if (!has_letter(t) || is_path(t))
        return true;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (str_eq_nocase(bare, str_of(whole[i])))
            return true;
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        Str s = str_of(beginnings[i]);
        if (str_eq_nocase(str_sub(t, 0, s.len), s))
            return true;
    }
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (str_ends_nocase(t, str_of(endings[i])))
            return true;
    return false;
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

/* ---- the file's name ------------------------------------------------------------------------ */

bool understand_filename(Str filename, Arena *a, Str *out, Err *err)
{
    filename = str_file_name(filename);
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

/* Whether a file's name says what is in it: it has a word of four letters that is no name of a
 * camera, a scanner or a download. */
static bool is_telling_name(Str name)
{
    static const char *const empty[] = {"scan",     "image", "document", "dokument", "file",
                                        "download", "copy",  "untitled", "unnamed",  "attachment",
                                        "export",   "page",  "test",     "text",     "note"};
    size_t at = 0, start, end;
    while (word_next(name, &at, &start, &end)) {
        Str word = str_sub(name, start, end);
        size_t letters = 0;
        bool told = false;
        for (size_t i = 0; i < word.len; i++)
            letters += !letter_is_digit((unsigned char)word.ptr[i]);
        for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
            told = told || str_eq_nocase(without_number(word), str_of(empty[i]));
        if (letters >= 4 && letters * 2 > word.len && !told)
            return true;
    }
    return false;
}

/* ---- the first line ------------------------------------------------------------------------- */

static bool is_salutation(Str line)
{
    static const char *const words[] = {
        "dear",    "hello",    "hi",       "hallo", "liebe",   "lieber", "sehr", "cher", "chère",
        "bonjour", "estimado", "estimada", "hola",  "gentile", "caro",   "cara", "from", "to",
        "date",    "subject",  "page",     "seite", "tel",     "phone",  "fax",  "re"};
    size_t at = 0, start, end;
    if (!word_next(line, &at, &start, &end))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq_nocase(str_sub(line, start, end), str_of(words[i])))
            return true;
    return false;
}

/* Whether a line says more than its date [start, end) and a place or a weekday. */
static bool tells(Str line, size_t start, size_t end)
{
    size_t at = 0, from, to, words = 0;
    while (word_next(line, &at, &from, &to)) {
        char room[WORD_MAX + 8];
        Str folded = word_fold(str_sub(line, from, to), room);
        words += (to <= start || from >= end) && folded.len > 2 && !word_is_stop(folded) &&
                 !letter_is_digit((unsigned char)folded.ptr[0]);
    }
    return words >= 2;
}

/* A line that can stand above a text: short, mostly letters, begins like a name and does not end
 * like a sentence. */
static bool is_title_line(Str line)
{
    size_t letters = 0, others = 0, words = 0, at = 0, start, end;
    DocDate date;
    if (line.len == 0 || line.len > LINE_MAX_BYTES || is_junk(line) || is_salutation(line) ||
        sentence_list_marker(line) || strchr(",;:.", line.ptr[line.len - 1]) ||
        strchr("<{[(|>\"", line.ptr[0]))
        return false;
    if (date_next(line, DATE_DAY_FIRST, &at, &start, &end, &date) && !tells(line, start, end))
        return false;
    at = 0;
    if (letter_is_lower(utf8_next(line, &at)))
        return false;
    for (at = 0; at < line.len;) {
        uint32_t c = utf8_next(line, &at);
        letters += letter_is_word(c) && !letter_is_digit(c);
        others += !letter_is_word(c) && !letter_is_space(c);
        if (c == '=' || c == '@' || c == '|' || c == '\t')
            return false;
    }
    for (at = 0; word_next(line, &at, &start, &end);)
        words++;
    return letters >= 4 && letters > 3 * others && words <= 14;
}

/* "name: value", "a,b,c": a line of data, not of text. */
static bool is_data_line(Str line)
{
    size_t colon = str_find(line, STR(": "), 0), commas = 0;
    for (size_t i = 0; i < line.len; i++)
        commas += (line.ptr[i] == ',' || line.ptr[i] == ';') && i + 1 < line.len &&
                  line.ptr[i + 1] != ' ';
    return (colon != SIZE_MAX && colon < 16) || commas > 1;
}

/* The first line of the text that could be its title, when it stands apart: blank lines or a rule
 * below it, or longer lines. */
static Str title_line(const Extracted *e)
{
    Str rest = str_sub(e->text, 0, utf8_floor(e->text, 4000)), line;
    for (size_t i = 0; i < LINES && str_next(&rest, '\n', &line);) {
        Str t = letters_trim(line);
        if (t.len == 0)
            continue;
        i++;
        size_t at = (size_t)(t.ptr - e->text.ptr);
        for (size_t m = 0; m < e->n_marks && m < 200; m++)
            if ((e->marks[m].kind == MARK_CODE || e->marks[m].kind == MARK_TABLE) &&
                e->marks[m].start <= at && at < e->marks[m].end)
                return STR("");
        if (is_data_line(t))
            return STR("");
        Str below = rest, next = STR("");
        if (below.ptr)
            (void)str_next(&below, '\n', &next);
        next = letters_trim(next);
        if (is_title_line(t) && (next.len == 0 || !has_letter(next) || next.len > t.len))
            return t;
    }
    return STR("");
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
    Str own = letters_trim(e->title), named = STR("");
    if (own.len > 0 && own.len <= TITLE_MAX && !is_junk(own))
        return squeezed(own, TITLE_MAX, a, out, err);
    for (size_t i = 0; i < e->n_marks && i < 1000; i++) {
        Str h = letters_trim(str_sub(e->text, e->marks[i].start, e->marks[i].end));
        if (e->marks[i].kind == MARK_HEADING && h.len > 0 && h.len <= TITLE_MAX && !is_junk(h) &&
            !is_in_table(e, &e->marks[i]))
            return squeezed(h, TITLE_MAX, a, out, err);
    }
    Str line = title_line(e);
    if (line.len > 0)
        return squeezed(line, TITLE_MAX, a, out, err);
    if (filename.len > 0 && !understand_filename(filename, a, &named, err))
        return false;
    if (named.len > 0 && is_telling_name(named)) {
        *out = named;
        return true;
    }
    size_t at = 0, start, end;
    Str first = STR("");
    while (first.len == 0 && sentence_next(e->text, &at, &start, &end)) {
        Str s = str_sub(e->text, start, end);
        if (has_letter(s) && !is_path(s))
            first = s;
    }
    if (first.len == 0 && named.len > 0) {
        *out = named;
        return true;
    }
    return squeezed(letters_cut(first, SENTENCE_TITLE), TITLE_MAX, a, out, err);
}
