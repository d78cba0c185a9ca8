/* memo.h - a recording becomes a document: what is said in it, and when.
 *
 *   bytes -> confined child -> samples -> recogniser -> segments
 *         -> text in paragraphs + cues
 *
 * The recogniser is none of ingest's business: IngestEars (ingest.h) has two calls, which the
 * program fills (app/app.c) with the ears of src/voice. It works in its second lane, so nobody who
 * speaks waits for a recording; a recording waits for its turn however many there are.
 *
 * Text: segments are joined by spaces into paragraphs, which end where nobody speaks for a while or
 * after a minute at a sentence's end. A cue is a sentence's bytes with its times, rounded to
 * 1 ms; where the words have no times, a segment's.
 *
 * Threads: pure functions but for memo_read, which blocks for as long as it takes to hear. */
#ifndef SOTTO_INGEST_MEMO_H
#define SOTTO_INGEST_MEMO_H

#include "ingest/frame.h"
#include "ingest/snapshot.h"
#include "ingest/ingest.h"

#define MEMO_TYPE "audio"
#define MEMO_MAX_SECONDS (4u * 3600u)

typedef struct {
    Extracted text;  /* with the language heard */
    Cue *cues;
    size_t n_cues;
    double seconds;
    bool partial;    /* the file was damaged: this is what could be decoded */
    char heard_by[INGEST_HEARER]; /* "whisper-base" */
} Memo;

/* ERR_UNAVAILABLE: there is no recogniser (retried when there is one); ERR_VALIDATION: no speech in
 * it, or what sound_decode says; ERR_CANCELLED. */
bool memo_read(const IngestEars *ears, const Snapshot *bytes, const IngestInput *in, Arena *a,
               Memo *out, Err *err);

/* The same recording again (another title): its words stay as they were heard. */
bool memo_again(Store *s, const Uuid *owner, const Uuid *id, Arena *a, Memo *out, Err *err);

/* Segments into text and cues. False without memory, or when no word was said (ERR_VALIDATION). */
bool memo_text(const WhisperResult *heard, Arena *a, Memo *out, Err *err);

#endif
