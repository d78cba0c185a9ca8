/* test_package.c - what a ZIP archive may unpack to in all: at the limit, and one byte past it. The
 * archive has a part of 8 MiB, which may be as thin as it likes, and one of a byte; what counts is
 * what is unpacked, however often the same part is read. */
#include "support/unit.h"

#include "base/mem.h"
#include "ingest/package.h"

#define THICK ((size_t)8 << 20)
#define CRC_OF_ZEROS 0x1ad2bc45u /* of THICK bytes; ISO-HDLC, as in ZIP */
#define CRC_OF_X 0x8cdc1683u

/* ---- deflate, RFC 1951: zeros, with the fixed codes ------------------------------------------ */

typedef struct {
    Buf *out;
    unsigned held, n;
} Bits;

static void put(Bits *b, unsigned value, unsigned n) /* the lowest bit first */
{
    for (unsigned i = 0; i < n; i++) {
        b->held |= (value >> i & 1) << b->n++;
        if (b->n == 8) {
            buf_add_char(b->out, (char)b->held);
            b->held = b->n = 0;
        }
    }
}

static void put_code(Bits *b, unsigned code, unsigned n) /* Huffman codes: the highest first */
{
    while (n--)
        put(b, code >> n & 1, 1);
}

static void deflate_zeros(Buf *out, size_t n)
{
    Bits b = {.out = out};
    put(&b, 1, 1); /* the last block */
    put(&b, 1, 2); /* fixed codes */
    put_code(&b, 0x30, 8); /* literal 0 */
    for (n--; n >= 258; n -= 258) {
        put_code(&b, 0xC5, 8); /* length 258 */
        put_code(&b, 0, 5);    /* distance 1 */
    }
    for (; n; n--)
        put_code(&b, 0x30, 8);
    put_code(&b, 0, 7);
    put(&b, 0, 7); /* what is left of the byte */
}

/* ---- ZIP, APPNOTE 4.3 ------------------------------------------------------------------------ */

static void put_le(Buf *b, uint32_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buf_add_char(b, (char)(v >> 8 * i));
}

typedef struct {
    const char *name;
    uint32_t crc, packed, size, at;
    bool deflated;
} Entry;

static void put_fields(Buf *b, const Entry *e)
{
    put_le(b, 20, 2);
    put_le(b, 0, 2);
    put_le(b, e->deflated ? 8 : 0, 2);
    put_le(b, 0, 4);
    put_le(b, e->crc, 4);
    put_le(b, e->packed, 4);
    put_le(b, e->size, 4);
    put_le(b, (uint32_t)strlen(e->name), 2);
    put_le(b, 0, 2);
}

static void put_entry(Buf *b, Entry *e, Str data)
{
    e->at = (uint32_t)b->len;
    e->packed = (uint32_t)data.len;
    put_le(b, 0x04034b50, 4);
    put_fields(b, e);
    buf_add_c(b, e->name);
    buf_add(b, data);
}

static void put_list(Buf *b, const Entry *e, size_t n)
{
    uint32_t at = (uint32_t)b->len;
    for (size_t i = 0; i < n; i++) {
        put_le(b, 0x02014b50, 4);
        put_le(b, 20, 2);
        put_fields(b, &e[i]);
        put_le(b, 0, 4); /* comment, disk */
        put_le(b, 0, 2); /* attributes */
        put_le(b, 0, 4);
        put_le(b, e[i].at, 4);
        buf_add_c(b, e[i].name);
    }
    uint32_t size = (uint32_t)b->len - at;
    put_le(b, 0x06054b50, 4);
    put_le(b, 0, 4);
    put_le(b, (uint32_t)n, 2);
    put_le(b, (uint32_t)n, 2);
    put_le(b, size, 4);
    put_le(b, at, 4);
    put_le(b, 0, 2);
}

static void make_archive(Buf *zip)
{
    Entry e[2] = {{"thick", CRC_OF_ZEROS, 0, (uint32_t)THICK, 0, true},
                  {"x", CRC_OF_X, 0, 1, 0, false}};
    Buf packed;
    buf_init(&packed, 1 << 20);
    buf_init(zip, 1 << 20);
    deflate_zeros(&packed, THICK);
    put_entry(zip, &e[0], buf_str(&packed));
    put_entry(zip, &e[1], STR("x"));
    put_list(zip, e, 2);
    assert_true(buf_ok(&packed) && buf_ok(zip));
    buf_release(&packed);
}

static bool count(void *arg, Str bytes, Err *err)
{
    (void)err;
    *(uint64_t *)arg += bytes.len;
    return true;
}

static void in_all(void **state)
{
    (void)state;
    Buf zip;
    Err err = ERR_INIT;
    uint64_t got = 0;
    make_archive(&zip);
    assert_true(package_preload(&err));
    Package *p = package_open(buf_str(&zip), &err);
    assert_non_null(p);
    for (uint64_t i = 0; i < PACKAGE_TOTAL_MAX / THICK; i++)
        if (!package_read(p, STR("thick"), count, &got, &err))
            fail_msg("%s", err.msg);
    assert_true(got == PACKAGE_TOTAL_MAX && got == (uint64_t)512 << 20);
    assert_err(package_read(p, STR("x"), count, &got, &err), err, ERR_TOO_LARGE,
               "unpacks to more than 512 MiB");
    package_close(p);
    buf_release(&zip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(in_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
