/* fuzz_office.c - the parts of office documents and books. The input is their text, each behind a
 * line "=== name"; they are packed here, without compression and with the right checksums, so that
 * every byte of the input reaches a reader. */
#include "reader.h"

#define MAX_PARTS 40

static void put(Buf *b, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        (void)buf_add_char(b, i < 8 ? (char)(v >> (8 * i)) : 0);
}

static uint32_t checksum(Str s)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < s.len; i++) {
        crc ^= (unsigned char)s.ptr[i];
        for (int k = 0; k < 8; k++)
            crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1)));
    }
    return ~crc;
}

/* The fields that a part's own header and its line in the list have in common. */
static void fields(Buf *b, Str name, Str data, uint32_t crc)
{
    put(b, 20, 2);
    put(b, 0, 2 + 2 + 2 + 2);
    put(b, crc, 4);
    put(b, data.len, 4);
    put(b, data.len, 4);
    put(b, name.len, 2);
    put(b, 0, 2);
}

static void add_part(Buf *zip, Buf *list, Str name, Str data)
{
    uint32_t crc = checksum(data);
    size_t at = zip->len;
    (void)buf_add(zip, STR("PK\3\4"));
    fields(zip, name, data, crc);
    (void)buf_add(zip, name);
    (void)buf_add(zip, data);
    (void)buf_add(list, STR("PK\1\2\24\0"));
    fields(list, name, data, crc);
    put(list, 0, 2 + 2 + 2 + 4);
    put(list, at, 4);
    (void)buf_add(list, name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Str rest = {(const char *)data, size};
    Buf zip, list;
    unsigned n = 0;
    buf_init(&zip, 1 << 24);
    buf_init(&list, 1 << 20);
    while (rest.len > 4 && n < MAX_PARTS) {
        size_t start = str_find(rest, STR("=== "), 0);
        if (start == SIZE_MAX)
            break;
        size_t line = str_find(rest, STR("\n"), start), end = str_find(rest, STR("\n=== "), start);
        Str name = str_sub(rest, start + 4, line < rest.len ? line : rest.len);
        Str part = line < rest.len ? str_sub(rest, line + 1, end) : STR("");
        add_part(&zip, &list, str_sub(name, 0, 200), part);
        n++;
        rest = end == SIZE_MAX ? STR("") : str_sub(rest, end + 1, rest.len);
    }
    size_t at = zip.len;
    (void)buf_add(&zip, buf_str(&list));
    (void)buf_add(&zip, STR("PK\5\6\0\0\0\0"));
    put(&zip, n, 2);
    put(&zip, n, 2);
    put(&zip, list.len, 4);
    put(&zip, at, 4);
    put(&zip, 0, 2);
    fuzz_reader(&reader_docx, (const uint8_t *)zip.ptr, zip.len);
    buf_release(&zip);
    buf_release(&list);
    return 0;
}
