/* call.h - asks the HTTP interface, over a socket or without one.
 *
 *   command -> method, target, body -> running server   (found by the note in the data folder's
 * lock)
 *                                   -> or api_dispatch on data that this process opens itself
 *
 * Commands see one kind of answer and never know which it was.
 *
 * Threads: a Call is opened and closed by one thread; call_send is safe from several when each uses
 * its own lane (0 .. call_lanes()-1). */
#ifndef SOTTO_APP_CALL_H
#define SOTTO_APP_CALL_H

#include "app/config.h"
#include "base/json.h"

typedef struct Call Call;

/* What a command needs when there is no server. */
enum { CALL_READ = 0, CALL_WRITE = 1, CALL_SEARCH = 2, CALL_INGEST = 4, CALL_SYNC = 8,
       CALL_TALK = 16, /* the assistant: with all but CALL_SYNC */
       CALL_MODEL = 64, /* the language model, where one is configured */
       CALL_VOICE = 32 /* hearing and speaking, and nothing else: no data are opened */ };

/* `who` is what the lock says while we have the data open: "sotto add". ERR_NOT_FOUND when there
 * are no data yet; ERR_UNAVAILABLE when another command has them open for writing, or without a
 * model. */
Call *call_open(Config *config, unsigned needs, const char *who, Err *err);
void call_close(Call *c);
unsigned call_lanes(const Call *c);
/* URL of the server that is asked, NULL when there is none. */
const char *call_server(const Call *c);

typedef struct {
    int status;
    Buf body; /* buf_release it */
} CallAnswer;

/* False when no answer came or its status is 400 or more: the Err then holds the problem's code and
 * detail. *answer is filled only on success. */
bool call_send(Call *c, unsigned lane, const char *method, Str target, const char *content_type,
               Str body, CallAnswer *answer, Err *err);
/* The same of an answer that comes in server-sent events, each as it comes, on this thread. */
typedef struct {
    bool (*on_event)(void *arg, Str event, Str data); /* false: ERR_CANCELLED */
    /* Asked ten times a second while somebody else is waited for; false: ERR_CANCELLED, and the
     * server stops what it does. */
    bool (*wanted)(void *arg);
    void *arg;
    const char *content_type; /* of the body; NULL: application/json */
} CallStream;
bool call_stream(Call *c, Str target, Str body, const CallStream *s, Err *err);
/* Whose summaries a language model could write now; NULL when a server does that, or there is
 * none. With CALL_MODEL. */
struct Briefings *call_briefings(Call *c);
/* GET `target`, which must answer with JSON; the caller frees the tree. body (may be NULL) gets the
 * text of the answer. */
Json *call_get(Call *c, Str target, Buf *body, Err *err);

/* Tells how far a sound has been heard, in samples; on the thread that hears. Only without a
 * server. */
#define CALL_HEARING_HZ 16000u
void call_on_hearing(Call *c, void (*fn)(void *arg, size_t done, size_t all), void *arg);

/* The server that has the data folder open: its URL into out, or false. *busy (may be NULL):
 * somebody has it open for writing; its note is in out then, server or not. */
bool call_find_server(const Config *config, Buf *out, bool *busy);

/* The key that the running server left in the data folder; empty when there is none. *out is made
 * here and the caller's to release. */
void call_key(const Config *config, Buf *out);

/* Appends "?name=value" or "&name=value", percent-encoded. */
void call_param(Buf *target, const char *name, Str value);

#endif
