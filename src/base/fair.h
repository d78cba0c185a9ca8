/* fair.h - who has used how much of something lately: the least served goes first.
 *
 *   used(now) = used(then) / 2^(seconds since)     one number a key, in a table of fixed size
 *
 * Keys that meet in one place of the table share what they have used: a flood of made-up keys
 * makes strangers look busier than they are, never the flood itself less busy. A key is a number
 * from a hash with a seed of the process; 0 is the program itself, which has never used anything.
 *
 * Source: least attained service (Kleinrock 1975), with forgetting. Threads: the caller's lock. */
#ifndef SOTTO_BASE_FAIR_H
#define SOTTO_BASE_FAIR_H

#include <stdbool.h>
#include <stdint.h>

#define FAIR_PLACES 1024u

typedef struct {
    uint64_t used_ns, at_ms;
    uint64_t debt_ns, debt_at; /* see fair_owes */
    uint32_t waiting, running; /* jobs; the owner's to count */
} FairPlace;

typedef struct {
    unsigned part; /* see fair_owes; the owner's to set */
    FairPlace places[FAIR_PLACES];
    uint64_t last_key, mixed_ms; /* somebody else than before came then */
} Fair;

FairPlace *fair_place(Fair *f, uint64_t key);
uint64_t fair_used(Fair *f, uint64_t key, uint64_t now_ms);
void fair_charge(Fair *f, uint64_t key, uint64_t ns, uint64_t now_ms);
/* How long, in nanoseconds, until what `key` has used past its part of the time is paid off: it
 * may use f->part thousandths of each second, FAIR_BURST_NS of it in advance. 0: it owes nothing.
 * What it owes is never more than FAIR_DEBT_NS, so that one long piece of work is forgiven. */
#define FAIR_BURST_NS 20000000u
#define FAIR_DEBT_NS 80000000u
uint64_t fair_owes(Fair *f, uint64_t key, uint64_t now_ns);
/* Tells that `key` wants something now. */
void fair_seen(Fair *f, uint64_t key, uint64_t now_ms);
/* Whether more than one key wanted something in the last two seconds: only then is anybody held
 * back for the others' sake. */
bool fair_contended(const Fair *f, uint64_t now_ms);

#endif
