/* intents_classes.h - words of the classes that slots of patterns take (intents_match.h).
 * Threads: constant data. */
#ifndef SOTTO_ASSISTANT_INTENTS_CLASSES_H
#define SOTTO_ASSISTANT_INTENTS_CLASSES_H

#include <stddef.h>

typedef struct {
    unsigned classes;
    const char *words; /* one space between two */
} IntentClass;

extern const IntentClass intent_classes[];
extern const size_t intent_classes_n;

#endif
