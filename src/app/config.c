#include "app/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/suggest.h"
#include "base/mem.h"
#include "base/os.h"

static const Setting settings[SET_ID_COUNT] = {
    {SET_CONFIG, SETTING_PATH, "config", "--config", "SOTTO_CONFIG", "~/.config/sotto/sotto.conf",
     "FILE", NULL, 0, 0, "settings file; not a key of the file itself"},
    {SET_DATA, SETTING_PATH, "data", "--data", "SOTTO_DATA", "~/.local/share/sotto", "DIR", NULL, 0,
     0, "folder of the database and its caches"},
    {SET_MODELS, SETTING_PATH, "models", "--models", "SOTTO_MODELS", "~/.local/share/sotto/models",
     "DIR", NULL, 0, 0, "folder of the model files"},
    {SET_LISTEN, SETTING_ADDRESS, "listen", "--listen", "SOTTO_LISTEN", "127.0.0.1:8080",
     "HOST:PORT", NULL, 0, 0, "address to serve on; port 0 picks a free one"},
    {SET_LOGIN, SETTING_CHOICE, "login", "--login", "SOTTO_LOGIN", "auto", "WHEN", "auto|always", 0,
     0, "who must sign in: auto is everybody but one person alone on their own machine"},
    {SET_ALLOWED_HOSTS, SETTING_LIST, "allowed_hosts", "--allowed-hosts", "SOTTO_ALLOWED_HOSTS", "",
     "NAMES", NULL, 0, 0, "more Host names to answer to, with commas between"},
    {SET_WORKERS, SETTING_COUNT, "workers", "--workers", "SOTTO_WORKERS", "0", "N", NULL, 0, 64,
     "threads that read, embed and search; 0 is one a processor and one for questions"},
    {SET_MAX_UPLOAD, SETTING_BYTES, "max_upload", "--max-upload", "SOTTO_MAX_UPLOAD", "64M", "SIZE",
     NULL, 1024, (int64_t)2 << 30, "largest file to take in"},
    {SET_READ_TIMEOUT, SETTING_COUNT, "read_timeout", "--read-timeout", "SOTTO_READ_TIMEOUT", "30",
     "SECONDS", NULL, 1, 3600, "how long reading one file may take before it is given up"},
    {SET_FOLDER_SETTLE, SETTING_COUNT, "folder_settle", "--folder-settle", "SOTTO_FOLDER_SETTLE",
     "2000", "MILLISECONDS", NULL, 50, 600000,
     "how long a file in a watched folder must be left alone before it is read; more where it is "
     "written slowly"},
    {SET_LOG, SETTING_CHOICE, "log", "--log", "SOTTO_LOG", "warn", "LEVEL", "error|warn|info|debug",
     0, 0, "what to log on standard error"},
    {SET_LOG_FORMAT, SETTING_CHOICE, "log_format", "--log-format", "SOTTO_LOG_FORMAT", "auto",
     "FORMAT", "auto|text|json", 0, 0, "auto is text on a terminal and JSON elsewhere"},
    {SET_MODELS_URL, SETTING_URL, "models_url", "--models-url", "SOTTO_MODELS_URL", "", "URL", NULL,
     0, 0, "mirror to fetch models from, and from nowhere else: URL/MODEL/FILE"},
    {SET_MODELS_TOKEN, SETTING_SECRET, "models_token", NULL, "SOTTO_MODELS_TOKEN", "", "TOKEN",
     NULL, 0, 0, "bearer token for the mirror; sent nowhere else"},
    {SET_ZONE, SETTING_ZONE, "zone", "--zone", "SOTTO_ZONE", "", "ZONE", NULL, 0, 0,
     "time zone that you live in, such as Europe/Berlin; empty is the machine's"},
    {SET_DATE_ORDER, SETTING_CHOICE, "date_order", "--date-order", "SOTTO_DATE_ORDER", "mdy",
     "ORDER", "mdy|dmy", 0, 0, "what 3/4 means: March 4 (mdy) or 3 April (dmy)"},
    {SET_DESKTOP, SETTING_BOOL, "desktop_notifications", "--desktop-notifications",
     "SOTTO_DESKTOP_NOTIFICATIONS", "yes", NULL, NULL, 0, 1,
     "show reminders on the desktop, where there is one"},
    {SET_SPEECH_MODEL, SETTING_NAME, "speech_model", "--speech-model", "SOTTO_SPEECH_MODEL", "auto",
     "NAME", NULL, 0, 0,
     "what hears: auto is whisper-base when it is there, else whisper-tiny.en; or a name"},
    {SET_SPEECH_LANGUAGE, SETTING_NAME, "speech_language", "--speech-language",
     "SOTTO_SPEECH_LANGUAGE", "auto", "CODE", NULL, 0, 0,
     "language that is spoken, such as en or de; auto finds it out every time"},
    {SET_SPEECH_VOICE, SETTING_TEXT, "speech_voice", "--speech-voice", "SOTTO_SPEECH_VOICE", "auto",
     "ID", NULL, 0, 0,
     "what speaks: auto is the first natural voice, else espeak; sotto say --list has the others; "
     "elevenlabs/ID and openai/NAME are voices of other machines"},
    {SET_SPEECH_IDLE, SETTING_COUNT, "speech_idle", "--speech-idle", "SOTTO_SPEECH_IDLE", "600",
     "SECONDS", NULL, 1, 604800, "how long a voice or speech model stays in memory without use"},
    {SET_OPENAI_BASE_URL, SETTING_URL, "openai_base_url", "--openai-base-url", "OPENAI_BASE_URL",
     "", "URL", NULL, 0, 0,
     "an OpenAI-compatible server, such as http://127.0.0.1:11434/v1; empty: none is ever called"},
    {SET_OPENAI_API_KEY, SETTING_SECRET, "openai_api_key", NULL, "OPENAI_API_KEY", "", "KEY", NULL,
     0, 0, "bearer token for that server; sent nowhere else"},
    {SET_LLM_MODEL, SETTING_TEXT, "llm_model", "--llm-model", "SOTTO_LLM_MODEL", "auto", "NAME",
     NULL, 0, 0,
     "language model to ask for; auto is the first one to chat with that the server lists"},
    {SET_LLM_TIMEOUT, SETTING_COUNT, "llm_timeout", "--llm-timeout", "SOTTO_LLM_TIMEOUT", "120",
     "SECONDS", NULL, 1, 3600, "how long one question to the language model may take in all"},
    {SET_LLM_FIRST_TOKEN, SETTING_COUNT, "llm_first_token", "--llm-first-token",
     "SOTTO_LLM_FIRST_TOKEN", "30", "SECONDS", NULL, 1, 3600,
     "how long the language model may be silent before its first word, and between two"},
    {SET_LLM_CONTEXT, SETTING_COUNT, "llm_context", "--llm-context", "SOTTO_LLM_CONTEXT", "4096",
     "TOKENS", NULL, 1024, 1000000, "tokens that the model reads and writes at once, at most"},
    {SET_LLM_MAX_TOKENS, SETTING_COUNT, "llm_max_tokens", "--llm-max-tokens",
     "SOTTO_LLM_MAX_TOKENS", "512", "TOKENS", NULL, 16, 100000,
     "tokens of one answer of the language model, at most"},
    {SET_LLM_BUDGET, SETTING_COUNT, "llm_budget", "--llm-budget", "SOTTO_LLM_BUDGET", "1000000",
     "TOKENS", NULL, 0, INT64_MAX,
     "tokens a day, asked and answered, after which it answers without the model; 0: no limit"},
    {SET_TLS_CERT, SETTING_FILE, "tls_cert", "--tls-cert", "SOTTO_TLS_CERT", "", "FILE", NULL, 0, 0,
     "certificate chain (PEM): with it and its key the address is https://"},
    {SET_TLS_KEY, SETTING_FILE, "tls_key", "--tls-key", "SOTTO_TLS_KEY", "", "FILE", NULL, 0, 0,
     "private key of the certificate (PEM)"},
    {SET_JOB_LIMIT, SETTING_COUNT, "job_limit", "--job-limit", "SOTTO_JOB_LIMIT", "600", "SECONDS",
     NULL, 1, 86400,
     "a request that a worker has had for so long hangs: it is answered 503"},
    {SET_RATE_ADDRESS, SETTING_COUNT, "rate_address", "--rate-address", "SOTTO_RATE_ADDRESS", "100",
     "N", NULL, 0, 1000000,
     "requests a second from one address, ten times as many at once, where everybody must sign in; "
     "0 is any number"},
    {SET_RATE_TOKEN, SETTING_COUNT, "rate_token", "--rate-token", "SOTTO_RATE_TOKEN", "100", "N",
     NULL, 0, 1000000, "the same for one token or session"},
    {SET_SESSION_DAYS, SETTING_COUNT, "session_days", "--session-days", "SOTTO_SESSION_DAYS", "30",
     "DAYS", NULL, 1, 3650, "how long one stays signed in"},
    {SET_AUDIT_DAYS, SETTING_COUNT, "audit_days", "--audit-days", "SOTTO_AUDIT_DAYS", "365", "DAYS",
     NULL, 1, 36500, "how long the audit log is kept"},
    {SET_STT_BACKEND, SETTING_CHOICE, "stt_backend", "--stt-backend", "SOTTO_STT_BACKEND", "local",
     "NAME", "local|openai", 0, 0,
     "who hears: local is the model here; openai is openai_base_url, and the model here when that "
     "fails"},
    {SET_STT_MODEL, SETTING_TEXT, "stt_model", "--stt-model", "SOTTO_STT_MODEL", "whisper-1",
     "NAME", NULL, 0, 0, "speech model to ask that server for"},
    {SET_STT_TIMEOUT, SETTING_COUNT, "stt_timeout", "--stt-timeout", "SOTTO_STT_TIMEOUT", "60",
     "SECONDS", NULL, 1, 3600,
     "how long that server may take for five minutes of sound, tries included; while a person "
     "waits a sixth of it"},
    {SET_VOICE_SILENCE, SETTING_COUNT, "voice_silence", "--voice-silence", "SOTTO_VOICE_SILENCE",
     "600", "MS", NULL, 160, 10000, "silence that ends what is said, in milliseconds"},
    {SET_VOICE_PREROLL, SETTING_COUNT, "voice_preroll", "--voice-preroll", "SOTTO_VOICE_PREROLL",
     "320", "MS", NULL, 1, 2000, "sound before the first word that is heard too, in milliseconds"},
    {SET_VOICE_INTERRUPT, SETTING_COUNT, "voice_interrupt", "--voice-interrupt",
     "SOTTO_VOICE_INTERRUPT", "128", "MS", NULL, 0, 2000,
     "speech that stops a spoken answer, in milliseconds; 0: nothing but Cancel does"},
    {SET_SPEECH_URL, SETTING_URL, "speech_url", "--speech-url", "SOTTO_SPEECH_URL", "", "URL", NULL,
     0, 0, "an OpenAI-compatible server that speaks; openai_base_url unless set"},
    {SET_SPEECH_KEY, SETTING_SECRET, "speech_key", NULL, "SOTTO_SPEECH_KEY", "", "KEY", NULL, 0, 0,
     "bearer token for speech_url; sent nowhere else"},
    {SET_SPEECH_REMOTE_MODEL, SETTING_TEXT, "speech_remote_model", "--speech-remote-model",
     "SOTTO_SPEECH_REMOTE_MODEL", "tts-1", "NAME", NULL, 0, 0, "model of that server's voices"},
    {SET_SPEECH_FORMAT, SETTING_CHOICE, "speech_format", "--speech-format", "SOTTO_SPEECH_FORMAT",
     "wav", "FORMAT", "wav|pcm|mp3|opus|flac|aac", 0, 0,
     "what that server is asked for; wav and pcm are passed on as they come"},
    {SET_SPEECH_CACHE, SETTING_BYTES, "speech_cache", "--speech-cache", "SOTTO_SPEECH_CACHE", "64M",
     "SIZE", NULL, 0, (int64_t)64 << 30,
     "disk for spoken texts, so that none is made twice; 0 keeps none"},
    {SET_SPEECH_TIMEOUT, SETTING_COUNT, "speech_timeout", "--speech-timeout",
     "SOTTO_SPEECH_TIMEOUT", "10", "SECONDS", NULL, 1, 600,
     "how long another machine's voice may be silent before a voice of this one speaks"},
    {SET_ELEVENLABS_KEY, SETTING_SECRET, "elevenlabs_api_key", NULL, "ELEVENLABS_API_KEY", "",
     "KEY", NULL, 0, 0, "key of ElevenLabs; its voices speak only when speech_voice says so"},
    {SET_ELEVENLABS_VOICE, SETTING_NAME, "elevenlabs_voice_id", "--elevenlabs-voice-id",
     "ELEVENLABS_VOICE_ID", "JBFqnCBsd6RMkjVDRZzb", "ID", NULL, 0, 0,
     "the voice that \"elevenlabs\" alone means"},
    {SET_ELEVENLABS_MODEL, SETTING_NAME, "elevenlabs_model_id", "--elevenlabs-model-id",
     "ELEVENLABS_MODEL_ID", "eleven_flash_v2_5", "ID", NULL, 0, 0, "model of ElevenLabs"},
    {SET_ELEVENLABS_FORMAT, SETTING_NAME, "elevenlabs_format", "--elevenlabs-format",
     "SOTTO_ELEVENLABS_FORMAT", "pcm_22050", "FORMAT", NULL, 0, 0,
     "what ElevenLabs is asked for: pcm_16000 to pcm_48000, wav_..., mp3_44100_128, opus_48000_64"},
    {SET_ELEVENLABS_URL, SETTING_URL, "elevenlabs_url", "--elevenlabs-url", "ELEVENLABS_BASE_URL",
     "https://api.elevenlabs.io", "URL", NULL, 0, 0, "where ElevenLabs is asked"},
    {SET_QDRANT_URL, SETTING_URL, "qdrant_url", "--qdrant-url", "QDRANT_URL", "", "URL", NULL, 0, 0,
     "a Qdrant server that keeps everything, for many processes; empty: one file keeps it"},
    {SET_QDRANT_API_KEY, SETTING_SECRET, "qdrant_api_key", NULL, "QDRANT_API_KEY", "", "KEY", NULL,
     0, 0, "key of that server; sent nowhere else"},
    {SET_QDRANT_SHARDS, SETTING_COUNT, "qdrant_shards", "--qdrant-shards", "QDRANT_SHARDS", "1",
     "N", NULL, 1, 10000, "shards of collections that are made there"},
    {SET_QDRANT_REPLICAS, SETTING_COUNT, "qdrant_replicas", "--qdrant-replicas", "QDRANT_REPLICAS",
     "1", "N", NULL, 1, 100, "copies of each shard of collections that are made there"},
    {SET_QDRANT_TIMEOUT, SETTING_COUNT, "qdrant_timeout", "--qdrant-timeout", "QDRANT_TIMEOUT",
     "10", "SECONDS", NULL, 1, 600, "how long one request there may take"},
    {SET_PEOPLE_OPEN, SETTING_COUNT, "people_open", "--people-open", "SOTTO_PEOPLE_OPEN", "128",
     "N", NULL, 1, 10000,
     "so many people stay open at one time; more are opened when they come"},
};

