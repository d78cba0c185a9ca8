/* test_tls.c - both protocols over TLS, with a certificate made here, and what is refused. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/wait.h>

#include "base/first_use.h"
#include "base/os.h"
#include "unit/net/h2client.h"

static char dir[] = "/tmp/sotto-test-tls-XXXXXX";
static char cert_file[64], key_file[64], other_key[64];

static EVP_PKEY *write_key(const char *path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_non_null(key);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
    (void)fclose(f);
    return key;
}

static void write_cert(EVP_PKEY *key)
{
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    FILE *f = fopen(cert_file, "w");
    assert_non_null(f);
    assert_int_equal(PEM_write_X509(f, x), 1);
    (void)fclose(f);
    X509_free(x);
}

static int write_files(uint64_t unused)
{
    (void)unused;
    EVP_PKEY *key = write_key(key_file);
    write_cert(key);
    EVP_PKEY_free(key);
    EVP_PKEY_free(write_key(other_key));
    return 0;
}

static int status_of_child(int (*run)(uint64_t arg), uint64_t arg)
{
    int status = -1;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(run(arg));
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* Not by this process, which so does not use libcrypto before the server does. */
static void make_files(void **state)
{
    (void)state;
    memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
    assert_non_null(mkdtemp(dir));
    snprintf(cert_file, sizeof cert_file, "%s/cert.pem", dir);
    snprintf(key_file, sizeof key_file, "%s/key.pem", dir);
    snprintf(other_key, sizeof other_key, "%s/other.pem", dir);
    assert_int_equal(status_of_child(write_files, 0), 0);
}

static void begin(void)
{
    ts_begin(&(ServerOptions){.host = "127.0.0.1", .tls_cert = cert_file, .tls_key = key_file,
                              .limits = {.head_timeout_ms = 500}});
}

static int setup_tls(void **state)
{
    make_files(state);
    begin();
    return 0;
}

static int teardown_tls(void **state)
{
    (void)state;
    ts_end();
    os_remove_tree(dir, NULL);
    return 0;
}

/* A connection that will offer those protocols. */
static SSL *tls_client(Raw *r, const char *alpn, int max_version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    *r = raw_open(ts.port);
    SSL *ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    SSL_set_max_proto_version(ssl, max_version);
    if (alpn)
        SSL_set_alpn_protos(ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
    SSL_set_fd(ssl, r->fd);
    return ssl;
}

/* The same behind its handshake; NULL when that fails. */
static SSL *tls_open(Raw *r, const char *alpn, int max_version)
{
    SSL *ssl = tls_client(r, alpn, max_version);
    if (SSL_connect(ssl) == 1)
        return ssl;
    SSL_free(ssl);
    return NULL;
}

/* In a process of its own, because libcrypto makes some things at the first handshake only: from
 * its n-th allocation on there is no memory, and afterwards the next client is served. */
static int first_handshake(uint64_t n)
{
    Raw r;
    begin();
    SSL *ssl = tls_client(&r, NULL, TLS1_3_VERSION);
    crypto_test_fail(n);
    (void)SSL_connect(ssl);
    crypto_test_fail(0);
    SSL_free(ssl);
    raw_close(&r);
    ssl = tls_open(&r, NULL, TLS1_3_VERSION);
    bool served = ssl != NULL;
    SSL_free(ssl);
    raw_close(&r);
    ts_end();
    return served ? 0 : 7;
}

static void the_first_handshake_without_memory(void **state)
{
    make_files(state);
    for (uint64_t n = 50; n < 1500; n += 25)
        if (status_of_child(first_handshake, n) != 0)
            fail_msg("nobody can connect after the %llu-th allocation failed",
                     (unsigned long long)n);
    os_remove_tree(dir, NULL);
}

static void http_2_over_tls(void **state)
{
    (void)state;
    H2Client *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->ssl = tls_open(&c->raw, "\x02h2\x08http/1.1", TLS1_3_VERSION);
    assert_non_null(c->ssl);
    const unsigned char *chosen;
    unsigned n;
    SSL_get0_alpn_selected(c->ssl, &chosen, &n);
    assert_str(str_mem((const char *)chosen, n), "h2");
    h2_begin(c);
    assert_int_equal(h2_get(c, "/json")->status, 200);
    assert_int_equal(h2_get(c, "/big?n=3000000")->body.len, 3000000);
    Upload u = {.data = {(char *)calloc(1, 1000000), 1000000}};
    assert_int_equal(h2_wait(c, h2_ask(c, "POST", "/echo", NULL, NULL, &u))->body.len, 1000000);
    free((void *)(uintptr_t)u.data.ptr);
    h2_close(c);
}

static void http_1_over_tls(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        Raw r;
        SSL *ssl = tls_open(&r, i ? "\x08http/1.1" : NULL, versions[i]);
        assert_non_null(ssl);
        char text[256], got[4096];
        for (int k = 0; k < 3; k++) {
            int n = snprintf(text, sizeof text, "GET /json HTTP/1.1\r\nHost: localhost:%u\r\n"
                             "Origin: https://localhost:%u\r\n\r\n", ts.port, ts.port);
            assert_int_equal(SSL_write(ssl, text, n), n);
            n = SSL_read(ssl, got, sizeof got - 1);
            assert_true(n > 0);
            got[n] = '\0';
            assert_ptr_equal(strstr(got, "HTTP/1.1 200 OK\r\n"), got);
            assert_non_null(strstr(got, "\r\n\r\n{\"ok\":true}"));
        }
        SSL_free(ssl);
        raw_close(&r);
    }
}

static void what_tls_refuses(void **state)
{
    (void)state;
    Raw r;
    assert_null(tls_open(&r, NULL, TLS1_1_VERSION));
    raw_close(&r);
    assert_null(tls_open(&r, "\x03" "foo", TLS1_3_VERSION));
    raw_close(&r);
    r = raw_open(ts.port); /* plain HTTP to a TLS port */
    raw_puts(&r, "GET /json HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_true(raw_closed(&r, RAW_WAIT_MS));
    raw_close(&r);
    r = raw_open(ts.port); /* a handshake that never goes on */
    raw_send(&r, "\x16\x03\x01", 3);
    uint64_t start = raw_now_ms();
    assert_true(raw_closed(&r, RAW_WAIT_MS));
    assert_true(raw_now_ms() - start < 3000);
    raw_close(&r);
    Err err = ERR_INIT;
    ServerOptions o = {.on_request = ts_on_request, .tls_cert = cert_file, .tls_key = other_key};
    assert_err(server_new(&o, &err) != NULL, err, ERR_VALIDATION, "private key");
}

#define TLS_CASE(fn) cmocka_unit_test_setup_teardown(fn, setup_tls, teardown_tls)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_handshake_without_memory), /* before this process has threads */
        TLS_CASE(http_2_over_tls),
        TLS_CASE(http_1_over_tls),
        TLS_CASE(what_tls_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
