/* tls.c - see tls.h. */
#include "net/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>

#include "base/first_use.h"
#include "base/mem.h"

struct TlsContext {
    SSL_CTX *ctx;
};

struct Tls {
    SSL *ssl;
};

/* What the client offers, in our order of preference: h2, then http/1.1. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *arg)
{
    static const unsigned char ours[] = "\x02h2\x08http/1.1";
    (void)ssl;
    (void)arg;
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static bool fail(TlsContext *t, Err *err, const char *what, const char *file)
{
    char text[160];
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    ERR_clear_error();
    tls_context_free(t);
    return err_set(err, ERR_VALIDATION, "%s %s cannot be used: %s", what, file, text);
}

static void touch(void *arg)
{
    (void)arg;
    SSL_CTX_free(SSL_CTX_new(TLS_server_method()));
}

static void first_use(void)
{
    crypto_first_use(touch, NULL);
}

/* A handshake and a byte between two ends in memory. */
static void rehearse_version(SSL_CTX *ours, int version)
{
    SSL_CTX *theirs = SSL_CTX_new(TLS_client_method());
    SSL *server = SSL_new(ours), *client = theirs ? SSL_new(theirs) : NULL;
    BIO *one, *other;
    if (server && client && BIO_new_bio_pair(&one, 0, &other, 0) == 1) {
        SSL_set_bio(server, one, one);
        SSL_set_bio(client, other, other);
        SSL_set_max_proto_version(client, version);
        SSL_set_accept_state(server);
        SSL_set_connect_state(client);
        char byte = 0;
        for (int i = 0; i < 8; i++) {
            (void)SSL_do_handshake(client);
            (void)SSL_do_handshake(server);
        }
        (void)SSL_write(client, &byte, 1);
        (void)SSL_read(server, &byte, 1);
        (void)SSL_write(server, &byte, 1);
    }
    SSL_free(server);
    SSL_free(client);
    SSL_CTX_free(theirs);
    ERR_clear_error();
}

/* What libcrypto makes at the first handshake stays broken when there is no memory just then: no
 * client could connect any more. So there is one before anybody does. */
static void rehearse(void *ours)
{
    rehearse_version(ours, TLS1_2_VERSION);
    rehearse_version(ours, TLS1_3_VERSION);
}

TlsContext *tls_context_new(const char *cert, const char *key, Err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, first_use);
    TlsContext *t = mem_zalloc(sizeof *t);
    if (t)
        t->ctx = SSL_CTX_new(TLS_server_method());
    if (!t || !t->ctx) {
        tls_context_free(t);
        err_set(err, ERR_NO_MEMORY, "no memory for TLS");
        return NULL;
    }
    SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(t->ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_alpn_select_cb(t->ctx, on_alpn, NULL);
    bool ok = SSL_CTX_use_certificate_chain_file(t->ctx, cert) == 1 ||
              fail(t, err, "the certificate", cert);
    if (ok)
        ok = SSL_CTX_use_PrivateKey_file(t->ctx, key, SSL_FILETYPE_PEM) == 1 ||
             fail(t, err, "the private key", key);
    if (ok)
        ok = SSL_CTX_check_private_key(t->ctx) == 1 || fail(t, err, "the private key", key);
    if (ok)
        crypto_first_use(rehearse, t->ctx);
    return ok ? t : NULL;
}

void tls_context_free(TlsContext *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->ctx);
    mem_free(t);
}

Tls *tls_new(TlsContext *context, int fd)
{
    Tls *t = mem_zalloc(sizeof *t);
    if (!t)
        return NULL;
    t->ssl = SSL_new(context->ctx);
    if (!t->ssl || SSL_set_fd(t->ssl, fd) != 1) {
        tls_free(t);
        return NULL;
    }
    SSL_set_accept_state(t->ssl);
    return t;
}

void tls_free(Tls *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    mem_free(t);
}

int tls_handshake(Tls *t)
{
    ERR_clear_error();
    int rc = SSL_do_handshake(t->ssl);
    if (rc == 1)
        return 1;
    int why = SSL_get_error(t->ssl, rc);
    ERR_clear_error();
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

bool tls_is_h2(const Tls *t)
{
    const unsigned char *name;
    unsigned len;
    SSL_get0_alpn_selected(t->ssl, &name, &len);
    return len == 2 && memcmp(name, "h2", 2) == 0;
}

static ssize_t result(Tls *t, int rc)
{
    int why = SSL_get_error(t->ssl, rc);
    ERR_clear_error();
    switch (why) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        errno = ECONNRESET;
        return -1;
    }
}

ssize_t tls_read(Tls *t, void *buf, size_t n)
{
    ERR_clear_error();
    int rc = SSL_read(t->ssl, buf, n > INT32_MAX ? INT32_MAX : (int)n);
    return rc > 0 ? rc : result(t, rc);
}

ssize_t tls_write(Tls *t, const void *buf, size_t n)
{
    ERR_clear_error();
    int rc = SSL_write(t->ssl, buf, n > INT32_MAX ? INT32_MAX : (int)n);
    ssize_t r = rc > 0 ? rc : result(t, rc);
    if (r == 0) { /* a peer that closed for writing cannot be told from one that takes nothing */
        errno = ECONNRESET;
        return -1;
    }
    return r;
}

void tls_goodbye(Tls *t)
{
    ERR_clear_error();
    SSL_shutdown(t->ssl);
    ERR_clear_error();
}
