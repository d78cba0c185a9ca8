/* host.c - see host.h. */
#include "app/host.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/host_checks.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/settings.h"

struct Host {
    Store *store;
    Uuid owner; /* whose the program's settings are */
    const Config *config;
    Ears *ears;
    Speech *speech; /* NULL: nothing speaks */
    ApiHost api;
};

/* Settings of the program that may be changed while it runs. */
static const struct {
    SettingId id;
    bool restart;
} ours[] = {{SET_ZONE, true},           {SET_DATE_ORDER, true},   {SET_DESKTOP, true},
            {SET_SPEECH_VOICE, false},  {SET_SPEECH_MODEL, true}, {SET_SPEECH_LANGUAGE, true},
            {SET_SPEECH_IDLE, true},    {SET_LOG, false}};
#define N_OURS (sizeof ours / sizeof *ours)

/* Settings of the page: nothing but the page reads them. */
static const ApiSetting pages[] = {
    {.name = "theme", .type = "choice", .choices = "system|light|dark", .def = "system",
     .help = "light or dark"},
    {.name = "reduce_motion", .type = "yes_no", .def = "no",
     .help = "nothing moves, also when the system allows it"},
    {.name = "speak_answers", .type = "choice", .choices = "spoken|always|never", .def = "spoken",
     .help = "spoken: what is asked by voice is answered by voice"},
    {.name = "hands_free", .type = "yes_no", .def = "no",
     .help = "it goes on listening after an answer, until it is told to stop"},
    {.name = "speech_speed", .type = "number", .min = 0.25, .max = 4, .def = "1",
     .help = "1 is as the voice speaks by itself"},
};
#define N_PAGES (sizeof pages / sizeof *pages)

bool host_apply_saved(Store *store, const Uuid *owner, Config *c, Err *err)
{
    Arena *a = arena_new((size_t)2 << 20);
    StoredSetting *saved;
    size_t n;
    bool ok = a ? store_setting_list(store, owner, a, &saved, &n, err)
                : err_set(err, ERR_NO_MEMORY, "no memory for the settings");
    for (size_t i = 0; ok && i < n; i++)
        for (size_t k = 0; k < N_OURS; k++) {
            Err why = ERR_INIT;
            if (str_eq(saved[i].name, str_of(config_settings()[ours[k].id].name)) &&
                !config_saved(c, ours[k].id, saved[i].value, &why))
                log_write(LOG_WARN, "settings", "a saved setting is left out: %s", why.msg);
        }
    LogLevel level;
    if (ok && log_level_parse(config_text(c, SET_LOG), &level))
        log_init(level, config_text(c, SET_LOG_FORMAT));
    arena_free(a);
    return ok;
}

/* ---- showing -------------------------------------------------------------------------------- */

static const StoredSetting *saved_of(const StoredSetting *saved, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(saved[i].name, str_of(name)))
            return &saved[i];
    return NULL;
}

static const char *type_of(const Setting *s)
{
    return s->type == SETTING_BOOL     ? "yes_no"
           : s->type == SETTING_CHOICE ? "choice"
           : s->type == SETTING_COUNT  ? "number"
                                       : "text";
}

static bool fill_ours(const Host *h, size_t k, const StoredSetting *saved, Arena *a,
                      ApiSetting *out)
{
    const Setting *s = &config_settings()[ours[k].id];
    const char *value = config_text(h->config, s->id), *origin = config_origin(h->config, s->id);
    bool fixed = config_fixed(h->config, s->id);
    *out = (ApiSetting){.name = s->name, .def = s->def, .type = type_of(s), .choices = s->choices,
                        .min = (double)s->min, .max = (double)s->max, .help = s->help,
                        .fixed = fixed, .value = value, .origin = origin};
    out->restart = ours[k].restart || (s->id == SET_SPEECH_VOICE && !h->speech);
    if (!fixed && saved) {
        out->value = arena_cstr(a, saved->value);
        out->origin = "here";
    } else if (!fixed && strcmp(origin, "here") == 0) { /* taken away since the start */
        out->value = s->def;
        out->origin = "default";
    }
    return out->value || !saved;
}

static bool show(void *arg, const Uuid *owner, Arena *a, ApiSetting **out, size_t *n, Err *err)
{
    const Host *h = arg;
    StoredSetting *mine, *theirs;
    size_t n_mine, n_theirs;
    *n = 0;
    *out = ARENA_NEW_ARRAY(a, ApiSetting, N_PAGES + N_OURS);
    if (!*out)
        return err_set(err, ERR_NO_MEMORY, "no memory for the settings");
    if (!store_setting_list(h->store, owner, a, &mine, &n_mine, err) ||
        !store_setting_list(h->store, &h->owner, a, &theirs, &n_theirs, err))
        return false;
    for (size_t i = 0; i < N_PAGES; i++) {
        ApiSetting *s = &(*out)[(*n)++];
        const StoredSetting *saved = saved_of(mine, n_mine, pages[i].name);
        *s = pages[i];
        s->page = true;
        s->value = saved ? arena_cstr(a, saved->value) : s->def;
        s->origin = saved ? "here" : "default";
    }
    for (size_t k = 0; k < N_OURS; k++) {
        const char *name = config_settings()[ours[k].id].name;
        if (!fill_ours(h, k, saved_of(theirs, n_theirs, name), a, &(*out)[(*n)++]))
            return err_set(err, ERR_NO_MEMORY, "no memory for the settings");
    }
    return true;
}

