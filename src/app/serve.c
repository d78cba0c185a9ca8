/* `sotto serve`: the server until a signal ends it.
 *
 *   block signals -> bind -> open the data (its lock says our address) -> run the loop -> ready
 *
 * The socket is bound before the data are opened, so that the lock file can say where we listen and
 * a second server fails before it touches anything; connections wait in the backlog meanwhile. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "app/backend.h"
#include "app/commands.h"
#include "app/notify.h"
#include "app/restart.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/os.h"
#include "net/address.h"

#define DRAIN_MS 10000
#define HUNG_WAIT_MS 3000 /* for a job that hangs, at the end */
#define FILES_KEPT ((rlim_t)2048) /* descriptors that are not for connections */
#define TICK_MS 2000
#define STILL_TICKS 30    /* a minute without a word of the loop: it hangs */
#define PRESS_MS 200 /* between two looks while very many people come */
#define WAIT_S 1          /* between two looks for data that are away */

typedef struct {
    Cli *cli;
    App app;
    Server *server;
    char *key_file; /* of the data folder; there while the server runs */
    char host[256];
    uint16_t port;
    char url[320];
    bool started;      /* the loop runs */
    atomic_bool short_of_workers;
    atomic_uint still; /* ticks since the loop said that it runs */
    atomic_bool open;  /* the data are there: requests go to the api */
} Serve;

/* The data are elsewhere, and that is away: alive, and not ready. */
static void not_yet(HttpExchange *x)
{
    Err err = ERR_INIT;
    if (str_eq(x->req.path, STR("/health/live"))) {
        http_reply(x, 200, "application/json", STR("{\"status\":\"ok\"}"));
        return;
    }
    err_set(&err, ERR_UNAVAILABLE, "waiting for Qdrant, which cannot be reached");
    http_reply_error(x, &err);
}

static void on_head(void *arg, HttpExchange *x)
{
    Serve *s = arg;
    if (atomic_load(&s->open))
        api_on_head(s->app.api, x);
    else
        not_yet(x);
}

static void on_request(void *arg, HttpExchange *x)
{
    Serve *s = arg;
    if (atomic_load(&s->open))
        api_on_request(s->app.api, x);
    else
        not_yet(x); /* its head came before */
}

static void on_turn(void *arg)
{
    Serve *s = arg;
    if (atomic_load(&s->open))
        api_on_turn(s->app.api);
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

/* Ten thousand clients need as many descriptors; the soft limit is 1,024 on most systems. Returns
 * how many connections there may be. */
static uint32_t raise_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return 512;
    rlim_t want = server_default_limits.connections + FILES_KEPT;
    if (files.rlim_cur < want) {
        files.rlim_cur = files.rlim_max < want ? files.rlim_max : want;
        (void)setrlimit(RLIMIT_NOFILE, &files); /* with what it is else, there are fewer */
        (void)getrlimit(RLIMIT_NOFILE, &files);
    }
    if (files.rlim_cur >= want)
        return server_default_limits.connections;
    return files.rlim_cur > 2 * FILES_KEPT ? (uint32_t)(files.rlim_cur - FILES_KEPT)
                                           : (uint32_t)files.rlim_cur / 2;
}

/* Whether other machines can: by the address that is listened on, whoever made the socket. */
static bool is_reachable(const Serve *s)
{
    struct sockaddr_storage a = {0};
    socklen_t n = sizeof a;
    int fd = notify_listen_fd();
    if (fd <= 0)
        return !config_loopback(s->host);
    if (getsockname(fd, (struct sockaddr *)&a, &n) != 0)
        return true;
    return !address_is_this_machine((const struct sockaddr *)&a);
}

static bool nobody_could(const Serve *s, Err *err)
{
    return err_set(err, ERR_VALIDATION,
                   "%s can be reached by other machines, and nobody could sign in yet: say sotto "
                   "people password, or sotto token create NAME, and start again (or listen on "
                   "127.0.0.1)", s->host);
}

/* Before anything is made: a new data folder has nobody in it. */
static bool has_data(const Serve *s)
{
    const char *db = os_join(s->cli->arena, config_text(s->cli->config, SET_DATA), "sotto.db");
    return (db && os_exists(db)) || backend_is_qdrant(s->cli->config);
}

