#include "app/app.h"

#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/backend.h"
#include "app/models.h"
#include "base/os.h"
#include "net/client.h"

/* A fixed identity, so that backups can be restored on another machine. */
const Uuid app_owner = {{0x5a, 0x6f, 0x74, 0x74, 0x6f, 0x00, 0x40, 0x00, 0x80, 0x00, 0x00, 0x00,
                         0x00, 0x00, 0x00, 0x01}};

/* Several files are on their way for every processor, so that none of them waits for the disk. */
#define BULK_PER_CPU 5
#define BULK_MAX 20
#define MIN_THREADS 2 /* so that reading a folder never keeps a question waiting */

unsigned app_threads(const Config *c)
{
    unsigned n = (unsigned)config_number(c, SET_WORKERS);
    if (n)
        return n;
    n = os_cpu_count() + 1; /* one is always left to questions (work.h) */
    return n < MIN_THREADS ? MIN_THREADS : n;
}

unsigned app_bulk_threads(void)
{
    unsigned n = os_cpu_count() * BULK_PER_CPU;
    return n > BULK_MAX ? BULK_MAX : n;
}

const char *app_model_path(const Config *c, Arena *a)
{
    Err err = ERR_INIT;
    ModelsLock *lock = models_lock_parse(str_of(models_lock_text), a, &err);
    const Model *m = lock ? models_lock_find(lock, STR(APP_MODEL)) : NULL;
    return m ? models_path(m, config_text(c, SET_MODELS), a) : NULL;
}

const char *app_self(void)
{
    static char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0)
        return "/proc/self/exe";
    path[n] = '\0';
    return path;
}

