/* types.c - which reader a file is for: by its first bytes, then by its name, then by what was
 * claimed. */
#include "base/utf8.h"
#include "ingest/extract.h"
#include "ingest/ingest.h"

#define OOXML "application/vnd.openxmlformats-officedocument."
#define ODF "application/vnd.oasis.opendocument."

static const IngestType types[] = {
    {"text", "plain text in any character set",
     (const char *const[]){".txt", ".text", ".log", ".org", ".rst", ".tex", ".ini", ".conf",
                           ".yaml", ".yml", ".toml", ".srt", ".vtt", NULL},
     (const char *const[]){"text/plain", NULL}},
    {"markdown", "Markdown: CommonMark with tables, task lists and front matter",
     (const char *const[]){".md", ".markdown", ".mdown", ".mkd", ".mkdn", NULL},
     (const char *const[]){"text/markdown", "text/x-markdown", NULL}},
    {"html", "web pages and HTML e-mail",
     (const char *const[]){".html", ".htm", ".xhtml", ".xht", NULL},
     (const char *const[]){"text/html", "application/xhtml+xml", NULL}},
    {"pdf", "PDF with a text layer", (const char *const[]){".pdf", NULL},
     (const char *const[]){"application/pdf", NULL}},
    {"docx", "Word documents (OOXML), with their templates",
     (const char *const[]){".docx", ".docm", ".dotx", ".dotm", NULL},
     (const char *const[]){OOXML "wordprocessingml.document", OOXML "wordprocessingml.template",
                           "application/vnd.ms-word.document.macroEnabled.12", NULL}},
    {"xlsx", "Excel spreadsheets (OOXML): cells as they are shown",
     (const char *const[]){".xlsx", ".xlsm", ".xltx", ".xltm", NULL},
     (const char *const[]){OOXML "spreadsheetml.sheet", OOXML "spreadsheetml.template",
                           "application/vnd.ms-excel.sheet.macroEnabled.12", NULL}},
    {"pptx", "PowerPoint presentations (OOXML) with their notes",
     (const char *const[]){".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm", NULL},
     (const char *const[]){OOXML "presentationml.presentation", OOXML "presentationml.slideshow",
                           OOXML "presentationml.template",
                           "application/vnd.ms-powerpoint.presentation.macroEnabled.12", NULL}},
    {"odt", "OpenDocument texts", (const char *const[]){".odt", ".ott", ".odm", NULL},
     (const char *const[]){ODF "text", ODF "text-template", ODF "text-master", NULL}},
    {"ods", "OpenDocument spreadsheets", (const char *const[]){".ods", ".ots", NULL},
     (const char *const[]){ODF "spreadsheet", ODF "spreadsheet-template", NULL}},
    {"odp", "OpenDocument presentations and drawings",
     (const char *const[]){".odp", ".otp", ".odg", ".otg", NULL},
     (const char *const[]){ODF "presentation", ODF "presentation-template", ODF "graphics", NULL}},
    {"epub", "EPUB books without copy protection", (const char *const[]){".epub", NULL},
     (const char *const[]){"application/epub+zip", NULL}},
    {"email", "e-mail messages; attachments become documents of their own",
     (const char *const[]){".eml", ".emlx", ".mht", ".mhtml", NULL},
     (const char *const[]){"message/rfc822", "message/global", NULL}},
    {"mailbox", "mbox files; every message becomes a document of its own",
     (const char *const[]){".mbox", ".mbx", NULL}, (const char *const[]){"application/mbox", NULL}},
    {"rtf", "Rich Text Format", (const char *const[]){".rtf", NULL},
     (const char *const[]){"application/rtf", "text/rtf", "text/richtext", NULL}},
    {"calendar", "iCalendar: events, to-dos, journals",
     (const char *const[]){".ics", ".ical", ".ifb", ".icalendar", ".vcs", NULL},
     (const char *const[]){"text/calendar", "text/x-vcalendar", NULL}},
    {"csv", "tables as comma-, semicolon- or tab-separated values",
     (const char *const[]){".csv", ".tsv", ".tab", NULL},
     (const char *const[]){"text/csv", "text/tab-separated-values", NULL}},
    {"json", "JSON, JSON lines, GeoJSON",
     (const char *const[]){".json", ".jsonl", ".ndjson", ".geojson", ".ipynb", NULL},
     (const char *const[]){"application/json", "application/x-ndjson", "application/jsonl",
                           "application/geo+json", NULL}},
    {"image", "pictures of text (needs Debian's tesseract-ocr)",
     (const char *const[]){".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif",
                           ".pnm", NULL},
     (const char *const[]){"image/png", "image/jpeg", "image/tiff", "image/webp", "image/bmp",
                           "image/gif", NULL}},
    {"audio", "recordings: what is said in them, with times (needs a speech model)",
     (const char *const[]){".m4a", ".mp3", ".wav", ".ogg", ".oga", ".opus", ".flac", ".webm",
                           ".aac", ".amr", ".3gp", ".wma", ".aiff", ".caf", ".mka", NULL},
     (const char *const[]){"audio/mpeg", "audio/mp4", "audio/x-m4a", "audio/wav", "audio/x-wav",
                           "audio/ogg", "audio/opus", "audio/flac", "audio/webm", "audio/aac",
                           NULL}},
};
#define TYPES (sizeof types / sizeof *types)

