/* `sotto doctor`: looks at everything a person might wonder about, and says what to do.
 *
 * Beside a running server the database is read without its lock; --repair needs it alone. */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "app/app.h"
#include "app/backend.h"
#include "app/call.h"
#include "app/commands.h"
#include "app/models.h"
#include "base/cpu.h"
#include "base/os.h"
#include "llm/llm.h"

#define LITTLE_SPACE ((uint64_t)200 << 20)

typedef struct {
    Cli *cli;
    JsonW w;
    bool bad;
} Doctor;

static void check(Doctor *d, const char *name, bool ok, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void check(Doctor *d, const char *name, bool ok, const char *fmt, ...)
{
    Cli *cli = d->cli;
    Buf text;
    buf_init(&text, 1 << 20);
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&text, fmt, ap);
    va_end(ap);
    d->bad |= !ok;
    if (cli->json) {
        jw_obj(&d->w);
        jw_kv_cstr(&d->w, "name", name);
        jw_kv_bool(&d->w, "ok", ok);
        jw_kv_str(&d->w, "detail", buf_str(&text));
        jw_obj_end(&d->w);
    } else {
        Buf wrapped;
        buf_init(&wrapped, 1 << 20);
        term_wrap(&wrapped, &cli->term, buf_str(&text), NULL, 0, 16);
        buf_printf(&cli->out, "%s%-4s%s%-12s", term_paint(&cli->term, ok ? PAINT_GOOD : PAINT_BAD),
                   ok ? "ok" : "BAD", term_paint(&cli->term, PAINT_OFF), name);
        buf_add(&cli->out,
                wrapped.len > 16 ? str_sub(buf_str(&wrapped), 16, wrapped.len) : STR("\n"));
        buf_release(&wrapped);
    }
    buf_release(&text);
}

static void check_settings(Doctor *d)
{
    const Config *c = d->cli->config;
    const char *file = config_file(c);
    check(d, "settings", true, "%s %s", file ? file : "no file:",
          !file                 ? "there is no home folder"
          : config_file_read(c) ? "was read"
                                : "is not there, which is fine");
    check(d, "processor", true, "%u threads, %s instructions", app_threads(c),
          cpu_level_name(cpu_level()));
}

static void check_models(Doctor *d)
{
    Cli *cli = d->cli;
    Err err = ERR_INIT;
    ModelsLock *lock = models_lock_parse(str_of(models_lock_text), cli->arena, &err);
    if (!lock) {
        check(d, "models", false, "%s", err.msg);
        return;
    }
    ModelsOptions o = {.dir = config_text(cli->config, SET_MODELS)};
    for (size_t i = 0; i < lock->n; i++) {
        const Model *m = &lock->models[i];
        err = ERR_INIT;
        if (m->named && models_state(m, o.dir, cli->arena, NULL) == MODEL_MISSING)
            continue; /* nobody asked for it */
        bool ok = models_verify(m, &o, cli->arena, &err);
        check(d, "model", ok, "%s %s%s", m->name, ok ? "is complete, every byte checked" : ": ",
              ok ? "" : err.msg);
    }
}

static void check_folder(Doctor *d)
{
    const char *dir = config_text(d->cli->config, SET_DATA);
    struct stat st;
    struct statvfs v;
    if (stat(dir, &st) != 0) {
        check(d, "data", true, "%s is not there yet; sotto add makes it", dir);
        return;
    }
    bool is_dir = S_ISDIR(st.st_mode), writable = access(dir, W_OK) == 0,
         shut = !(st.st_mode & 077);
    check(d, "data", is_dir && writable && shut, "%s %s", dir,
          !is_dir     ? "is no folder"
          : !writable ? "cannot be written"
          : !shut     ? "can be read by others; run chmod 700 on it"
                      : "belongs to you alone");
    if (statvfs(dir, &v) == 0) {
        uint64_t room = (uint64_t)v.f_bavail * v.f_frsize;
        Buf text;
        buf_init(&text, 64);
        term_bytes(&text, room);
        check(d, "space", room > LITTLE_SPACE, "%s left on its disk%s", text.ptr,
              room > LITTLE_SPACE ? "" : "; make room");
        buf_release(&text);
    }
}

static void check_server(Doctor *d, bool *busy)
{
    Buf url;
    Err err = ERR_INIT;
    buf_init(&url, 4096);
    if (!call_find_server(d->cli->config, &url, busy)) {
        check(d, "server", true, "%s%s",
              *busy ? "none, but the data are in use: " : "none is running", *busy ? url.ptr : "");
    } else {
        Call *call = call_open(d->cli->config, CALL_READ, "sotto doctor", &err);
        Json *j = call ? call_get(call, STR("/health/ready"), NULL, &err) : NULL;
        check(d, "server", j != NULL, "%s %s", url.ptr, j ? "is ready" : err.msg);
        json_free(j);
        call_close(call);
    }
    buf_release(&url);
}

