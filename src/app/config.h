/* config.h - every setting of the program, in one table, and where its value came from.
 *
 *   flag  >  environment (SOTTO_*)  >  credential ($CREDENTIALS_DIRECTORY)  >  saved on the page
 *     >  sotto.conf  >  default
 *
 * sotto.conf is lines of `key = value`; `#` begins a comment line; keys are the names of the table.
 * An unknown key, a key said twice or a value that cannot be read is an error with its line. A
 * secret NAME may also stand in a file: NAME_FILE in the environment, `name_file` in sotto.conf.
 * docs/CONFIG.md is made from the table (a test compares them).
 *
 * XDG base folders: a relative value is ignored, as the specification asks. Under systemd
 * $STATE_DIRECTORY is the default data folder.
 *
 * Threads: filled once at start, then read by anybody. */
#ifndef SOTTO_APP_CONFIG_H
#define SOTTO_APP_CONFIG_H

#include "base/arena.h"

typedef enum {
    SET_CONFIG,
    SET_DATA,
    SET_MODELS,
    SET_LISTEN,
    SET_LOGIN,
    SET_ALLOWED_HOSTS,
    SET_WORKERS,
    SET_MAX_UPLOAD,
    SET_READ_TIMEOUT,
    SET_FOLDER_SETTLE,
    SET_LOG,
    SET_LOG_FORMAT,
    SET_MODELS_URL,
    SET_MODELS_TOKEN,
    SET_ZONE,
    SET_DATE_ORDER,
    SET_DESKTOP,
    SET_SPEECH_MODEL,
    SET_SPEECH_LANGUAGE,
    SET_SPEECH_VOICE,
    SET_SPEECH_IDLE,
    SET_OPENAI_BASE_URL,
    SET_OPENAI_API_KEY,
    SET_LLM_MODEL,
    SET_LLM_TIMEOUT,
    SET_LLM_FIRST_TOKEN,
    SET_LLM_CONTEXT,
    SET_LLM_MAX_TOKENS,
    SET_LLM_BUDGET,
    SET_TLS_CERT,
    SET_TLS_KEY,
    SET_JOB_LIMIT,
    SET_RATE_ADDRESS,
    SET_RATE_TOKEN,
    SET_SESSION_DAYS,
    SET_AUDIT_DAYS,
    SET_STT_BACKEND,
    SET_STT_MODEL,
    SET_STT_TIMEOUT,
    SET_VOICE_SILENCE,
    SET_VOICE_PREROLL,
    SET_VOICE_INTERRUPT,
    SET_SPEECH_URL,
    SET_SPEECH_KEY,
    SET_SPEECH_REMOTE_MODEL,
    SET_SPEECH_FORMAT,
    SET_SPEECH_CACHE,
    SET_SPEECH_TIMEOUT,
    SET_ELEVENLABS_KEY,
    SET_ELEVENLABS_VOICE,
    SET_ELEVENLABS_MODEL,
    SET_ELEVENLABS_FORMAT,
    SET_ELEVENLABS_URL,
    SET_QDRANT_URL,
    SET_QDRANT_API_KEY,
    SET_QDRANT_SHARDS,
    SET_QDRANT_REPLICAS,
    SET_QDRANT_TIMEOUT,
    SET_PEOPLE_OPEN,
    SET_ID_COUNT
} SettingId;

typedef enum {
    SETTING_PATH,    /* absolute, or relative to where the program was started; "~/" is home */
    SETTING_ADDRESS, /* HOST:PORT or [IPV6]:PORT */
    SETTING_BOOL,
    SETTING_COUNT,  /* whole number, min..max */
    SETTING_BYTES,  /* whole number with K, M or G (powers of 1024) */
    SETTING_CHOICE, /* one of `choices` */
    SETTING_LIST,   /* words with commas between */
    SETTING_ZONE,   /* a time zone by its IANA name; empty: the machine's */
    SETTING_NAME,   /* letters, digits and . _ - : */
    SETTING_URL,    /* http:// or https:// */
    SETTING_TEXT,   /* one line, as another program names a thing */
    SETTING_SECRET, /* never printed */
    SETTING_FILE    /* as PATH, unless none was named */
} SettingType;

typedef struct {
    SettingId id;
    SettingType type;
    const char *name; /* key in sotto.conf; the flag is --name with '-' for '_' */
    const char *flag; /* NULL: no flag */
    const char *env;
    const char *def;     /* shown default; paths are worked out at start */
    const char *metavar; /* what --help shows for the value; NULL for a bool */
    const char *choices; /* SETTING_CHOICE: "a|b|c" */
    int64_t min, max;    /* SETTING_COUNT, SETTING_BYTES */
    const char *help;
} Setting;

const Setting *config_settings(void); /* SET_ID_COUNT of them, in the order of SettingId */

typedef struct Config Config;
/* Looks up an environment variable; NULL when it is not set. */
typedef const char *(*ConfigEnv)(void *arg, const char *name);

Config *config_new(Err *err);
void config_free(Config *c);
/* Keeps what a flag said, for config_load. ERR_VALIDATION when the flag was given before. */
bool config_flag(Config *c, SettingId id, Str value, Err *err);
/* Works out every value. ERR_VALIDATION names the flag, variable or line at fault; ERR_NOT_FOUND
 * when --config or SOTTO_CONFIG names a file that is not there. */
bool config_load(Config *c, ConfigEnv env, void *arg, Err *err);
const char *config_process_env(void *arg, const char *name); /* getenv */

const char *config_text(const Config *c, SettingId id); /* NULL when unset (URL, secret, file) */
int64_t config_number(const Config *c, SettingId id);   /* COUNT, BYTES, BOOL */
bool config_bool(const Config *c, SettingId id);
/* "default", "flag --data", "environment SOTTO_DATA", "FILE:LINE", "credential NAME"; for people.
 */
const char *config_origin(const Config *c, SettingId id);
/* A flag, the environment or a credential gave it: what is saved in the data does not change it. */
bool config_fixed(const Config *c, SettingId id);
/* Whether the setting may have this value. ERR_VALIDATION says why not. */
bool config_check(const Config *c, SettingId id, const char *text, Err *err);
/* Takes what is saved in the data, which comes before sotto.conf; nothing when it is fixed. Before
 * any thread reads the setting. */
bool config_saved(Config *c, SettingId id, Str text, Err *err);
const char *config_file(const Config *c); /* path of sotto.conf, whether it is there or not */
bool config_file_read(const Config *c);

/* Whether `text` is of the setting's type (a path always is); *number of COUNT, BYTES and BOOL.
 * ERR_VALIDATION. */
bool config_value_check(const Setting *s, const char *text, int64_t *number, Err *err);
/* Splits "127.0.0.1:8080" or "[::1]:0". ERR_VALIDATION. host has no brackets. */
bool config_address(Str text, char host[256], uint16_t *port, Err *err);
/* Whether an address written as a number, or "localhost", stays on this machine. */
bool config_loopback(const char *host);

#endif
