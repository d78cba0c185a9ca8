/* read_rtf.h - what the reader of RTF and its table of control words share.
 *
 * Threads: as extract.h. */
#ifndef SOTTO_INGEST_READ_RTF_H
#define SOTTO_INGEST_READ_RTF_H

#include "ingest/extract.h"

#define RTF_FONTS_MAX 4096
#define RTF_STYLES_MAX 1024

/* Where the characters of a group go. */
typedef enum {
    RTF_TEXT,
    RTF_SKIP,
    RTF_FONTS, /* the font table */
    RTF_STYLE, /* a style's name */
    RTF_TITLE,
    RTF_AUTHOR,
    RTF_LIST_MARK /* the number or bullet before an item, as the writing program shows it */
} RtfDest;

typedef enum {
    RTF_PAR,
    RTF_LINE,
    RTF_SPACE,
    RTF_CELL,
    RTF_ROW,
    RTF_PARD,
    RTF_INTBL,
    RTF_SPACED,
    RTF_OUTLINE,
    RTF_STYLE_NUMBER,
    RTF_PLAIN,
    RTF_HIDDEN,
    RTF_FONT,
    RTF_DEFAULT_FONT,
    RTF_FONT_CHARSET,
    RTF_FONT_PAGE,
    RTF_PAGE_SET,
    RTF_MAC,
    RTF_PC,
    RTF_PCA,
    RTF_UNICODE,
    RTF_UNICODE_SKIP,
    RTF_BIN,
    RTF_FOOTNOTE,
    RTF_COMMENT,
    RTF_PAGE_HEADER
} RtfWord;

typedef struct {
    const char *name;
    enum { RTF_K_CHARACTER, RTF_K_DEST, RTF_K_WORD } kind;
    uint32_t value; /* the character, the RtfDest, or which page header */
    RtfWord word;
} RtfControl;

/* NULL when the word does not matter here. */
const RtfControl *rtf_control(Str name);
/* The character set of a code page's number, of a font's charset number; NULL when unknown. */
const char *rtf_set_of_page(int32_t page);
const char *rtf_set_of_font(int32_t charset);

typedef struct {
    RtfDest dest;
    uint16_t font;
    uint8_t uc; /* characters that stand for a Unicode one before them */
    bool hidden;
    bool owns_aside; /* what was set aside is used when this group ends */
    char close;      /* put behind the group; '\n': ends the paragraph; 0: nothing */
} RtfGroup;

typedef struct {
    Str s;
    size_t at;
    ExtractOut *out;
    RtfGroup *groups;
    size_t n_groups, cap_groups;
    const char *set, *pending_set;    /* character sets: the document's; that of `pending` */
    const char *fonts[RTF_FONTS_MAX]; /* NULL: the document's */
    uint8_t styles[RTF_STYLES_MAX];   /* heading levels; 0: none */
    Buf pending, aside;
    int32_t default_font, style;
    uint32_t high; /* the first half of a character beyond 16 bits */
    unsigned skip, level, headers, cells;
    bool starred, in_table, spaced, item;
    size_t para_start, table_start; /* table_start SIZE_MAX: no table */
} Rtf;

#endif