static bool bind_address(Serve *s, Err *err)
{
    const Config *c = s->cli->config;
    if (!config_address(str_of(config_text(c, SET_LISTEN)), s->host, &s->port, err))
        return false;
    if (is_reachable(s) && !has_data(s))
        return nobody_could(s, err);
    size_t n;
    const char **hosts = host_list(s->cli, &n);
    ServerOptions o = {.host = s->host,
                       .port = s->port,
                       .listen_fd = notify_listen_fd(),
                       .tls_cert = config_text(c, SET_TLS_CERT),
                       .tls_key = config_text(c, SET_TLS_KEY),
                       .allowed_hosts = hosts,
                       .allowed_host_count = n,
                       .on_head = on_head,
                       .on_request = on_request,
                       .on_turn = on_turn,
                       .format_error = api_format_error,
                       .arg = s};
    o.limits.body_bytes = (uint64_t)config_number(c, SET_MAX_UPLOAD);
    o.limits.connections = raise_files();
    s->server = server_new(&o, err);
    if (!s->server)
        return false;
    bool v6 = strchr(s->host, ':') != NULL;
    snprintf(s->url, sizeof s->url, "%s://%s%s%s:%u",
             server_is_tls(s->server) ? "https" : "http", v6 ? "[" : "", s->host, v6 ? "]" : "",
             server_port(s->server));
    return true;
}

/* For the command line: whoever can read the data folder may ask as the first person. */
static bool leave_key(Serve *s, Err *err)
{
    char key[ACCESS_SECRET_MAX];
    s->key_file = os_join(s->cli->arena, config_text(s->cli->config, SET_DATA), "sotto.key");
    if (!s->key_file)
        return err_set(err, ERR_NO_MEMORY, "no memory for a path");
    return access_local_key(s->app.access, key, err) &&
           os_write_file(s->key_file, str_of(key), 0600, err);
}

/* As `kill -HUP` does: what is being answered is answered first. */
static void begin_anew(void)
{
    (void)kill(getpid(), SIGHUP);
}

/* Whether a signal came that ends the program. */
static bool ended(void)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    return sigtimedwait(&ends, NULL, &(struct timespec){.tv_sec = WAIT_S}) > 0;
}

/* Data that are on another machine may come later than we: until then everything is answered 503,
 * and nobody has to start us again. */
static bool open_when_there(Serve *s, const AppOptions *o, Err *err)
{
    for (;;) {
        Err why = ERR_INIT;
        if (app_open(&s->app, o, &why))
            return true;
        if (why.code != ERR_UNAVAILABLE || !backend_is_qdrant(s->cli->config))
            return err && (*err = why, false);
        if (!s->started) {
            cli_note(s->cli, "%s; waiting", why.msg);
            if (!server_start(s->server, err))
                return false;
            s->started = true;
        }
        if (ended())
            return err_set(err, ERR_CANCELLED, "stopped while waiting: %s", why.msg);
    }
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
                    .begin_anew = begin_anew,
                    .lock_note = note};
    o.reachable = is_reachable(s);
    if (!open_when_there(s, &o, err))
        return false;
    if (o.reachable && !access_can_sign_in(s->app.access))
        return nobody_could(s, err);
    if (!leave_key(s, err))
        return false;
    api_set_server(s->app.api, s->server);
    atomic_store(&s->open, true);
    return (s->started || server_start(s->server, err)) && app_start(&s->app, err);
}

static void loop_is_alive(void *arg)
{
    Serve *s = arg;
    atomic_store(&s->still, 0);
    if (notify_watchdog_ms() && !atomic_load(&s->short_of_workers))
        notify_send("WATCHDOG=1");
}

/* Counted in ticks and not by a clock: when the whole program is stopped for a while, nothing
 * hangs. A loop that stands still closes nothing in order, so there is no orderly end either. */
