/* talk_out.h - an answer of the assistant on a terminal. Threads: the main thread. */
#ifndef SOTTO_APP_TALK_OUT_H
#define SOTTO_APP_TALK_OUT_H

#include "app/call.h"
#include "app/cli.h"

/* Says `message` in the session (NULL: a new one). The answer's tree, which the caller frees, and
 * its text into *body when that is not NULL; NULL with *err. */
Json *talk_say(Call *call, Str message, const char *session, Buf *body, Err *err);
bool talk_body(Str message, const char *session, bool stream, Buf *out, Err *err);
/* The same on a terminal: the response is printed as it comes, with a note while it is waited for.
 * Ctrl-C stops it (ERR_CANCELLED). Behind it talk_print_rest has the rest to say. */
Json *talk_say_live(Cli *cli, Call *call, Str message, const char *session, Err *err);
void talk_print_rest(Cli *cli, const Json *reply, bool brief);
/* The response, then where it stands: title, page or place, source; `brief`: one line each; then
 * the language model that wrote it, and the note. */
void talk_print(Cli *cli, const Json *reply, bool brief);
/* Text with its line breaks, and nothing that drives a terminal. */
void talk_text(Cli *cli, Str text, unsigned indent);
void talk_render(Buf *out, const Term *term, Str text, unsigned indent);
#define TALK_SHORT_ID 6
/* The id that is meant among the members `key` of a list at `path`: whole, or the end of one (four
 * characters at least). ERR_NOT_FOUND; ERR_CONFLICT when it could be several. */
bool talk_find_id(Call *call, const char *path, const char *key, const char *typed, Arena *a,
                  Str *id, Err *err);
/* The end of an id for people, all of it in a pipe. */
void talk_id(Cli *cli, Str id);
/* Sends JSON (body ptr NULL: none) and reads JSON; *out NULL when the answer has none. */
bool talk_send(Call *call, const char *method, Str target, Str body, Json **out, Err *err);

#endif
