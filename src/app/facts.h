/* facts.h - what `sotto show` says about a document beside its text. Threads: the main one. */
#ifndef SOTTO_APP_FACTS_H
#define SOTTO_APP_FACTS_H

#include "app/cli.h"
#include "base/json.h"

/* One line "name  value" of a document's facts; nothing when the value is empty. */
void facts_line(Cli *cli, const char *name, Str value);
/* Language, author, dates, importance with its reasons, near-duplicates. */
void facts_show(Cli *cli, const Json *document);

#endif
