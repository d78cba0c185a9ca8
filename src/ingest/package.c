/* package.c - parts of a ZIP archive; the one file that knows libzip. */
#include "ingest/package.h"

#include <zip.h>

#include "base/mem.h"
#include "base/os.h"

#define MAX_NAME 1024
/* Deflate makes at most 1:1032. Spreadsheets of equal cells reach 1:100; a bomb is above this. */
#define MAX_RATIO 400
#define RATIO_FROM ((uint64_t)8 << 20) /* smaller parts may be as thin as they like */
#define PIECE 32768

static struct {
    __typeof__(&zip_source_buffer_create) source;
    __typeof__(&zip_source_free) source_free;
    __typeof__(&zip_open_from_source) open;
    __typeof__(&zip_discard) discard;
    __typeof__(&zip_get_num_entries) count;
    __typeof__(&zip_get_name) name;
    __typeof__(&zip_name_locate) locate;
    __typeof__(&zip_stat_index) stat;
    __typeof__(&zip_fopen_index) fopen;
    __typeof__(&zip_fread) fread;
    __typeof__(&zip_fclose) fclose;
    __typeof__(&zip_error_init) error_init;
    __typeof__(&zip_error_fini) error_fini;
    __typeof__(&zip_error_code_zip) error_code;
    __typeof__(&zip_get_error) get_error;
    __typeof__(&zip_file_get_error) file_error;
} lib;

bool package_preload(Err *err)
{
    void *so = os_dlopen((const char *const[]){"libzip.so.4", "libzip.so.5", NULL}, "libzip4", err);
    const struct {
        const char *name;
        void *to;
    } symbols[] = {{"zip_source_buffer_create", &lib.source},
                   {"zip_source_free", &lib.source_free},
                   {"zip_open_from_source", &lib.open},
                   {"zip_discard", &lib.discard},
                   {"zip_get_num_entries", &lib.count},
                   {"zip_get_name", &lib.name},
                   {"zip_name_locate", &lib.locate},
                   {"zip_stat_index", &lib.stat},
                   {"zip_fopen_index", &lib.fopen},
                   {"zip_fread", &lib.fread},
                   {"zip_fclose", &lib.fclose},
                   {"zip_error_init", &lib.error_init},
                   {"zip_error_fini", &lib.error_fini},
                   {"zip_error_code_zip", &lib.error_code},
                   {"zip_get_error", &lib.get_error},
                   {"zip_file_get_error", &lib.file_error}};
    if (!so)
        return false;
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (!os_sym(so, symbols[i].name, symbols[i].to, err))
            return false;
    return xml_preload(err);
}

struct Package {
    zip_t *zip;
    uint64_t total;   /* bytes inflated so far */
    bool backslashes; /* the archive's names have them, as some programs write */
    char damaged[MAX_NAME];
};

static bool no_archive(int code, Err *err)
{
    if (code == ZIP_ER_MEMORY)
        return err_set(err, ERR_NO_MEMORY, "reading the file's list of parts: out of memory");
    return err_set(err, ERR_VALIDATION,
                   code == ZIP_ER_NOZIP ? "the file is damaged or cut short: it is no ZIP archive, "
                                          "as documents of this kind are" :
                                          "the file is damaged: its list of parts cannot be read");
}

Package *package_open(Str data, Err *err)
{
    zip_error_t why;
    Package *p = mem_zalloc(sizeof *p);
    if (!p) {
        (void)err_set(err, ERR_NO_MEMORY, "opening the file: out of memory");
        return NULL;
    }
    lib.error_init(&why);
    zip_source_t *source = lib.source(data.ptr, data.len, 0, &why);
    p->zip = source ? lib.open(source, ZIP_RDONLY, &why) : NULL;
    if (!p->zip) {
        (void)no_archive(lib.error_code(&why), err);
        if (source)
            lib.source_free(source);
        mem_free(p);
        p = NULL;
    }
    lib.error_fini(&why);
    for (size_t i = 0; p && i < package_count(p) && !p->backslashes; i++) {
        Str name = package_name(p, i);
        p->backslashes = memchr(name.ptr, '\\', name.len) && !memchr(name.ptr, '/', name.len);
    }
    return p;
}

void package_close(Package *p)
{
    if (p)
        lib.discard(p->zip);
    mem_free(p);
}

size_t package_count(const Package *p)
{
    zip_int64_t n = lib.count(p->zip, 0);
    return n > 0 ? (size_t)n : 0;
}

Str package_name(Package *p, size_t i)
{
    const char *name = lib.name(p->zip, i, ZIP_FL_ENC_RAW);
    return name ? str_of(name) : STR("");
}

static zip_int64_t find(Package *p, Str name)
{
    char c[MAX_NAME];
    if (name.len == 0 || name.len >= sizeof c || memchr(name.ptr, 0, name.len))
        return -1;
    memcpy(c, name.ptr, name.len);
    c[name.len] = '\0';
    for (size_t i = 0; p->backslashes && i < name.len; i++)
        c[i] = c[i] == '/' ? '\\' : c[i];
    zip_int64_t at = lib.locate(p->zip, c, ZIP_FL_ENC_RAW);
    return at >= 0 ? at : lib.locate(p->zip, c, ZIP_FL_ENC_RAW | ZIP_FL_NOCASE);
}

