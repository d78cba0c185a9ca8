/* filters.h - flags that narrow documents down, as parameters of the HTTP interface; naming a
 * document. Threads: the main thread only. */
#ifndef SOTTO_APP_FILTERS_H
#define SOTTO_APP_FILTERS_H

#include "app/call.h"
#include "app/cli.h"

/* --tag, --source, --type, --after and --before. */
void filters_add(const Cli *cli, Buf *target);

/* The id a person means: a UUID as it is, or a path, found as a document's source. ERR_NOT_FOUND.
 */
bool filters_find_id(Call *call, const char *typed, Arena *a, Str *id, Err *err);

/* Asks "QUESTION [y/N]" on a terminal; true at once with --yes. ERR_VALIDATION without a terminal,
 * ERR_CANCELLED for no. */
bool filters_confirm(Cli *cli, const char *question, Err *err);

#endif
