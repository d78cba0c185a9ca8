#include "api/zip_out.h"

#include <pthread.h>

#include "base/clock.h"

#define DIRECTORY_MAX ((size_t)1 << 30)
#define ENTRY_MAX UINT32_MAX
#define VERSION 45       /* ZIP64 */
#define FLAGS 0x0808     /* a data descriptor follows; the name is UTF-8 */
#define ZIP64_FROM 0xFFFFFFFFu

static uint32_t crc_table[256];

static void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
        crc_table[i] = c;
    }
}

static uint32_t crc32_more(uint32_t crc, Str s)
{
    crc = ~crc;
    for (size_t i = 0; i < s.len; i++)
        crc = crc_table[(crc ^ (unsigned char)s.ptr[i]) & 0xFF] ^ (crc >> 8);
    return ~crc;
}

static void le(Buf *b, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++, v >>= 8)
        buf_add_char(b, (char)v);
}

static bool send(ZipOut *z, Buf *b, Err *err)
{
    bool ok = buf_check(b, "an archive", err) && z->put(z->arg, buf_str(b), err);
    z->at += b->len;
    buf_release(b);
    return ok;
}

void zip_open(ZipOut *z, ZipPut put, void *arg, int64_t at_ms)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int year, month, day;
    pthread_once(&once, make_table);
    *z = (ZipOut){.put = put, .arg = arg};
    buf_init(&z->directory, DIRECTORY_MAX);
    int64_t seconds = at_ms / 1000;
    clock_civil_from_days(seconds / 86400, &year, &month, &day);
    seconds %= 86400;
    if (year >= 1980 && year < 2108)
        z->date = (uint16_t)((year - 1980) << 9 | month << 5 | day);
    z->time = (uint16_t)(seconds / 3600 << 11 | seconds / 60 % 60 << 5 | seconds % 60 / 2);
}

void zip_release(ZipOut *z)
{
    if (z->sha) {
        Sha256 ignored;
        (void)sha256_end(z->sha, &ignored, NULL);
        z->sha = NULL;
    }
    buf_release(&z->directory);
}

bool zip_begin(ZipOut *z, Str name, Err *err)
{
    Buf b;
    buf_init(&b, 1 << 17);
    z->name = name;
    z->begin = z->at;
    z->bytes = 0;
    z->crc = 0;
    z->sha = sha256_begin(err);
    if (!z->sha)
        return false;
    le(&b, 0x04034b50, 4);
    le(&b, VERSION, 2);
    le(&b, FLAGS, 2);
    le(&b, 0, 2); /* stored */
    le(&b, z->time, 2);
    le(&b, z->date, 2);
    le(&b, 0, 4 + 4 + 4); /* CRC and sizes: in the descriptor */
    le(&b, name.len, 2);
    le(&b, 0, 2);
    buf_add(&b, name);
    return send(z, &b, err);
}

bool zip_add(ZipOut *z, Str bytes, Err *err)
{
    if (z->bytes + bytes.len > ENTRY_MAX)
        return err_set(err, ERR_TOO_LARGE, "a file of more than 4 GiB does not fit the archive");
    z->crc = crc32_more(z->crc, bytes);
    z->bytes += bytes.len;
    z->at += bytes.len;
    return sha256_more(z->sha, bytes, err) && (!bytes.len || z->put(z->arg, bytes, err));
}

bool zip_end(ZipOut *z, Sha256 *hash, uint64_t *bytes, Err *err)
{
    Sha256 made;
    Buf b, *d = &z->directory;
    Sha256Stream *sha = z->sha;
    bool far = z->begin >= ZIP64_FROM;
    z->sha = NULL;
    if (!sha256_end(sha, &made, err))
        return false;
    buf_init(&b, 64);
    le(&b, 0x08074b50, 4);
    le(&b, z->crc, 4);
    le(&b, z->bytes, 4);
    le(&b, z->bytes, 4);
    le(d, 0x02014b50, 4);
    le(d, 3 << 8 | VERSION, 2); /* made on Unix */
    le(d, VERSION, 2);
    le(d, FLAGS, 2);
    le(d, 0, 2);
    le(d, z->time, 2);
    le(d, z->date, 2);
    le(d, z->crc, 4);
    le(d, z->bytes, 4);
    le(d, z->bytes, 4);
    le(d, z->name.len, 2);
    le(d, far ? 12 : 0, 2);
    le(d, 0, 2 + 2 + 2);
    le(d, (uint64_t)0100600 << 16, 4); /* a file, its owner's */
    le(d, far ? ZIP64_FROM : z->begin, 4);
    buf_add(d, z->name);
    if (far) {
        le(d, 1, 2);
        le(d, 8, 2);
        le(d, z->begin, 8);
    }
    z->entries++;
    if (hash)
        *hash = made;
    if (bytes)
        *bytes = z->bytes;
    return buf_check(d, "the archive's directory", err) && send(z, &b, err);
}

bool zip_close(ZipOut *z, Err *err)
{
    uint64_t at = z->at, size = z->directory.len, n = z->entries;
    bool far = at >= ZIP64_FROM || size >= ZIP64_FROM || n >= 0xFFFF;
    Buf b = z->directory;
    buf_init(&z->directory, 1);
    uint64_t end = at + size;
    if (far) {
        le(&b, 0x06064b50, 4);
        le(&b, 44, 8);
        le(&b, 3 << 8 | VERSION, 2);
        le(&b, VERSION, 2);
        le(&b, 0, 4 + 4);
        le(&b, n, 8);
        le(&b, n, 8);
        le(&b, size, 8);
        le(&b, at, 8);
        le(&b, 0x07064b50, 4);
        le(&b, 0, 4);
        le(&b, end, 8);
        le(&b, 1, 4);
    }
    le(&b, 0x06054b50, 4);
    le(&b, 0, 2 + 2);
    le(&b, far ? 0xFFFF : n, 2);
    le(&b, far ? 0xFFFF : n, 2);
    le(&b, far ? ZIP64_FROM : size, 4);
    le(&b, far ? ZIP64_FROM : at, 4);
    le(&b, 0, 2);
    return send(z, &b, err);
}