bool package_has(Package *p, Str name)
{
    return find(p, name) >= 0;
}

static bool part_failed(Str name, int code, Err *err)
{
    switch (code) {
    case ZIP_ER_MEMORY: return err_set(err, ERR_NO_MEMORY, "reading the file: out of memory");
    case ZIP_ER_NOPASSWD:
    case ZIP_ER_WRONGPASSWD:
    case ZIP_ER_ENCRNOTSUPP:
        return err_set(err, ERR_VALIDATION,
                       "the file is encrypted: remove its password and add it again");
    case ZIP_ER_COMPNOTSUPP:
        return err_set(err, ERR_VALIDATION, "the file's part " STR_FMT
                       " is packed in a way that is not supported", STR_ARG(name));
    default:
        return err_set(err, ERR_VALIDATION, "the file is damaged: its part " STR_FMT
                       " cannot be unpacked", STR_ARG(name));
    }
}

static bool within_bounds(Package *p, Str name, uint64_t packed, uint64_t unpacked, Err *err)
{
    if (p->total > PACKAGE_TOTAL_MAX)
        return err_set(err, ERR_TOO_LARGE, "the file unpacks to more than %llu MiB",
                       (unsigned long long)(PACKAGE_TOTAL_MAX >> 20));
    if (unpacked > RATIO_FROM && unpacked / MAX_RATIO > packed)
        return err_set(err, ERR_TOO_LARGE, "the file's part " STR_FMT
                       " unpacks to more than %d times its size, as only a bomb does",
                       STR_ARG(name), MAX_RATIO);
    return true;
}

bool package_read(Package *p, Str name, bool (*take)(void *arg, Str bytes, Err *err), void *arg,
                  Err *err)
{
    zip_stat_t info;
    zip_int64_t at = find(p, name);
    if (at < 0)
        return err_set(err, ERR_VALIDATION, "the file is damaged: it has no part \"" STR_FMT "\"",
                       STR_ARG(str_sub(name, 0, 200)));
    if (lib.stat(p->zip, (zip_uint64_t)at, 0, &info) != 0)
        return part_failed(name, lib.error_code(lib.get_error(p->zip)), err);
    if ((info.valid & ZIP_STAT_ENCRYPTION_METHOD) && info.encryption_method != ZIP_EM_NONE)
        return part_failed(name, ZIP_ER_NOPASSWD, err);
    zip_file_t *f = lib.fopen(p->zip, (zip_uint64_t)at, 0);
    char *piece = f ? mem_alloc(PIECE) : NULL;
    bool ok = f || part_failed(name, lib.error_code(lib.get_error(p->zip)), err);
    ok = ok && (piece || part_failed(name, ZIP_ER_MEMORY, err));
    uint64_t packed = info.valid & ZIP_STAT_COMP_SIZE ? info.comp_size : 0, unpacked = 0;
    zip_int64_t n;
    while (ok && (n = lib.fread(f, piece, PIECE)) != 0) {
        if (n < 0) {
            ok = part_failed(name, lib.error_code(lib.file_error(f)), err);
            break;
        }
        unpacked += (uint64_t)n;
        p->total += (uint64_t)n;
        ok = within_bounds(p, name, packed, unpacked, err) &&
             take(arg, str_mem(piece, (size_t)n), err);
    }
    mem_free(piece);
    if (f)
        (void)lib.fclose(f);
    return ok;
}

static bool take_into_buf(void *arg, Str bytes, Err *err)
{
    Buf *b = arg;
    (void)buf_add(b, bytes);
    return buf_check(b, "a part of this file", err);
}

bool package_load(Package *p, Str name, Buf *out, Err *err)
{
    return package_read(p, name, take_into_buf, out, err);
}

/* ---- XML parts ------------------------------------------------------------------------------ */

static bool take_into_parser(void *arg, Str bytes, Err *err)
{
    return xml_feed(arg, bytes, err);
}

void package_note_damage(Package *p, Str name)
{
    size_t n = name.len < MAX_NAME ? name.len : MAX_NAME - 1;
    if (p->damaged[0])
        return;
    memcpy(p->damaged, name.ptr, n);
    p->damaged[n] = '\0';
}

static bool parse(Package *p, Str name, const XmlHandler *h, bool lenient, Err *err)
{
    XmlParser *x = xml_open(h, err);
    Err why = ERR_INIT;
    if (!x)
        return false;
    bool ok = package_read(p, name, take_into_parser, x, &why), whole = true;
    bool cut = !ok && why.code == ERR_VALIDATION && !xml_refused(x) && xml_started(x);
    if (ok || cut)
        ok = xml_end(x, &whole, &why);
    if (ok && (cut || !whole) && !lenient)
        package_note_damage(p, name);
    if (!ok)
        (void)err_set(err, why.code, "%s", why.msg);
    xml_close(x);
    return ok;
}

bool package_parse(Package *p, Str name, const XmlHandler *h, Err *err)
{
    return parse(p, name, h, false, err);
}

bool package_parse_lenient(Package *p, Str name, const XmlHandler *h, Err *err)
{
    return parse(p, name, h, true, err);
}

bool package_parse_optional(Package *p, Str name, const XmlHandler *h, Err *err)
{
    return !package_has(p, name) || package_parse(p, name, h, err);
}

Str package_damaged(const Package *p)
{
    return str_of(p->damaged);
}
