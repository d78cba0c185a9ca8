/* ignore.h - which files are left out: patterns as in gitignore(5).
 *
 *   text -> rules, one a line -> for a path: out, in again, or nothing said
 *
 * `#` begins a comment, `!` takes back what an earlier rule left out, a slash at the end means
 * folders only, any other slash ties the pattern to the folder that the rules stand in. `*` and `?`
 * match within a name, `[a-z]`, `[!a-z]` and `[[:alpha:]]` one byte of it, a leading or inner
 * `**` and slash any number of folders, a trailing slash and `**` everything inside. The last rule
 * that matches counts. What is in a folder that is left out cannot be taken back: the caller does
 * not enter it.
 *
 * A pattern becomes a small automaton and all its states are followed at once, so the time is at
 * most length of pattern times length of path, whatever somebody writes.
 *
 * Source: gitignore(5); tests hold it against `git check-ignore`.
 * Threads: rules are immutable once read. */
#ifndef SOTTO_INGEST_IGNORE_H
#define SOTTO_INGEST_IGNORE_H

#include "base/arena.h"

typedef struct IgnoreRules IgnoreRules;
typedef enum { IGNORE_SILENT, IGNORE_OUT, IGNORE_IN } IgnoreVerdict;

#define IGNORE_PATTERN_MAX 4000 /* bytes; a longer pattern is an error */

/* The rules of a file's text. ERR_VALIDATION names the line that is too long. */
bool ignore_parse(Str text, Arena *a, IgnoreRules **out, Err *err);
/* One pattern a rule, without comments and without blanks cut off. */
bool ignore_patterns(const Str *patterns, size_t n, Arena *a, IgnoreRules **out, Err *err);
/* `path` is relative to the rules' folder, without a slash at either end. */
IgnoreVerdict ignore_match(const IgnoreRules *r, Str path, bool is_folder);
/* True when a rule matches the path or a folder on the way to it. */
bool ignore_covers(const IgnoreRules *r, Str path);

#endif