typedef struct {
    const char *text;   /* NULL: unset */
    const char *origin; /* never NULL after config_load */
    int64_t number;
} Value;

struct Config {
    Arena *arena;
    Value values[SET_ID_COUNT];
    const char *flags[SET_ID_COUNT]; /* as given, NULL when not */
    Value file[SET_ID_COUNT];        /* what sotto.conf said */
    const char *path;
    bool path_given, was_read;
    ConfigEnv env;
    void *env_arg;
};

const Setting *config_settings(void)
{
    return settings;
}

const char *config_process_env(void *arg, const char *name)
{
    (void)arg;
    return getenv(name);
}

Config *config_new(Err *err)
{
    Config *c = mem_zalloc(sizeof *c);
    if (c)
        c->arena = arena_new((size_t)4 << 20);
    if (!c || !c->arena) {
        mem_free(c);
        err_set(err, ERR_NO_MEMORY, "no memory for the settings");
        return NULL;
    }
    return c;
}

void config_free(Config *c)
{
    if (!c)
        return;
    arena_free(c->arena);
    mem_free(c);
}

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "no memory for the settings");
}

bool config_flag(Config *c, SettingId id, Str value, Err *err)
{
    if (c->flags[id])
        return err_set(err, ERR_VALIDATION, "%s is given twice; say it once", settings[id].flag);
    c->flags[id] = arena_cstr(c->arena, value);
    return c->flags[id] ? true : no_memory(err);
}

