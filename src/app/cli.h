/* cli.h - commands: one table that parses, documents and runs them.
 *
 *   argv -> command and flags (cli.c) -> settings (config.c) -> command's function -> exit status
 *
 * Exit status: 0 done; 1 failed; 2 usage; 3 not found; 4 unavailable (try again later); 5 partly
 * done (add: some files were refused); 130 interrupted. docs/CLI.md is made from the table
 * (docs.c).
 *
 * Threads: a Cli belongs to the main thread. */
#ifndef SOTTO_APP_CLI_H
#define SOTTO_APP_CLI_H

#include "app/config.h"
#include "app/term.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define EXIT_NOT_FOUND 3
#define EXIT_UNAVAILABLE 4
#define EXIT_PARTLY 5
#define EXIT_INTERRUPTED 130

typedef struct {
    const char *name;    /* "--limit" */
    const char *metavar; /* NULL: takes no value */
    bool repeat;         /* may be given several times */
    const char *help;
} CliFlag;

typedef struct Cli Cli;

typedef struct {
    const char *name;
    const char *usage;   /* what stands after the name: "PATH..." */
    const char *summary; /* one line */
    const char *help;    /* more lines, or NULL */
    const CliFlag *flags;
    size_t n_flags;
    size_t min_args, max_args;
    int (*run)(Cli *cli); /* returns the exit status */
} CliCommand;

typedef struct {
    const CliFlag *flag;
    const char *value; /* NULL when the flag takes none */
} CliGiven;

struct Cli {
    Config *config;
    Term term;
    Arena *arena;
    bool json, quiet;
    const CliCommand *command;
    CliGiven *given;
    size_t n_given;
    const char **args;
    size_t n_args;
    Buf out; /* what standard output will get; cli_flush sends it */
};

const CliCommand *cli_commands(size_t *n);
const CliFlag *cli_common_flags(size_t *n); /* --json, --quiet, --help */

/* The whole program: returns the exit status. */
int cli_main(int argc, char **argv);

/* NULL when not given; "" for a flag without a value. */
const char *cli_flag(const Cli *cli, const char *name);
/* The i-th value of a flag that repeats, NULL past the last. */
const char *cli_flag_at(const Cli *cli, const char *name, size_t i);

/* Prints the error on standard error ({"code","detail"} with --json) and returns its exit status.
 */
int cli_fail(const Cli *cli, const Err *err);
int cli_usage_error(const Cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* One line on standard error, for people; nothing with --quiet. */
void cli_note(const Cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Sends cli->out to standard output. A reader that went away ends the program quietly, as it ends
 * other programs of a pipe. False with ERR_IO or ERR_STORAGE_FULL. */
bool cli_flush(Cli *cli, Err *err);
/* cli_flush, then `status`, or the failure's exit status. */
int cli_done(Cli *cli, int status);

/* SIGINT and SIGTERM ask to stop; the second one ends the program at once. */
void cli_catch_signals(void);
bool cli_interrupted(void);
/* It was heeded: what comes next may be interrupted anew. */
void cli_go_on(void);

#endif