/* ---- changing ------------------------------------------------------------------------------- */

static bool check_page(const ApiSetting *s, Str value, Err *err)
{
    if (strcmp(s->type, "number") == 0) {
        char text[32] = "", *end = text;
        if (value.len < sizeof text)
            memcpy(text, value.ptr, value.len);
        double number = strtod(text, &end);
        if (end == text || *end || !(number >= s->min && number <= s->max))
            return err_set(err, ERR_VALIDATION, "%s must be a number from %g to %g", s->name,
                           s->min, s->max);
        return true;
    }
    Str rest = str_of(s->choices ? s->choices : "yes|no"), one;
    while (str_next(&rest, '|', &one))
        if (str_eq(one, value))
            return true;
    return err_set(err, ERR_VALIDATION, "%s must be one of %s", s->name,
                   s->choices ? s->choices : "yes|no");
}

static bool check_voice(const Host *h, Str voice, Err *err)
{
    SpeechBackend backend;
    char id[SPEECH_VOICE_MAX];
    if (!h->speech || !voice.len || str_eq(voice, STR("auto")) ||
        speech_find(h->speech, voice, &backend, id, err))
        return true;
    err->code = ERR_VALIDATION; /* it is the setting that is wrong */
    return false;
}

/* *page says whose it is. */
static bool check_one(const Host *h, const ApiSettingChange *x, Arena *a, bool *page, Err *err)
{
    *page = true;
    for (size_t i = 0; i < N_PAGES; i++)
        if (str_eq(x->name, str_of(pages[i].name)))
            return !x->value || check_page(&pages[i], *x->value, err);
    *page = false;
    for (size_t k = 0; k < N_OURS; k++) {
        const Setting *s = &config_settings()[ours[k].id];
        if (!str_eq(x->name, str_of(s->name)))
            continue;
        if (config_fixed(h->config, s->id))
            return err_set(err, ERR_CONFLICT, "%s is fixed by %s; change it there", s->name,
                           config_origin(h->config, s->id));
        const char *text = x->value ? arena_cstr(a, *x->value) : s->def;
        if (x->value && s->id == SET_SPEECH_VOICE && !check_voice(h, *x->value, err))
            return false;
        return text ? !x->value || config_check(h->config, s->id, text, err)
                    : err_set(err, ERR_NO_MEMORY, "no memory for a setting");
    }
    return err_set(err, ERR_VALIDATION, "there is no setting \"" STR_FMT "\" that can be changed",
                   (int)(x->name.len < 60 ? x->name.len : 60), x->name.ptr);
}

/* What need not wait for the next start. */
static void apply_now(const Host *h, const ApiSettingChange *x)
{
    if (h->speech && str_eq(x->name, str_of(config_settings()[SET_SPEECH_VOICE].name)))
        speech_set_voice(h->speech, x->value ? *x->value : STR("auto"));

    char level_name[16] = "";
    LogLevel level;
    const Setting *s = &config_settings()[SET_LOG];
    Str text = x->value ? *x->value : str_of(s->def);
    if (!str_eq(x->name, str_of(s->name)) || text.len >= sizeof level_name)
        return;
    memcpy(level_name, text.ptr, text.len);
    if (log_level_parse(level_name, &level))
        log_init(level, config_text(h->config, SET_LOG_FORMAT));
}

static bool change(void *arg, const Uuid *owner, const ApiSettingChange *list, size_t n, Arena *a,
                   Err *err)
{
    const Host *h = arg;
    StoredSetting *mine = ARENA_NEW_ARRAY(a, StoredSetting, n),
                  *theirs = ARENA_NEW_ARRAY(a, StoredSetting, n);
    size_t n_mine = 0, n_theirs = 0;
    if (!mine || !theirs)
        return err_set(err, ERR_NO_MEMORY, "no memory for the settings");
    for (size_t i = 0; i < n; i++) {
        bool page;
        if (!check_one(h, &list[i], a, &page, err))
            return false;
        StoredSetting x = {list[i].name, list[i].value ? *list[i].value : (Str){NULL, 0}};
        if (page)
            mine[n_mine++] = x;
        else
            theirs[n_theirs++] = x;
    }
    if (!store_setting_put(h->store, owner, mine, n_mine, err) ||
        !store_setting_put(h->store, &h->owner, theirs, n_theirs, err))
        return false;
    for (size_t i = 0; i < n; i++)
        apply_now(h, &list[i]);
    return true;
}

static bool machine(void *arg, Arena *a, ApiMachine *out, Err *err)
{
    const Host *h = arg;
    return host_machine(h->config, h->ears, a, out, err);
}

Host *host_new(Store *store, const Uuid *owner, const Config *c, Ears *ears, Err *err)
{
    Host *h = mem_zalloc(sizeof *h);
    if (!h) {
        err_set(err, ERR_NO_MEMORY, "no memory for the settings");
        return NULL;
    }
    *h = (Host){.store = store, .owner = *owner, .config = c, .ears = ears};
    h->api = (ApiHost){.arg = h, .folder = config_text(c, SET_DATA), .settings = show,
                       .change = change, .machine = machine};
    return h;
}

void host_speaks_by(Host *h, Speech *speech)
{
    h->speech = speech;
}

void host_free(Host *h)
{
    mem_free(h);
}

const ApiHost *host_api(const Host *h)
{
    return &h->api;
}
