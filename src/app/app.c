#include "app/app.h"

#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/models.h"
#include "base/os.h"
#include "net/client.h"

/* A fixed identity, so that backups can be restored on another machine. */
const Uuid app_owner = {{0x5a, 0x6f, 0x74, 0x74, 0x6f, 0x00, 0x40, 0x00, 0x80, 0x00, 0x00, 0x00,
                         0x00, 0x00, 0x00, 0x01}};

#define QUEUE_MAX 1024
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
    /* glibc gives every thread a heap of its own, up to eight a processor; two are enough here. The
     * fixed thresholds keep it from learning to hold on to the large buffers of an upload. */
    mallopt(M_ARENA_MAX, 2);
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
    return ingest_one(app->ingest, &app_owner, &in, worker, a, doc, &outcome, err);
}

static bool open_calendars(App *app, const Config *c, Err *err)
{
    EventsOptions e = {.self = app_self(),
                       .timeout_ms = (unsigned)config_number(c, SET_READ_TIMEOUT) * 1000u};
    app->events = events_reader_new(&e, err);
    CalendarsOptions k = {.store = app->store,
                          .owner = app_owner,
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
                      .owner = app_owner,
                      .zone = str_of(config_text(c, SET_ZONE)),
                      .day_first = str_eq(str_of(config_text(c, SET_DATE_ORDER)), STR("dmy"))};
    app->tasks = tasks_new(&t, err);
    if (!app->tasks)
        return err_wrap(err, "zone (%s)", config_origin(c, SET_ZONE));
    if (!open_calendars(app, c, err))
        return false;
    BriefingsOptions b = {.store = app->store,
                          .owner = app_owner,
                          .tasks = app->tasks,
                          .calendars = app->calendars,
                          .search = app->search,
                          .work = app->work};
    app->briefings = briefings_new(&b, err);
    if (!app->briefings)
        return false;
    if (!o->assistant)
        return true;
    if (!open_llm(app, o, err))
        return false;
    AssistantParts parts = {.store = app->store,
                            .search = app->search,
                            .tasks = app->tasks,
                            .calendars = app->calendars,
                            .briefings = app->briefings,
                            .model = app->model,
                            .llm = app->llm,
                            .workers = app->threads,
                            .owner = app_owner,
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
    SandboxOptions s = {.self = app_self()};
    EarsOptions e = {.models_dir = config_text(c, SET_MODELS),
                     .model = config_text(c, SET_SPEECH_MODEL),
                     .language = config_text(c, SET_SPEECH_LANGUAGE),
                     .idle_ms = idle_ms};
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

static bool open_api(App *app, const Config *c, Err *err)
{
    ApiParts parts = {.store = app->store,
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
                      .model = app->model,
                      .owner = app_owner,
                      .max_upload = (uint64_t)config_number(c, SET_MAX_UPLOAD)};
    app->api = api_new(&parts, err);
    return app->api != NULL;
}

static bool open_parts(App *app, const AppOptions *o, Err *err)
{
    const Config *c = o->config;
    if (!open_voice(app, o, err))
        return false;
    if (o->only_voice) {
        app->threads = 1;
        return open_api(app, c, err);
    }
    app->threads = app_threads(c);
    if (o->workers && o->ingest)
        app->bulk = app_bulk_threads();
    else if (o->ingest && app_bulk_threads() > app->threads)
        app->threads = app_bulk_threads(); /* a command's lanes */
    if ((o->search || o->ingest) && !open_model(app, c, err))
        return false;
    StoreOptions so = {.dir = config_text(c, SET_DATA),
                       .read_only = o->read_only,
                       .lock_note = o->lock_note,
                       .model = APP_MODEL};
    app->store = store_open_sqlite(&so, err);
    if (!app->store)
        return false;
    if (o->search) {
        SearchOptions s = {.store = app->store, .model = app->model, .workers = app->threads};
        app->search = search_new(&s, err);
        if (!app->search)
            return false;
    }
    if (o->ingest) {
        IngestOptions i = {.store = app->store,
                           .model = app->model,
                           .workers = app->threads + app->bulk,
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
        app->work = work_new_bulk(app->threads, app->bulk, QUEUE_MAX, err);
    if (o->workers && !app->work)
        return false;
    if (o->sync) {
        SyncOptions y = {.store = app->store,
                         .ingest = app->ingest,
                         .work = app->work,
                         .owner = app_owner,
                         .max_file_bytes = (uint64_t)config_number(c, SET_MAX_UPLOAD)};
        app->sync = sync_new(&y, err);
        if (!app->sync)
            return false;
    }
    return open_doing(app, o, err) && open_api(app, c, err);
}

bool app_open(App *app, const AppOptions *o, Err *err)
{
    *app = (App){0};
    if (open_parts(app, o, err))
        return true;
    app_close(app);
    return false;
}

void app_close(App *app)
{
    llm_stop(app->llm);
    sync_stop(app->sync);
    work_free(app->work);
    if (app->store)
        store_on_change(app->store, NULL, NULL);
    api_free(app->api);
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
    if (app->store)
        store_close(app->store);
    minilm_close(app->model);
    *app = (App){0};
}
