/* read_text.c - plain text: its characters, and the subject when it looks like a saved e-mail. */
#include "ingest/extract.h"
#include "text/letters.h"

/* "Subject: ..." among header lines ("Name: value") at the very start. */
static void find_subject(Str text, ExtractOut *out)
{
    Str rest = str_sub(text, 0, 4096), line;
    bool subject = false, from = false;
    Str value = {"", 0};
    for (size_t i = 0; i < 40 && str_next(&rest, '\n', &line) && line.len > 0; i++) {
        size_t colon = str_find(line, STR(":"), 0);
        bool folded = i > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t');
        if (!folded && (colon == SIZE_MAX || colon > 40 || colon == 0))
            break;
        Str name = str_sub(line, 0, folded ? 0 : colon);
        if (str_eq_nocase(name, STR("Subject")) || str_eq_nocase(name, STR("Betreff"))) {
            value = str_sub(line, colon + 1, line.len);
            subject = true;
        }
        if (str_eq_nocase(name, STR("From")) || str_eq_nocase(name, STR("Von"))) {
            extract_meta(&out->author, str_sub(line, colon + 1, line.len));
            from = true;
        }
        if (str_eq_nocase(name, STR("Date")) || str_eq_nocase(name, STR("Datum")))
            extract_meta(&out->created, str_sub(line, colon + 1, line.len));
    }
    if (subject && from) {
        extract_meta(&out->title, value);
        return;
    }
    buf_clear(&out->author);
    buf_clear(&out->created);
}

static bool read_text(Str data, Str filename, ExtractOut *out, Err *err)
{
    Buf utf8;
    (void)filename;
    buf_init(&utf8, out->text.max);
    bool ok = charset_to_utf8(data, (Str){"", 0}, &utf8, err);
    if (ok) {
        extract_add(out, buf_str(&utf8));
        find_subject(buf_str(&out->text), out);
    }
    buf_release(&utf8);
    return ok;
}

const Reader reader_text = {.type = "text", .read = read_text, .stays = true};
