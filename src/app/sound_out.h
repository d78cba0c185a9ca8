/* sound_out.h - what a command does with a sound: into a file, to standard output, or played.
 * Threads: the main thread. */
#ifndef SOTTO_APP_SOUND_OUT_H
#define SOTTO_APP_SOUND_OUT_H

#include "app/cli.h"

/* What --format says, else the end of the file's name, else WAV. NULL: none of ours. */
const char *sound_out_format(const Cli *cli, const char *output);
/* output NULL: a WAV is played by what the machine has for that; "-": standard output. */
bool sound_out_put(Cli *cli, const char *output, Str bytes, Err *err);
/* Appends what the base64 says. ERR_CORRUPT. */
bool sound_out_base64(Str text, Buf *out, Err *err);

#endif
