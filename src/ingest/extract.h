/* extract.h - readers: from a file's bytes to plain text, with marks for what the text cannot show.
 *
 * A reader runs in the confined child only (child.h); nothing here is called with a stranger's
 * bytes in the server. The text is valid UTF-8 without NUL, lines end in "\n", blocks are divided
 * by blank lines, and it has a ceiling. Marks tell the chunker about headings, code, tables, lists
 * and pages.
 *
 * One file a format, and each library behind a format in that file alone, loaded with dlopen by the
 * reader's `preload`, so that the server carries none of them.
 *
 * Threads: none; a child reads one file and ends. */
#ifndef SOTTO_INGEST_EXTRACT_H
#define SOTTO_INGEST_EXTRACT_H

#include "base/str.h"
#include "text/chunk.h"

#define EXTRACT_MAX_META ((size_t)1000)   /* bytes of a title or an author */
#define EXTRACT_MAX_MARKS ((size_t)1000000)
#define EXTRACT_HEAD 4096       /* bytes that sniffing may look at */
#define EXTRACT_MAX_PARTS 20000 /* of one file */
#define EXTRACT_MAX_PART_BYTES ((uint64_t)256 << 20) /* of all parts of one file */
#define EXTRACT_MAX_PART_NAME 200                    /* bytes */

/* A file inside the file: an attachment, a message of a mailbox. It becomes a document of its own,
 * read by a child of its own. */
typedef struct {
    Buf name;       /* clean, one line, without "/", no two the same in one file */
    Buf media_type; /* as the file claims it; may be empty */
    Str bytes;
    char *owned;    /* what bytes points to; NULL: borrowed from the file's own bytes */
    uint64_t name_hash;
} ExtractPart;

typedef struct {
    Buf text;
    Mark *marks;
    size_t n_marks, cap_marks;
    bool marks_failed;    /* out of memory, or more than EXTRACT_MAX_MARKS */
    Buf title, author, language;
    Buf created, modified; /* dates as the file writes them, in any form that date_parse reads */
    uint32_t pages;       /* 0 when the format has none */
    ExtractPart *parts;
    size_t n_parts, cap_parts;
    uint64_t part_bytes;
    bool parts_failed;    /* out of memory, or more than EXTRACT_MAX_PARTS or _PART_BYTES */
} ExtractOut;

void extract_init(ExtractOut *o, size_t max_text);
void extract_release(ExtractOut *o);
/* Every append has succeeded; else ERR_TOO_LARGE or ERR_NO_MEMORY. */
bool extract_check(const ExtractOut *o, Err *err);
/* Notes that a reader's own buffer found no memory: its words must not go missing silently. */
void extract_no_memory(ExtractOut *o);
/* Empties a reader's own buffer for its next use (or for good), noting first that it found no
 * memory. */
void extract_reuse(ExtractOut *o, Buf *scratch);
void extract_drop(ExtractOut *o, Buf *scratch);

/* Appends text as it is: CR LF and CR become LF, control characters are left out, broken bytes
 * become U+FFFD. Ceilings are noted in *o, not reported: extract_check at the end. */
void extract_add(ExtractOut *o, Str s);
/* Appends running text: white space collapses to one space, none at a line's start. */
void extract_flow(ExtractOut *o, Str s);
/* Takes white space off the end, then ends the line (1) or the block (2) unless nothing is
 * there. */
void extract_break(ExtractOut *o, unsigned newlines);
/* The end of all: no white space behind the last line but its newline. */
void extract_end(ExtractOut *o);
void extract_mark(ExtractOut *o, MarkKind kind, size_t start, size_t end, uint32_t level);
/* Appends another extraction's text with its marks; its title, author and parts stay behind. */
void extract_append(ExtractOut *o, const ExtractOut *other);
/* Adds a part; a second one of the same name gets its number added. `owned` (mem_free) is taken in
 * any case and is what `bytes` points to; NULL when they lie in the file itself. */
void extract_part(ExtractOut *o, Str name, Str media_type, Str bytes, char *owned);
/* Sets a title, an author or a date: white space squeezed, cut to EXTRACT_MAX_META. An empty one
 * changes nothing. */
void extract_meta(Buf *to, Str value);
/* The file's name without folder and ending as the title, for a file of many things, whose first
 * heading would say too little. */
void extract_title_of_name(ExtractOut *o, Str filename);

/* Whether the description of a picture says something: it is more than two bytes, and not the name
 * of its file. */
bool extract_describes(Str words);

typedef struct {
    const char *type;     /* as in ingest_types */
    /* Loads libraries and tables, in the zygote, before any stranger's byte is seen. NULL:
     * nothing. */
    bool (*preload)(Err *err);
    bool (*read)(Str data, Str filename, ExtractOut *out, Err *err);
    const char
        *readable; /* a folder of public tables that read may open where Landlock holds; NULL */
    bool has_parts; /* its files may hold others: the child may write that much more */
    bool stays;     /* our own code alone: one child may read several small texts (standing.c) */
} Reader;

extern const Reader reader_text, reader_markdown, reader_html, reader_pdf;
extern const Reader reader_docx, reader_xlsx, reader_pptx, reader_odt, reader_ods, reader_odp,
    reader_epub;
extern const Reader reader_email, reader_mailbox, reader_rtf, reader_calendar, reader_csv;
extern const Reader reader_json, reader_image;

/* NULL when no reader has the name. */
const Reader *reader_find(Str type);

/* Character sets (charset.c knows uchardet and iconv). `declared` is a name that the file gives
 * itself, or empty; a byte order mark comes first, then valid UTF-8, then the declared name, then
 * detection. ERR_UNSUPPORTED_MEDIA when it is no text. */
bool charset_to_utf8(Str data, Str declared, Buf *out, Err *err);
bool charset_preload(Err *err);
/* By the set's name alone, for formats that say it for every few bytes; what cannot be converted
 * becomes U+FFFD. False, with nothing appended, when there is no such set. */
bool charset_convert(Str set, Str data, Buf *out);
/* Keeps the tables of one set in memory for a library that asks iconv itself. Missing ones stay
 * so. */
void charset_hold(const char *name);
/* True after charset_to_utf8 failed because the tables are not loaded: the zygote loads them and
 * the file is read again. */
bool charset_wanted(void);

/* Text in pictures for other readers (read_image.c knows Tesseract). A reader that meets pictures
 * asks picture_reading; when nobody has tried yet it calls picture_want and fails: the zygote loads
 * the recogniser, if there is one, and the file is read again. */
typedef enum { PICTURES_UNTRIED, PICTURES_READ, PICTURES_NOT_READ } PictureReading;
PictureReading picture_reading(void);
void picture_want(void);
bool picture_wanted(void);
void picture_preload(void);
/* Appends the text recognised in grey points, one byte each, [h, w]. ERR_VALIDATION. */
bool picture_read(const uint8_t *grey, int w, int h, ExtractOut *out, Err *err);

/* The child's time: milliseconds until it is ended; a reader of many slow parts asks. */
void extract_deadline(uint64_t deadline_ns);
uint64_t extract_time_left_ms(void);

/* Languages (language.c knows CLD2). Sets out->language to what the text is written in (ISO 639,
 * "de"): as detected when that is sure, else as the file says, else nothing. Without the library,
 * which language_preload loads, what the file says stands alone. */
bool language_preload(Err *err);
void language_set(ExtractOut *out);

/* The character an HTML entity name stands for ("eacute", "nbsp"); 0 when unknown. */
uint32_t entity_find(Str name);
/* Appends s with entities decoded. */
void entity_decode(Buf *out, Str s);

#endif
