/* named.h - whether what a person said names a task, or only something like it.
 *
 *   "call the dentist" / "call the bank"     NEAR: one word is shared, and another names a
 *                                            different thing
 *   "the dentist"      / "dentist for Mia"   SURE: all that was said is in the title
 *   "pay the rent"     / "rent"              SURE: all of the title was said
 *
 * A word of what was said that is neither in the title, nor a time, nor a word of commanding
 * ("delete", "weg", "annule") names something else; a verb does when the title has another one. So
 * a word that is not known makes a person be asked, and nothing is changed by mistake. English,
 * German and French. Threads: pure functions. */
#ifndef SOTTO_ASSISTANT_NAMED_H
#define SOTTO_ASSISTANT_NAMED_H

#include "text/when.h"

typedef enum { NAMED_NOT, NAMED_NEAR, NAMED_SURE } Naming;

/* Of one phrase: "the dentist on Friday". */
Naming named(Str phrase, Str title, const WhenContext *c);
/* Of all that was said, the best of its clauses: "drop the dentist, and the bank is done". */
Naming named_in(Str said, Str title, const WhenContext *c);
/* A clause (or the whole) is as much as `how` of both titles: it does not tell them apart. */
bool named_together(Str said, Str title, Str other, Naming how, const WhenContext *c);
/* Every clause that is like the title names the other one: that one is meant. */
bool named_instead(Str said, Str title, Str other, const WhenContext *c);
/* The clause that one of these words stands in has no word that names anything: "all of them are
 * done", "move that one to Friday". The words are sorted and in lower case. */
bool named_by_pointing(Str said, const char *const *words, size_t n, const WhenContext *c);

#endif
