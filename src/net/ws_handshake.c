/* ws_handshake.c - the opening handshake of RFC 6455 section 4.2. */
#include "base/hash.h"
#include "net/exchange.h"

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 16 bytes in base64: 22 digits and "==". */
static bool key_ok(Str key)
{
    if (key.len != 24 || key.ptr[22] != '=' || key.ptr[23] != '=')
        return false;
    for (size_t i = 0; i < 22; i++)
        if (key.ptr[i] == '\0' || !strchr(base64, key.ptr[i]))
            return false;
    return true;
}

/* base64(SHA-1(key + the RFC's constant)), 28 characters. */
static bool accept_key(Str key, char out[29], Err *err)
{
    const Str parts[2] = {key, STR("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")};
    uint8_t h[21] = {0};
    if (!sha1_parts(parts, 2, h, err))
        return false;
    for (size_t i = 0; i < 7; i++) {
        uint32_t v = (uint32_t)h[3 * i] << 16 | (uint32_t)h[3 * i + 1] << 8 | h[3 * i + 2];
        for (size_t k = 0; k < 4; k++)
            out[4 * i + k] = base64[v >> (18 - 6 * k) & 63];
    }
    out[27] = '=';
    out[28] = '\0';
    return true;
}

static bool refuse(HttpExchange *x, int status, Err *err, const char *why)
{
    x->priv->ws_refusal = status;
    if (status == 426)
        http_resp_header(x, "Upgrade", STR("websocket"));
    return err_set(err, ERR_VALIDATION, "this address speaks WebSocket: %s", why);
}

bool ws_accept(HttpExchange *x, const WsHandler *handler, void *user, Err *err)
{
    const HttpRequest *req = &x->req;
    Str key = http_header(req, "Sec-WebSocket-Key");
    if (!http_is(req, "GET") || req->version_major != 1 || req->version_minor < 1)
        return refuse(x, 400, err, "the handshake must be a GET of HTTP/1.1");
    if (!http_header_has_token(req, "Upgrade", "websocket") ||
        !http_header_has_token(req, "Connection", "Upgrade"))
        return refuse(x, 426, err, "the headers Upgrade: websocket and Connection: Upgrade miss");
    if (!str_eq(http_header(req, "Sec-WebSocket-Version"), STR("13"))) {
        http_resp_header(x, "Sec-WebSocket-Version", STR("13"));
        return refuse(x, 426, err, "only version 13 is understood");
    }
    if (http_header_count(req, "Sec-WebSocket-Key") != 1 || !key_ok(key))
        return refuse(x, 400, err, "Sec-WebSocket-Key is not 16 bytes in base64");
    if (req->body.len || http_header(req, "Content-Length").ptr ||
        http_header(req, "Transfer-Encoding").ptr)
        return refuse(x, 400, err, "the handshake must not have a body");
    if (!accept_key(key, x->priv->ws_key, err))
        return refuse(x, 400, err, "the key cannot be answered");
    x->priv->ws = handler;
    x->priv->ws_user = user;
    x->resp.status = 101;
    return true;
}

int ws_refusal_status(const HttpExchange *x)
{
    return x->priv->ws_refusal ? x->priv->ws_refusal : 400;
}
