/* near.h - which documents have nearly the same text, by their sketches.
 *
 * A sketch is 128 values of four bits (text/sketch.h makes them; the store compares and keeps
 * them). With e of them equal the similarity of two texts is (e/128 - 1/16) / (1 - 1/16): of
 * unrelated ones every sixteenth is equal by chance.
 *
 * One against all is a scan: 64 bytes a document, 100,000 of them in about a millisecond and a
 * half. All against all goes by bands: 32 bands of four values; documents that have a band in
 * common are compared. At a similarity of 0.5 a pair has one with 93 %, at 0.6 with 99.5 %; of
 * unrelated pairs one in 2,000 has one by chance and is compared for nothing.
 *
 * Threads: pure functions. */
#ifndef SOTTO_STORE_NEAR_H
#define SOTTO_STORE_NEAR_H

#include "base/arena.h"

#define NEAR_BYTES 64

double near_similarity(const uint8_t a[NEAR_BYTES], const uint8_t b[NEAR_BYTES]);

/* Groups n sketches (one after another): group[i] is the lowest index of those that i is with, i
 * itself when it is alone. Two are together when their similarity is `least` or more, or when a
 * chain of such pairs joins them. */
bool near_groups(const uint8_t *sketches, size_t n, double least, uint32_t *group, Err *err);

#endif