/* What begins like this is no text, whatever its name says, and no reader here knows it. */
static const struct {
    const char *bytes;
    size_t n;
} foreign[] = {{"\x7F"
                "ELF",
                4},
               {"\x1F\x8B", 2},
               {"BZh", 3},
               {"\xFD"
                "7zXZ",
                5},
               {"7z\xBC\xAF", 4},
               {"Rar!", 4},
               {"RIFF", 4},
               {"SQLite format 3", 15},
               {"%!PS", 4}};

/* What begins like this is of that type, whatever its name says. */
static const struct {
    const char *bytes;
    size_t n;
    const char *type;
} marked[] = {{"{\\rtf", 5, "rtf"},    {"BEGIN:VCALENDAR", 15, "calendar"},
              {"\x89PNG", 4, "image"}, {"\xFF\xD8\xFF", 3, "image"},
              {"GIF8", 4, "image"},    {"II*\0", 4, "image"},
              {"MM\0*", 4, "image"},    {"ID3", 3, "audio"},
              {"OggS", 4, "audio"},    {"fLaC", 4, "audio"},
              {"#!AMR", 5, "audio"},   {"caff", 4, "audio"}};

const IngestType *ingest_types(size_t *n)
{
    *n = TYPES;
    return types;
}

static const char *by_ending(Str filename)
{
    for (size_t i = 0; i < TYPES; i++)
        for (const char *const *e = types[i].endings; *e; e++)
            if (str_ends_nocase(filename, str_of(*e)))
                return types[i].type;
    return NULL;
}

static const char *by_media_type(Str media_type)
{
    Str name = str_trim(str_sub(media_type, 0, str_find(media_type, STR(";"), 0)));
    for (size_t i = 0; i < TYPES; i++)
        for (const char *const *m = types[i].media_types; *m; m++)
            if (str_eq_nocase(name, str_of(*m)))
                return types[i].type;
    return NULL;
}

static bool starts_nocase(Str s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.len >= n && str_eq_nocase(str_sub(s, 0, n), str_of(prefix));
}

/* A page begins with its doctype or root element, after white space, comments and an XML line. */
static bool is_html(Str head)
{
    if (str_starts(head, STR("\xEF\xBB\xBF")))
        head = str_sub(head, 3, head.len);
    for (int i = 0; i < 8; i++) {
        head = str_trim(head);
        bool comment = str_starts(head, STR("<!--")), xml = str_starts(head, STR("<?"));
        if (!comment && !xml)
            break;
        size_t end = str_find(head, comment ? STR("-->") : STR("?>"), 0);
        if (end == SIZE_MAX)
            return false;
        head = str_sub(head, end + (comment ? 3 : 2), head.len);
    }
    return starts_nocase(head, "<!doctype html") || starts_nocase(head, "<html") ||
           starts_nocase(head, "<head") || starts_nocase(head, "<body");
}

