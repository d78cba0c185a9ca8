/* restart.h - the program in place of itself, with the socket it listens on.
 *
 *   SIGHUP -> in-flight requests are answered, the data are closed -> exec of the program's file,
 *   the socket as descriptor 3 (sd_listen_fds(3)) -> the new program opens the data and accepts
 *
 * The process keeps its number, so whatever supervises it sees one service. Connections that come
 * meanwhile wait in the socket's queue: none is refused. A newer program at the same path is what
 * runs afterwards. Threads: the main thread only. */
#ifndef SOTTO_APP_RESTART_H
#define SOTTO_APP_RESTART_H

#include "base/str.h"

/* Notes how the program was started; before anything changes the folder or the file. */
bool restart_note(Err *err);
/* Does not return unless it fails; `fd` is a listening socket. */
bool restart_exec(int fd, Err *err);

#endif
