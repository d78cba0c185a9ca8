/* restore.h - puts a backup in the place of the data.
 *
 *   FILE -> DIR/restore.new/sotto.db -> whose is it?
 *        -> open, migrate, check -> rename over DIR/sotto.db -> open
 *
 * The file may be a stranger's: nothing that its schema could hold is run (store_file_check).
 * What was there stays as DIR/sotto.db.before until the new data have been opened, and comes back
 * if they cannot be. Threads: one at a time (it holds the data's lock). */
#ifndef SOTTO_APP_RESTORE_H
#define SOTTO_APP_RESTORE_H

#include "base/arena.h"

/* ERR_CONFLICT while anybody has the data open; ERR_CORRUPT when the backup does not pass its
 * check: nothing was changed then. */
bool restore_run(const char *file, const char *data_dir, Arena *a, Err *err);

#endif
