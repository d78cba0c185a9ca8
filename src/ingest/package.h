/* package.h - a document that is a ZIP archive of parts: OOXML, OpenDocument, EPUB.
 *
 *   bytes in memory -> central directory -> part by name -> inflated piece by piece -> taker
 *
 * Why libzip: it reads from memory by the central directory (the one list of parts that office
 * programs go by), checks every checksum, and Debian keeps it safe. A part's name is only a key,
 * never a path. What a part unpacks to is bounded, and so is what all parts together do, however
 * often they are read: bombs and overlapping entries end there.
 *
 * Threads: none; a child reads one file and ends. */
#ifndef SOTTO_INGEST_PACKAGE_H
#define SOTTO_INGEST_PACKAGE_H

#include "ingest/xml.h"

#define PACKAGE_TOTAL_MAX ((uint64_t)512 << 20) /* bytes of all parts that are read */

typedef struct Package Package;

/* Loads libzip and libxml2. */
bool package_preload(Err *err);

/* `data` stays the caller's and must outlive the package. ERR_VALIDATION: no ZIP archive, or a
 * damaged one; ERR_NO_MEMORY. */
Package *package_open(Str data, Err *err);
void package_close(Package *p); /* NULL is allowed */

/* Names are compared without regard to ASCII case when no part has the exact name. */
bool package_has(Package *p, Str name);
size_t package_count(const Package *p);
Str package_name(Package *p, size_t i); /* borrowed; may be empty */

/* Hands the part to `take`, piece by piece, until it returns false (which fails the read with the
 * error `take` has set). ERR_VALIDATION: not there, encrypted, damaged, unknown compression;
 * ERR_TOO_LARGE: it unpacks to too much. */
bool package_read(Package *p, Str name, bool (*take)(void *arg, Str bytes, Err *err), void *arg,
                  Err *err);
/* The whole part in memory. */
bool package_load(Package *p, Str name, Buf *out, Err *err);

/* Parses a part. A part that breaks off or is no XML from some place on is read up to there, and
 * noted (package_damaged). Other failures as package_read and xml_feed. */
bool package_parse(Package *p, Str name, const XmlHandler *h, Err *err);
/* As package_parse; a part that is not there is as good as an empty one. */
bool package_parse_optional(Package *p, Str name, const XmlHandler *h, Err *err);
/* As package_parse, where damage does not matter. */
bool package_parse_lenient(Package *p, Str name, const XmlHandler *h, Err *err);
/* For readers that find a part missing or broken. */
void package_note_damage(Package *p, Str name);
/* The name of the first part that could not be read to its end; empty when there is none. */
Str package_damaged(const Package *p);

#endif