/* ---- values -------------------------------------------------------------------------------- */

static const char *env_get(Config *c, const char *name)
{
    const char *value = c->env(c->env_arg, name);
    return value && value[0] ? value : NULL; /* set to nothing is the same as not set */
}

static const char *home_path(Config *c, const char *rest)
{
    const char *home = os_home();
    const char *from_env = env_get(c, "HOME");
    if (from_env && from_env[0] == '/')
        home = from_env;
    return home ? os_join(c->arena, home, rest) : NULL;
}

/* A path as it will be opened: home for "~/", absolute otherwise. What a file says relative to the
 * folder a program happens to be started in would mean something else every time: refused there. */
static bool read_path(Config *c, const char *text, bool from_file, const char **out, Err *err)
{
    if (strcmp(text, "~") == 0 || strncmp(text, "~/", 2) == 0) {
        *out = text[1] ? home_path(c, text + 2) : os_home();
        return *out ? true
                    : err_set(err, ERR_VALIDATION, "\"%s\" needs a home folder and there is none",
                              text);
    }
    if (text[0] == '/') {
        *out = text;
        return true;
    }
    if (from_file)
        return err_set(err, ERR_VALIDATION, "\"%s\" is no absolute path; begin it with / or ~/",
                       text);
    char cwd[4096];
    if (!getcwd(cwd, sizeof cwd))
        return err_set(err, ERR_IO, "cannot tell which folder \"%s\" is relative to", text);
    *out = os_join(c->arena, cwd, text);
    return *out ? true : no_memory(err);
}

