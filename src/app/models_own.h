/* models_own.h - Whisper models that a person brings along: converted once, then like the others.
 *
 *   ggml file or CTranslate2 folder -> whisper_convert -> DIR/whisper-NAME.sotto
 *
 * Threads: the command's own. */
#ifndef SOTTO_APP_MODELS_OWN_H
#define SOTTO_APP_MODELS_OWN_H

#include "app/cli.h"
#include "app/models_lock.h"
#include "base/json.h"

/* `sotto models add FILE [NAME]`; returns the exit status. */
int models_own_add(Cli *cli, const ModelsLock *lock);
/* Models of the folder that the lock does not name, as lines or into the list of w; with `verify`
 * every byte is read. Returns the exit status. */
int models_own_show(Cli *cli, const ModelsLock *lock, bool verify, JsonW *w);

#endif
