/* app.h - the parts of the program put together, for the server and for commands without one.
 *
 *   settings -> encoder -> store -> search, ingest, tasks -> assistant -> api
 *            [-> workers -> server]
 *
 * Closing goes the other way. Threads: opened and closed by the main thread. */
#ifndef SOTTO_APP_APP_H
#define SOTTO_APP_APP_H

#include <pthread.h>

#include "api/api.h"
#include "app/config.h"
#include "app/host.h"
#include "assistant/scheduler.h"
#include "ingest/events.h"
#include "llm/llm.h"

#define APP_MODEL "all-MiniLM-L6-v2"

/* The first person, who is there from the start (docs/STORAGE.md). */
extern const Uuid app_owner;

typedef struct {
    Config *config;        /* takes what is saved in the data */
    bool read_only;        /* look at the data without taking its lock */
    bool search, ingest;   /* which parts are needed (either needs the encoder) */
    bool workers;          /* a pool of threads behind the Api */
    bool sync;             /* watched folders; needs ingest and workers */
    bool voice;            /* it hears and speaks */
    bool only_voice;       /* nothing else: no data are opened */
    bool assistant;        /* what is said is answered; needs search; notes need ingest */
    bool llm;              /* the language model, where one is configured; with assistant, too */
    const char *lock_note; /* who has the data open, for others to read */
    void (*begin_anew)(void); /* as in ApiParts */
    bool reachable;        /* it listens to other machines: everybody must sign in */
} AppOptions;

typedef struct App {
    AppOptions options;
    Uuid owner; /* whose tasks, calendars, ... these are */
    Access *access;
    pthread_mutex_t people_lock;
    struct AppPerson *people; /* the others (people.c) */
    size_t n_people;
    unsigned people_look;     /* number of the tick's look at them (people_wakes.c) */
    int64_t people_since;     /* when it looked first */
    bool running;             /* app_start was called */
    Scheduler *scheduler;
    Minilm *model;
    Store *store;
    Search *search;
    Ingest *ingest;
    Work *work;
    Sync *sync; /* not started yet */
    Tasks *tasks;
    EventsReader *events;
    Calendars *calendars; /* addresses are not looked at yet */
    Briefings *briefings; /* its schedule does not run yet */
    Llm *llm; /* NULL: no language model is configured */
    Assistant *assistant;
    Sandbox *sounds;
    Ears *ears;
    Mouth *mouth;
    Host *host;
    Speech *speech;
    Api *api;
    unsigned threads; /* worker numbers 0..threads-1 */
    unsigned bulk;    /* and the bulk threads' behind them */
} App;

/* *app is zeroed first; after a failure it is closed already. */
bool app_open(App *app, const AppOptions *o, Err *err);
void app_close(App *app);

/* Begins what goes on by itself for everybody: reminders, calendars, briefings, folders. */
bool app_start(App *app, Err *err);
void app_stop(App *app);

/* ---- app.c and people.c ---- */

/* A person's own parts over the shared ones in *app, by its owner; closing the other way. */
bool app_open_person(App *app, Err *err);
void app_close_person(App *app);
ApiParts app_api_parts(const App *app);
/* Everybody but the first: opened with the app, added and removed by the Api. */
bool app_people_open(App *app, Err *err);
bool app_people_start(App *app, Err *err);
void app_people_stop(App *app);
void app_people_close(App *app);
bool app_person_add(void *arg, const Uuid *owner, Err *err);
void app_person_remove(void *arg, const Uuid *owner);
/* The voices, over app->mouth and app->sounds; for app_open. */
bool app_open_speech(App *app, const AppOptions *o, Err *err);
/* Opens those for whom something is due, lets those go who were not used for long. Main thread. */
void app_people_tick(App *app);
/* Between two ticks: starts the threads of those who have something to do; true while there are any
 * without, so that it is to be called soon again. */
bool app_people_press(App *app);
/* People and credentials that other processes changed, when the store is shared. */
void app_people_refresh(App *app);

/* Threads that read, embed and search: the setting, or one a processor, two at least. */
unsigned app_threads(const Config *c);
/* Files that are read at once in the background. */
unsigned app_bulk_threads(void);
/* Path of the encoder's file; NULL without memory. */
const char *app_model_path(const Config *c, Arena *a);
/* The running program, for the confined child: /proc/self/exe, followed. */
const char *app_self(void);

/* What keeps the resident memory small: few heaps, freed pages given back. */
void app_tune_memory(void);
void app_trim_memory(void);

#endif
