/* json_scan.h - JSON as it stands in the text: a token at a time, no tree, no memory, no recursion.
 *
 *   {"a": [1, "b"]}   ->   OBJECT  KEY a  ARRAY  NUMBER 1  STRING b  ARRAY_END  OBJECT_END  END
 *
 * The grammar is that of RFC 8259, whole and strict: every byte is looked at, and what is cut short
 * or followed by anything is BAD at last. Commas and colons are the scanner's business. What a
 * grammar does not say it does not look for: a key that stands twice in an object, an escape that
 * names half a character, a number too large for any type. Where a whole tree is wanted, or a text
 * may be large and strange, json_parse (json.h) is for that.
 *
 * Threads: a scan has one owner at a time. */
#ifndef SOTTO_BASE_JSON_SCAN_H
#define SOTTO_BASE_JSON_SCAN_H

#include "base/str.h"

#define JSON_SCAN_DEPTH 64 /* levels at the most */

typedef enum { JSON_BAD_TOKEN, JSON_END_TOKEN, JSON_OBJECT_TOKEN, JSON_OBJECT_END_TOKEN,
    JSON_ARRAY_TOKEN, JSON_ARRAY_END_TOKEN, JSON_KEY_TOKEN, JSON_STRING_TOKEN, JSON_NUMBER_TOKEN,
    JSON_TRUE_TOKEN, JSON_FALSE_TOKEN, JSON_NULL_TOKEN } JsonToken;

typedef struct {
    const char *p, *end; /* what is not read yet; after BAD `p` is where the fault is */
    Str text;            /* of a key or string, what is between the quotes; a number's characters */
    bool escaped;        /* the last key or string has a backslash */
    bool spaced;         /* white space has been passed by */
    unsigned depth, max_depth;
    /* Private. */
    uint64_t objects;    /* bit 0: the innermost that is open is an object; bit 1: the next ... */
    int expect;
} JsonScan;

/* `text` is borrowed while it is scanned. More levels than max_depth (at most JSON_SCAN_DEPTH) are
 * BAD. */
void json_scan(JsonScan *s, Str text, unsigned max_depth);
/* END comes once, behind one whole value; behind BAD there is nothing but BAD. */
JsonToken json_next(JsonScan *s);
/* Reads to the end of the value that began with this token. False when there is none, or at BAD. */
bool json_skip(JsonScan *s, JsonToken first);
/* The last key or string is this, however it is spelled; `text` of at most 64 bytes. */
bool json_text_is(const JsonScan *s, Str text);
/* What is meant by what stands between quotes: never longer than `raw`, so that as many bytes of
 * room always do. *n: bytes written. False when it has no room, and for a NUL or half a surrogate
 * pair, which json_parse refuses too; `out` holds nothing useful then. */
bool json_unescape(Str raw, char *out, size_t room, size_t *n);

#endif