static void watch_loop(Serve *s)
{
    if (atomic_fetch_add(&s->still, 1) >= STILL_TICKS) {
        log_write(LOG_ERROR, "serve", "the network's thread hangs: the program ends without it");
        _exit(EXIT_FAILED);
    }
    if (atomic_load(&s->still) == 1 && !server_post(s->server, loop_is_alive, s))
        atomic_store(&s->still, 0); /* no memory to ask with: once more in the next */
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

/* sigtimedwait for so long. Many people who come at once need somebody who lets others go
 * meanwhile. */
static int wait_a_tick(Serve *s, const sigset_t *signals, uint32_t tick)
{
    for (uint32_t waited = 0;;) {
        uint32_t ms = app_people_press(&s->app) && tick > PRESS_MS ? PRESS_MS : tick - waited;
        struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
        int number = sigtimedwait(signals, NULL, &wait);
        waited += ms;
        if (number > 0 || errno != EAGAIN || waited >= tick)
            return number;
    }
}

/* Waits for SIGINT, SIGTERM (end) or SIGHUP (begin anew); returns which. NETWORK_OVER: nobody is
 * heard any more, and whoever looks after the program starts it again. */
#define NETWORK_OVER 0
static int wait_for_end(Serve *s, const sigset_t *signals)
{
    uint32_t watchdog = notify_watchdog_ms(),
             tick = watchdog && watchdog < TICK_MS ? watchdog : TICK_MS;
    uint64_t trimmed_at = UINT64_MAX;
    for (;;) {
        int number = wait_a_tick(s, signals, tick);
        if (number > 0)
            return number;
        if (errno != EAGAIN && errno != EINTR)
            return SIGTERM;
        if (server_is_over(s->server))
            return NETWORK_OVER;
        work_watch(s->app.work);
        unsigned unreplaced;
        work_hung(s->app.work, &unreplaced);
        /* with no worker to spare, a new start helps */
        atomic_store(&s->short_of_workers, unreplaced != 0);
        watch_loop(s);
        access_tick(s->app.access);
        api_tick(s->app.api);
        if (backend_is_qdrant(s->cli->config))
            app_people_refresh(&s->app);
        app_people_tick(&s->app);
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

/* Whoever still hangs keeps the data in use: there is no orderly end. What was acknowledged is on
 * the disk. */
static void end_if_hung(Serve *s)
{
    for (int ms = 0; s->app.work && work_hung(s->app.work, NULL); ms += 50) {
        if (ms >= HUNG_WAIT_MS) {
            log_write(LOG_ERROR, "serve", "a job hangs: the program ends without it");
            _exit(EXIT_FAILED);
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
}

static void tell_end(Serve *s, int number)
{
    if (number == SIGHUP) {
        char state[64];
        snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%llu",
                 (unsigned long long)clock_mono_ns() / 1000);
        notify_send(state);
        log_write(LOG_INFO, "serve", "beginning anew");
        return;
    }
    notify_send("STOPPING=1");
    if (s->cli->term.err_tty)
        cli_note(s->cli, "stopping; once more to stop at once");
    log_write(LOG_INFO, "serve", "stopping");
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
    memset(&s, 0, sizeof s);
    s.cli = cli;
    Err err = ERR_INIT;
    int number = 0, listener = -1;
    bool ok = restart_note(&err) && bind_address(&s, &err) && open_data(&s, &err) &&
              announce(&s, &err);
    if (ok) {
        number = wait_for_end(&s, &signals);
        if (number == SIGHUP)
            listener = server_listener(s.server);
        else
            pthread_sigmask(SIG_UNBLOCK, &signals, NULL); /* a second signal ends at once */
        tell_end(&s, number);
        if (number == NETWORK_OVER)
            ok = err_set(&err, ERR_INTERNAL, "the network's thread has ended by itself");
    }
    app_stop(&s.app);
    if (s.key_file)
        os_remove(s.key_file, NULL);
    if (s.server) {
        server_stop(s.server, DRAIN_MS);
        server_join(s.server);
    }
    end_if_hung(&s);
    work_free(s.app.work);
    s.app.work = NULL;
    server_free(s.server);
    app_close(&s.app);
    if (listener >= 0)
        ok = restart_exec(listener, &err);
    return ok ? 0 : cli_fail(cli, &err);
}
