/* gate.h - what a language model writes, a sentence at a time, let through when a source proves it.
 *
 *   text as it comes -> sentences with their [n] -> each source named holds? else any other does?
 *     -> the sentence with the numbers of its citations -> the answer (and on_delta)
 *
 * A mark that does not hold is dropped; a sentence that nothing proves is left out; one that says
 * nothing ("Here is what I found:") waits for the next that does. What has been let through is
 * final. Threads: a Gate belongs to its turn. */
#ifndef SOTTO_ASSISTANT_GATE_H
#define SOTTO_ASSISTANT_GATE_H

#include "assistant/act.h"
#include "assistant/ground.h"

#define GATE_SOURCES 24u
#define GATE_CITATIONS 8u

typedef enum { SOURCE_PASSAGE, SOURCE_FACT, SOURCE_TASKS } SourceKind;
typedef struct {
    SourceKind kind;
    Str title, text;
    const SearchHit *hit;     /* of a passage */
    const Match *match;
} Source;

typedef struct {
    Turn *t;
    Str question;
    Source sources[GATE_SOURCES];
    size_t n_sources;
    Buf held, idle;           /* not judged yet; says nothing, and waits */
    Citation *citations;      /* [GATE_CITATIONS] */
    size_t n_citations;
    size_t kept, dropped;     /* sentences */
    bool not_found;           /* the model said that nothing answers */
    float least;              /* share of words that stand in their source */
} Gate;

#define GATE_NOT_FOUND "NOT FOUND"

bool gate_init(Gate *g, Turn *t, Str question);
void gate_release(Gate *g);
/* False: nobody listens any more, or there is no memory. */
bool gate_feed(Gate *g, Str piece);
/* The model has ended: judges what is left. */
bool gate_flush(Gate *g);
/* The model was cut short: half a sentence may say the contrary of the whole, and is left out. */
void gate_cut(Gate *g);

#endif