/* Text has no zero bytes (or, in 16 bits, one in every second place) and few control characters. */
static bool is_texty(Str head)
{
    if (str_starts(head, STR("\xFF\xFE")) || str_starts(head, STR("\xFE\xFF")) ||
        str_starts(head, str_mem("\0\0\xFE\xFF", 4)))
        return true;
    size_t zero[2] = {0, 0}, control = 0;
    for (size_t i = 0; i < head.len; i++) {
        unsigned char c = (unsigned char)head.ptr[i];
        zero[i % 2] += c == 0;
        control += c != 0 && c < 0x20 && !(c >= '\t' && c <= '\r') && c != 0x1B && c != '\b';
    }
    if ((zero[0] + zero[1]) * 200 > head.len) { /* fewer are accidents in a text */
        size_t most = zero[0] > zero[1] ? zero[0] : zero[1], least = zero[0] + zero[1] - most;
        return most * 5 > head.len && least * 100 < head.len;
    }
    return control * 50 <= head.len + 100; /* two are forgiven even in a short one */
}

/* EBCDIC looks like control characters to the rule above; its letters and spaces give it away. */
static bool is_ebcdic(Str head)
{
    size_t letters = 0, spaces = 0;
    for (size_t i = 0; i < head.len; i++) {
        unsigned char c = (unsigned char)head.ptr[i], low = c & 0x0F;
        spaces += c == 0x40;
        letters += c == 0x40 || c == 0x15 || c == 0x25 || c == 0x4B || c == 0x6B || c >= 0xF0 ||
                   (c >= 0x81 && c < 0xEA && low >= 1 && low <= 9);
    }
    return head.len > 64 && letters * 100 > head.len * 90 && spaces * 20 > head.len;
}

static bool is_zipped(const char *type)
{
    static const char *const zipped[] = {"docx", "xlsx", "pptx", "odt", "ods", "odp", "epub"};
    for (size_t i = 0; type && i < sizeof zipped / sizeof *zipped; i++)
        if (strcmp(type, zipped[i]) == 0)
            return true;
    return false;
}

/* The archive's first entries tell: OpenDocument and EPUB begin with their media type, and one of
 * the first files of an OOXML document lies in a folder of its program. */
static const char *in_zip(Str head)
{
    static const struct {
        const char *words, *type;
    } signs[] = {{"mimetype" ODF "text", "odt"},      {"mimetype" ODF "spreadsheet", "ods"},
                 {"mimetype" ODF "presentation", "odp"}, {"mimetype" ODF "graphics", "odp"},
                 {"mimetypeapplication/epub", "epub"}};
    static const struct {
        const char *folder, *type;
    } folders[] = {{"word/", "docx"}, {"xl/", "xlsx"}, {"ppt/", "pptx"},
                   {"META-INF/container.xml", "epub"}};
    Str first = str_sub(head, 30, head.len);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (str_starts(first, str_of(signs[i].words)))
            return signs[i].type;
    for (size_t at = 0; (at = str_find(head, STR("PK\3\4"), at)) != SIZE_MAX; at += 4)
        for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
            if (str_starts(str_sub(head, at + 30, head.len), str_of(folders[i].folder)))
                return folders[i].type;
    return NULL;
}

/* By what is inside; where the beginning does not tell, by the name, and the reader looks again.
 * OLE containers (old formats, and encrypted new ones) go to the reader of a new name to say which
 * it is. */
