/* tls.h - the one file pair that knows OpenSSL's libssl.
 *
 * TLS 1.2 and 1.3 with the given certificate, ALPN h2 and http/1.1. Threads: a context is shared, a
 * Tls belongs to the loop. */
#ifndef SOTTO_NET_TLS_H
#define SOTTO_NET_TLS_H

#include <sys/types.h>

#include "base/str.h"

typedef struct TlsContext TlsContext;
typedef struct Tls Tls;

/* PEM files. ERR_VALIDATION when they cannot be read or do not belong together. */
TlsContext *tls_context_new(const char *cert, const char *key, Err *err);
void tls_context_free(TlsContext *t);

Tls *tls_new(TlsContext *context, int fd); /* NULL without memory */
void tls_free(Tls *t);
/* 1 done, 0 the socket must become readable or writable first, -1 failed. */
int tls_handshake(Tls *t);
bool tls_is_h2(const Tls *t); /* ALPN chose HTTP/2 */
/* As read and write: bytes, 0 at the end (read), -1 with errno EAGAIN or another. */
ssize_t tls_read(Tls *t, void *buf, size_t n);
ssize_t tls_write(Tls *t, const void *buf, size_t n);
void tls_goodbye(Tls *t); /* close_notify, without waiting */

#endif
