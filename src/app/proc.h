/* proc.h - runs another program and waits for it.
 *
 * No shell is involved. Standard input is /dev/null; standard output and error are collected
 * together. Threads: safe; the callback runs on the calling thread. */
#ifndef SOTTO_APP_PROC_H
#define SOTTO_APP_PROC_H

#include "base/str.h"

typedef struct {
    const char *const *argv; /* argv[0] is looked up in PATH; NULL-terminated */
    const char *const *env;  /* NAME=VALUE added to this process's; NULL-terminated; may be NULL */
    bool (*tick)(void *arg); /* called ten times a second; false ends the program; may be NULL */
    void *arg;
} ProcRun;

/* Waits; *output (may be NULL) gets what the program wrote, up to its ceiling. *status is its exit
 * status, or 128 + signal. ERR_NOT_FOUND when there is no such program; ERR_CANCELLED when tick
 * said so; ERR_IO. */
bool proc_run(const ProcRun *run, Buf *output, int *status, Err *err);

#endif
