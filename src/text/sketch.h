/* sketch.h - sixty-four bytes that tell how much two texts have in common.
 *
 *   text -> words, folded -> runs of three words (shingles) -> 32-bit hashes
 *        -> for each of 128 hash functions the least value (MinHash) -> 4 bits of each
 *
 * The share of equal MinHashes of two texts estimates the Jaccard similarity of their sets of
 * shingles: what both have of what either has. Of each only four bits are kept (b-bit MinHash); of
 * unrelated texts 1/16 are equal by chance, which sketch users take out. The estimate's standard
 * deviation is about 0.04.
 *
 * What words are makes it blind to line breaks, punctuation, case and how a number's thousands are
 * set off. Where words are not spaced (Chinese, Japanese, Thai) a character stands for a word.
 *
 * Source: Broder 1997, "On the resemblance and containment of documents"; Li & König 2010, "b-Bit
 * Minwise Hashing". Threads: pure functions. */
#ifndef SOTTO_TEXT_SKETCH_H
#define SOTTO_TEXT_SKETCH_H

#include "base/str.h"

#define SKETCH_BYTES 64
#define SKETCH_MIN_WORDS 8 /* fewer say nothing */

/* False when the text has fewer words than SKETCH_MIN_WORDS: nothing is written. Linear time. */
bool sketch_make(Str text, uint8_t out[SKETCH_BYTES]);

#endif