/* Checks `text` against the type of setting `id` and keeps it as the setting's value. */
static bool take(Config *c, SettingId id, const char *text, const char *origin, bool from_file,
                 Err *err)
{
    const Setting *s = &settings[id];
    Value v = {.text = text, .origin = origin};
    Err why = ERR_INIT;
    bool ok;
    if (s->type != SETTING_PATH && s->type != SETTING_FILE)
        ok = config_value_check(s, text, &v.number, &why);
    else if (s->type == SETTING_FILE && !text[0])
        ok = true; /* none was named */
    else
        ok = text[0] ? read_path(c, text, from_file, &v.text, &why)
                     : err_set(&why, ERR_VALIDATION, "a path is missing");
    if (!ok)
        return err_set(err, why.code, "%s: %s", origin, why.msg);
    c->values[id] = v;
    return true;
}

bool config_fixed(const Config *c, SettingId id)
{
    const char *origin = config_origin(c, id);
    return strncmp(origin, "flag ", 5) == 0 || strncmp(origin, "environment ", 12) == 0 ||
           strncmp(origin, "credential ", 11) == 0;
}

bool config_check(const Config *c, SettingId id, const char *text, Err *err)
{
    Config scratch = *c;
    return take(&scratch, id, text, settings[id].name, true, err);
}

