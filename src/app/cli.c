#include "app/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/app.h"
#include "app/commands.h"
#include "app/suggest.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

static const CliFlag common[] = {
    {"--json", NULL, false, "print JSON: the same answers the HTTP interface gives"},
    {"--quiet", NULL, false, "no progress and no remarks on standard error"},
    {"--help", NULL, false, "show this help"},
};

const CliFlag *cli_common_flags(size_t *n)
{
    *n = sizeof common / sizeof *common;
    return common;
}

/* ---- what a command asks ----------------------------------------------------------------------
 */

const char *cli_flag_at(const Cli *cli, const char *name, size_t i)
{
    for (size_t g = 0; g < cli->n_given; g++)
        if (strcmp(cli->given[g].flag->name, name) == 0 && i-- == 0)
            return cli->given[g].value ? cli->given[g].value : "";
    return NULL;
}

const char *cli_flag(const Cli *cli, const char *name)
{
    return cli_flag_at(cli, name, 0);
}

static bool write_all(int fd, Str s)
{
    while (s.len) {
        ssize_t n = write(fd, s.ptr, s.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        s = str_sub(s, (size_t)n, s.len);
    }
    return true;
}

int cli_fail(const Cli *cli, const Err *err)
{
    Buf b;
    buf_init(&b, 64 << 10);
    if (cli->json) {
        JsonW w;
        jw_init(&w, &b);
        jw_obj(&w);
        jw_kv_cstr(&w, "code", err_info(err->code)->wire);
        jw_kv_cstr(&w, "detail", err->msg);
        jw_obj_end(&w);
    } else {
        buf_printf(&b, "%ssotto:%s ", term_paint_err(&cli->term, PAINT_BAD),
                   term_paint_err(&cli->term, PAINT_OFF));
        term_text(&b, str_of(err->msg));
    }
    buf_add_char(&b, '\n');
    write_all(2, buf_str(&b));
    buf_release(&b);
    return err_info(err->code)->exit_status;
}

int cli_usage_error(const Cli *cli, const char *fmt, ...)
{
    Err err = ERR_INIT;
    Buf text;
    va_list ap;
    buf_init(&text, 64 << 10);
    va_start(ap, fmt);
    buf_vprintf(&text, fmt, ap);
    va_end(ap);
    err_set(&err, ERR_VALIDATION, STR_FMT, STR_ARG(buf_str(&text)));
    buf_release(&text);
    return cli_fail(cli, &err);
}

void cli_note(const Cli *cli, const char *fmt, ...)
{
    if (cli->quiet)
        return;
    Buf text, line;
    buf_init(&text, 64 << 10);
    buf_init(&line, 64 << 10);
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&text, fmt, ap);
    va_end(ap);
    term_text(&line, buf_str(&text));
    buf_add_char(&line, '\n');
    write_all(2, buf_str(&line));
    buf_release(&text);
    buf_release(&line);
}

bool cli_flush(Cli *cli, Err *err)
{
    if (!buf_check(&cli->out, "the output", err))
        return false;
    if (!write_all(1, buf_str(&cli->out))) {
        if (errno == EPIPE) {
            signal(SIGPIPE, SIG_DFL);
            raise(SIGPIPE);
        }
        return err_set_errno(err, ERR_IO, errno, "cannot write to standard output");
    }
    buf_clear(&cli->out);
    return true;
}

int cli_done(Cli *cli, int status)
{
    Err err = ERR_INIT;
    return cli_flush(cli, &err) ? status : cli_fail(cli, &err);
}

/* ---- signals ----------------------------------------------------------------------------------
 */

static atomic_int asked_to_stop; /* the signal; lock-free: a handler writes it */

static void on_signal(int number)
{
    if (atomic_exchange(&asked_to_stop, number)) {
        signal(number, SIG_DFL);
        raise(number);
    }
}

void cli_catch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
}

bool cli_interrupted(void)
{
    return atomic_load(&asked_to_stop) != 0;
}

void cli_go_on(void)
{
    int number = SIGINT; /* SIGTERM ends the program all the same */
    atomic_compare_exchange_strong(&asked_to_stop, &number, 0);
}

