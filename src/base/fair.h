/* fair.h - who has used how much of something lately: the least served goes first.
 *
 *   used(now) = used(then) / 2^(idle seconds since)     what somebody used is forgotten only while
 *                                                       nothing of theirs waits or runs
 *   pressed   + 1 ms for each that something waits or runs, - 1 ms for each that nothing does
 *
 * A person asks and pauses, so what they used fades; a flood always has something waiting, so it
 * soon has used more than anybody who pauses, from however many addresses it comes. Whoever has had
 * something waiting for more than half of the last seconds is pressing: a person only while the
 * others leave nothing for them, and then they are the least served of those who press.
 *
 * The table has a fixed size and exact keys: a key that finds no room takes the place of the one in
 * its set that has used least and wants nothing now, so a flood of keys forgives at worst. Only
 * when all of a set want something, a key shares the first one's place. A key is a number from a
 * hash with a seed of the process; 0 is the program itself, which has never used anything.
 *
 * Source: least attained service (Kleinrock 1975), with forgetting; what is forgotten only when the
 * queue is empty follows the new and old flows of FQ-CoDel (RFC 8290, 4.2). Threads: the caller's
 * lock. */
#ifndef SOTTO_BASE_FAIR_H
#define SOTTO_BASE_FAIR_H

#include <stdbool.h>
#include <stdint.h>

#define FAIR_SETS 512u /* a power of two */
#define FAIR_WAYS 8u
#define FAIR_MOST_NS 2000000000u /* more is not counted: those who have it are equals */
#define FAIR_PRESSING_MS 500u
#define FAIR_NEW_MS 500u
#define FAIR_PRESSED_MAX_MS 1000u

typedef struct {
    uint64_t key; /* 0: empty */
    uint64_t used_ns, at_ms;
    uint64_t debt_ns, debt_at; /* see fair_owes */
    uint32_t waiting, running; /* of its jobs */
    uint32_t idle_ms, pressed_ms;
    uint64_t since_ms; /* when something of it waited first */
} FairPlace;

typedef struct {
    unsigned part; /* see fair_owes; the owner's to set */
    FairPlace places[FAIR_SETS][FAIR_WAYS];
    uint64_t last_key, mixed_ms; /* somebody else than before came then */
} Fair;

/* The key's place; it stays the key's while something of it waits or runs. */
FairPlace *fair_place(Fair *f, uint64_t key);
/* Something of it waits; then it runs; then it has run, and has used so much. */
void fair_wait(FairPlace *p, uint64_t now_ms);
void fair_run(FairPlace *p, uint64_t now_ms);
void fair_done(FairPlace *p, uint64_t ns, uint64_t now_ms);
void fair_add(FairPlace *p, uint64_t ns, uint64_t now_ms); /* used beside what is counted so */
uint64_t fair_used_by(FairPlace *p, uint64_t now_ms);
bool fair_pressing(FairPlace *p, uint64_t now_ms);
bool fair_is_new(const FairPlace *p, uint64_t now_ms); /* too new to be told from a flood's */

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