bool config_saved(Config *c, SettingId id, Str text, Err *err)
{
    if (config_fixed(c, id))
        return true;
    const char *own = arena_cstr(c->arena, text);
    return own ? take(c, id, own, "here", true, err) : no_memory(err);
}

/* ---- sotto.conf ------------------------------------------------------------------------------ */

static bool conf_find(Str key, SettingId *id, bool *is_file)
{
    for (int i = 0; i < SET_ID_COUNT; i++) {
        Str name = str_of(settings[i].name);
        *id = (SettingId)i;
        *is_file = false;
        if (i != SET_CONFIG && str_eq(key, name))
            return true;
        *is_file = true;
        if (settings[i].type == SETTING_SECRET && str_starts(key, name) &&
            str_eq(str_sub(key, name.len, key.len), STR("_file")))
            return true;
    }
    return false;
}

static bool conf_unknown(Config *c, Str key, unsigned line, Err *err)
{
    const char *names[SET_ID_COUNT];
    size_t n = 0;
    for (int i = SET_CONFIG + 1; i < SET_ID_COUNT; i++)
        names[n++] = settings[i].name;
    const char *near = suggest_nearest(key, names, n);
    return err_set(err, ERR_VALIDATION, "%s:%u: unknown setting \"" STR_FMT "\"%s%s%s", c->path,
                   line, STR_ARG(key), near ? "; did you mean \"" : "", near ? near : "",
                   near ? "\"?" : "");
}