static const char *by_container(Str head, const char *named, const char *claimed)
{
    if (!is_zipped(named))
        named = is_zipped(claimed) ? claimed : NULL;
    if (str_starts(head, STR("PK\3\4"))) {
        const char *inside = in_zip(head);
        return inside ? inside : named;
    }
    return named;
}

/* Header lines at the very start, two of them such as only mails have. */
static bool is_email(Str head)
{
    static const char *const names[] = {
        "From",    "Received", "Return-Path",  "Message-ID",   "Date",
        "Subject", "To",       "MIME-Version", "Delivered-To", "Content-Type"};
    Str line, rest = head;
    size_t known = 0;
    for (size_t i = 0; i < 100 && str_next(&rest, '\n', &line); i++) {
        if (i > 0 && line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t'))
            continue;
        size_t colon = str_find(line, STR(":"), 0);
        if (colon == SIZE_MAX || colon == 0 || memchr(line.ptr, ' ', colon))
            break;
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            known += str_eq_nocase(str_sub(line, 0, colon), str_of(names[k]));
    }
    return known >= 3;
}

/* For files whose name tells nothing. */
static const char *by_look(Str head)
{
    size_t line = str_starts(head, STR("From ")) ? str_find(head, STR("\n"), 0) : SIZE_MAX;
    if (line != SIZE_MAX && is_email(str_sub(head, line + 1, head.len)))
        return "mailbox";
    if (is_email(head))
        return "email";
    return is_html(head) ? "html" : NULL;
}

Str ingest_guess_type(Str head, Str filename, Str media_type)
{
    head = str_sub(head, 0, EXTRACT_HEAD);
    const char *named = by_ending(filename), *claimed = by_media_type(media_type);
    if (str_find(str_sub(head, 0, 1024 + 5), STR("%PDF-"), 0) != SIZE_MAX)
        return STR("pdf");
    if (str_starts(head, STR("PK\3\4")) || str_starts(head, STR("PK\5\6")) ||
        str_starts(head, STR("\xD0\xCF\x11\xE0"))) {
        const char *type = by_container(head, named, claimed);
        return type ? str_of(type) : (Str){"", 0};
    }
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (str_starts(head, str_mem(foreign[i].bytes, foreign[i].n)))
            return str_starts(str_sub(head, 8, 12), STR("WEBP"))   ? STR("image")
                   : str_starts(str_sub(head, 8, 12), STR("WAVE")) ? STR("audio")
                                                                   : (Str){"", 0};
    if (is_zipped(named)) /* without an archive's mark: damaged, as the reader will say */
        return str_of(named);
    for (size_t i = 0; i < sizeof marked / sizeof *marked; i++)
        if (str_starts(head, str_mem(marked[i].bytes, marked[i].n)))
            return str_of(marked[i].type);
    if (named && strcmp(named, "pdf") == 0) /* without its mark: damaged, as the reader will say */
        return STR("pdf");
    if (!is_texty(head) && !is_ebcdic(head))
        return named && (strcmp(named, "image") == 0 || strcmp(named, "audio") == 0)
                   ? str_of(named)
                   : (Str){"", 0};
    if (named && strcmp(named, "audio") == 0) /* words under a recording's name */
        named = NULL;
    if (named && strcmp(named, "text") != 0)
        return str_of(named);
    const char *look = by_look(head);
    if (look && !(named && strcmp(look, "html") != 0)) /* a mail saved as text stays one text */
        return str_of(look);
    if (named)
        return str_of(named);
    bool binary = claimed && (strcmp(claimed, "pdf") == 0 || strcmp(claimed, "image") == 0 ||
                              strcmp(claimed, "audio") == 0 ||
                              is_zipped(claimed));
    return str_of(claimed && !binary ? claimed : "text");
}

const char *ingest_media_type(Str type)
{
    size_t n;
    const IngestType *all = ingest_types(&n);
    for (size_t i = 0; i < n; i++)
        if (str_eq(str_of(all[i].type), type))
            return all[i].media_types[0];
    return "application/octet-stream";
}
