#include "net/password.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>

#include "base/first_use.h"
#include "base/os.h"
#include "base/utf8.h"

#define SALT PASSWORD_SALT
#define HASH PASSWORD_HASH
#define LN 15
#define R 8
#define P 3

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

bool bytes_same(const void *a, const void *b, size_t n)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t differ = 0;
    for (size_t i = 0; i < n; i++)
        differ = (uint8_t)(differ | (x[i] ^ y[i]));
    return differ == 0;
}

bool password_check(Str password, Err *err)
{
    size_t characters = 0;
    for (size_t i = 0; i < password.len; i++)
        characters += ((unsigned char)password.ptr[i] & 0xC0) != 0x80;
    if (password.len > PASSWORD_MAX || !utf8_ok(password))
        return err_set(err, ERR_VALIDATION, "a password has at most %u bytes of text",
                       PASSWORD_MAX);
    if (characters < PASSWORD_MIN)
        return err_set(err, ERR_VALIDATION, "a password has at least %u characters", PASSWORD_MIN);
    return true;
}

static void touch(void *arg)
{
    (void)arg;
    uint8_t out[HASH];
    static const uint8_t salt[1] = {0};
    (void)EVP_PBE_scrypt("", 0, salt, sizeof salt, 2, 1, 1, PASSWORD_MEMORY_MAX, out, sizeof out);
}

static void first_use(void)
{
    crypto_first_use(touch, NULL);
}

static bool derive(Str password, const PasswordKept *k, uint8_t out[HASH], Err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, first_use);
    pthread_mutex_lock(&one_at_a_time);
    int ok = EVP_PBE_scrypt(password.len ? password.ptr : "", password.len, k->salt, SALT,
                            (uint64_t)1 << k->ln, k->r, k->p, PASSWORD_MEMORY_MAX, out, HASH);
    pthread_mutex_unlock(&one_at_a_time);
    return ok == 1 || err_set(err, ERR_NO_MEMORY, "no memory to check a password");
}

static void add_hex(char *out, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        (void)snprintf(out + i * 2, 3, "%02x", bytes[i]);
}

void password_write(const PasswordKept *k, char out[PASSWORD_TEXT])
{
    char salt[SALT * 2 + 1], hash[HASH * 2 + 1];
    add_hex(salt, k->salt, SALT);
    add_hex(hash, k->hash, HASH);
    (void)snprintf(out, PASSWORD_TEXT, "$scrypt$ln=%u,r=%u,p=%u$%s$%s", k->ln, k->r, k->p, salt,
                   hash);
}

bool password_hash(Str password, char out[PASSWORD_TEXT], Err *err)
{
    PasswordKept k = {.ln = LN, .r = R, .p = P};
    if (!password_check(password, err) || !os_random(k.salt, SALT, err) ||
        !derive(password, &k, k.hash, err))
        return false;
    password_write(&k, out);
    return true;
}

static bool take_hex(Str s, uint8_t *out, size_t n)
{
    if (s.len != n * 2)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = str_hex_digit(s.ptr[i * 2]), low = str_hex_digit(s.ptr[i * 2 + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool take_cost(Str s, const char *name, unsigned most, unsigned *out)
{
    uint64_t n;
    Str prefix = str_of(name);
    if (!str_starts(s, prefix) || !str_to_u64(str_sub(s, prefix.len, s.len), &n) || !n || n > most)
        return false;
    *out = (unsigned)n;
    return true;
}

bool password_read(Str text, PasswordKept *k)
{
    Str part, costs, one;
    *k = (PasswordKept){0};
    return str_next(&text, '$', &part) && !part.len && str_next(&text, '$', &part) &&
           str_eq(part, STR("scrypt")) && str_next(&text, '$', &costs) &&
           str_next(&costs, ',', &one) && take_cost(one, "ln=", 17, &k->ln) &&
           str_next(&costs, ',', &one) && take_cost(one, "r=", 8, &k->r) &&
           str_next(&costs, ',', &one) && take_cost(one, "p=", 16, &k->p) && !costs.ptr &&
           str_next(&text, '$', &part) && take_hex(part, k->salt, SALT) &&
           str_next(&text, '$', &part) && take_hex(part, k->hash, HASH) && !text.ptr;
}

bool password_is(Str password, Str hash, bool *out, Err *err)
{
    PasswordKept k = {.ln = LN, .r = R, .p = P};
    uint8_t made[HASH];
    bool known = password.len <= PASSWORD_MAX && password_read(hash, &k);
    if (!known)
        k = (PasswordKept){.ln = LN, .r = R, .p = P};
    if (!derive(known ? password : STR("nobody has this"), &k, made, err))
        return false;
    *out = known && bytes_same(made, k.hash, HASH);
    return true;
}
