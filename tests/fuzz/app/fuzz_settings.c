/* fuzz_settings.c - what the program is started with: the environment, sotto.conf, and what systemd
 * says (sd_listen_fds, sd_notify, sd_watchdog_enabled). Settings are refused with a line that may
 * be shown, or every one of them keeps what its type promises.
 *
 * The input is NAME=VALUE lines, a line "===", and sotto.conf. "self" as LISTEN_PID or WATCHDOG_PID
 * is this process. */
#include "../require.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/config.h"
#include "app/notify.h"
#include "base/os.h"

#define VARIABLES_MAX 64

static char folder[64], conf[100];
static struct {
    char name[64], value[512];
} variables[VARIABLES_MAX];
static size_t n_variables;

static void end(void)
{
    (void)os_remove_tree(folder, NULL);
}

static void begin(void)
{
    (void)snprintf(folder, sizeof folder, "%s/sotto-fuzz-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    REQUIRE(mkdtemp(folder) && atexit(end) == 0);
    (void)snprintf(conf, sizeof conf, "%s/sotto.conf", folder);
    REQUIRE(freopen("/dev/null", "r", stdin)); /* a secret's file may be any */
}

static const char *get(void *arg, const char *name)
{
    (void)arg;
    if (strcmp(name, "SOTTO_CONFIG") == 0)
        return conf;
    for (size_t i = 0; i < n_variables; i++)
        if (strcmp(variables[i].name, name) == 0)
            return variables[i].value;
    return strcmp(name, "HOME") == 0 ? folder : NULL;
}

static void read_variables(Str text)
{
    Str one;
    n_variables = 0;
    while (n_variables < VARIABLES_MAX && str_next(&text, '\n', &one)) {
        size_t eq = str_find(one, STR("="), 0);
        if (eq == SIZE_MAX || memchr(one.ptr, 0, one.len) || eq >= sizeof variables[0].name ||
            one.len - eq > sizeof variables[0].value)
            continue;
        Str value = str_sub(one, eq + 1, one.len);
        (void)snprintf(variables[n_variables].name, sizeof variables[0].name, STR_FMT,
                       STR_ARG(str_sub(one, 0, eq)));
        (void)snprintf(variables[n_variables++].value, sizeof variables[0].value, STR_FMT,
                       STR_ARG(value));
    }
}

static void ask_systemd(void)
{
    static const char *const names[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
                                        "LISTEN_FDS", "LISTEN_PID"};
    char self[24];
    (void)snprintf(self, sizeof self, "%d", (int)getpid());
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = get(NULL, names[i]);
        (void)unsetenv(names[i]);
        if (value)
            (void)setenv(names[i], strcmp(value, "self") == 0 ? self : value, 1);
    }
    (void)notify_send("READY=1");
    REQUIRE(notify_watchdog_ms() <= 3600000);
    int fd = notify_listen_fd();
    REQUIRE(fd == 0 || fd == 3);
}

static void check_value(const Config *c, const Setting *s)
{
    const char *text = config_text(c, s->id);
    char host[256];
    uint16_t port;
    Err err = ERR_INIT;
    REQUIRE(config_origin(c, s->id));
    if (s->type == SETTING_COUNT || s->type == SETTING_BYTES) {
        REQUIRE(config_number(c, s->id) >= s->min && config_number(c, s->id) <= s->max);
    } else if (s->type == SETTING_ADDRESS) {
        REQUIRE(text && config_address(str_of(text), host, &port, &err));
        (void)config_loopback(host);
    } else if (s->type == SETTING_PATH) {
        REQUIRE(!text || text[0] == '/');
    } else if (s->type == SETTING_TEXT) {
        REQUIRE(!text || (utf8_ok(str_of(text)) && !strpbrk(text, "\n\r\x1b")));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Str input = str_mem((const char *)data, size);
    Err err = ERR_INIT;
    if (!folder[0])
        begin();
    size_t at = str_starts(input, STR("===\n")) ? 0 : str_find(input, STR("\n===\n"), 0);
    read_variables(str_sub(input, 0, at));
    ask_systemd();
    Str file = at == SIZE_MAX ? STR("") : str_sub(input, at + (at ? 5 : 4), input.len);
    REQUIRE(os_write_file(conf, file, 0600, &err));
    Config *c = config_new(&err);
    REQUIRE(c);
    if (config_load(c, get, NULL, &err))
        for (size_t i = 0; i < SET_ID_COUNT; i++)
            check_value(c, &config_settings()[i]);
    else
        require_said(&err);
    config_free(c);
    return 0;
}
