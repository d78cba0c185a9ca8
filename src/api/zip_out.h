/* zip_out.h - a ZIP archive written from front to back, without going back: for streams.
 *
 *   [local header, bytes, data descriptor] ... central directory [ZIP64 end, locator] end
 *
 * Entries are stored, not packed: what is exported is mostly packed already, and anybody can read
 * it. Names are UTF-8. Source: PKWARE APPNOTE 6.3.10 (4.3.7 to 4.3.16, 4.4.4 bits 3 and 11).
 * Threads: one at a time. */
#ifndef SOTTO_API_ZIP_OUT_H
#define SOTTO_API_ZIP_OUT_H

#include "base/hash.h"

typedef bool (*ZipPut)(void *arg, Str bytes, Err *err);

typedef struct {
    ZipPut put;
    void *arg;
    uint64_t at;      /* bytes written */
    Buf directory;    /* of the entries so far */
    uint64_t entries;
    /* the open entry */
    Str name;         /* borrowed until zip_end */
    uint64_t begin, bytes;
    uint32_t crc;
    Sha256Stream *sha;
    uint16_t date, time;
} ZipOut;

void zip_open(ZipOut *z, ZipPut put, void *arg, int64_t at_ms); /* the time of all entries */
void zip_release(ZipOut *z);
/* An entry below 4 GiB: begin, any number of adds, end. hash may be NULL. */
bool zip_begin(ZipOut *z, Str name, Err *err);
bool zip_add(ZipOut *z, Str bytes, Err *err);
bool zip_end(ZipOut *z, Sha256 *hash, uint64_t *bytes, Err *err);
bool zip_close(ZipOut *z, Err *err); /* the directory; nothing may follow */

#endif
