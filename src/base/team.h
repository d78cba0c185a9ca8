/* team.h - a few threads that work on one thing together: fork, join, and a barrier between.
 *
 * base/work.h runs many jobs beside each other; a Team makes one job shorter. The caller is member
 * 0. Members wait by spinning for some microseconds, because steps are that short, and then sleep,
 * so that an idle team costs nothing and a machine with too few processors still goes on.
 *
 * Threads: a Team has one owner at a time. */
#ifndef SOTTO_BASE_TEAM_H
#define SOTTO_BASE_TEAM_H

#include "base/err.h"

#define TEAM_MAX 16

typedef struct Team Team;
typedef void (*TeamFn)(void *arg, unsigned member, unsigned members);

Team *team_new(unsigned members, Err *err); /* 1 to TEAM_MAX; one member starts no thread */
void team_free(Team *t);                    /* NULL is allowed */
unsigned team_members(const Team *t);
/* Runs fn in every member and returns when all have. Not from inside of fn. */
void team_run(Team *t, TeamFn fn, void *arg);
/* Runs fn in the caller alone, as a team of one; the others sleep on. */
void team_run_alone(Team *t, TeamFn fn, void *arg);
/* How often a member waited longer than a step takes since the team began: somebody else uses the
 * processors, and what meets often does better alone for a while. */
unsigned team_stalls(const Team *t);
/* Inside of fn: returns when every member has called it. */
void team_barrier(Team *t);
/* Member i's part of `units` things: [*from, *to), parts as equal as can be. */
static inline void team_part(unsigned units, unsigned member, unsigned members, unsigned *from,
                             unsigned *to)
{
    *from = units * member / members;
    *to = units * (member + 1) / members;
}

#endif
