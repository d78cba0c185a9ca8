/* ws_access.c - what a client of the WebSocket may do: by whom it came in. */
#include "api/ws_int.h"

/* The scopes that a message asks for; the handshake asked for reading. */
static unsigned message_scopes(Str type)
{
    if (str_eq(type, STR("TextQuery")))
        return SCOPE_READ | SCOPE_WRITE;
    return str_starts(type, STR("Voice")) ? SCOPE_VOICE : SCOPE_READ;
}

bool ws_may(ApiWs *ws, WsId id, Str type, Err *err)
{
    Access *access = api_parts(ws_api(ws))->access;
    Caller caller;
    if (!access)
        return true;
    if (!ws_caller(ws, id, &caller))
        return err_set(err, ERR_UNAUTHORIZED, "sign in, or send a token");
    return access_message(access, &caller, err) &&
           access_allows(&caller, message_scopes(type), err);
}

bool ws_still_may(ApiWs *ws, const Caller *caller)
{
    Access *access = api_parts(ws_api(ws))->access;
    return !access || (access_knows(access, &caller->owner) && access_is_alive(access, caller));
}

const ApiParts *ws_parts(ApiWs *ws, WsId id)
{
    Caller caller;
    return ws_caller(ws, id, &caller) ? api_hold_open(ws_api(ws), &caller.owner) : NULL;
}