void app_tune_memory(void)
{
    /* glibc gives every thread a heap of its own, up to eight a processor. With as many as there
     * are busy threads on a small machine the network's thread hardly ever waits for a worker that
     * was put to sleep while it held the lock of a heap (with two it waited 700 times a second
     * under attack). The fixed thresholds keep glibc from learning to hold on to the large buffers
     * of an upload. */
    mallopt(M_ARENA_MAX, 8);
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

void app_trim_memory(void)
{
    malloc_trim(0);
}

static bool open_model(App *app, const Config *c, Err *err)
{
    Arena *a = arena_new((size_t)1 << 20);
    const char *path = a ? app_model_path(c, a) : NULL;
    if (path)
        app->model = minilm_open(path, MINILM_INT8, err);
    else
        err_set(err, ERR_NO_MEMORY, "no memory to open the model");
    if (!app->model && path && err && err->code == ERR_NOT_FOUND)
        err_set(err, ERR_UNAVAILABLE, "the model %s is not in %s; run sotto models fetch",
                APP_MODEL, config_text(c, SET_MODELS));
    arena_free(a);
    return app->model != NULL;
}

/* What a person asks the assistant to write down is a document of its own. */
static bool add_note(void *arg, Str text, unsigned worker, Arena *a, Document *doc, Err *err)
{
    App *app = arg;
    PutOutcome outcome;
    IngestInput in = {.data = text,
                      .media_type = STR("text/plain"),
                      .file_type = STR("text"),
                      .source = STR("note")};
    return ingest_one(app->ingest, &app->owner, &in, worker, a, doc, &outcome, err);
}

static bool open_calendars(App *app, const Config *c, Err *err)
{
    EventsOptions e = {.self = app_self(),
                       .timeout_ms = (unsigned)config_number(c, SET_READ_TIMEOUT) * 1000u};
    app->events = events_reader_new(&e, err);
    CalendarsOptions k = {.store = app->store,
                          .owner = app->owner,
                          .zone = str_of(config_text(c, SET_ZONE)),
                          .read = events_read,
                          .read_arg = app->events,
                          .tasks = app->tasks};
    app->calendars = app->events ? calendars_new(&k, err) : NULL;
    return app->calendars != NULL;
}

/* Only when somebody named a server; nobody is called here. */
static bool open_llm(App *app, const AppOptions *o, Err *err)
{
    const Config *c = o->config;
    const char *base = config_text(c, SET_OPENAI_BASE_URL);
    client_metrics();
    if (!base)
        return true;
    LlmOptions l = {.base_url = base,
                    .api_key = config_text(c, SET_OPENAI_API_KEY),
                    .model = config_text(c, SET_LLM_MODEL),
                    .total_ms = (unsigned)config_number(c, SET_LLM_TIMEOUT) * 1000u,
                    .silent_ms = (unsigned)config_number(c, SET_LLM_FIRST_TOKEN) * 1000u,
                    .context_tokens = (unsigned)config_number(c, SET_LLM_CONTEXT),
                    .answer_tokens = (unsigned)config_number(c, SET_LLM_MAX_TOKENS),
                    .day_tokens = (uint64_t)config_number(c, SET_LLM_BUDGET),
                    /* a worker is left to whoever needs no model */
                    .at_once = app->threads > 1 ? app->threads - 1 : 1,
                    .store = app->store,
                    .owner = app_owner};
    app->llm = llm_new(&l, err);
    return app->llm || err_wrap(err, "openai_base_url (%s)",
                                config_origin(c, SET_OPENAI_BASE_URL));
}

/* What is done for a person: tasks, calendars, and who is told to do it. */
static bool open_doing(App *app, const AppOptions *o, Err *err)
{
    const Config *c = o->config;
    TasksOptions t = {.store = app->store,
                      .owner = app->owner,
                      .zone = str_of(config_text(c, SET_ZONE)),
                      .day_first = str_eq(str_of(config_text(c, SET_DATE_ORDER)), STR("dmy"))};
    app->tasks = tasks_new(&t, err);
    if (!app->tasks)
        return err_wrap(err, "zone (%s)", config_origin(c, SET_ZONE));
    if (!open_calendars(app, c, err))
        return false;
    /* One model for all: how many ask it at once is counted once. */
    if ((o->assistant || o->llm) && !app->llm && !open_llm(app, o, err))
        return false;
    BriefingsOptions b = {.store = app->store,
                          .owner = app->owner,
                          .tasks = app->tasks,
                          .calendars = app->calendars,
                          .search = app->search,
                          .llm = app->llm,
                          .work = app->work};
    app->briefings = briefings_new(&b, err);
    if (!app->briefings)
        return false;
    if (!o->assistant)
        return true;
    AssistantParts parts = {.store = app->store,
                            .search = app->search,
                            .tasks = app->tasks,
                            .calendars = app->calendars,
                            .briefings = app->briefings,
                            .model = app->model,
                            .llm = app->llm,
                            .workers = app->threads + WORK_SPARES,
                            .owner = app->owner,
                            .note = app->ingest ? add_note : NULL,
                            .note_arg = app};
    app->assistant = assistant_new(&parts, err);
    return app->assistant != NULL;
}

/* Loads nothing yet. Sound files have a child of their own: its libraries make every fork slower.
 */
static bool open_voice(App *app, const AppOptions *o, Err *err)
{
    const Config *c = o->config;
    unsigned idle_ms = (unsigned)config_number(c, SET_SPEECH_IDLE) * 1000u;
    SandboxOptions s = {.self = app_self(), .spool = config_text(c, SET_DATA)};
    EarsOptions e = {.models_dir = config_text(c, SET_MODELS),
                     .model = config_text(c, SET_SPEECH_MODEL),
                     .language = config_text(c, SET_SPEECH_LANGUAGE),
                     .idle_ms = idle_ms};
    unsigned far_ms = (unsigned)config_number(c, SET_STT_TIMEOUT) * 1000u;
    EarsFarOptions far = {.base_url = config_text(c, SET_OPENAI_BASE_URL),
                          .api_key = config_text(c, SET_OPENAI_API_KEY),
                          .model = config_text(c, SET_STT_MODEL),
                          .timeout_ms = far_ms,
                          .urgent_ms = far_ms / 6};
    if (strcmp(config_text(c, SET_STT_BACKEND), "openai") == 0) {
        if (o->voice && !far.base_url[0])
            return err_set(err, ERR_VALIDATION,
                           "stt_backend is openai, but openai_base_url is empty");
        e.far = &far;
    }
    const char *voice = config_text(c, SET_SPEECH_VOICE);
    MouthOptions m = {.models_dir = config_text(c, SET_MODELS),
                      .voice = speech_is_remote(str_of(voice)) ? "auto" : voice,
                      .idle_ms = idle_ms};
    if (!o->voice)
        return true;
    app->sounds = sandbox_new(&s, err);
    app->ears = app->sounds ? ears_new(&e, err) : NULL;
    app->mouth = app->ears ? mouth_new(&m, err) : NULL;
    return app->mouth && app_open_speech(app, o, err);
}

/* ---- recordings as documents ---------------------------------------------------------------- */

static bool can_hear(void *arg, Err *err)
{
    return ears_ready(((App *)arg)->ears, err);
}

static bool hear_cancelled(void *arg)
{
    const IngestSound *s = arg;
    return s->cancelled && s->cancelled(s->cancelled_arg);
}

static bool hear_recording(void *arg, const IngestSound *sound, Arena *a, WhisperResult *out,
                           char by[INGEST_HEARER], Err *err)
{
    App *app = arg;
    EarsSource source = {sound->n, sound->read, sound->arg};
    EarsRequest q = {.patient = true,
                     .by = by,
                     .options = {.word_times = true,
                                 .cancelled = hear_cancelled,
                                 .arg = (void *)(uintptr_t)sound}};
    return ears_hear_source(app->ears, &q, &source, a, out, err);
}

ApiParts app_api_parts(const App *app)
{
    const Config *c = app->options.config;
    uint32_t interrupt = (uint32_t)config_number(c, SET_VOICE_INTERRUPT);
    return (ApiParts){.store = app->store,
                      .search = app->search,
                      .ingest = app->ingest,
                      .work = app->work,
                      .sync = app->sync,
                      .tasks = app->tasks,
                      .calendars = app->calendars,
                      .briefings = app->briefings,
                      .assistant = app->assistant,
                      .ears = app->ears,
                      .mouth = app->mouth,
                      .speech = app->speech,
                      .sounds = app->sounds,
                      .host = app->host ? host_api(app->host) : NULL,
                      .model = app->model,
                      .access = app->access,
                      .owner = app->owner,
                      .voice_silence_ms = (uint32_t)config_number(c, SET_VOICE_SILENCE),
                      .voice_preroll_ms = (uint32_t)config_number(c, SET_VOICE_PREROLL),
                      .voice_interrupt_ms = interrupt ? interrupt : UINT32_MAX,
                      .max_upload = (uint64_t)config_number(c, SET_MAX_UPLOAD),
                      .job_limit_ms =
                          (uint32_t)config_number(app->options.config, SET_JOB_LIMIT) * 1000u};
}

static bool open_api(App *app, Err *err)
{
    ApiParts parts = app_api_parts(app);
    parts.person_open = app_person_add;
    parts.person_close = app_person_remove;
    parts.person_arg = app;
    parts.begin_anew = app->options.begin_anew;
    app->api = api_new(&parts, err);
    return app->api != NULL;
}

static bool open_sync(App *app, Err *err)
{
    SyncOptions y = {.store = app->store,
                     .ingest = app->ingest,
                     .work = app->work,
                     .owner = app->owner,
                     .settle_ms = (unsigned)config_number(app->options.config, SET_FOLDER_SETTLE),
                     .max_file_bytes =
                         (uint64_t)config_number(app->options.config, SET_MAX_UPLOAD)};
    if (!app->options.sync)
        return true;
    app->sync = sync_new(&y, err);
    return app->sync != NULL;
}

bool app_open_person(App *app, Err *err)
{
    return open_sync(app, err) && open_doing(app, &app->options, err);
}

void app_close_person(App *app)
{
    assistant_free(app->assistant);
    briefings_free(app->briefings);
    calendars_free(app->calendars);
    events_reader_free(app->events);
    tasks_free(app->tasks);
    sync_free(app->sync);
}

static bool open_access(App *app, Err *err)
{
    const Config *c = app->options.config;
    bool always = str_eq(str_of(config_text(c, SET_LOGIN)), STR("always"));
    AccessOptions o = {.store = app->store,
                       .local = app_owner,
                       .login = always ? LOGIN_ALWAYS : LOGIN_AUTO,
                       .reachable = app->options.reachable,
                       .rate_address = (unsigned)config_number(c, SET_RATE_ADDRESS),
                       .rate_token = (unsigned)config_number(c, SET_RATE_TOKEN),
                       .session_days = (unsigned)config_number(c, SET_SESSION_DAYS),
                       .audit_days = (unsigned)config_number(c, SET_AUDIT_DAYS)};
    app->access = access_new(&o, err);
    return app->access != NULL;
}

static bool open_parts(App *app, const AppOptions *o, Err *err)
{
    Config *c = o->config;
    if (o->only_voice) {
        app->threads = 1;
        return open_voice(app, o, err) && open_api(app, err);
    }
    app->threads = app_threads(c);
    if (o->workers && o->ingest)
        app->bulk = app_bulk_threads();
    else if (o->ingest && app_bulk_threads() > app->threads)
        app->threads = app_bulk_threads(); /* a command's lanes */
    unsigned numbers = app->threads + (o->workers ? WORK_SPARES : 0);
    if ((o->search || o->ingest) && !open_model(app, c, err))
        return false;
    StoreOptions so = {.dir = config_text(c, SET_DATA),
                       .read_only = o->read_only,
                       .lock_note = o->lock_note,
                       .model = APP_MODEL};
    app->store = backend_open(c, &so, err);
    if (!app->store || !host_apply_saved(app->store, &app_owner, c, err) ||
        !open_voice(app, o, err))
        return false;
    if (o->workers && !(app->host = host_new(app->store, &app_owner, c, app->ears, err)))
        return false;
    if (app->host)
        host_speaks_by(app->host, app->speech);
    if (o->search) {
        SearchOptions s = {.store = app->store, .model = app->model, .workers = numbers};
        app->search = search_new(&s, err);
        if (!app->search)
            return false;
    }
    if (o->ingest) {
        IngestEars ears = {app->sounds, can_hear, hear_recording, app};
        IngestOptions i = {.ears = app->ears ? &ears : NULL,
                           .store = app->store,
                           .model = app->model,
                           .workers = numbers + app->bulk,
                           .shared = app->bulk ? app->bulk : app->threads,
                           .slots = os_cpu_count(),
                           .max_file_bytes = (uint64_t)config_number(c, SET_MAX_UPLOAD),
                           .extract_timeout_ms =
                               (unsigned)config_number(c, SET_READ_TIMEOUT) * 1000u,
                           .zone = str_of(config_text(c, SET_ZONE)),
                           .self = app_self()};
        app->ingest = ingest_new(&i, err);
        if (!app->ingest)
            return false;
    }
    if (o->workers)
        app->work = work_new_bulk(app->threads, app->bulk, WORK_QUEUE_MAX, err);
    if (o->workers && !app->work)
        return false;
    return open_access(app, err) && app_open_person(app, err) && open_api(app, err) &&
           app_people_open(app, err);
}

bool app_open(App *app, const AppOptions *o, Err *err)
{
    *app = (App){.options = *o, .owner = app_owner};
    pthread_mutex_init(&app->people_lock, NULL);
    if (open_parts(app, o, err))
        return true;
    app_close(app);
    return false;
}

bool app_start(App *app, Err *err)
{
    SchedulerOptions r = {.tasks = app->tasks,
                          .desktop = config_bool(app->options.config, SET_DESKTOP) &&
                                     uuid_eq(&app->owner, &app_owner),
                          .metrics = uuid_eq(&app->owner, &app_owner)};
    if (!sync_start(app->sync, err))
        return false;
    app->scheduler = scheduler_start(&r, err);
    return app->scheduler && calendars_start(app->calendars, err) &&
           briefings_start(app->briefings, err) && app_people_start(app, err);
}

void app_stop(App *app)
{
    if (uuid_eq(&app->owner, &app_owner))
        llm_stop(app->llm); /* shared: nobody waits for a model while the program ends */
    app_people_stop(app);
    scheduler_stop(app->scheduler);
    app->scheduler = NULL;
    briefings_stop(app->briefings);
    calendars_stop(app->calendars);
    sync_stop(app->sync);
}

void app_close(App *app)
{
    if (!app->options.config)
        return; /* never opened */
    app_stop(app);
    work_free(app->work);
    if (app->store)
        store_on_change(app->store, NULL, NULL);
    api_free(app->api);
    host_free(app->host);
    app_people_close(app);
    assistant_free(app->assistant);
    llm_free(app->llm);
    briefings_free(app->briefings);
    speech_free(app->speech);
    mouth_free(app->mouth);
    ears_free(app->ears);
    sandbox_free(app->sounds);
    calendars_free(app->calendars);
    events_reader_free(app->events);
    tasks_free(app->tasks);
    sync_free(app->sync);
    search_free(app->search);
    ingest_free(app->ingest);
    access_free(app->access);
    if (app->store)
        store_close(app->store);
    minilm_close(app->model);
    pthread_mutex_destroy(&app->people_lock);
    *app = (App){0};
}
