/* task_ref.h - the task that a person means on the command line. Threads: the main thread. */
#ifndef SOTTO_APP_TASK_REF_H
#define SOTTO_APP_TASK_REF_H

#include "app/call.h"

/* The last characters of an id, as lists show them: its random end. */
#define TASK_SHORT_ID 6

/* Whether it looks like an id or the end of one. */
bool task_ref_is_id(Str typed);
/* A whole id, the end of one (at least four characters), the title, or words of it, among tasks of
 * this status ("open", "all"). ERR_NOT_FOUND; ERR_CONFLICT when it could be several. */
bool task_ref_find(Call *call, Str typed, const char *status, Arena *a, Str *id, Err *err);

#endif