/* ---- argv -------------------------------------------------------------------------------------
 */

static const CliCommand *find_command(Str name)
{
    size_t n;
    const CliCommand *commands = cli_commands(&n);
    for (size_t i = 0; i < n; i++)
        if (str_eq(name, str_of(commands[i].name)))
            return &commands[i];
    return NULL;
}

static int unknown_command(const Cli *cli, const char *typed)
{
    size_t n;
    const CliCommand *commands = cli_commands(&n);
    const char *names[64];
    for (size_t i = 0; i < n && i < 64; i++)
        names[i] = commands[i].name;
    const char *near = suggest_nearest(str_of(typed), names, n);
    if (near)
        return cli_usage_error(cli, "unknown command \"%s\"; did you mean \"%s\"?", typed, near);
    return cli_usage_error(cli, "unknown command \"%s\"; see sotto help", typed);
}

static const CliFlag *find_flag(const Cli *cli, Str name)
{
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        if (str_eq(name, str_of(common[i].name)))
            return &common[i];
    for (size_t i = 0; cli->command && i < cli->command->n_flags; i++)
        if (str_eq(name, str_of(cli->command->flags[i].name)))
            return &cli->command->flags[i];
    return NULL;
}

static const Setting *find_setting(Str name)
{
    const Setting *s = config_settings();
    for (int i = 0; i < SET_ID_COUNT; i++)
        if (s[i].flag && str_eq(name, str_of(s[i].flag)))
            return &s[i];
    return NULL;
}

static int unknown_flag(const Cli *cli, Str typed)
{
    const char *names[128];
    size_t n = 0;
    const Setting *s = config_settings();
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        names[n++] = common[i].name;
    for (int i = 0; i < SET_ID_COUNT; i++)
        if (s[i].flag)
            names[n++] = s[i].flag;
    for (size_t i = 0; cli->command && i < cli->command->n_flags && n < 128; i++)
        names[n++] = cli->command->flags[i].name;
    const char *near = suggest_nearest(typed, names, n);
    const char *of = cli->command ? cli->command->name : NULL;
    return cli_usage_error(cli, "unknown flag " STR_FMT "%s%s%s%s%s", STR_ARG(typed),
                           of ? " of sotto " : "", of ? of : "",
                           near ? "; did you mean " : "; see sotto help ",
                           near ? near
                           : of ? of
                                : "",
                           near ? "?" : "");
}

typedef struct {
    int argc, at;
    char **argv;
    int status; /* set when parsing fails */
} Argv;

/* The value after '=' or the next word; NULL and status when there is none. */
static const char *take_value(Cli *cli, Argv *v, Str name, const char *inline_value)
{
    if (inline_value)
        return inline_value;
    if (v->at + 1 >= v->argc) {
        v->status = cli_usage_error(cli, STR_FMT " needs a value after it", STR_ARG(name));
        return NULL;
    }
    return v->argv[++v->at];
}

static bool parse_flag(Cli *cli, Argv *v)
{
    const char *word = v->argv[v->at], *eq = strchr(word, '=');
    Str name = eq ? str_mem(word, (size_t)(eq - word)) : str_of(word);
    if (str_eq(name, STR("-h")))
        name = STR("--help");
    if (str_eq(name, STR("-o")))
        name = STR("--output");
    const Setting *s = find_setting(name);
    const CliFlag *f = s ? NULL : find_flag(cli, name);
    Err err = ERR_INIT;
    if (!s && !f) {
        v->status = unknown_flag(cli, name);
        return false;
    }
    bool takes = s ? s->metavar != NULL : f->metavar != NULL;
    const char *value = takes ? take_value(cli, v, name, eq ? eq + 1 : NULL) : NULL;
    if (takes && !value)
        return false;
    if (s) {
        if (!config_flag(cli->config, s->id, takes ? str_of(value) : str_of(eq ? eq + 1 : "yes"),
                         &err)) {
            v->status = cli_fail(cli, &err);
            return false;
        }
        return true;
    }
    if (!takes && eq) {
        v->status = cli_usage_error(cli, "%s takes no value", f->name);
        return false;
    }
    if (takes && !f->repeat && cli_flag(cli, f->name)) {
        v->status = cli_usage_error(cli, "%s is given twice; say it once", f->name);
        return false;
    }
    cli->given[cli->n_given++] = (CliGiven){f, value};
    return true;
}

