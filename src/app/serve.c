/* `sotto serve`: the server until a signal ends it.
 *
 *   block signals -> bind -> open the data (its lock says our address) -> run the loop -> ready
 *
 * The socket is bound before the data are opened, so that the lock file can say where we listen and
 * a second server fails before it touches anything; connections wait in the backlog meanwhile. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "app/commands.h"
#include "app/notify.h"
#include "assistant/scheduler.h"
#include "base/clock.h"
#include "base/log.h"

#define DRAIN_MS 10000
#define TICK_MS 2000

typedef struct {
    Cli *cli;
    App app;
    Server *server;
    Scheduler *scheduler;
    char host[256];
    uint16_t port;
    char url[320];
} Serve;

static void on_head(void *arg, HttpExchange *x)
{
    api_on_head(((Serve *)arg)->app.api, x);
}

static void on_request(void *arg, HttpExchange *x)
{
    api_on_request(((Serve *)arg)->app.api, x);
}

static const char **host_list(Cli *cli, size_t *n)
{
    Str rest = str_of(config_text(cli->config, SET_ALLOWED_HOSTS)), one;
    const char **list = ARENA_NEW_ARRAY(cli->arena, const char *, rest.len + 1);
    *n = 0;
    while (list && str_next(&rest, ',', &one)) {
        one = str_trim(one);
        if (one.len)
            list[(*n)++] = arena_cstr(cli->arena, one);
    }
    return list;
}

static bool bind_address(Serve *s, Err *err)
{
    const Config *c = s->cli->config;
    if (!config_address(str_of(config_text(c, SET_LISTEN)), s->host, &s->port, err))
        return false;
    if (!config_loopback(s->host) && !config_bool(c, SET_INSECURE_LISTEN))
        return err_set(err, ERR_VALIDATION,
                       "%s can be reached by other machines and there are no "
                       "passwords yet: whoever reaches it could read everything. Listen on "
                       "127.0.0.1, or "
                       "say --insecure-listen if the network itself keeps others out",
                       s->host);
    size_t n;
    const char **hosts = host_list(s->cli, &n);
    ServerOptions o = {.host = s->host,
                       .port = s->port,
                       .listen_fd = notify_listen_fd(),
                       .allowed_hosts = hosts,
                       .allowed_host_count = n,
                       .on_head = on_head,
                       .on_request = on_request,
                       .format_error = api_format_error,
                       .arg = s};
    o.limits.body_bytes = (uint64_t)config_number(c, SET_MAX_UPLOAD);
    s->server = server_new(&o, err);
    if (!s->server)
        return false;
    bool v6 = strchr(s->host, ':') != NULL;
    snprintf(s->url, sizeof s->url, "http://%s%s%s:%u", v6 ? "[" : "", s->host, v6 ? "]" : "",
             server_port(s->server));
    return true;
}

static bool open_data(Serve *s, Err *err)
{
    char note[400];
    snprintf(note, sizeof note, "serving %s (process %d)", s->url, (int)getpid());
    AppOptions o = {.config = s->cli->config,
                    .search = true,
                    .ingest = true,
                    .workers = true,
                    .sync = true,
                    .assistant = true,
                    .voice = true,
                    .lock_note = note};
    if (!app_open(&s->app, &o, err))
        return false;
    api_set_server(s->app.api, s->server);
    if (!server_start(s->server, err) || !sync_start(s->app.sync, err))
        return false;
    SchedulerOptions r = {.tasks = s->app.tasks,
                          .desktop = config_bool(s->cli->config, SET_DESKTOP)};
    s->scheduler = scheduler_start(&r, err);
    return s->scheduler != NULL && calendars_start(s->app.calendars, err) &&
           briefings_start(s->app.briefings, err);
}

static void loop_is_alive(void *arg)
{
    (void)arg;
    notify_send("WATCHDOG=1");
}

/* Work leaves freed pages behind; they go back to the system when nothing is going on. */
static void trim_when_idle(Serve *s, uint64_t *trimmed_at)
{
    ServerStats stats;
    server_stats(s->server, &stats);
    bool busy = stats.body_bytes_held != 0;
    for (int c = 0; c < WORK_CLASSES; c++)
        busy |= work_queued(s->app.work, (WorkClass)c) != 0;
    if (busy || stats.requests == *trimmed_at)
        return;
    *trimmed_at = stats.requests;
    app_trim_memory();
}

/* Waits for SIGINT, SIGTERM or SIGHUP; returns which. */
static int wait_for_end(Serve *s, const sigset_t *signals)
{
    uint32_t watchdog = notify_watchdog_ms(),
             tick = watchdog && watchdog < TICK_MS ? watchdog : TICK_MS;
    struct timespec wait = {.tv_sec = tick / 1000, .tv_nsec = (long)(tick % 1000) * 1000000};
    uint64_t trimmed_at = UINT64_MAX;
    for (;;) {
        int number = sigtimedwait(signals, NULL, &wait);
        if (number > 0)
            return number;
        if (errno != EAGAIN && errno != EINTR)
            return SIGTERM;
        if (watchdog)
            server_post(s->server, loop_is_alive, NULL);
        ears_rest(s->app.ears);
        mouth_rest(s->app.mouth);
        trim_when_idle(s, &trimmed_at);
    }
}

static bool announce(Serve *s, Err *err)
{
    Cli *cli = s->cli;
    if (cli->json)
        buf_printf(&cli->out, "{\"listening\":\"%s\"}\n", s->url);
    else
        buf_printf(&cli->out, "listening on %s\n", s->url);
    if (!cli_flush(cli, err))
        return false;
    if (!notify_send("READY=1"))
        log_write(LOG_WARN, "serve", "NOTIFY_SOCKET is set and cannot be reached");
    log_write(LOG_INFO, "serve", "listening on %s, data in %s", s->url,
              config_text(cli->config, SET_DATA));
    return true;
}

int serve_command(Cli *cli)
{
    /* Before any thread starts, so that all of them inherit the mask and only this one waits. */
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    static Serve s; /* callbacks of the loop point here */
    s = (Serve){.cli = cli};
    Err err = ERR_INIT;
    bool ok = bind_address(&s, &err) && open_data(&s, &err) && announce(&s, &err);
    if (ok) {
        wait_for_end(&s, &signals);
        pthread_sigmask(SIG_UNBLOCK, &signals, NULL); /* a second signal ends at once */
        notify_send("STOPPING=1");
        if (cli->term.err_tty)
            cli_note(cli, "stopping; once more to stop at once");
        log_write(LOG_INFO, "serve", "stopping");
    }
    llm_stop(s.app.llm); /* nobody waits for a model while the program ends */
    scheduler_stop(s.scheduler);
    briefings_stop(s.app.briefings);
    calendars_stop(s.app.calendars);
    sync_stop(s.app.sync);
    if (s.server) {
        server_stop(s.server, DRAIN_MS);
        server_join(s.server);
    }
    work_free(s.app.work);
    s.app.work = NULL;
    server_free(s.server);
    app_close(&s.app);
    return ok ? 0 : cli_fail(cli, &err);
}
