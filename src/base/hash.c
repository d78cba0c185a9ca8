/* hash.c - the one file that knows libcrypto's digests. Checksums that need no library are in
 * checksum.c. */
#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <unistd.h>

#include "base/first_use.h"
#include "base/mem.h"

struct Sha256Stream {
    EVP_MD_CTX *ctx;
};

static void touch(void *arg)
{
    (void)arg;
    uint8_t out[EVP_MAX_MD_SIZE];
    (void)EVP_Digest("", 0, out, NULL, EVP_sha256(), NULL);
    (void)EVP_Digest("", 0, out, NULL, EVP_sha1(), NULL);
}

static void first_use(void)
{
    crypto_first_use(touch, NULL);
}

static void ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, first_use);
    (void)crypto_was_short();
}

static bool fail(Err *err)
{
    if (crypto_was_short())
        return err_set(err, ERR_NO_MEMORY, "cannot compute a digest: out of memory");
    return err_set(err, ERR_INTERNAL, "cannot compute a digest: libcrypto refused");
}

bool sha256(Str data, Sha256 *out, Err *err)
{
    Sha256 h;
    ready();
    if (EVP_Digest(data.ptr ? data.ptr : "", data.len, h.b, NULL, EVP_sha256(), NULL) != 1)
        return fail(err);
    *out = h;
    return true;
}

bool sha1_parts(const Str *parts, size_t count, uint8_t out[20], Err *err)
{
    ready();
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx)
        return err_set(err, ERR_NO_MEMORY, "cannot compute a digest: out of memory");
    bool ok = EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) == 1;
    for (size_t i = 0; ok && i < count; i++)
        ok = EVP_DigestUpdate(ctx, parts[i].ptr, parts[i].len) == 1;
    ok = ok && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return ok || fail(err);
}

Sha256Stream *sha256_begin(Err *err)
{
    ready();
    Sha256Stream *s = mem_zalloc(sizeof *s);
    if (s && (s->ctx = EVP_MD_CTX_new()) && EVP_DigestInit_ex(s->ctx, EVP_sha256(), NULL) == 1)
        return s;
    if (s && s->ctx)
        (void)fail(err);
    else
        (void)err_set(err, ERR_NO_MEMORY, "cannot compute a digest: out of memory");
    if (s)
        EVP_MD_CTX_free(s->ctx);
    mem_free(s);
    return NULL;
}

bool sha256_more(Sha256Stream *s, Str data, Err *err)
{
    return EVP_DigestUpdate(s->ctx, data.ptr, data.len) == 1 || fail(err);
}

bool sha256_end(Sha256Stream *s, Sha256 *out, Err *err)
{
    Sha256 h;
    bool ok = EVP_DigestFinal_ex(s->ctx, h.b, NULL) == 1;
    EVP_MD_CTX_free(s->ctx);
    mem_free(s);
    if (!ok)
        return fail(err);
    *out = h;
    return true;
}

#define FILE_STEP ((size_t)256 << 10)

bool sha256_file(const char *path, Sha256 *out, Err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO,
                             errno, "cannot open %s", path);
    Sha256Stream *s = sha256_begin(err);
    char *step = s ? mem_alloc(FILE_STEP) : NULL;
    bool ok = step != NULL;
    if (s && !step)
        (void)err_set(err, ERR_NO_MEMORY, "cannot read %s: out of memory", path);
    while (ok) {
        ssize_t n = read(fd, step, FILE_STEP);
        if (n == 0)
            break;
        if (n > 0)
            ok = sha256_more(s, (Str){step, (size_t)n}, err);
        else if (errno != EINTR)
            ok = err_set_errno(err, ERR_IO, errno, "cannot read %s", path);
    }
    (void)close(fd);
    mem_free(step);
    if (!s)
        return false;
    Sha256 h;
    bool ended = sha256_end(s, &h, ok ? err : NULL);
    if (ok && ended)
        *out = h;
    return ok && ended;
}

char *sha256_hex(const Sha256 *h, char out[SHA256_HEX])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof h->b; i++) {
        out[2 * i] = digits[h->b[i] >> 4];
        out[2 * i + 1] = digits[h->b[i] & 15];
    }
    out[2 * sizeof h->b] = '\0';
    return out;
}

bool sha256_parse(Str hex, Sha256 *out)
{
    Sha256 h = {{0}};
    if (hex.len != 2 * sizeof h.b)
        return false;
    for (size_t i = 0; i < hex.len; i++) {
        int v = str_hex_digit(hex.ptr[i]);
        if (v < 0)
            return false;
        h.b[i / 2] = (uint8_t)(h.b[i / 2] << 4 | v);
    }
    *out = h;
    return true;
}