static bool parse(Cli *cli, Argv *v)
{
    bool only_args = false;
    for (; v->at < v->argc; v->at++) {
        const char *word = v->argv[v->at];
        if (!only_args && strcmp(word, "--") == 0) {
            only_args = true;
        } else if (!only_args && word[0] == '-' && word[1]) {
            if (!cli->command && strcmp(word, "--version") == 0)
                cli->command = find_command(STR("version"));
            else if (!parse_flag(cli, v))
                return false;
        } else if (!cli->command) {
            cli->command = find_command(str_of(word));
            if (!cli->command) {
                v->status = unknown_command(cli, word);
                return false;
            }
        } else {
            cli->args[cli->n_args++] = word;
        }
    }
    return true;
}

static bool check_args(Cli *cli, Argv *v)
{
    const CliCommand *c = cli->command;
    if (cli->n_args < c->min_args)
        v->status =
            cli_usage_error(cli, "something is missing; usage: sotto %s %s", c->name, c->usage);
    else if (cli->n_args > c->max_args)
        v->status = cli_usage_error(cli, "\"%s\" is one word too many; usage: sotto %s %s",
                                    cli->args[c->max_args], c->name, c->usage);
    else
        return true;
    return false;
}

/* ---- the program ------------------------------------------------------------------------------
 */

static bool set_up(Cli *cli, int argc, Err *err)
{
    term_init(&cli->term);
    buf_init(&cli->out, (size_t)512 << 20);
    cli->arena = arena_new(ARENA_DEFAULT_MAX);
    cli->config = config_new(err);
    if (!cli->arena || !cli->config)
        return err_set(err, ERR_NO_MEMORY, "no memory to start");
    cli->given = ARENA_NEW_ARRAY(cli->arena, CliGiven, (size_t)argc + 1);
    cli->args = ARENA_NEW_ARRAY(cli->arena, const char *, (size_t)argc + 1);
    if (!cli->given || !cli->args)
        return err_set(err, ERR_NO_MEMORY, "no memory to start");
    return clock_init(err) && cpu_init(err);
}

static bool load_settings(Cli *cli, Err *err)
{
    if (!config_load(cli->config, config_process_env, NULL, err))
        return false;
    LogLevel level = LOG_WARN;
    log_level_parse(config_text(cli->config, SET_LOG), &level);
    log_init(level, config_text(cli->config, SET_LOG_FORMAT));
    return true;
}

static int run(Cli *cli, int argc, char **argv)
{
    Err err = ERR_INIT;
    if (!set_up(cli, argc, &err))
        return cli_fail(cli, &err);
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0;
         i++) /* so that usage errors are JSON too */
        cli->json |= strcmp(argv[i], "--json") == 0;
    Argv v = {.argc = argc, .at = 1, .argv = argv};
    if (!parse(cli, &v))
        return v.status;
    cli->quiet = cli_flag(cli, "--quiet") != NULL;
    if (cli->quiet)
        cli->term.err_styled = cli->term.err_colour = false; /* no bar */
    if (!cli->command && argc > 1 && !cli_flag(cli, "--help"))
        return cli_usage_error(cli, "no command is given; see sotto help");
    if (!cli->command || cli_flag(cli, "--help")) {
        help_print(cli, cli->command);
        return cli_done(cli, argc > 1 ? 0 : EXIT_USAGE);
    }
    if (!check_args(cli, &v))
        return v.status;
    if (!load_settings(cli, &err))
        return cli_fail(cli, &err);
    return cli->command->run(cli);
}

int cli_main(int argc, char **argv)
{
    app_tune_memory();
    signal(SIGPIPE, SIG_IGN); /* sockets and pipes that break are errors, told where they happen */
    Cli cli = {0};
    int status = run(&cli, argc, argv);
    buf_release(&cli.out);
    config_free(cli.config);
    arena_free(cli.arena);
    return status;
}
