/* `sotto help`, `--help`, and the two documents that are made from the tables. */
#include "app/commands.h"

static const char *const exits[][2] = {
    {"0", "done"},
    {"1", "failed"},
    {"2", "usage: an unknown command, flag or setting, or a value that cannot be read"},
    {"3", "not found"},
    {"4", "unavailable: try again later"},
    {"5", "partly done: add stored some files and others failed"},
    {"130", "interrupted"},
};
#define N_EXITS (sizeof exits / sizeof *exits)

#define COLUMN 26 /* where what a flag means begins */

/* What is too long for its column has a line of its own. */
static void pad(Buf *out, size_t have)
{
    if (have >= COLUMN) {
        buf_add_char(out, '\n');
        have = 0;
    }
    for (; have < COLUMN; have++)
        buf_add_char(out, ' ');
}

static void flag_line(Cli *cli, const char *name, const char *metavar, const char *help)
{
    Buf *out = &cli->out;
    size_t from = out->len;
    buf_printf(out, "  %s%s%s", name, metavar ? " " : "", metavar ? metavar : "");
    pad(out, out->len - from);
    /* The help's later lines stand under its first. */
    Buf text;
    buf_init(&text, 16 << 10);
    term_wrap(&text, &cli->term, str_of(help), NULL, 0, COLUMN);
    if (text.len > COLUMN)
        buf_add(out, str_sub(buf_str(&text), COLUMN, text.len));
    buf_release(&text);
}

static void head(Cli *cli, const char *text)
{
    buf_printf(&cli->out, "\n%s%s%s\n", term_paint(&cli->term, PAINT_BOLD), text,
               term_paint(&cli->term, PAINT_OFF));
}

static void settings_part(Cli *cli)
{
    const Setting *s = config_settings();
    head(cli, "Settings (flag, then environment, then sotto.conf)");
    for (int i = 0; i < SET_ID_COUNT; i++)
        if (s[i].flag)
            flag_line(cli, s[i].flag, s[i].metavar, s[i].help);
}

static void help_all(Cli *cli)
{
    size_t n;
    const CliCommand *c = cli_commands(&n);
    buf_add_c(&cli->out, "Sotto is a private assistant on your own machine: it finds the passage "
                         "in your documents\nthat answers, keeps your tasks and calendar, writes "
                         "the morning's briefing, listens and speaks.\n\n"
                         "usage: sotto COMMAND [ARGUMENTS] [FLAGS]\n");
    head(cli, "Commands");
    for (size_t i = 0; i < n; i++)
        flag_line(cli, c[i].name, c[i].usage[0] ? c[i].usage : NULL, c[i].summary);
    head(cli, "For every command");
    const CliFlag *common = cli_common_flags(&n);
    for (size_t i = 0; i < n; i++)
        flag_line(cli, common[i].name, common[i].metavar, common[i].help);
    settings_part(cli);
    head(cli, "Exit status");
    for (size_t i = 0; i < N_EXITS; i++)
        flag_line(cli, exits[i][0], NULL, exits[i][1]);
}

void help_print(Cli *cli, const CliCommand *command)
{
    if (!command) {
        help_all(cli);
        return;
    }
    buf_printf(&cli->out, "usage: sotto %s%s%s [FLAGS]\n\n%s%s%s\n", command->name,
               command->usage[0] ? " " : "", command->usage, term_paint(&cli->term, PAINT_BOLD),
               command->summary, term_paint(&cli->term, PAINT_OFF));
    if (command->help)
        buf_printf(&cli->out, "\n%s\n", command->help);
    size_t n;
    const CliFlag *common = cli_common_flags(&n);
    head(cli, "Flags");
    for (size_t i = 0; i < command->n_flags; i++)
        flag_line(cli, command->flags[i].name, command->flags[i].metavar, command->flags[i].help);
    for (size_t i = 0; i < n; i++)
        flag_line(cli, common[i].name, common[i].metavar, common[i].help);
    if (strcmp(command->name, "serve") == 0)
        settings_part(cli);
    else
        buf_add_c(&cli->out, "\nSettings, such as --data DIR, go with every command: sotto help "
                             "lists them.\n");
}

int help_command(Cli *cli)
{
    size_t n;
    const CliCommand *c = cli_commands(&n), *found = NULL;
    for (size_t i = 0; cli->n_args && i < n; i++)
        if (strcmp(c[i].name, cli->args[0]) == 0)
            found = &c[i];
    if (cli->n_args && !found)
        return cli_usage_error(cli, "there is no command \"%s\"; see sotto help", cli->args[0]);
    help_print(cli, found);
    return cli_done(cli, 0);
}

/* ---- documents ---------------------------------------------------------------------------------
 */

static void table_cell(Buf *out, const char *text)
{
    for (; *text; text++)
        if (*text == '|')
            buf_add_c(out, "\\|");
        else
            buf_add_char(out, *text);
}

static void doc_flags(Buf *out, const CliFlag *flags, size_t n)
{
    buf_add_c(out, "| flag | meaning |\n|---|---|\n");
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "| `%s%s%s` | ", flags[i].name, flags[i].metavar ? " " : "",
                   flags[i].metavar ? flags[i].metavar : "");
        table_cell(out, flags[i].help);
        buf_add_c(out, " |\n");
    }
    buf_add_char(out, '\n');
}