static bool secret_file(Config *c, const char *path, const char **out, Err *err)
{
    Buf b;
    buf_init(&b, 64 << 10);
    bool ok = os_read_file(path, &b, err);
    if (ok) {
        *out = arena_cstr(c->arena, str_trim(buf_str(&b)));
        ok = *out ? true : no_memory(err);
    }
    buf_release(&b);
    return ok;
}

/* A secret written into sotto.conf itself must not be readable by others on the machine. */
static bool conf_private(Config *c, const char *where, Err *err)
{
    struct stat st;
    if (stat(c->path, &st) == 0 && (st.st_mode & 077))
        return err_set(err, ERR_VALIDATION,
                       "%s: a secret stands in a file that others can read; run "
                       "chmod 600 %s",
                       where, c->path);
    return true;
}

static bool conf_line(Config *c, Str text, unsigned line, Err *err)
{
    text = str_trim(text);
    if (text.len == 0 || text.ptr[0] == '#')
        return true;
    size_t eq = str_find(text, STR("="), 0);
    if (eq == SIZE_MAX)
        return err_set(err, ERR_VALIDATION, "%s:%u: no \"=\" in this line; write key = value",
                       c->path, line);
    Str key = str_trim(str_sub(text, 0, eq)), value = str_trim(str_sub(text, eq + 1, text.len));
    SettingId id;
    bool is_file;
    if (!conf_find(key, &id, &is_file))
        return conf_unknown(c, key, line, err);
    const char *where = arena_printf(c->arena, "%s:%u", c->path, line).ptr;
    const char *kept = arena_cstr(c->arena, value);
    if (!where || !kept)
        return no_memory(err);
    if (c->file[id].text)
        return err_set(err, ERR_VALIDATION, "%s: \"%s\" is set already at %s", where,
                       settings[id].name, c->file[id].origin);
    if (is_file) {
        if (!read_path(c, kept, true, &kept, err) || !secret_file(c, kept, &kept, err))
            return err_wrap(err, "%s", where);
    } else if (settings[id].type == SETTING_SECRET && !conf_private(c, where, err)) {
        return false;
    }
    c->file[id] = (Value){.text = kept, .origin = where};
    return true;
}

static bool conf_read(Config *c, Err *err)
{
    Buf b;
    buf_init(&b, 1 << 20);
    Err why = ERR_INIT;
    if (!os_read_file(c->path, &b, &why)) {
        buf_release(&b);
        if (why.code == ERR_NOT_FOUND && !c->path_given)
            return true;
        *err = why;
        return false;
    }
    c->was_read = true;
    Str rest = buf_str(&b), line;
    unsigned number = 0;
    bool ok = true;
    while (ok && str_next(&rest, '\n', &line))
        ok = conf_line(c, line, ++number, err);
    buf_release(&b);
    return ok;
}

/* ---- precedence ------------------------------------------------------------------------------ */

static const char *xdg(Config *c, const char *variable, const char *fallback, const char *rest)
{
    const char *base = env_get(c, variable);
    if (!base || base[0] != '/')
        base = home_path(c, fallback);
    return base ? os_join(c->arena, base, rest) : NULL;
}

static bool find_file(Config *c, Err *err)
{
    const char *given = c->flags[SET_CONFIG] ? c->flags[SET_CONFIG] : env_get(c, "SOTTO_CONFIG");
    c->path_given = given != NULL;
    if (given) {
        const char *origin = c->flags[SET_CONFIG] ? "flag --config" : "environment SOTTO_CONFIG";
        if (!take(c, SET_CONFIG, given, origin, false, err))
            return false;
        c->path = c->values[SET_CONFIG].text;
        return true;
    }
    c->path = xdg(c, "XDG_CONFIG_HOME", ".config", "sotto/sotto.conf");
    c->values[SET_CONFIG] = (Value){.text = c->path, .origin = "default"};
    return true; /* without a home there is no such file, and that is no fault */
}

