/* api.h - the HTTP contract over the parts of the program.
 *
 *   request -> route table -> fields checked by the table -> handler -> JSON, or problem+json
 *
 * One table (routes.c) routes requests, checks every parameter and body member, and makes the
 * OpenAPI document: what is documented is what is enforced. Handlers know nothing of sockets and of
 * each other; api_dispatch runs one without any network, which is also how the command line works
 * when no server is running.
 *
 * Threads: an Api is shared. api_dispatch blocks and is called with a worker number that nobody
 * else uses at the same time; api_serve's callbacks run on the loop thread and hand over to the
 * workers. */
#ifndef SOTTO_API_API_H
#define SOTTO_API_API_H

#include "api/host.h"
#include "api/access.h"
#include "assistant/assistant.h"
#include "assistant/briefing.h"
#include "assistant/calendar.h"
#include "base/work.h"
#include "ingest/sandbox.h"
#include "ingest/sync.h"
#include "net/server.h"
#include "search/search.h"
#include "voice/ears.h"
#include "voice/mouth.h"
#include "voice/speech.h"

typedef struct Api Api;

typedef struct {
    Store *store; /* NULL: only the routes of sound are of use */
    Search *search;
    Ingest *ingest;
    Work *work; /* NULL when only api_dispatch is used */
    Sync *sync; /* NULL: folders are listed, nothing more */
    Assistant *assistant; /* NULL: nothing can be said to it */
    Tasks *tasks; /* NULL: those routes are unavailable */
    Calendars *calendars; /* likewise */
    Briefings *briefings; /* likewise */
    Ears *ears;           /* likewise */
    Mouth *mouth;         /* likewise */
    Speech *speech;       /* likewise: the mouth, and other machines' voices */
    Sandbox *sounds;      /* reads sound files; NULL: only samples are heard */
    const ApiHost *host;  /* likewise */
    const Minilm *model;
    Access *access;      /* NULL: whoever asks is the owner, and may do everything */
    Uuid owner;          /* whose tasks, calendars, ... these are */
    /* Of conversations by sound, where VoiceStart says nothing, as in voice/session.h. */
    uint32_t voice_silence_ms, voice_preroll_ms, voice_interrupt_ms;
    uint64_t max_upload; /* bytes; 0: 64 MiB */
    unsigned
        request_timeout_ms; /* a request older than this when a worker takes it is 503; 0: 30000 */
    uint32_t job_limit_ms; /* a request that a worker has had so long hangs; 0: none does */
    /* Opens and closes what belongs to a person who was added or is removed; they call
     * api_person_add and api_person_remove. NULL: there is nothing but the store. */
    bool (*person_open)(void *arg, const Uuid *owner, Err *err);
    void (*person_close)(void *arg, const Uuid *owner);
    void *person_arg;
    /* Ends what runs and begins anew with what is in the store, soon. NULL: the program ends with
     * this call anyway. */
    void (*begin_anew)(void);
} ApiParts;

Api *api_new(const ApiParts *parts, Err *err);
void api_free(Api *api);

/* Another person: with their own tasks, calendars, briefings, assistant and folders, and what is
 * shared. After api_person_remove there is nobody of that id for new requests. Any thread. */
bool api_person_add(Api *api, const ApiParts *parts, Err *err);
void api_person_remove(Api *api, const Uuid *owner);
/* What belongs to a person, who is opened when they are not (worker); give it back. NULL:
 * ERR_UNAUTHORIZED when there is nobody of that id, or what opening said. */
const ApiParts *api_hold(Api *api, const Uuid *owner, Err *err);
/* The same, NULL when that person is not open now. Any thread, never waits for the disk. */
const ApiParts *api_hold_open(Api *api, const Uuid *owner);
void api_give(Api *api, const ApiParts *parts); /* NULL is allowed */
/* True: nobody has held this person's parts for that long (nobody does, of one who was removed),
 * and nobody will find them: they may be closed. */
bool api_person_let_go(Api *api, const Uuid *owner, uint64_t idle_ns);
/* When they were last held, as clock_mono_ns; UINT64_MAX: now; 0: not open. */
uint64_t api_person_used_ns(Api *api, const Uuid *owner);

/* Answers one exchange, whatever it is (unknown paths and errors too), and replies exactly once. */
void api_dispatch(Api *api, HttpExchange *x, unsigned worker);

/* The error format of the contract, for the server and for dispatch: RFC 9457, or OpenAI's shape
 * below /v1/. `arg` is not used. */
void api_format_error(void *arg, Str path, int status, const Err *err, Str request_id,
                      HttpResponse *resp);

/* Callbacks for ServerOptions: route, limits and class of a request; then a worker, or the loop
 * itself for what needs no disk and no model. `arg` is the Api. */
void api_on_head(void *arg, HttpExchange *x);
void api_on_request(void *arg, HttpExchange *x);
void api_on_turn(void *arg); /* hands the small look-ups of this iteration over (batch.h) */
/* Tells the Api its server, for WebSocket messages from other threads; before server_start. */
void api_set_server(Api *api, Server *server);
/* Now and then, on a thread that may block. */
void api_tick(Api *api);

/* The OpenAPI 3.1 document. */
bool api_openapi(Buf *out);

#endif