void docs_cli(Buf *out)
{
    size_t n, n_common;
    const CliCommand *c = cli_commands(&n);
    const CliFlag *common = cli_common_flags(&n_common);
    buf_add_c(out, "# The command line\n\nMade from the tables in `src/app`; `make docs` writes it "
                   "again "
                   "and a test compares.\n\nEvery command talks to the running server when there "
                   "is one "
                   "and opens the data itself when there\nis none; the answers are the same. "
                   "Settings "
                   "(`--data`, `--listen` and so on) are in\n[CONFIG.md](CONFIG.md) and hold for "
                   "every "
                   "command, before or after its name.\n\n");
    doc_flags(out, common, n_common);
    buf_add_c(out, "| exit status | meaning |\n|---|---|\n");
    for (size_t i = 0; i < N_EXITS; i++)
        buf_printf(out, "| %s | %s |\n", exits[i][0], exits[i][1]);
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "\n## sotto %s%s%s\n\n%c%s.\n", c[i].name, c[i].usage[0] ? " " : "",
                   c[i].usage, c[i].summary[0] & ~0x20, c[i].summary + 1);
        if (c[i].help)
            buf_printf(out, "%s\n", c[i].help);
        if (c[i].n_flags) {
            buf_add_char(out, '\n');
            doc_flags(out, c[i].flags, c[i].n_flags);
            buf_cut(out, out->len - 1);
        }
    }
}

static const char *kind(const Setting *s)
{
    switch (s->type) {
    case SETTING_PATH:
        return "path";
    case SETTING_FILE:
        return "file";
    case SETTING_ADDRESS:
        return "HOST:PORT";
    case SETTING_BOOL:
        return "yes or no";
    case SETTING_COUNT:
        return "number";
    case SETTING_BYTES:
        return "size (K, M, G)";
    case SETTING_CHOICE:
        return s->choices;
    case SETTING_LIST:
        return "words with commas";
    case SETTING_ZONE:
        return "time zone";
    case SETTING_NAME:
        return "name";
    case SETTING_URL:
        return "http(s) address";
    case SETTING_TEXT:
        return "text";
    case SETTING_SECRET:
        return "secret";
    }
    return "";
}

void docs_config(Buf *out)
{
    buf_add_c(out, "# Settings\n\nMade from the table in `src/app/config.c`; `make docs` writes it "
                   "again and a test "
                   "compares.\n\nA value is taken from the first of: flag, environment variable, "
                   "systemd credential "
                   "(secrets),\nwhat was changed on the page (kept in the data), "
                   "`sotto.conf`, default. An empty variable\ncounts as not set. `sotto "
                   "doctor` shows every "
                   "value and\nwhere it came from.\n\n`sotto.conf` lies in "
                   "`$XDG_CONFIG_HOME/sotto` "
                   "(`~/.config/sotto`), or where `--config` or\n`SOTTO_CONFIG` says. It is lines "
                   "of `key = value`; a "
                   "line that begins with `#` is a comment. Paths in\nit are absolute or begin "
                   "with `~/`. An unknown "
                   "key, a key said twice or a value that cannot be read\nis an error that names "
                   "the line.\n\nA secret "
                   "may also stand in a file of its own: `NAME_FILE` in the environment or "
                   "`name_file` in\n"
                   "`sotto.conf` names it. A secret written into `sotto.conf` itself is refused "
                   "when others can read\n"
                   "the file. Secrets have no flag, because everybody on a machine can see a "
                   "command line.\n\n"
                   "| key | flag | environment | value | default | meaning "
                   "|\n|---|---|---|---|---|---|\n");
    const Setting *s = config_settings();
    for (int i = 0; i < SET_ID_COUNT; i++) {
        buf_printf(out, "| %s%s%s | ", i == SET_CONFIG ? "" : "`",
                   i == SET_CONFIG ? "-" : s[i].name, i == SET_CONFIG ? "" : "`");
        buf_printf(out, s[i].flag ? "`%s` | " : "-%s | ", s[i].flag ? s[i].flag : "");
        buf_printf(out, "`%s` | ", s[i].env);
        table_cell(out, kind(&s[i]));
        buf_printf(out, s[i].def[0] ? " | `%s` | " : " |%s | ", s[i].def);
        table_cell(out, s[i].help);
        buf_add_c(out, " |\n");
    }
    buf_add_c(out, "\nUnder systemd `$STATE_DIRECTORY` is the default data folder, and a "
                   "credential named as a secret's\n"
                   "variable in `$CREDENTIALS_DIRECTORY` is that secret. Relative XDG folders are "
                   "ignored.\n\n"
                   "Beside these, `SOTTO_NOW` (RFC 3339) sets the clock for tests of time, "
                   "`SOTTO_CPU` caps the\n"
                   "instruction sets used (plain, neon-dot, avx2, avx512, vnni, amx), and "
                   "`NO_COLOR` and `TERM=dumb`\n"
                   "keep colours away.\n");
}
