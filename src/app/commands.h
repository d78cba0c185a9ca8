/* commands.h - what each command does; the table that names them is in commands.c.
 * Each returns the exit status of the program. Threads: the main thread only. */
#ifndef SOTTO_APP_COMMANDS_H
#define SOTTO_APP_COMMANDS_H

#include "app/cli.h"

int serve_command(Cli *cli);
int add_command(Cli *cli);
int search_command(Cli *cli);
int ask_command(Cli *cli);
int chat_command(Cli *cli);
int conversations_command(Cli *cli);
int voice_command(Cli *cli);
int memory_command(Cli *cli);
int list_command(Cli *cli);
int show_command(Cli *cli);
int delete_command(Cli *cli);
int ledger_command(Cli *cli);
int duplicates_command(Cli *cli);
int folders_command(Cli *cli);
int task_command(Cli *cli);
int calendar_command(Cli *cli);
int brief_command(Cli *cli);
int transcribe_command(Cli *cli);
int say_command(Cli *cli);
int listen_command(Cli *cli);
int models_command(Cli *cli);
int backup_command(Cli *cli);
int restore_command(Cli *cli);
int doctor_command(Cli *cli);
int people_command(Cli *cli);
int token_command(Cli *cli);
int audit_command(Cli *cli);
int export_command(Cli *cli);
int migrate_command(Cli *cli);
int version_command(Cli *cli);
int help_command(Cli *cli);

/* Help on one command, or on all with NULL, appended to cli->out. */
void help_print(Cli *cli, const CliCommand *command);
/* docs/CLI.md and docs/CONFIG.md. */
void docs_cli(Buf *out);
void docs_config(Buf *out);

#endif