/* A secret's value from its variable, or from the file that NAME_FILE or systemd names. */
static bool env_secret(Config *c, const Setting *s, const char **text, const char **origin,
                       Err *err)
{
    const char *name = arena_printf(c->arena, "%s_FILE", s->env).ptr;
    if (!name)
        return no_memory(err);
    const char *path = env_get(c, name);
    if (*text && path)
        return err_set(err, ERR_VALIDATION, "%s and %s are both set; keep one", s->env, name);
    if (path) {
        *origin = arena_printf(c->arena, "environment %s", name).ptr;
        return secret_file(c, path, text, err) ? true : err_wrap(err, "environment %s", name);
    }
    const char *folder = env_get(c, "CREDENTIALS_DIRECTORY");
    if (*text || !folder)
        return true;
    path = os_join(c->arena, folder, s->env);
    if (!path)
        return no_memory(err);
    if (!os_exists(path))
        return true;
    *origin = arena_printf(c->arena, "credential %s", s->env).ptr;
    return secret_file(c, path, text, err) ? true : err_wrap(err, "credential %s", s->env);
}

static bool set_default(Config *c, SettingId id, Err *err)
{
    const Setting *s = &settings[id];
    const char *text = s->def;
    if (id == SET_DATA) {
        const char *state = env_get(c, "STATE_DIRECTORY");
        if (state && state[0] == '/') {
            size_t first = strcspn(state, ":"); /* systemd may name several */
            text = arena_cstr(c->arena, str_mem(state, first));
            return text ? take(c, id, text, "environment STATE_DIRECTORY", false, err)
                        : no_memory(err);
        }
        text = xdg(c, "XDG_DATA_HOME", ".local/share", "sotto");
    } else if (id == SET_MODELS) {
        text = xdg(c, "XDG_DATA_HOME", ".local/share", "sotto/models");
    }
    if (!text)
        return err_set(err, ERR_VALIDATION, "there is no home folder; say where with %s or %s",
                       s->flag, s->env);
    if (s->type == SETTING_URL || s->type == SETTING_SECRET || s->type == SETTING_FILE) {
        c->values[id] = (Value){.origin = "default"};
        return true;
    }
    return take(c, id, text, "default", false, err);
}

static bool resolve(Config *c, SettingId id, Err *err)
{
    const Setting *s = &settings[id];
    if (c->flags[id]) {
        const char *origin = arena_printf(c->arena, "flag %s", s->flag).ptr;
        return origin ? take(c, id, c->flags[id], origin, false, err) : no_memory(err);
    }
    const char *text = env_get(c, s->env);
    const char *origin = arena_printf(c->arena, "environment %s", s->env).ptr;
    if (s->type == SETTING_SECRET && !env_secret(c, s, &text, &origin, err))
        return false;
    if (!origin)
        return no_memory(err);
    if (text) {
        text = arena_cstr(c->arena, str_of(text));
        return text ? take(c, id, text, origin, false, err) : no_memory(err);
    }
    if (c->file[id].text)
        return take(c, id, c->file[id].text, c->file[id].origin, true, err);
    return set_default(c, id, err);
}

bool config_load(Config *c, ConfigEnv env, void *arg, Err *err)
{
    c->env = env;
    c->env_arg = arg;
    if (!find_file(c, err) || (c->path && !conf_read(c, err)))
        return false;
    for (int i = SET_CONFIG + 1; i < SET_ID_COUNT; i++)
        if (!resolve(c, (SettingId)i, err))
            return false;
    return true;
}

const char *config_text(const Config *c, SettingId id)
{
    return c->values[id].text;
}

int64_t config_number(const Config *c, SettingId id)
{
    return c->values[id].number;
}

bool config_bool(const Config *c, SettingId id)
{
    return c->values[id].number != 0;
}

const char *config_origin(const Config *c, SettingId id)
{
    return c->values[id].origin;
}

const char *config_file(const Config *c)
{
    return c->path;
}

bool config_file_read(const Config *c)
{
    return c->was_read;
}