static void check_store(Doctor *d, bool busy)
{
    Cli *cli = d->cli;
    const char *dir = config_text(cli->config, SET_DATA),
               *db = os_join(cli->arena, dir, "sotto.db");
    bool repair = cli_flag(cli, "--repair") != NULL;
    Err err = ERR_INIT;
    Buf report;
    StoreStats s;
    if (!db || (!os_exists(db) && !backend_is_qdrant(cli->config)))
        return;
    StoreOptions o = {
        .dir = dir, .read_only = busy, .model = APP_MODEL, .lock_note = "sotto doctor"};
    if (repair && busy) {
        check(d, "database", false, "cannot be repaired while it is in use; stop the server first");
        return;
    }
    Store *store = backend_open(cli->config, &o, &err);
    buf_init(&report, 1 << 20);
    if (!store) {
        check(d, "database", false, "%s", err.msg);
        return;
    }
    bool ok = store_check(store, repair, &report, &err);
    check(d, "database", ok, "%s", report.len ? report.ptr : ok ? "every check passed" : err.msg);
    err = ERR_INIT;
    if (store_stats(store, &app_owner, cli->arena, &s, &err))
        check(d, "contents", true, "%llu documents, %llu passages, schema version %d",
              (unsigned long long)s.documents, (unsigned long long)s.chunks, s.schema_version);
    else
        check(d, "contents", false, "%s", err.msg);
    buf_release(&report);
    store_close(store);
}

/* Asks for its list of models: no question, and nothing of the person's. */
static void check_language(Doctor *d)
{
    const Config *c = d->cli->config;
    const char *base = config_text(c, SET_OPENAI_BASE_URL);
    LlmOptions o = {.base_url = base, .api_key = config_text(c, SET_OPENAI_API_KEY),
        .model = config_text(c, SET_LLM_MODEL)};
    Err err = ERR_INIT;
    Str model;
    if (!base) {
        check(d, "language", true, "no language model is set: answers quote the documents");
        return;
    }
    Llm *l = llm_new(&o, &err);
    bool ok = l && llm_check(l, d->cli->arena, &model, &err);
    if (ok)
        check(d, "language", true, STR_FMT " answers; the model is " STR_FMT,
              STR_ARG(llm_host(l)), STR_ARG(model));
    else
        check(d, "language", false, "%s (openai_base_url is from %s)", err.msg,
              config_origin(c, SET_OPENAI_BASE_URL));
    llm_free(l);
}

static void list_settings(Doctor *d)
{
    Cli *cli = d->cli;
    const Setting *s = config_settings();
    if (!cli->json)
        buf_add_char(&cli->out, '\n');
    for (int i = 0; i < SET_ID_COUNT; i++) {
        const char *value = config_text(cli->config, s[i].id);
        if (s[i].type == SETTING_SECRET && value)
            value = "(secret)";
        if (cli->json) {
            jw_obj(&d->w);
            jw_kv_cstr(&d->w, "name", s[i].name);
            jw_kv_cstr(&d->w, "value", value);
            jw_kv_cstr(&d->w, "origin", config_origin(cli->config, s[i].id));
            jw_obj_end(&d->w);
        } else {
            buf_printf(&cli->out, "%-16s", s[i].name);
            term_text(&cli->out, str_of(value && value[0] ? value : "-"));
            buf_printf(&cli->out, "  %s(", term_paint(&cli->term, PAINT_DIM));
            term_text(&cli->out, str_of(config_origin(cli->config, s[i].id)));
            buf_printf(&cli->out, ")%s\n", term_paint(&cli->term, PAINT_OFF));
        }
    }
}

int doctor_command(Cli *cli)
{
    Doctor d = {.cli = cli};
    bool busy = false;
    jw_init(&d.w, &cli->out);
    if (cli->json) {
        jw_obj(&d.w);
        jw_key(&d.w, "checks");
        jw_arr(&d.w);
    }
    check_settings(&d);
    check_models(&d);
    check_folder(&d);
    check_server(&d, &busy);
    check_store(&d, busy);
    check_language(&d);
    if (cli->json) {
        jw_arr_end(&d.w);
        jw_kv_bool(&d.w, "ok", !d.bad);
        jw_key(&d.w, "settings");
        jw_arr(&d.w);
    }
    list_settings(&d);
    if (cli->json) {
        jw_arr_end(&d.w);
        jw_obj_end(&d.w);
        buf_add_char(&cli->out, '\n');
    }
    return cli_done(cli, d.bad ? EXIT_FAILED : 0);
}
